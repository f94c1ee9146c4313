//! The program that the kernel gets for a filter: operation by operation, and beside the evaluator.

use std::{net::SocketAddr, num::NonZeroU32, ops::ControlFlow};

use procnetsocket::{
    Query, RowError, SocketTables, Source, Table, Visitor,
    model::{InetSocket, Socket},
};
use rstest::rstest;
use testkit::{FakeProc, Tcp, Xorshift};

use super::*;
use crate::select::expr::{Cgroup, Facts, admits};

fn port(side: Side, comparison: Comparison, port: i64) -> Expr {
    let port = PortNumber::Number(port);
    Expr::Is(Predicate::Port { side, comparison, port })
}

fn sport(comparison: Comparison, number: i64) -> Expr {
    port(Side::Local, comparison, number)
}

fn source(network: Option<(&str, u8)>, port: PortNumber) -> Expr {
    let network =
        network.map(|(address, bits)| Network { address: address.parse().unwrap(), bits });
    let host = HostPattern::Inet { network, port };
    Expr::Is(Predicate::Host { side: Side::Local, host })
}

fn unix() -> Expr {
    let host = HostPattern::Unix("*".into());
    Expr::Is(Predicate::Host { side: Side::Local, host })
}

fn device(index: u32) -> Expr {
    Expr::Is(Predicate::Device(NonZeroU32::new(index)))
}

const EQ: Comparison = Comparison::Equal;
const ANY: PortNumber = PortNumber::Any;

/// A program as lines, with the target of each operation's `no`.
fn listing(expr: &Expr) -> String {
    let Some(program) = compile(expr) else { return "none".to_owned() };
    let word = |at: usize| u16::from_ne_bytes([program[at], program[at + 1]]);
    let mut lines = Vec::new();
    let mut at = 0;
    while at < program.len() {
        let end = at + usize::from(program[at + 1]);
        let no = at + usize::from(word(at + 2));
        let operand = &program[at + 4..end];
        let no = match no.checked_sub(program.len()) {
            Some(0) => "accept".to_owned(),
            Some(_) => "reject".to_owned(),
            None => no.to_string(),
        };
        lines.push(format!("{at}: {} {operand:?} else {no}", program[at]));
        at = end;
    }
    lines.join("\n")
}

#[rstest]
#[case::port(sport(EQ, 0x0102), "0: 2 [0, 0, 2, 1] else reject\n8: 3 [0, 0, 2, 1] else reject")]
#[case::remote(port(Side::Remote, Comparison::AtMost, 1), "0: 5 [0, 0, 1, 0] else reject")]
#[case::not(sport(Comparison::Above, 1), "0: 3 [0, 0, 1, 0] else accept\n8: 1 [] else reject")]
#[case::either(
    sport(Comparison::AtMost, 1).or(device(7)),
    "0: 3 [0, 0, 1, 0] else 12\n8: 1 [] else accept\n12: 9 [7, 0, 0, 0] else reject"
)]
#[case::network(
    source(Some(("10.0.0.0", 8)), PortNumber::Number(22)),
    "0: 7 [2, 8, 0, 0, 22, 0, 0, 0, 10, 0, 0, 0] else reject"
)]
#[case::port_alone(
    source(None, PortNumber::Number(22)),
    "0: 7 [0, 0, 0, 0, 22, 0, 0, 0] else reject"
)]
#[case::autobound(Expr::Is(Predicate::Autobound), "none")]
#[case::mark(
    Expr::Is(Predicate::Mark { value: 1, mask: 3 }),
    "0: 10 [1, 0, 0, 0, 3, 0, 0, 0] else reject"
)]
#[case::cgroup(
    Expr::Is(Predicate::Cgroup(Cgroup { path: "/".into(), id: 258 })),
    "0: 13 [2, 1, 0, 0, 0, 0, 0, 0] else reject"
)]
#[case::nothing_can_match(sport(EQ, 99999), "0: 1 [] else reject")]
#[case::everything_matches(sport(Comparison::AtLeast, 0), "none")]
#[case::unknown_to_the_kernel(unix(), "none")]
#[case::unknown_and_known(unix().and(device(7)), "0: 9 [7, 0, 0, 0] else reject")]
#[case::unknown_or_known(unix().or(device(7)), "none")]
#[case::neither(unix().or(device(7)).negated(), "0: 9 [7, 0, 0, 0] else accept\n8: 1 [] else reject")]
#[cfg(target_endian = "little")]
fn programs_are_those_of_the_kernel(#[case] expr: Expr, #[case] lines: &str) {
    assert_eq!(listing(&expr), lines);
}

