//! Internet sockets.

use builtin_cli::Escaped;
use procnetsocket::model::{
    Cookie, InetInfo, InetOptions, InetProtocol, InetSocket, Socket, Source,
};
use socket_query::SocketTable;

use super::{
    addr::Unspecified,
    column::ColumnId,
    field::{push_number, push_text},
    memory::{push_memory, push_short_memory},
    mptcp_info::push_mptcp_info,
    number::push_marked_hex,
    proc_info::push_proc_info,
    row::{RowRenderer, fill_queues},
    sctp_info::{push_addresses, push_sctp_info},
    table::Cells,
    tcp_info::{Style, push_tcp_info},
    timer::push_timer,
    uid::{push_directions, push_uid_inode},
    ulp::{push_md5_keys, push_ulp},
};
use crate::cli::Detail;

/// The IP protocol number of UDP, as a raw socket may have it.
const IPPROTO_UDP: u8 = 17;

/// The words of the options, in the order of the kernel's bits.
const OPTIONS: [(InetOptions, &str); 11] = [
    (InetOptions::RECEIVE_ERRORS, " recverr"),
    (InetOptions::CONNECTION_SOCKET, " is_icsk"),
    (InetOptions::FREE_BIND, " freebind"),
    (InetOptions::HEADER_INCLUDED, " hdrincl"),
    (InetOptions::MULTICAST_LOOP, " mc_loop"),
    (InetOptions::TRANSPARENT, " transparent"),
    (InetOptions::MULTICAST_ALL, " mc_all"),
    (InetOptions::NO_DEFRAGMENTATION, " nodefrag"),
    (InetOptions::BIND_NO_PORT, " bind_addr_no_port"),
    (InetOptions::RECEIVE_ERRORS_RFC4884, " recverr_rfc4884"),
    (InetOptions::DEFER_CONNECT, " defer_connect"),
];

