//! A socket as the cells of a row.

use std::{num::NonZeroU32, ops::RangeInclusive, sync::Arc};

use builtin_api::Cancel;
use builtin_cli::Escaped;
use procnetsocket::{
    NetNamespace, PeerTable, UserNames,
    model::{InetSocket, Inode, Socket, TcpState, VsockKind},
};
use socket_query::{ListedNamespace, PolicyView, SocketTable, TableSet, shown_state_of};

use super::{
    cgroup::CgroupNames, column::ColumnId, field::push_text, host::HostNamesOfCall,
    interface::InterfaceNames, number::push_signed, port::PortNames, process::ProcessNames,
    sctp_info, table::Cells, users::ProcessColumn,
};
use crate::cli::{Detail, DetailSet, NameDisplay, OutputFormat, Show};

/// The range of ephemeral ports, if it cannot be read.
///
/// Compat: iproute2's default, from very old kernels.
const DEFAULT_PORT_RANGE: RangeInclusive<u16> = 1024..=4999;

/// Turns sockets into cells.
pub(crate) struct RowRenderer<'a> {
    pub(super) names: NameDisplay,
    pub(super) details: DetailSet,
    pub(super) one_line: bool,
    pub(super) ports: PortNames<'a>,
    pub(super) interfaces: InterfaceNames,
    pub(super) hosts: HostNamesOfCall<'a>,
    pub(super) cgroups: CgroupNames<'a>,
    pub(super) processes: ProcessNames<'a>,
    pub(super) user_names: &'a UserNames,
    /// The processes of sockets, if they are shown.
    users: Option<ProcessColumn>,
    /// The other ends of connections, if they are shown and known.
    pub(super) peers: Option<Arc<PeerTable>>,
    /// The network namespace of the sockets, in a listing of all namespaces.
    pub(super) namespace: Option<Arc<NetNamespace>>,
}

impl<'a> RowRenderer<'a> {
    /// Returns the renderer of a listing of `tables`.
    pub(crate) fn new(
        view: &'a PolicyView,
        show: &Show,
        tables: TableSet,
        cancel: &'a Cancel,
    ) -> Self {
        let range = view.local_port_range().unwrap_or(DEFAULT_PORT_RANGE);
        Self {
            names: show.names,
            details: show.details,
            one_line: show.layout.one_line,
            ports: PortNames::new(view.names(), show.names, range, tables),
            interfaces: InterfaceNames::new(view),
            hosts: HostNamesOfCall::new(view, show.resolves_hosts, cancel),
            cgroups: CgroupNames::new(view),
            processes: ProcessNames::new(view),
            user_names: view.names().users(),
            // Until processes are known the text has an empty column, and JSON objects lack the
            // key.
            users: (show.processes.is_some() && show.output == OutputFormat::Text)
                .then(ProcessColumn::unknown),
            peers: None,
            namespace: None,
        }
    }

    /// Sets the network namespace of the next sockets, with its interfaces and its range of ports.
    pub(crate) fn set_namespace(&mut self, listed: &ListedNamespace) {
        let is_other = self.namespace.as_ref().is_none_or(|known| known.id != listed.namespace.id);
        if is_other {
            self.interfaces = InterfaceNames::new(&listed.view);
            self.ports.set_range(listed.view.local_port_range().unwrap_or(DEFAULT_PORT_RANGE));
            self.namespace = Some(Arc::clone(&listed.namespace));
        }
    }

    /// Sets the processes of sockets.
    pub(crate) fn set_users(&mut self, users: ProcessColumn) {
        self.users = Some(users);
    }

    /// Sets the other ends of connections.
    pub(crate) fn set_peers(&mut self, peers: Arc<PeerTable>) {
        self.peers = Some(peers);
    }

    /// Returns the processes of sockets, if they are shown.
    pub(crate) fn users(&self) -> Option<&ProcessColumn> {
        self.users.as_ref()
    }

    /// Fills the cells of a socket's row.
    pub(crate) fn fill(&self, cells: &mut Cells<'_>, table: SocketTable, socket: &Socket<'_>) {
        if let Some(namespace) = &self.namespace {
            cells.push(ColumnId::Netns, |out| push_text(out, &namespace.label()));
        }
        cells.push(ColumnId::Netid, |out| push_text(out, netid(table, socket)));
        cells.push(ColumnId::State, |out| push_state(out, socket));
        match socket {
            Socket::Inet(inet) => self.fill_inet(cells, table, inet),
            Socket::Unix(unix) => self.fill_unix(cells, unix),
            Socket::Packet(packet) => self.fill_packet(cells, packet),
            Socket::Netlink(netlink) => self.fill_netlink(cells, netlink),
            Socket::Vsock(vsock) => self.fill_vsock(cells, vsock),
            Socket::Xdp(xdp) => self.fill_xdp(cells, xdp),
            // For future kinds of sockets only netid and state are filled.
            _ => {}
        }
    }

