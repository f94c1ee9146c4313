//! Programs of filters, audited and run as the kernel does it (`net/ipv4/inet_diag.c`).

use std::net::{IpAddr, SocketAddr};

use procnetsocket::model::InetSocket;

/// Longest program that is sent, in bytes. An attribute of netlink has at most 64 KiB.
const MAX_BYTES: usize = 16 * 1024;

/// Operation codes of `inet_diag.h` (`INET_DIAG_BC_*`).
const JUMP: u8 = 1;
const LOCAL_PORT_AT_LEAST: u8 = 2;
const LOCAL_PORT_AT_MOST: u8 = 3;
const REMOTE_PORT_AT_LEAST: u8 = 4;
const REMOTE_PORT_AT_MOST: u8 = 5;
const PORT_NOT_BOUND: u8 = 6;
const LOCAL_HOST: u8 = 7;
const REMOTE_HOST: u8 = 8;
const DEVICE: u8 = 9;
const MARK: u8 = 10;
const CGROUP: u8 = 13;

/// `AF_UNSPEC`, `AF_INET` and `AF_INET6`.
const ANY_FAMILY: u8 = 0;
const INET: u8 = 2;
const INET6: u8 = 10;

/// `struct inet_diag_bc_op` and its operand.
struct BytecodeOperation<'a> {
    code: u8,
    yes: usize,
    no: usize,
    operand: &'a [u8],
}

impl<'a> BytecodeOperation<'a> {
    fn at(program: &'a [u8], at: usize) -> Self {
        let yes = usize::from(program[at + 1]);
        let no = usize::from(u16::from_ne_bytes([program[at + 2], program[at + 3]]));
        Self { code: program[at], yes, no, operand: &program[at + 4..at + yes] }
    }

    fn word(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.operand[at..at + 4].try_into().expect("four bytes"))
    }

    /// Bytes of the operand that the kernel expects.
    fn operand_bytes(&self) -> usize {
        match self.code {
            JUMP | PORT_NOT_BOUND => 0,
            LOCAL_PORT_AT_LEAST..=REMOTE_PORT_AT_MOST | DEVICE => 4,
            MARK | CGROUP => 8,
            LOCAL_HOST | REMOTE_HOST => match self.operand[0] {
                ANY_FAMILY => 8,
                INET => 12,
                INET6 => 24,
                family => panic!("the kernel knows no family {family} here"),
            },
            code => panic!("the kernel knows no operation {code} here"),
        }
    }

    /// For a socket of a text table the interface is 0, and its mark, its control group and whether
    /// the kernel chose its port are unknown: a condition on these holds both ways.
    fn holds(&self, socket: &InetSocket) -> Option<bool> {
        let port = || u16::from_ne_bytes([self.operand[2], self.operand[3]]);
        match self.code {
            LOCAL_PORT_AT_LEAST => Some(socket.local.port() >= port()),
            LOCAL_PORT_AT_MOST => Some(socket.local.port() <= port()),
            REMOTE_PORT_AT_LEAST => Some(socket.remote.port() >= port()),
            REMOTE_PORT_AT_MOST => Some(socket.remote.port() <= port()),
            LOCAL_HOST => Some(self.is_host(socket.local)),
            REMOTE_HOST => Some(self.is_host(socket.remote)),
            DEVICE => Some(self.word(0) == 0),
            JUMP => Some(false),
            _ => None,
        }
    }

    fn is_host(&self, host: SocketAddr) -> bool {
        let port = self.word(4).cast_signed();
        if port != -1 && port != i32::from(host.port()) {
            return false;
        }
        let (address, bits) = (&self.operand[8..], self.operand[1]);
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

/// Audits a program as the kernel does (`inet_diag_bc_audit`): every operation is followed by one
/// or by the end, and its jumps lead to one, to the end, or directly after the end.
pub(super) fn audit(program: &[u8]) {
    assert!(program.len() <= MAX_BYTES, "{} bytes", program.len());
    let mut starts = Vec::new();
    let mut at = 0;
    while at < program.len() {
        starts.push(at);
        let operation = BytecodeOperation::at(program, at);
        assert!(operation.yes.is_multiple_of(4), "{program:?}");
        assert!(operation.operand.len() >= operation.operand_bytes(), "{program:?}");
        at += operation.yes;
    }
    assert_eq!(at, program.len());
    for start in &starts {
        let operation = BytecodeOperation::at(program, *start);
        let target = start + operation.no;
        let smallest = 4 + operation.operand_bytes();
        assert!(operation.no >= smallest && operation.no.is_multiple_of(4), "{program:?}");
        let leads = starts.binary_search(&target).is_ok() || target == at || target == at + 4;
        assert!(leads, "{target} is no operation of {program:?}");
    }
}

/// Runs a program as the kernel does (`inet_diag_bc_run`), and returns whether it accepts the
/// socket for some value of the unknown fields.
pub(super) fn accepts(program: &[u8], socket: &InetSocket) -> bool {
    let mut reached = vec![false; program.len() + 5];
    reached[0] = true;
    let mut at = 0;
    while at < program.len() {
        let operation = BytecodeOperation::at(program, at);
        if reached[at] {
            let holds = operation.holds(socket);
            reached[at + operation.yes] |= holds != Some(false);
            reached[at + operation.no] |= holds != Some(true);
        }
        at += operation.yes;
    }
    reached[program.len()]
}