impl RowRenderer<'_> {
    pub(super) fn fill_inet(&self, cells: &mut Cells<'_>, table: SocketTable, socket: &InetSocket) {
        // Compat: the kernel's counters are unsigned, iproute2 prints them as signed.
        fill_queues(cells, socket.queues.recv.cast_signed(), socket.queues.send.cast_signed());
        let unspecified = match socket.detail.v6_only {
            Some(true) => Unspecified::Ipv6,
            _ => Unspecified::Any,
        };
        cells.push(ColumnId::LocalAddress, |out| {
            self.hosts.push(out, socket.local.ip(), unspecified);
            if let Some(index) = socket.interface {
                out.push(b'%');
                self.push_interface(out, index);
            }
            out.push(b':');
        });
        cells.push(ColumnId::LocalPort, |out| {
            self.ports.push(out, socket.protocol, socket.local.port());
        });
        cells.push(ColumnId::PeerAddress, |out| {
            self.hosts.push(out, socket.remote.ip(), unspecified);
            out.push(b':');
        });
        cells.push(ColumnId::PeerPort, |out| {
            self.ports.push(out, socket.protocol, socket.remote.port());
        });
        self.fill_both_ends(cells, &Socket::Inet(socket));
        if self.details.is_empty() {
            return;
        }
        if socket.source == Source::SockDiag {
            cells.push(ColumnId::Extra, |out| self.push_inet_extra(out, socket));
        } else if table == SocketTable::Tcp {
            cells.push(ColumnId::Extra, |out| self.push_proc_extra(out, socket));
        }
    }

    /// Appends the details of a TCP socket of a text table, which has none of other sockets.
    fn push_proc_extra(&self, out: &mut Vec<u8>, socket: &InetSocket) {
        if self.shows(Detail::Timer) {
            push_timer(out, socket);
        }
        if self.shows(Detail::Extended) {
            push_uid_inode(out, socket.uid, socket.inode, Some(socket.pointer.0));
            if !socket.trailing.is_empty() {
                push_text(out, " opt:\"");
                Escaped::name(&socket.trailing).push_to(out);
                out.push(b'"');
            }
        }
        if self.shows(Detail::Info) {
            push_proc_info(out, socket);
        }
    }

    /// Appends the details that sock_diag reports.
    fn push_inet_extra(&self, out: &mut Vec<u8>, socket: &InetSocket) {
        let detail = &socket.detail;
        if self.shows(Detail::Timer) {
            push_timer(out, socket);
        }
        if self.shows(Detail::Extended) {
            self.push_inet_details(out, socket);
        }
        if self.shows(Detail::TypeOfService) {
            push_type_of_service(out, socket);
        }
        if self.shows(Detail::Cgroup)
            && let Some(id) = detail.cgroup_id
        {
            self.cgroups.push(out, id);
        }
        if self.shows(Detail::SocketOptions)
            && let Some(options) = detail.options
        {
            self.push_break(out);
            push_options(out, options);
        }
        let is_udp =
            socket.protocol == InetProtocol::Udp || detail.ip_protocol == Some(IPPROTO_UDP);
        if self.shows(Detail::Memory) || self.shows(Detail::Info) && !is_udp {
            // Compat: the line break is printed even when nothing follows.
            if !self.one_line {
                push_text(out, "\n\t");
            }
            self.push_statistics(out, socket);
        }
    }

    fn push_inet_details(&self, out: &mut Vec<u8>, socket: &InetSocket) {
        let detail = &socket.detail;
        push_uid_inode(out, socket.uid, socket.inode, socket.cookie.map(Cookie::get));
        if let Some(mark) = detail.mark.filter(|mark| *mark != 0) {
            push_text(out, " fwmark:");
            push_marked_hex(out, mark.into());
        }
        if let Some(id) = detail.cgroup_id.filter(|id| *id != 0) {
            self.cgroups.push(out, id);
        }
        if socket.local.is_ipv6()
            && let Some(v6_only) = detail.v6_only
        {
            push_number(out, " v6only:", v6_only);
        }
        if let Some(shutdown) = detail.shutdown {
            push_directions(out, shutdown);
        }
    }

    /// Appends memory and statistics of the connection, if they were requested.
    fn push_statistics(&self, out: &mut Vec<u8>, socket: &InetSocket) {
        let detail = &socket.detail;
        if let Some(memory) = &detail.memory {
            push_memory(out, memory);
        } else if let Some(memory) = &detail.short_memory {
            push_short_memory(out, memory);
        }
        if socket.protocol == InetProtocol::Sctp {
            push_addresses(out, detail);
        }
        match &detail.info {
            Some(InetInfo::Tcp(info)) => {
                push_tcp_info(out, info, socket.state, detail, self.style());
            }
            Some(InetInfo::Mptcp(info)) => push_mptcp_info(out, info),
            Some(InetInfo::Sctp(info)) => push_sctp_info(out, info),
            _ => {}
        }
        push_md5_keys(out, &detail.md5_keys);
        if let Some(ulp) = &detail.ulp {
            push_ulp(out, ulp);
        }
    }

    fn style(&self) -> Style {
        Style { shows_agreed: self.shows(Detail::Timer), names: self.names }
    }
}

fn push_type_of_service(out: &mut Vec<u8>, socket: &InetSocket) {
    let detail = &socket.detail;
    let classes = [
        (" tos:", detail.tos.map(u64::from)),
        (" tclass:", detail.traffic_class.map(u64::from)),
        (" class_id:", detail.class_id.map(u64::from)),
    ];
    for (key, class) in classes {
        if let Some(class) = class {
            push_text(out, key);
            push_marked_hex(out, class);
        }
    }
}

fn push_options(out: &mut Vec<u8>, options: InetOptions) {
    push_text(out, "inet-sockopt: (");
    for (option, word) in OPTIONS {
        if options.contains(option) {
            push_text(out, word);
        }
    }
    out.push(b')');
}
