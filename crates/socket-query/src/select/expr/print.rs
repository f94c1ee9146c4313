//! Expressions as text. Parsing the text gives the same expression, provided that no option chose a
//! family and that control groups have their ids.

use std::fmt;

use bstr::BString;

use super::ast::{Comparison, Expr, HostPattern, Network, PortNumber, Predicate, Side};

impl Expr {
    /// Returns the expression in the filter language. Names of sockets and control groups may be
    /// any bytes.
    pub fn to_text(&self) -> BString {
        let mut text =
            PrintedFilter { bytes: BString::default(), names_family: names_another_family(self) };
        text.expr(self);
        text.bytes
    }
}

/// Writes what [`Expr::to_text`] returns; bytes that are not UTF-8 are replaced.
impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_text())
    }
}

/// Returns whether a family other than the internet's is named, so that internet addresses and
/// ports have to name theirs.
fn names_another_family(expr: &Expr) -> bool {
    match expr {
        Expr::All(exprs) | Expr::Any(exprs) => exprs.iter().any(names_another_family),
        Expr::Not(expr) => names_another_family(expr),
        Expr::Is(Predicate::Host { host, .. }) => !matches!(host, HostPattern::Inet { .. }),
        Expr::Is(_) => false,
    }
}

struct PrintedFilter {
    bytes: BString,
    /// Whether internet addresses and ports name their family.
    names_family: bool,
}

impl PrintedFilter {
    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::All(all) => self.list(all, " and "),
            Expr::Any(any) => self.list(any, " or "),
            Expr::Not(expr) => {
                self.push("not ");
                self.operand(expr);
            }
            Expr::Is(predicate) => self.predicate(predicate),
        }
    }

    fn list(&mut self, exprs: &[Expr], join: &str) {
        for (n, expr) in exprs.iter().enumerate() {
            if n > 0 {
                self.push(join);
            }
            self.operand(expr);
        }
    }

    fn operand(&mut self, expr: &Expr) {
        match expr {
            Expr::All(_) | Expr::Any(_) => {
                self.push("( ");
                self.expr(expr);
                self.push(" )");
            }
            Expr::Not(_) | Expr::Is(_) => self.expr(expr),
        }
    }

    fn predicate(&mut self, predicate: &Predicate) {
        match predicate {
            Predicate::Host { side, host } => {
                self.push(if *side == Side::Local { "src " } else { "dst " });
                self.host(host);
            }
            Predicate::Port { side, comparison, port } => {
                self.push(if *side == Side::Local { "sport " } else { "dport " });
                self.push(sign(*comparison));
                self.push(if self.names_family { " inet:" } else { " " });
                self.port(*port);
            }
            Predicate::Device(index) => {
                self.format(format_args!("dev = {}", index.map_or(0, std::num::NonZeroU32::get)));
            }
            Predicate::Mark { value, mask } => {
                self.format(format_args!("fwmark = {value:#x}/{mask:#x}"));
            }
            Predicate::Cgroup(cgroup) => {
                self.push("cgroup = ");
                self.escaped(&cgroup.path);
            }
            Predicate::Container(groups) => {
                self.push("container = ");
                self.escaped(&groups.pattern);
            }
            Predicate::Unit(groups) => {
                self.push("unit = ");
                self.escaped(&groups.pattern);
            }
            Predicate::Pid(pid) => self.format(format_args!("pid = {pid}")),
            Predicate::Comm(pattern) => {
                self.push("comm = ");
                self.escaped(pattern);
            }
            Predicate::PeerPid(pid) => self.format(format_args!("peer-pid = {pid}")),
            Predicate::PeerComm(pattern) => {
                self.push("peer-comm = ");
                self.escaped(pattern);
            }
            Predicate::Netns(word) => {
                self.push("netns = ");
                self.escaped(word);
            }
            Predicate::User(uid) => self.format(format_args!("user = {uid}")),
            Predicate::Autobound => self.push("autobound"),
        }
    }

    fn host(&mut self, host: &HostPattern) {
        match host {
            HostPattern::Inet { network, port } => self.inet(network.as_ref(), *port),
            HostPattern::Unix(pattern) => {
                self.push("unix:");
                self.escaped(pattern);
            }
            HostPattern::Link { protocol, interface } => {
                self.pair("link:", protocol.map(u32::from), *interface);
            }
            HostPattern::Netlink { protocol, port_id } => {
                self.pair("netlink:", *protocol, *port_id);
            }
            HostPattern::Vsock { cid, port } => self.pair("vsock:", *cid, *port),
        }
    }

    fn inet(&mut self, network: Option<&Network>, port: PortNumber) {
        if self.names_family {
            self.push(if network.is_some_and(|n| n.address.is_ipv6()) {
                "inet6:"
            } else {
                "inet:"
            });
        }
        match network {
            None => self.push("*"),
            Some(Network { address, bits }) if address.is_ipv6() => {
                self.format(format_args!("[{address}/{bits}]"));
            }
            Some(Network { address, bits }) => self.format(format_args!("{address}/{bits}")),
        }
        if port != PortNumber::Any {
            self.push(":");
            self.port(port);
        }
    }

    fn pair(&mut self, prefix: &str, number: Option<u32>, port: PortNumber) {
        self.push(prefix);
        match number {
            Some(number) => self.format(format_args!("{number}:")),
            None => self.push("*:"),
        }
        self.port(port);
    }

    fn port(&mut self, port: PortNumber) {
        match port {
            PortNumber::Any => self.push("*"),
            PortNumber::Number(number) => self.format(format_args!("{number}")),
        }
    }

    /// Adds bytes so that they stay in one word.
    fn escaped(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if matches!(byte, b' ' | b'\t' | b'\\') {
                self.push("\\");
            }
            self.bytes.push(*byte);
        }
    }

    fn push(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn format(&mut self, text: fmt::Arguments<'_>) {
        self.push(&text.to_string());
    }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "!=",
        Comparison::AtLeast => ">=",
        Comparison::AtMost => "<=",
        Comparison::Above => ">",
        Comparison::Below => "<",
    }
}
