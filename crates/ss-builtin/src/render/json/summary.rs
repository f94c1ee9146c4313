//! The counters of `-s`; one that could not be read, or that the kernel lacks, is absent.

use serde::Serialize;

use crate::render::summary::Counters;

/// The counters as an object.
#[derive(Debug, Serialize)]
pub(crate) struct SummaryForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    tcp: TcpForm,
    transports: TransportsForm,
}

#[derive(Debug, Serialize)]
struct TcpForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    established: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    orphaned: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_wait: Option<i64>,
}

#[derive(Debug, Serialize)]
struct TransportsForm {
    raw: TransportForm,
    udp: TransportForm,
    tcp: TransportForm,
    fragments: TransportForm,
}

/// Sockets that are in use.
#[derive(Debug, Serialize)]
struct TransportForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv4: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipv6: Option<i64>,
}

impl From<&Counters> for SummaryForm {
    fn from(Counters { ipv4, ipv6, established }: &Counters) -> Self {
        let of = |ipv4, ipv6| TransportForm { ipv4, ipv6 };
        let tcp = &ipv4.tcp;
        Self {
            total: ipv4.used,
            tcp: TcpForm {
                total: tcp.allocated.zip(tcp.time_wait).map(|(all, wait)| all.saturating_add(wait)),
                established: *established,
                closed: closed(tcp.allocated, [tcp.in_use, ipv6.tcp_in_use], tcp.time_wait),
                orphaned: tcp.orphaned,
                time_wait: tcp.time_wait,
            },
            transports: TransportsForm {
                raw: of(ipv4.raw_in_use, ipv6.raw_in_use),
                udp: of(ipv4.udp_in_use, ipv6.udp_in_use),
                tcp: of(tcp.in_use, ipv6.tcp_in_use),
                fragments: of(ipv4.fragments_in_use, ipv6.fragments_in_use),
            },
        }
    }
}

/// A kernel without IPv6 has none of its sockets.
fn closed(all: Option<i64>, in_use: [Option<i64>; 2], wait: Option<i64>) -> Option<i64> {
    let [ipv4, ipv6] = in_use;
    let open = ipv4?.saturating_add(ipv6.unwrap_or(0)).saturating_sub(wait?);
    Some(all?.saturating_sub(open))
}
