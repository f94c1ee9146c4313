//! A table in memory.

use std::ops::{ControlFlow, Deref};

use crate::{
    error::{Error, Repr, RowError},
    model::{
        InetSocket, NetlinkSocket, OwnedSocket, PacketSocket, Socket, Source, Table, UnixSocket,
        VsockSocket, XdpSocket,
    },
    visit::{ReadReport, Visitor},
};

/// Malformed rows of which a listing keeps the report: 16. More would not help a person, and a
/// table of only malformed rows must not fill memory.
pub const MAX_ROW_ERRORS: usize = 16;

/// The sockets that a [`Query`](crate::Query) asks for, and reports of those that are missing.
///
/// It reads as a slice of its rows, which leaves malformed ones out. [`Listing::into_vec`] fails
/// when there are some.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listing<T> {
    /// The rows, in the order of the table.
    pub rows: Vec<T>,
    /// Number of malformed rows, which are missing.
    pub malformed: u64,
    /// The first malformed rows, at most [`MAX_ROW_ERRORS`].
    pub row_errors: Vec<RowError>,
    /// Number of rows that a live table repeated; they are in `rows` once.
    pub repeated: u64,
    /// The source of the rows.
    pub source: Source,
    /// Whether the table changed during a dump, so that rows may be missing or duplicated.
    pub inconsistent: bool,
}

impl<T> Listing<T> {
    /// Returns the rows, if none was malformed. A table that [changed](Self::inconsistent) during a
    /// dump is not an error.
    ///
    /// # Errors
    ///
    /// [`Malformed`](crate::ErrorKind::Malformed), with the first malformed row.
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

/// A socket that a [`Listing`] contains.
pub trait ListedSocket: Sized {
    /// Returns a copy of a socket of this kind, or `None` for one of another kind.
    fn copy_of(socket: Socket<'_>) -> Option<Self>;
}

impl ListedSocket for OwnedSocket {
    fn copy_of(socket: Socket<'_>) -> Option<Self> {
        Some(socket.into())
    }
}

macro_rules! listed_sockets {
    ($($socket:ident = $variant:ident,)*) => {
        $(impl ListedSocket for $socket {
            fn copy_of(socket: Socket<'_>) -> Option<Self> {
                if let Socket::$variant(socket) = socket { Some(socket.clone()) } else { None }
            }
        })*
    };
}

listed_sockets! {
    InetSocket = Inet,
    UnixSocket = Unix,
    PacketSocket = Packet,
    NetlinkSocket = Netlink,
    VsockSocket = Vsock,
    XdpSocket = Xdp,
}

/// A visitor that keeps copies, up to a limit for each table.
pub(crate) struct Collect<T> {
    listing: Listing<T>,
    entries: u64,
    /// Number of rows that may still be kept of this table.
    room: u64,
    /// The table that has more rows than may be kept.
    too_long: Option<Table>,
    table: Option<Table>,
    /// The listing before this table: numbers of rows, malformed rows and reports.
    before: (usize, u64, usize),
}

impl<T> Collect<T> {
    /// Keeps at most this number of rows of each table.
    pub(crate) fn new(entries: u64) -> Self {
        let listing = Listing::default();
        Self { listing, entries, room: entries, too_long: None, table: None, before: (0, 0, 0) }
    }

    /// Returns the listing, or the error that a table has more rows than allowed.
    pub(crate) fn finish(self, report: &ReadReport) -> Result<Listing<T>, Error> {
        if let Some(table) = self.too_long {
            return Err(Repr::TooManyEntries { table, limit: self.entries }.into());
        }
        let ReadReport { repeated, source, inconsistent, .. } = *report;
        Ok(Listing { repeated, source, inconsistent, ..self.listing })
    }
}

impl<T: ListedSocket> Visitor for Collect<T> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Some(room) = self.room.checked_sub(1) else {
            self.too_long = self.table;
            return ControlFlow::Break(());
        };
        self.room = room;
        // OK because the type of a query determines the sockets of its tables.
        self.listing.rows.extend(T::copy_of(socket));
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        self.listing.malformed += 1;
        if self.listing.row_errors.len() < MAX_ROW_ERRORS {
            self.listing.row_errors.push(row.clone());
        }
        ControlFlow::Continue(())
    }

    fn begin(&mut self, table: Table) {
        let Listing { rows, malformed, row_errors, .. } = &self.listing;
        self.before = (rows.len(), *malformed, row_errors.len());
        self.table = Some(table);
        self.room = self.entries;
    }

    fn restart(&mut self) -> bool {
        let (rows, malformed, row_errors) = self.before;
        self.listing.rows.truncate(rows);
        self.listing.malformed = malformed;
        self.listing.row_errors.truncate(row_errors);
        self.room = self.entries;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::InetProtocol;

    #[test]
    fn listing_forgets_what_came_before_a_repetition() {
        let mut collect = Collect::<InetSocket>::new(1);
        let row = InetSocket::blank(Source::ProcText, InetProtocol::Tcp);
        for table in [Table::Tcp4, Table::Tcp6] {
            collect.begin(table);
            assert!(collect.socket(Socket::Inet(&row)).is_continue());
            assert!(collect.restart());
            assert!(collect.socket(Socket::Inet(&row)).is_continue());
        }
        assert_eq!(collect.finish(&ReadReport::default()).unwrap().len(), 2);
    }
}
