//! Properties of all trees and of all texts.

use std::net::IpAddr;

use builtin_cli::Escaped;
use procnetsocket::{Pid, model::UnixName};

use testkit::Xorshift;

use super::*;
use crate::{
    select::expr::{
        Cgroup, Comparison, Expr, HostPattern, Network, PortNumber, Predicate, Side,
        WorkloadGroups, glob,
    },
    unix_name::push_unix_name,
};

fn pick<T: Clone>(random: &mut Xorshift, from: &[T]) -> T {
    from[usize::try_from(random.below(u64::try_from(from.len()).unwrap())).unwrap()].clone()
}

fn expr(random: &mut Xorshift, depth: u32) -> Expr {
    match random.below(if depth == 0 { 1 } else { 4 }) {
        0 => Expr::Is(predicate(random)),
        1 => expr(random, depth - 1).negated(),
        2 => expr(random, depth - 1).and(expr(random, depth - 1)),
        _ => expr(random, depth - 1).or(expr(random, depth - 1)),
    }
}

fn predicate(random: &mut Xorshift) -> Predicate {
    let side = pick(random, &[Side::Local, Side::Remote]);
    match random.below(11) {
        10 => Predicate::PeerPid(Pid::new(1 + number(random) % 9).unwrap()),
        9 => Predicate::PeerComm([b"g".to_vec(), word(random)].concat().into()),
        8 => Predicate::Unit(WorkloadGroups { pattern: "*.scope".into(), ids: vec![1, 2] }),
        6 => Predicate::User(number(random)),
        7 => Predicate::Comm([b"g".to_vec(), word(random)].concat().into()),
        0 | 1 => Predicate::Host { side, host: host(random) },
        2 => Predicate::Port { side, comparison: comparison(random), port: port(random) },
        3 => Predicate::Device(NonZeroU32::new(number(random))),
        4 => Predicate::Mark { value: number(random), mask: number(random) },
        _ if random.below(2) == 0 => Predicate::Autobound,
        _ => {
            let path = [b"/g".to_vec(), word(random)].concat().replace(b"/", b"-");
            let path = [b"/".to_vec(), path].concat().replace(b"/-", b"/");
            Predicate::Cgroup(Cgroup { id: u64::try_from(path.len()).unwrap(), path: path.into() })
        }
    }
}

fn host(random: &mut Xorshift) -> HostPattern {
    let port = port(random);
    match random.below(8) {
        0 => HostPattern::Unix(word(random).into()),
        1 => HostPattern::Link {
            protocol: Some(u16::try_from(random.below(0x1_0000)).unwrap()),
            interface: pick(
                random,
                &[PortNumber::Any, PortNumber::Number(0), PortNumber::Number(7)],
            ),
        },
        2 => HostPattern::Netlink { protocol: Some(number(random) % 256), port_id: port },
        3 => HostPattern::Vsock { cid: None, port: PortNumber::Number(number(random).into()) },
        4 => HostPattern::Inet { network: None, port },
        _ => HostPattern::Inet { network: Some(network(random)), port },
    }
}

fn network(random: &mut Xorshift) -> Network {
    let bits = u128::from(random.bits()) << 64 | u128::from(random.bits());
    let address: IpAddr = match random.below(3) {
        0 => number(random).to_be_bytes().into(),
        1 => (bits >> (random.below(128))).to_be_bytes().into(),
        _ => (0xffff_u128 << 32 | u128::from(number(random))).to_be_bytes().into(),
    };
    let most = if address.is_ipv4() { 33 } else { 129 };
    Network { address, bits: u8::try_from(random.below(most)).unwrap() }
}

fn comparison(random: &mut Xorshift) -> Comparison {
    use Comparison::{Above, AtLeast, AtMost, Below, Equal, NotEqual};
    pick(random, &[Above, AtLeast, AtMost, Below, Equal, NotEqual])
}

fn port(random: &mut Xorshift) -> PortNumber {
    let numbers = [0, 1, -2, 22, 65535, 65536, i64::from(u32::MAX), i64::MAX, i64::MIN, -1];
    PortNumber::of(pick(random, &numbers))
}

fn number(random: &mut Xorshift) -> u32 {
    let shift = random.below(32);
    u32::try_from(random.below(1 << 32)).unwrap() >> shift
}

/// Returns a few bytes that have a meaning in the language.
fn word(random: &mut Xorshift) -> Vec<u8> {
    let length = random.below(8);
    (0..length).map(|_| pick(random, b"ag \t\\/*?[]!():=-\0\n\xff0")).collect()
}

#[test]
fn printed_filter_parses_to_the_same() {
    for seed in 0..5_000 {
        let random = &mut Xorshift::new(seed);
        let expr = expr(random, 5);
        let text = expr.to_text();
        let parsed = parse_on(&FakeMachine::with_processes(), &text, TableSet::ALL, None);
        assert_eq!(parsed.map(|parsed| parsed.expr), Ok(Some(expr)), "seed {seed}: {text}");
    }
}

