//! Rows of the internet protocols.

use std::net::{IpAddr, SocketAddr};

use crate::ProcTable;

/// The columns of all internet rows.
#[derive(Clone, Debug)]
struct CommonColumns {
    local: SocketAddr,
    remote: SocketAddr,
    state: u8,
    send: u32,
    recv: u32,
    timer: u8,
    expires: u64,
    retransmits: u32,
    uid: u32,
    probes: u32,
    inode: u64,
    references: i32,
    pointer: u64,
}

impl CommonColumns {
    fn new(state: u8, local: SocketAddr, remote: SocketAddr) -> Self {
        assert_eq!(local.is_ipv4(), remote.is_ipv4(), "a row has one address family");
        Self {
            local,
            remote,
            state,
            send: 0,
            recv: 0,
            timer: 0,
            expires: 0,
            retransmits: 0,
            uid: 0,
            probes: 0,
            inode: 0,
            references: 1,
            pointer: 0xffff_9f3c_8b3e_0000,
        }
    }

    /// `%4d: %08X:%04X %08X:%04X %02X %08X:%08X %02X:%08lX %08X %5u %8d %lu %d %pK`
    fn line(&self, slot_width: usize, slot: usize) -> String {
        format!(
            "{slot:slot_width$}: {} {} {:02X} {:08X}:{:08X} {:02X}:{:08X} {:08X} {:5} {:8} {} {} {:016x}",
            endpoint(self.local),
            endpoint(self.remote),
            self.state,
            self.send,
            self.recv,
            self.timer,
            self.expires,
            self.retransmits,
            self.uid,
            self.probes,
            self.inode,
            self.references,
            self.pointer,
        )
    }
}

/// Returns an address as the tables print it: words in the machine's byte order, then the port.
fn endpoint(endpoint: SocketAddr) -> String {
    let octets = match endpoint.ip() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let words: Vec<_> = octets
        .chunks_exact(4)
        .map(|word| format!("{:08X}", u32::from_ne_bytes(word.try_into().unwrap())))
        .collect();
    format!("{}:{:04X}", words.concat(), endpoint.port())
}

fn parse(endpoint: &str) -> SocketAddr {
    endpoint.parse().unwrap_or_else(|_| panic!("{endpoint:?} is not an address with a port"))
}

/// Returns the peer address of a socket without a peer.
fn nobody(local: SocketAddr) -> SocketAddr {
    if local.is_ipv4() { parse("0.0.0.0:0") } else { parse("[::]:0") }
}

/// The setters of the columns of all internet rows.
macro_rules! common_setters {
    () => {
        /// Sets the state, 1 to 11 in a kernel.
        #[must_use]
        pub fn state(mut self, state: u8) -> Self {
            self.common.state = state;
            self
        }

        /// Sets the queues as `ss` names them.
        #[must_use]
        pub fn queues(mut self, recv: u32, send: u32) -> Self {
            self.common.recv = recv;
            self.common.send = send;
            self
        }

        /// Sets the column `uid`.
        #[must_use]
        pub fn uid(mut self, uid: u32) -> Self {
            self.common.uid = uid;
            self
        }

        /// Sets the column `inode`.
        #[must_use]
        pub fn inode(mut self, inode: u64) -> Self {
            self.common.inode = inode;
            self
        }

        /// Sets the timer, 0 to 5 in a kernel, and its remaining time in ticks of 10 ms.
        #[must_use]
        pub fn timer(mut self, timer: u8, ticks: u64) -> Self {
            self.common.timer = timer;
            self.common.expires = ticks;
            self
        }

        /// Sets the column `retrnsmt`.
        #[must_use]
        pub fn retransmits(mut self, retransmits: u32) -> Self {
            self.common.retransmits = retransmits;
            self
        }

        /// Sets the column `timeout`.
        #[must_use]
        pub fn probes(mut self, probes: u32) -> Self {
            self.common.probes = probes;
            self
        }

        /// Sets the reference count.
        #[must_use]
        pub fn references(mut self, references: i32) -> Self {
            self.common.references = references;
            self
        }

        /// Sets the address of the kernel object.
        #[must_use]
        pub fn pointer(mut self, pointer: u64) -> Self {
            self.common.pointer = pointer;
            self
        }
    };
}

