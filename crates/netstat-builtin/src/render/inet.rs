//! Internet sockets.
//!
//! ```text
//! Proto Recv-Q Send-Q Local Address           Foreign Address         State       User ...
//! tcp        0      0 127.0.0.1:22            0.0.0.0:*               LISTEN      root ...
//! ```

use builtin_cli::Escaped;
use procnetsocket::{
    UserNames,
    model::{InetProtocol, InetSocket, Source, TcpState, Timer, TimerKind},
};

use super::{
    address::Addresses,
    field::{push_left, push_text},
    program::Programs,
};
use crate::cli::{Choice, Choices, Shown};

/// Columns of a state.
const STATE: usize = 11;
/// Columns of a user, and of an inode.
const USER: usize = 10;
/// Columns of a queue.
const QUEUE: usize = 6;

/// Lays out the rows of internet sockets.
pub(crate) struct InetTable<'a> {
    pub(crate) shown: Shown,
    pub(crate) choices: Choices,
    pub(crate) addresses: Addresses<'a>,
    pub(crate) users: &'a UserNames,
    /// The processes, if they are shown.
    pub(crate) programs: Option<&'a Programs>,
}

impl InetTable<'_> {
    pub(crate) fn push_heading(&self, out: &mut Vec<u8>) {
        push_text(out, format_args!("Active Internet connections {}\n", self.shown.heading()));
        push_text(out, "Proto Recv-Q Send-Q Local Address           ");
        push_text(out, "Foreign Address         State      ");
        if self.choices.contains(Choice::Extended) {
            push_text(out, " User       Inode     ");
        }
        if self.programs.is_some() {
            push_text(out, " PID/Program name    ");
        }
        if self.choices.contains(Choice::Timers) {
            push_text(out, " Timer");
        }
        out.push(b'\n');
    }

    /// Appends the row of a socket.
    pub(crate) fn push(&self, out: &mut Vec<u8>, socket: &InetSocket) {
        push_text(out, format_args!("{:<4}", protocol(socket)));
        // Kernel: sock_diag reports the maximum queue of a listener here, and the text table 0.
        let is_listener = socket.protocol == InetProtocol::Tcp && socket.state == TcpState::Listen;
        let sent =
            if is_listener && socket.source == Source::SockDiag { 0 } else { socket.queues.send };
        let received = socket.queues.recv;
        push_text(out, format_args!("  {received:>QUEUE$} {sent:>QUEUE$} "));
        self.addresses.push(out, socket.local, socket.protocol);
        out.push(b' ');
        self.addresses.push(out, socket.remote, socket.protocol);
        out.push(b' ');
        push_left(out, STATE, |out| push_state(out, socket));
        if self.choices.contains(Choice::Extended) {
            out.push(b' ');
            push_left(out, USER, |out| self.push_user(out, socket.uid));
            let inode = socket.inode.map_or(0, procnetsocket::model::Inode::get);
            push_text(out, format_args!(" {inode:<USER$}"));
        }
        if let Some(programs) = self.programs {
            out.push(b' ');
            programs.push(out, socket.inode);
        }
        if self.choices.contains(Choice::Timers) {
            out.push(b' ');
            push_timer(out, socket);
        }
        out.push(b'\n');
    }

    fn push_user(&self, out: &mut Vec<u8>, uid: u32) {
        let is_numeric = self.choices.contains(Choice::NumericUsers);
        match self.users.name(uid) {
            Some(name) if !is_numeric => Escaped::name(name).push_to(out),
            // Compat: the number is printed as signed.
            _ => push_text(out, uid.cast_signed()),
        }
    }
}

fn protocol(socket: &InetSocket) -> &'static str {
    match (socket.protocol, socket.local.is_ipv4()) {
        (InetProtocol::Tcp, true) => "tcp",
        (InetProtocol::Tcp, false) => "tcp6",
        (InetProtocol::Udp, true) => "udp",
        (InetProtocol::Udp, false) => "udp6",
        (InetProtocol::Raw, true) => "raw",
        (InetProtocol::Raw, false) => "raw6",
        _ => "???",
    }
}

fn push_state(out: &mut Vec<u8>, socket: &InetSocket) {
    match socket.protocol {
        InetProtocol::Tcp => push_text(out, tcp_state(socket.state)),
        // Compat: raw sockets show the number.
        InetProtocol::Raw => push_text(out, socket.state.number()),
        _ => push_text(
            out,
            match socket.state {
                TcpState::Established => "ESTABLISHED",
                TcpState::Close => "",
                _ => "UNKNOWN",
            },
        ),
    }
}

fn tcp_state(state: TcpState) -> &'static str {
    match state {
        TcpState::Established => "ESTABLISHED",
        TcpState::SynSent => "SYN_SENT",
        TcpState::SynRecv => "SYN_RECV",
        TcpState::FinWait1 => "FIN_WAIT1",
        TcpState::FinWait2 => "FIN_WAIT2",
        TcpState::TimeWait => "TIME_WAIT",
        TcpState::Close => "CLOSE",
        TcpState::CloseWait => "CLOSE_WAIT",
        TcpState::LastAck => "LAST_ACK",
        TcpState::Listen => "LISTEN",
        TcpState::Closing => "CLOSING",
        // Kernel: the tables contain no other state.
        _ => "UNKNOWN",
    }
}

/// Appends name, seconds, retransmissions and probes of a timer.
fn push_timer(out: &mut Vec<u8>, socket: &InetSocket) {
    let is_tcp = socket.protocol == InetProtocol::Tcp;
    let expires = socket.timer.map(|timer| timer.expires).unwrap_or_default();
    match socket.timer.map(|Timer { kind, .. }| kind) {
        None => push_text(out, "off"),
        Some(kind) if is_tcp => push_tcp_timer(out, kind),
        // Compat: two kinds have different names for other sockets, which have no timers on known
        // kernels.
        Some(TimerKind::Retransmit) => push_text(out, "on1"),
        Some(TimerKind::Keepalive) => push_text(out, "on2"),
        Some(kind) => push_unknown_timer(out, kind),
    }
    // Compat: UDP sockets show no retransmissions.
    let is_udp = socket.protocol == InetProtocol::Udp;
    let retransmits = if is_udp { 0 } else { socket.retransmits };
    let (seconds, hundredths) = (expires.as_secs(), expires.subsec_millis() / 10);
    let probes = socket.probes;
    push_text(out, format_args!(" ({seconds}.{hundredths:02}/{retransmits}/{probes})"));
}

fn push_tcp_timer(out: &mut Vec<u8>, kind: TimerKind) {
    match kind {
        TimerKind::Retransmit => push_text(out, "on"),
        TimerKind::Keepalive => push_text(out, "keepalive"),
        TimerKind::TimeWait => push_text(out, "timewait"),
        TimerKind::Probe => push_text(out, "probe"),
        kind => push_unknown_timer(out, kind),
    }
}

fn push_unknown_timer(out: &mut Vec<u8>, kind: TimerKind) {
    let number = match kind {
        TimerKind::Retransmit => 1,
        TimerKind::Keepalive => 2,
        TimerKind::TimeWait => 3,
        TimerKind::Probe => 4,
        TimerKind::DelayedAck => 5,
        TimerKind::Other(number) => number,
        _ => 0,
    };
    push_text(out, format_args!("unkn-{number}"));
}