#[test]
fn too_long_expression_is_evaluated_without_the_kernel() {
    let longest = |count| (1..=count).map(|number| sport(EQ, number)).reduce(Expr::or);
    assert!(compile(&longest(500).unwrap()).is_some());
    assert_eq!(compile(&longest(5000).unwrap()), None);
}

#[test]
fn wildcards_match_every_port() {
    for (comparison, holds) in [
        (Comparison::Equal, true),
        (Comparison::AtLeast, true),
        (Comparison::Above, true),
        (Comparison::NotEqual, false),
        (Comparison::AtMost, false),
        (Comparison::Below, false),
    ] {
        let test = port_test(Side::Local, comparison, ANY);
        assert_eq!(test, if holds { Test::Always } else { Test::Never }, "{comparison:?}");
    }
}

/// Runs a program as the kernel does (`inet_diag_bc_run`), after checking it as the kernel does
/// (`inet_diag_bc_audit`).
fn accepts(program: &[u8], socket: &InetSocket) -> bool {
    audit(program);
    let mut at = 0;
    while at < program.len() {
        let operation = DecodedOp::at(program, at);
        at += if operation.holds(socket) { operation.yes } else { operation.no };
    }
    at == program.len()
}

struct DecodedOp<'a> {
    code: u8,
    yes: usize,
    no: usize,
    operand: &'a [u8],
}

impl<'a> DecodedOp<'a> {
    fn at(program: &'a [u8], at: usize) -> Self {
        let yes = usize::from(program[at + 1]);
        let no = usize::from(u16::from_ne_bytes([program[at + 2], program[at + 3]]));
        Self { code: program[at], yes, no, operand: &program[at + 4..at + yes] }
    }

    fn word(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.operand[at..at + 4].try_into().unwrap())
    }

    /// A socket of a text table is bound to no interface, and has no mark and no control group.
    fn holds(&self, socket: &InetSocket) -> bool {
        let port = || u16::from_ne_bytes([self.operand[2], self.operand[3]]);
        match self.code {
            LOCAL_PORT_AT_LEAST => socket.local.port() >= port(),
            LOCAL_PORT_AT_MOST => socket.local.port() <= port(),
            REMOTE_PORT_AT_LEAST => socket.remote.port() >= port(),
            REMOTE_PORT_AT_MOST => socket.remote.port() <= port(),
            LOCAL_HOST => self.is_host(socket.local),
            REMOTE_HOST => self.is_host(socket.remote),
            DEVICE | MARK => self.word(0) == 0,
            JUMP => false,
            code => panic!("the kernel knows no operation {code} here"),
        }
    }

    fn is_host(&self, host: SocketAddr) -> bool {
        let port = self.word(4).cast_signed();
        if port != -1 && port != i32::from(host.port()) {
            return false;
        }
        let bits = self.operand[1];
        let address = &self.operand[8..];
        match (self.operand[0], host.ip()) {
            (ANY_FAMILY, _) => true,
            (INET, IpAddr::V4(host)) => begins_alike(address, &host.octets(), bits),
            (INET, IpAddr::V6(host)) => host
                .to_ipv4_mapped()
                .is_some_and(|host| begins_alike(address, &host.octets(), bits)),
            (INET6, IpAddr::V6(host)) => begins_alike(address, &host.octets(), bits),
            _ => false,
        }
    }
}

fn begins_alike(one: &[u8], other: &[u8], bits: u8) -> bool {
    let bit = |bytes: &[u8], bit: u8| bytes[usize::from(bit / 8)] >> (7 - bit % 8) & 1;
    (0..bits).all(|index| bit(one, index) == bit(other, index))
}

/// Every operation is followed by one or by the end, and its jumps lead to one, to the end, or
/// directly after the end.
fn audit(program: &[u8]) {
    let mut starts = Vec::new();
    let mut at = 0;
    while at < program.len() {
        starts.push(at);
        at += DecodedOp::at(program, at).yes;
    }
    assert_eq!(at, program.len());
    for start in &starts {
        let operation = DecodedOp::at(program, *start);
        let target = start + operation.no;
        assert!(operation.no >= 4 && operation.no.is_multiple_of(4), "{program:?}");
        assert!(
            starts.contains(&target) || target == at || target == at + 4,
            "{target} is not an operation of {program:?}"
        );
    }
}

