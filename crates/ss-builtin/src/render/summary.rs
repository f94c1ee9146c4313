//! The counters of `-s`.

use std::fmt::Write;

use procnetsocket::{SockStat, SockStat6};

/// The values of the summary; `None` for a source that could not be read.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) ipv4: SockStat,
    pub(crate) ipv6: SockStat6,
    pub(crate) established: Option<i64>,
}

/// Returns the summary as it is printed; a counter that the kernel lacks is printed as 0.
pub(crate) fn summary(counters: &Counters) -> String {
    let Counters { ipv4, ipv6, established } = counters;
    let number = Option::<i64>::unwrap_or_default;
    let established = number(*established);
    let in_use = number(ipv4.tcp.in_use).saturating_add(number(ipv6.tcp_in_use));
    let [allocated, orphaned, time_wait] =
        [ipv4.tcp.allocated, ipv4.tcp.orphaned, ipv4.tcp.time_wait].map(number);
    let mut text = format!(
        "Total: {}\nTCP:   {} (estab {established}, closed {}, orphaned {orphaned}, \
         timewait {time_wait})\n\nTransport Total     IP        IPv6\n",
        number(ipv4.used),
        allocated.saturating_add(time_wait),
        allocated.saturating_sub(in_use.saturating_sub(time_wait)),
    );
    let raw = [ipv4.raw_in_use, ipv6.raw_in_use].map(number);
    let udp = [ipv4.udp_in_use, ipv6.udp_in_use].map(number);
    let tcp = [ipv4.tcp.in_use, ipv6.tcp_in_use].map(number);
    let fragments = [ipv4.fragments_in_use, ipv6.fragments_in_use].map(number);
    let inet = add(add(raw, udp), tcp);
    for (name, [ip, ip6]) in
        [("RAW", raw), ("UDP", udp), ("TCP", tcp), ("INET", inet), ("FRAG", fragments)]
    {
        // OK because writing to a string cannot fail.
        let _ = writeln!(text, "{name}\t  {:<9} {ip:<9} {ip6:<9}", ip.saturating_add(ip6));
    }
    text.push('\n');
    text
}

fn add([a, b]: [i64; 2], [c, d]: [i64; 2]) -> [i64; 2] {
    [a.saturating_add(c), b.saturating_add(d)]
}
