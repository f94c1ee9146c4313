//! Which kernel tables are read for a selection, in which order, and what of them is handed on.

use std::ops::ControlFlow;

use procnetsocket::{
    ErrorKind, Interrupt, Limits, RowError, SocketTables, Table, Visitor,
    model::{InetProtocol, PacketKind, PacketSocket, Socket, UnixKind, UnixSocket},
};

use crate::{AddressFamily, Error, Selection, SocketTable, TableSet, select::state_of};

/// Unix sockets that are sorted together.
///
/// Compat: `ss` sorts them by type and inode, but only so many at a time (what it keeps in 1 MiB),
/// so that its memory stays bounded; the order of a longer listing shows it.
const UNIX_BATCH: usize = 1681;

/// Receives the rows that a view and a selection admit.
pub trait Sink {
    /// Receives a row; [`ControlFlow::Break`] ends the collecting.
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()>;

    /// Receives word of what could not be read or understood; the rest still comes.
    fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()>;
}

/// Something that makes a listing incomplete.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Problem<'a> {
    /// A row was not understood.
    Row(&'a RowError),
    /// A table could not be read, or not to its end.
    Table(Table, &'a procnetsocket::Error),
}

/// What a collecting came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// Rows handed to the sink.
    pub rows: u64,
    /// Problems handed to the sink; a listing is complete when this is 0 and nothing stopped it.
    pub problems: u64,
    /// Whether the sink ended the collecting.
    pub stopped: bool,
}

pub(crate) fn collect(
    tables: &SocketTables,
    limits: &Limits,
    selection: &Selection,
    interrupt: &dyn Interrupt,
    sink: &mut dyn Sink,
) -> Result<Collected, Error> {
    let mut admit = Admit { selection, sink, unix: Vec::new(), collected: Collected::default() };
    for table in readings(selection) {
        let read = tables.visit(table, limits, interrupt, &mut admit);
        // What was read before an error is shown, so the batch goes out first.
        let _ = admit.flush_unix();
        match read {
            Ok(_) => {}
            // A kernel without the family has no sockets of it, and that is a complete answer.
            Err(error) if error.kind() == ErrorKind::Missing => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => return Err(error.into()),
            Err(error) => drop(admit.problem(Problem::Table(table, &error))),
        }
        if admit.collected.stopped {
            break;
        }
    }
    Ok(admit.collected)
}

/// Returns the kernel tables to read, in the order of the listing.
fn readings(selection: &Selection) -> impl Iterator<Item = Table> {
    use AddressFamily::{Inet, Inet6, Netlink, Packet, Unix};
    use SocketTable as S;
    let tables: [(Table, AddressFamily, &[SocketTable]); 9] = [
        (Table::Netlink, Netlink, &[S::Netlink]),
        (Table::Packet, Packet, &[S::PacketRaw, S::PacketDatagram]),
        (Table::Unix, Unix, &[S::UnixStream, S::UnixDatagram, S::UnixSeqPacket]),
        (Table::Raw4, Inet, &[S::Raw]),
        (Table::Raw6, Inet6, &[S::Raw]),
        (Table::Udp4, Inet, &[S::Udp]),
        (Table::Udp6, Inet6, &[S::Udp]),
        (Table::Tcp4, Inet, &[S::Tcp]),
        (Table::Tcp6, Inet6, &[S::Tcp]),
    ];
    let wanted = selection.tables;
    let families = selection.families;
    tables.into_iter().filter_map(move |(table, family, holds)| {
        let holds: TableSet = holds.iter().copied().collect();
        (families.contains(family) && wanted.intersects(holds)).then_some(table)
    })
}

/// Lets through what the selection admits, and sorts unix sockets on the way.
struct Admit<'a> {
    selection: &'a Selection,
    sink: &'a mut dyn Sink,
    unix: Vec<UnixSocket>,
    collected: Collected,
}

impl Admit<'_> {
    fn hand_on(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        self.collected.rows += 1;
        let flow = self.sink.socket(table, socket);
        self.collected.stopped |= flow.is_break();
        flow
    }

    fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()> {
        self.collected.problems += 1;
        let flow = self.sink.problem(problem);
        self.collected.stopped |= flow.is_break();
        flow
    }

    /// Hands the unix sockets of this batch on, by type and inode; equal ones stay in the order of
    /// the kernel.
    fn flush_unix(&mut self) -> ControlFlow<()> {
        if self.collected.stopped {
            return ControlFlow::Break(());
        }
        let mut batch = std::mem::take(&mut self.unix);
        batch.sort_by_key(|socket| (socket.kind.number(), socket.inode));
        for socket in batch.drain(..) {
            self.hand_on(unix_table(&socket), Socket::Unix(&socket))?;
        }
        self.unix = batch;
        ControlFlow::Continue(())
    }

    fn admits(&self, socket: &Socket<'_>) -> bool {
        self.selection.tables.intersects(tables_admitting(socket))
            && self.selection.states.contains(state_of(socket))
            && self.selection.filter.admits(socket)
    }
}

impl Visitor for Admit<'_> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Some(table) = table_of(&socket) else { return ControlFlow::Continue(()) };
        if !self.admits(&socket) {
            return ControlFlow::Continue(());
        }
        let Socket::Unix(unix) = socket else { return self.hand_on(table, socket) };
        self.unix.push(unix.clone());
        if self.unix.len() < UNIX_BATCH { ControlFlow::Continue(()) } else { self.flush_unix() }
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        self.problem(Problem::Row(row))
    }
}

/// Returns the table in which a socket is listed, or `None` for sockets that `ss` does not list.
fn table_of(socket: &Socket<'_>) -> Option<SocketTable> {
    Some(match socket {
        Socket::Inet(inet) => match inet.protocol {
            InetProtocol::Tcp => SocketTable::Tcp,
            InetProtocol::Udp => SocketTable::Udp,
            InetProtocol::Raw => SocketTable::Raw,
            _ => return None,
        },
        Socket::Unix(unix) => unix_table(unix),
        Socket::Packet(packet) if packet.kind == PacketKind::Raw => SocketTable::PacketRaw,
        Socket::Packet(_) => SocketTable::PacketDatagram,
        Socket::Netlink(_) => SocketTable::Netlink,
        _ => return None,
    })
}

/// Returns the tables of which any one, when it is selected, admits a socket.
///
/// Compat: a unix or packet socket of a type that is not known is shown with every type.
fn tables_admitting(socket: &Socket<'_>) -> TableSet {
    match socket {
        Socket::Unix(UnixSocket { kind: UnixKind::Other(_), .. }) => {
            TableSet::of_family(AddressFamily::Unix)
        }
        Socket::Packet(PacketSocket { kind: PacketKind::Other(_), .. }) => {
            TableSet::of_family(AddressFamily::Packet)
        }
        socket => table_of(socket).map_or(TableSet::EMPTY, TableSet::of),
    }
}

fn unix_table(socket: &UnixSocket) -> SocketTable {
    match socket.kind {
        UnixKind::Stream => SocketTable::UnixStream,
        UnixKind::SeqPacket => SocketTable::UnixSeqPacket,
        // Compat: a type that is not known is listed as datagram.
        _ => SocketTable::UnixDatagram,
    }
}