fn random_expr(random: &mut Xorshift, depth: u64) -> Expr {
    match random.below(if depth == 0 { 4 } else { 8 }) {
        0 | 1 => {
            let side = *random.pick(&[Side::Local, Side::Remote]);
            let comparisons = [
                EQ,
                Comparison::NotEqual,
                Comparison::AtLeast,
                Comparison::AtMost,
                Comparison::Above,
                Comparison::Below,
            ];
            let number = *random.pick(&[-2, 0, 1, 21, 22, 23, 40_000, 65_534, 65_535, 65_536]);
            let port = if random.one_in(8) { ANY } else { PortNumber::Number(number) };
            let comparison = *random.pick(&comparisons);
            Expr::Is(Predicate::Port { side, comparison, port })
        }
        2 => {
            let address = *random.pick(&[
                "10.0.0.1",
                "10.128.0.0",
                "0.0.0.0",
                "::1",
                "2001:db8::",
                "::ffff:10.0.0.1",
            ]);
            let address: IpAddr = address.parse().unwrap();
            let most = if address.is_ipv4() { 33 } else { 129 };
            let bits = u8::try_from(random.below(most)).unwrap();
            let network = if random.one_in(5) { None } else { Some(Network { address, bits }) };
            let port =
                *random.pick(&[ANY, ANY, PortNumber::Number(22), PortNumber::Number(70_000)]);
            let side = *random.pick(&[Side::Local, Side::Remote]);
            let host = HostPattern::Inet { network, port };
            Expr::Is(Predicate::Host { side, host })
        }
        3 => match random.below(3) {
            0 => device(u32::try_from(random.below(2)).unwrap()),
            1 => Expr::Is(Predicate::Mark {
                value: u32::try_from(random.below(2)).unwrap(),
                mask: 1,
            }),
            _ => unix(),
        },
        4 => random_expr(random, depth - 1).negated(),
        5 => random_expr(random, depth - 1).or(random_expr(random, depth - 1)),
        _ => random_expr(random, depth - 1).and(random_expr(random, depth - 1)),
    }
}

/// Returns whether the kernel can decide all of an expression.
fn is_exact(expr: &Expr) -> bool {
    match expr {
        Expr::All(all) | Expr::Any(all) => all.iter().all(is_exact),
        Expr::Not(inner) => is_exact(inner),
        Expr::Is(predicate) => exact(predicate).is_some(),
    }
}

/// Keeps the sockets of a table.
struct KeptSockets(Vec<InetSocket>);

impl Visitor for KeptSockets {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Socket::Inet(inet) = socket else { panic!("{socket:?}") };
        self.0.push(inet.clone());
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        panic!("{row}");
    }
}

fn sockets() -> Vec<InetSocket> {
    let ends = [
        ("10.0.0.1:22", "10.128.7.1:40000"),
        ("0.0.0.0:0", "0.0.0.0:65535"),
        ("255.255.255.255:65535", "10.0.0.2:23"),
        ("[::1]:22", "[::1]:21"),
        ("[::ffff:10.0.0.1]:22", "[::ffff:10.1.0.1]:1"),
        ("[2001:db8::1]:40000", "[::]:0"),
    ];
    let root = ends
        .iter()
        .fold(FakeProc::new(), |root, (local, remote)| root.tcp(Tcp::established(local, remote)));
    let root = root.build();
    let tables = SocketTables::from_dir(root.dir());
    let mut keep = KeptSockets(Vec::new());
    for table in [Table::Tcp4, Table::Tcp6] {
        tables.visit_with(&Query::new(table).with_source(Source::ProcText), &mut keep).unwrap();
    }
    keep.0
}

#[test]
fn program_leaves_out_only_what_the_filter_does_not_admit() {
    const EXPRESSIONS: usize = 20_000;
    let sockets = sockets();
    let random = &mut Xorshift::new(4);
    let mut left_out = 0;
    for _ in 0..EXPRESSIONS {
        let expr = random_expr(random, 4);
        let Some(program) = compile(&expr) else { continue };
        for socket in &sockets {
            let facts =
                Facts { local_ports: &(1024..=4999), matches: None, namespace: None, peers: None };
            let is_admitted = admits(&expr, &Socket::Inet(socket), &facts);
            let is_accepted = accepts(&program, socket);
            assert!(is_accepted || !is_admitted, "{expr:?} loses {socket:?}");
            assert!(!is_exact(&expr) || is_accepted == is_admitted, "{expr:?}: {socket:?}");
            left_out += usize::from(!is_accepted);
        }
    }
    assert!(left_out > EXPRESSIONS, "{left_out} sockets were left out");
}