/// The columns after the pointer of a TCP row, for sockets that are neither in TIME-WAIT nor
/// connection requests.
#[derive(Clone, Copy, Debug)]
pub struct TcpTail {
    /// `icsk_rto` in ticks.
    pub timeout: u64,
    /// `icsk_ack.ato` in ticks.
    pub ack_timeout: u64,
    /// `icsk_ack.quick << 1 | pingpong`.
    pub quick: u32,
    /// `snd_cwnd`.
    pub congestion_window: u32,
    /// `snd_ssthresh`, -1 in initial slow start.
    pub slow_start_threshold: i32,
}

impl Default for TcpTail {
    /// The values of a new connection.
    fn default() -> Self {
        Self {
            timeout: 100,
            ack_timeout: 0,
            quick: 0,
            congestion_window: 10,
            slow_start_threshold: -1,
        }
    }
}

impl TcpTail {
    /// ` %lu %lu %u %u %d`
    fn columns(self) -> String {
        format!(
            " {} {} {} {} {}",
            self.timeout,
            self.ack_timeout,
            self.quick,
            self.congestion_window,
            self.slow_start_threshold
        )
    }
}

/// A row of `net/tcp` or `net/tcp6`.
#[derive(Clone, Debug)]
pub struct Tcp {
    common: CommonColumns,
    tail: Option<TcpTail>,
    extra: Vec<u8>,
}

impl Tcp {
    /// Returns a row with these ends, in a state of 1 to 11.
    pub fn new(state: u8, local: SocketAddr, remote: SocketAddr) -> Self {
        // Full sockets have all columns; the others end after the pointer.
        let tail = (state != 3 && state != 6).then(TcpTail::default);
        Self { common: CommonColumns::new(state, local, remote), tail, extra: Vec::new() }
    }

    /// Returns a listening socket.
    pub fn listen(local: &str) -> Self {
        let local = parse(local);
        let tail = TcpTail { slow_start_threshold: 0, ..TcpTail::default() };
        Self::new(10, local, nobody(local)).tail(tail)
    }

    /// Returns an established connection.
    pub fn established(local: &str, remote: &str) -> Self {
        Self::new(1, parse(local), parse(remote))
    }

    /// Returns a connection in TIME-WAIT with 40 s left.
    pub fn time_wait(local: &str, remote: &str) -> Self {
        Self::new(6, parse(local), parse(remote)).timer(3, 4000).references(3)
    }

    common_setters!();

    /// Sets the last columns.
    #[must_use]
    pub fn tail(self, tail: TcpTail) -> Self {
        Self { tail: Some(tail), ..self }
    }

    /// Appends bytes that no known kernel prints.
    #[must_use]
    pub fn extra(self, extra: impl Into<Vec<u8>>) -> Self {
        Self { extra: extra.into(), ..self }
    }

    pub(crate) fn table(&self) -> ProcTable {
        if self.common.local.is_ipv4() { ProcTable::Tcp } else { ProcTable::Tcp6 }
    }

    pub(crate) fn line(&self, slot: usize) -> Vec<u8> {
        let mut line = self.common.line(self.table().slot_width(), slot);
        if let Some(tail) = self.tail {
            line += &tail.columns();
        }
        let mut line = line.into_bytes();
        line.extend_from_slice(&self.extra);
        line
    }
}

/// A row of the tables of UDP, UDP-Lite, raw and ping sockets.
#[derive(Clone, Debug)]
pub struct Datagram {
    common: CommonColumns,
    drops: u32,
}

impl Datagram {
    /// Returns a row with these ends; a kernel prints state 1 or 7.
    pub fn new(state: u8, local: SocketAddr, remote: SocketAddr) -> Self {
        let mut common = CommonColumns::new(state, local, remote);
        common.references = 2;
        Self { common, drops: 0 }
    }

    /// Returns a socket that is not connected. The "port" of a raw socket is its protocol.
    pub fn bound(local: &str) -> Self {
        let local = parse(local);
        Self::new(7, local, nobody(local))
    }

    /// Returns a connected socket.
    pub fn connected(local: &str, remote: &str) -> Self {
        Self::new(1, parse(local), parse(remote))
    }

    common_setters!();

    /// Sets the column `drops`.
    #[must_use]
    pub fn drops(self, drops: u32) -> Self {
        Self { drops, ..self }
    }

    /// Returns whether it belongs to the IPv4 table of its protocol.
    pub(crate) fn is_ipv4(&self) -> bool {
        self.common.local.is_ipv4()
    }

    pub(crate) fn line(&self, table: ProcTable, slot: usize) -> Vec<u8> {
        format!("{} {}", self.common.line(table.slot_width(), slot), self.drops).into_bytes()
    }
}
