//! The files of counters that `ss -s` reads.

/// The counts of `net/sockstat`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SockStat {
    /// Sockets of every family.
    pub used: i64,
    /// TCP over IPv4 in use.
    pub tcp_in_use: i64,
    /// TCP without a process (orphans).
    pub tcp_orphaned: i64,
    /// TCP in TIME-WAIT.
    pub tcp_time_wait: i64,
    /// TCP allocated.
    pub tcp_allocated: i64,
    /// UDP over IPv4.
    pub udp_in_use: i64,
    /// Raw over IPv4.
    pub raw_in_use: i64,
    /// Fragmented packets.
    pub fragments: i64,
}

impl SockStat {
    pub(crate) fn text(&self) -> String {
        format!(
            "sockets: used {}\n\
             TCP: inuse {} orphan {} tw {} alloc {} mem 4\n\
             UDP: inuse {} mem 2\n\
             UDPLITE: inuse 0\n\
             RAW: inuse {}\n\
             FRAG: inuse {} memory 0\n",
            self.used,
            self.tcp_in_use,
            self.tcp_orphaned,
            self.tcp_time_wait,
            self.tcp_allocated,
            self.udp_in_use,
            self.raw_in_use,
            self.fragments
        )
    }
}

/// The counts of `net/sockstat6`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SockStat6 {
    /// TCP over IPv6.
    pub tcp_in_use: i64,
    /// UDP over IPv6.
    pub udp_in_use: i64,
    /// Raw over IPv6.
    pub raw_in_use: i64,
    /// Fragmented packets.
    pub fragments: i64,
}

impl SockStat6 {
    pub(crate) fn text(&self) -> String {
        format!(
            "TCP6: inuse {}\nUDP6: inuse {}\nUDPLITE6: inuse 0\nRAW6: inuse {}\nFRAG6: inuse {} memory 0\n",
            self.tcp_in_use, self.udp_in_use, self.raw_in_use, self.fragments
        )
    }
}

/// Returns `net/snmp` with this number of established connections.
pub(crate) fn snmp(established: i64) -> String {
    format!(
        "Ip: Forwarding DefaultTTL InReceives\n\
         Ip: 2 64 7308\n\
         Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets \
         CurrEstab InSegs OutSegs RetransSegs InErrs OutRsts InCsumErrors\n\
         Tcp: 1 200 120000 -1 55 2 0 43 {established} 7184 6086 0 0 45 0\n\
         Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors InCsumErrors \
         IgnoredMulti MemErrors\n\
         Udp: 123 0 0 124 0 0 0 0 0\n"
    )
}