    /// Fills the cell of a socket's processes, if they are shown.
    pub(super) fn fill_users(&self, cells: &mut Cells<'_>, inode: Option<Inode>) {
        if let Some(users) = &self.users {
            users.fill(cells, inode);
        }
    }

    pub(super) fn shows(&self, detail: Detail) -> bool {
        self.details.contains(detail)
    }

    /// Appends the separator before a group of details: a line break and a TAB, or a blank.
    pub(super) fn push_break(&self, out: &mut Vec<u8>) {
        push_text(out, if self.one_line { " " } else { "\n\t" });
    }

    pub(super) fn push_interface(&self, out: &mut Vec<u8>, index: NonZeroU32) {
        self.interfaces
            .with_name(index, |name| Escaped::column(name).without_backslash().push_to(out));
    }
}

pub(super) fn fill_queues(cells: &mut Cells<'_>, recv: i32, send: i32) {
    for (id, queue) in [(ColumnId::RecvQ, recv), (ColumnId::SendQ, send)] {
        cells.push(id, |out| push_queue(out, queue));
    }
}

/// Returns the name of a socket's table in the listing.
pub(crate) fn netid_word(table: SocketTable, socket: &Socket<'_>) -> &'static str {
    // An association is in the table of its socket, though it is listed below it.
    match netid(table, socket) {
        "" => "sctp",
        netid => netid,
    }
}

/// Compat: a type that is neither stream nor datagram has no word, and its details are not shown.
fn vsock_netid(kind: VsockKind) -> &'static str {
    match kind {
        VsockKind::Stream => "v_str",
        VsockKind::Datagram => "v_dgr",
        _ => "???",
    }
}

/// Appends a queue in at least six columns, the width of the headers.
#[inline]
fn push_queue(out: &mut Vec<u8>, queue: i32) {
    // Nearly all queues are empty.
    if queue == 0 {
        out.extend_from_slice(b"0     ");
        return;
    }
    let start = out.len();
    push_signed(out, queue.into());
    out.resize(out.len().max(start + 6), b' ');
}

fn netid(table: SocketTable, socket: &Socket<'_>) -> &'static str {
    match (table, socket) {
        (SocketTable::Netlink, _) => "nl",
        (SocketTable::PacketRaw, _) => "p_raw",
        (SocketTable::PacketDatagram, _) => "p_dgr",
        (SocketTable::UnixStream, _) => "u_str",
        (SocketTable::UnixDatagram, _) => "u_dgr",
        (SocketTable::UnixSeqPacket, _) => "u_seq",
        (SocketTable::Raw, Socket::Inet(raw)) => raw_netid(raw.detail.ip_protocol),
        (SocketTable::Udp, _) => "udp",
        (SocketTable::Tcp, _) => "tcp",
        // An association is listed below its socket.
        (SocketTable::Sctp, Socket::Inet(InetSocket { detail, .. }))
            if detail.sctp_state.is_some() =>
        {
            ""
        }
        (SocketTable::Sctp, _) => "sctp",
        (SocketTable::Mptcp, _) => "mptcp",
        (SocketTable::VsockStream, _) => "v_str",
        (SocketTable::VsockDatagram, Socket::Vsock(vsock)) => vsock_netid(vsock.kind),
        (SocketTable::Xdp, _) => "xdp",
        _ => "???",
    }
}

/// Compat: raw sockets are named after their IP protocol, if it has a name.
fn raw_netid(ip_protocol: Option<u8>) -> &'static str {
    match ip_protocol {
        None | Some(0) => "raw",
        Some(6) => "tcp",
        Some(17) => "udp",
        Some(58) => "icmp6",
        _ => "???",
    }
}

fn push_state(out: &mut Vec<u8>, socket: &Socket<'_>) {
    if is_association(socket) {
        push_text(out, "`- ");
    }
    push_text(out, state_word(socket));
}

fn is_association(socket: &Socket<'_>) -> bool {
    matches!(socket, Socket::Inet(InetSocket { detail, .. }) if detail.sctp_state.is_some())
}

/// Returns the state of a socket as the listing names it.
pub(super) fn state_word(socket: &Socket<'_>) -> &'static str {
    match socket {
        Socket::Inet(InetSocket { detail, .. }) if let Some(state) = detail.sctp_state => {
            sctp_info::state_name(state)
        }
        socket => state_name(shown_state_of(socket)),
    }
}

fn state_name(state: TcpState) -> &'static str {
    match state {
        // Compat: text tables never show these two.
        TcpState::NewSynRecv | TcpState::BoundInactive => "UNDEF",
        state => state.name(),
    }
}
