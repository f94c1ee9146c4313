//! A table held in memory.

use std::ops::{ControlFlow, Deref};

use crate::{
    error::{Error, Repr, RowError},
    model::{
        InetSocket, NetlinkSocket, PacketSocket, Socket, Source, Table, UnixSocket, VsockSocket,
        XdpSocket,
    },
    visit::{ReadReport, Visitor},
};

/// Malformed rows of which a listing keeps the report: 16. A person reads no more, and a table of
/// nothing else must not fill memory.
pub const MAX_ROW_ERRORS: usize = 16;

/// The rows of a table, and what is known of those that are missing.
///
/// It reads as a slice of its rows. Whoever needs all of them takes [`Listing::into_vec`], which
/// refuses a listing that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing<T> {
    /// The rows, in the order of the table.
    pub rows: Vec<T>,
    /// How many rows were malformed, and are missing.
    pub malformed: u64,
    /// The first malformed rows, at most [`MAX_ROW_ERRORS`].
    pub row_errors: Vec<RowError>,
    /// How many rows a live table repeated; they are in `rows` once.
    pub repeated: u64,
    /// Which source the rows come from.
    pub source: Source,
    /// Whether the table changed under a dump so that rows may be missing or there twice.
    pub inconsistent: bool,
}

impl<T> Listing<T> {
    /// Returns the rows of a complete listing.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ErrorKind::Malformed) when a row is missing; it tells of the first.
    pub fn into_vec(self) -> Result<Vec<T>, Error> {
        match self.row_errors.into_iter().next() {
            Some(first) => Err(Repr::MalformedRows { first, count: self.malformed }.into()),
            None => Ok(self.rows),
        }
    }
}

impl<T> Default for Listing<T> {
    /// The listing of an empty table.
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            malformed: 0,
            row_errors: Vec::new(),
            repeated: 0,
            source: Source::ProcText,
            inconsistent: false,
        }
    }
}

impl<T> Deref for Listing<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}

impl<T> IntoIterator for Listing<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Listing<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

/// A row that can be kept.
pub(crate) trait KeptRow: Sized {
    /// Returns a copy of a socket of this kind, or `None` for one of another kind.
    fn copied(socket: Socket<'_>) -> Option<Self>;
}

macro_rules! rows {
    ($($row:ident = $variant:ident,)*) => {
        $(impl KeptRow for $row {
            fn copied(socket: Socket<'_>) -> Option<Self> {
                match socket {
                    Socket::$variant(row) => Some(row.clone()),
                    _ => None,
                }
            }
        })*
    };
}

rows! {
    InetSocket = Inet,
    UnixSocket = Unix,
    PacketSocket = Packet,
    NetlinkSocket = Netlink,
    VsockSocket = Vsock,
    XdpSocket = Xdp,
}

/// The visitor that keeps what it is given, up to a limit.
pub(crate) struct Collect<T> {
    listing: Listing<T>,
    /// Rows that may still be kept; `None` once there was one too many.
    room: Option<u64>,
    entries: u64,
}

impl<T> Collect<T> {
    /// Keeps at most so many rows.
    pub(crate) fn new(entries: u64) -> Self {
        Self { listing: Listing::default(), room: Some(entries), entries }
    }

    /// Returns the listing, or the error that the table has more rows than were allowed.
    pub(crate) fn finish(self, table: Table, report: &ReadReport) -> Result<Listing<T>, Error> {
        if self.room.is_none() {
            return Err(Repr::TooManyEntries { table, limit: self.entries }.into());
        }
        let ReadReport { repeated, source, inconsistent, .. } = *report;
        Ok(Listing { repeated, source, inconsistent, ..self.listing })
    }
}

impl<T: KeptRow> Visitor for Collect<T> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.room = self.room.and_then(|room| room.checked_sub(1));
        if self.room.is_none() {
            return ControlFlow::Break(());
        }
        // OK because a table gives rows of its own kind only, so none is left out here.
        self.listing.rows.extend(T::copied(socket));
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        self.listing.malformed += 1;
        if self.listing.row_errors.len() < MAX_ROW_ERRORS {
            self.listing.row_errors.push(row.clone());
        }
        ControlFlow::Continue(())
    }

    fn restart(&mut self) -> bool {
        *self = Self::new(self.entries);
        true
    }
}