/// Returns a few bytes of those that are escaped, or that are part of something escaped.
fn name(random: &mut Xorshift) -> Vec<u8> {
    let pieces: &[&[u8]] = &[
        b"\\",
        b"\\",
        b"\\x",
        b"x",
        b"2",
        b"d",
        b"0",
        b"5c",
        b"\\x20",
        b"\\x2d",
        b"\\xff",
        b" ",
        b"\t",
        b"\n",
        b"\xff",
        b"\xc2\x9b",
        b"\xc3\xa9",
        b"\xcc\x81",
        b"*",
        b"?",
        b"[",
        b"]",
        b"[!a]",
        b"@",
        b"/",
        b"\"",
        b"a",
        b"A",
    ];
    let mut name = b"n".to_vec();
    (0..random.below(7)).for_each(|_| name.extend(pick(random, pieces)));
    if random.below(4) == 0 {
        name.extend((0..random.below(5)).map(|_| u8::try_from(random.below(256)).unwrap()));
    }
    name
}

#[test]
fn names_are_taken_as_they_are_printed() {
    for seed in 0..20_000 {
        let random = &mut Xorshift::new(seed);
        let bytes = name(random);
        // Where the name is not the last word, either.
        let more = pick(random, &[&b""[..], b" and user 7", b"\tor autobound"]);
        let first = |text: Vec<u8>| {
            let text = [text.as_slice(), more].concat();
            match parse_on(&FakeMachine::with_processes(), &text, TableSet::ALL, None) {
                Ok(Parsed { expr: Some(Expr::All(exprs) | Expr::Any(exprs)), .. }) => {
                    assert_eq!(exprs.len(), 2, "seed {seed}: {}", text.as_bstr());
                    exprs[0].clone()
                }
                Ok(Parsed { expr: Some(expr), .. }) => expr,
                other => panic!("seed {seed}: {} gives {other:?}", text.as_bstr()),
            }
        };
        for socket in
            [UnixName::Pathname(bytes.clone().into()), UnixName::Abstract(bytes.clone().into())]
        {
            let mut text = b"src unix:".to_vec();
            push_unix_name(&mut text, &socket);
            match first(text) {
                Expr::Is(Predicate::Host { host: HostPattern::Unix(pattern), .. }) => {
                    assert!(glob::matches_unix(&pattern, &socket), "seed {seed}: {socket:?}");
                }
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        // In rows of netlink sockets the name of a process is a column. Elsewhere it is between
        // quotation marks, where blanks are shown: those of filters end a word.
        let quoted = Escaped::quoted(&bytes).to_string().replace(' ', "\\ ");
        let column = Escaped::column(&bytes).without_backslash().to_string();
        for printed in [quoted, column] {
            match first([b"comm = ", printed.as_bytes()].concat()) {
                Expr::Is(Predicate::Comm(pattern)) => {
                    assert!(glob::matches_process(&pattern, &bytes), "seed {seed}: {printed}");
                }
                other => panic!("seed {seed}: {other:?}"),
            }
        }
        // The words of the other values are those of unix names.
        let printed = Escaped::column(&bytes).to_string();
        match first([b"src unix:", printed.as_bytes()].concat()) {
            Expr::Is(Predicate::Host { host: HostPattern::Unix(word), .. }) => {
                assert_eq!(word, printed, "seed {seed}");
                assert!(glob::matches_unit(&word, &bytes), "seed {seed}: {printed}");
            }
            other => panic!("seed {seed}: {other:?}"),
        }
    }
}

/// The words of random texts.
const WORDS: [&[u8]; 43] = [
    b"pid",
    b"comm",
    b"user",
    b"(",
    b")",
    b"!",
    b"not",
    b"and",
    b"or",
    b"=",
    b"!=",
    b">=",
    b"<",
    b"src",
    b"dst",
    b"sport",
    b"dport",
    b"dev",
    b"fwmark",
    b"cgroup",
    b"autobound",
    b"22",
    b"ssh",
    b"10/8",
    b"[::1]:22",
    b"fe80::/10:3",
    b"unix:*",
    b"link:ip:lo",
    b"netlink:0:1",
    b"vsock:1:2",
    b"inet:",
    b"inet6:[",
    b"[",
    b"]",
    b":",
    b"/",
    b"*",
    b"\\",
    b"\xff",
    b"\0",
    b"-1",
    b"99999999999999999999",
    b"both",
];

#[test]
fn any_text_parses_or_is_an_error() {
    for seed in 0..20_000 {
        let random = &mut Xorshift::new(seed);
        let mut text = Vec::new();
        for _ in 0..random.below(12) {
            text.extend(pick(random, &WORDS));
            text.extend(pick(random, &[&b" "[..], b"", b"\t", b" "]));
        }
        let family = pick(random, &[None, Some(AddressFamily::Unix), Some(AddressFamily::Packet)]);
        match parse_on(&FakeMachine::with_processes(), &text, TableSet::ALL, family) {
            // A parsed filter can be printed and parsed again.
            Ok(Parsed { expr: Some(expr), .. }) => {
                let again =
                    parse_on(&FakeMachine::with_processes(), &expr.to_text(), TableSet::ALL, None);
                assert_eq!(again.map(|again| again.expr), Ok(Some(expr)), "seed {seed}");
            }
            Ok(_) => assert!(text.iter().all(|byte| b" \t\\".contains(byte)), "seed {seed}"),
            Err(error) => assert!(error.to_string().is_ascii(), "seed {seed}"),
        }
    }
}
