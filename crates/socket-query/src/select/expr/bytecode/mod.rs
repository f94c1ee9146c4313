//! A filter as a program that the kernel runs on each internet socket of a dump.
//!
//! The program (`INET_DIAG_REQ_BYTECODE`, `struct inet_diag_bc_op`) is a sequence of operations
//!
//! ```text
//! code: u8   yes: u8   no: u16   and what it compares with
//! ```
//!
//! each of which jumps forward by `yes` or `no` bytes. Directly after the last operation a socket
//! is accepted, four bytes further it is rejected. The kernel rejects a program in which `yes` does
//! not lead from each operation to the next one, or `no` does not lead to an operation
//! (`inet_diag_bc_audit`).
//!
//! A condition that the kernel cannot evaluate exactly is left out in such a way that the program
//! accepts more, never less: the evaluator checks every row that the kernel sends.

use std::net::IpAddr;

use super::ast::{Comparison, Expr, HostPattern, Network, PortNumber, Predicate, Side};

/// Longest program that is sent, in bytes. The kernel's jumps have 16 bits; a longer expression is
/// left to the evaluator.
const MAX_PROGRAM_BYTES: usize = 16 * 1024;

const OPERATION: usize = 4;

/// Operation codes of `inet_diag.h` (`INET_DIAG_BC_*`).
const JUMP: u8 = 1;
const LOCAL_PORT_AT_LEAST: u8 = 2;
const LOCAL_PORT_AT_MOST: u8 = 3;
const REMOTE_PORT_AT_LEAST: u8 = 4;
const REMOTE_PORT_AT_MOST: u8 = 5;
const LOCAL_HOST: u8 = 7;
const REMOTE_HOST: u8 = 8;
const DEVICE: u8 = 9;
const MARK: u8 = 10;
const CGROUP: u8 = 13;

/// `AF_UNSPEC`, `AF_INET` and `AF_INET6`.
const ANY_FAMILY: u8 = 0;
const INET: u8 = 2;
const INET6: u8 = 10;

/// Returns the program for an expression, or `None` if it could not exclude any socket.
pub(crate) fn compile(expr: &Expr) -> Option<Vec<u8>> {
    match approximate(expr, Sense::Plain) {
        Test::Always => None,
        test => ProgramWriter::of(&test).assemble(),
    }
}

/// A condition that the kernel can evaluate, which holds at least where the expression does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Always,
    Never,
    Holds(BytecodeOp),
    HoldsNot(BytecodeOp),
    All(Vec<Test>),
    Any(Vec<Test>),
}

/// One operation of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BytecodeOp {
    code: u8,
    operand: Vec<u8>,
}

/// Whether an expression is compiled as it is or negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    Plain,
    Denied,
}

impl Sense {
    const fn denied(self) -> Self {
        match self {
            Self::Plain => Self::Denied,
            Self::Denied => Self::Plain,
        }
    }
}

fn approximate(expr: &Expr, sense: Sense) -> Test {
    let each = |members: &[Expr]| members.iter().map(|one| approximate(one, sense)).collect();
    match (expr, sense) {
        (Expr::Not(inner), _) => approximate(inner, sense.denied()),
        (Expr::All(members), Sense::Plain) | (Expr::Any(members), Sense::Denied) => {
            all(each(members))
        }
        (Expr::Any(members), Sense::Plain) | (Expr::All(members), Sense::Denied) => {
            any(each(members))
        }
        (Expr::Is(predicate), sense) => match (exact(predicate), sense) {
            (None, _) => Test::Always,
            (Some(test), Sense::Plain) => test,
            (Some(test), Sense::Denied) => denied(test),
        },
    }
}

/// Returns the test that holds when all of these do.
fn all(mut tests: Vec<Test>) -> Test {
    tests.retain(|test| *test != Test::Always);
    if tests.contains(&Test::Never) {
        return Test::Never;
    }
    match tests.pop() {
        None => Test::Always,
        Some(only) if tests.is_empty() => only,
        Some(last) => {
            tests.push(last);
            Test::All(tests)
        }
    }
}

/// Returns the test that holds when one of these does.
fn any(mut tests: Vec<Test>) -> Test {
    tests.retain(|test| *test != Test::Never);
    if tests.contains(&Test::Always) {
        return Test::Always;
    }
    match tests.pop() {
        None => Test::Never,
        Some(only) if tests.is_empty() => only,
        Some(last) => {
            tests.push(last);
            Test::Any(tests)
        }
    }
}

/// Returns the negation of an exact test.
fn denied(test: Test) -> Test {
    match test {
        Test::Always => Test::Never,
        Test::Never => Test::Always,
        Test::Holds(condition) => Test::HoldsNot(condition),
        Test::HoldsNot(condition) => Test::Holds(condition),
        Test::All(tests) => any(tests.into_iter().map(denied).collect()),
        Test::Any(tests) => all(tests.into_iter().map(denied).collect()),
    }
}

/// Returns the test that is equivalent to a predicate, if the kernel has one.
fn exact(predicate: &Predicate) -> Option<Test> {
    match predicate {
        Predicate::Host { side, host: HostPattern::Inet { network, port } } => {
            Some(host(*side, *network, *port))
        }
        Predicate::Port { side, comparison, port } => Some(port_test(*side, *comparison, *port)),
        Predicate::Device(index) => {
            let index = index.map_or(0, std::num::NonZeroU32::get);
            Some(condition(DEVICE, index.to_ne_bytes().to_vec()))
        }
        Predicate::Mark { value, mask } => {
            Some(condition(MARK, [value.to_ne_bytes(), mask.to_ne_bytes()].concat()))
        }
        Predicate::Cgroup(cgroup) => Some(condition(CGROUP, cgroup.id.to_ne_bytes().to_vec())),
        // `autobound` is among these: the kernel's operation checks whether the kernel did choose
        // the port, the evaluator, which works for text tables too, whether it could have.
        _ => None,
    }
}

fn condition(code: u8, operand: Vec<u8>) -> Test {
    Test::Holds(BytecodeOp { code, operand })
}

fn port_test(side: Side, comparison: Comparison, port: PortNumber) -> Test {
    let PortNumber::Number(port) = port else {
        return match comparison {
            Comparison::Equal | Comparison::AtLeast | Comparison::Above => Test::Always,
            Comparison::NotEqual | Comparison::AtMost | Comparison::Below => Test::Never,
        };
    };
    match comparison {
        // Two operations, because older kernels lack the one for equality.
        Comparison::Equal => all(vec![at_least(side, port), at_most(side, port)]),
        Comparison::NotEqual => denied(all(vec![at_least(side, port), at_most(side, port)])),
        Comparison::AtLeast => at_least(side, port),
        Comparison::AtMost => at_most(side, port),
        Comparison::Above => denied(at_most(side, port)),
        Comparison::Below => denied(at_least(side, port)),
    }
}

fn at_least(side: Side, port: i64) -> Test {
    let code = match side {
        Side::Local => LOCAL_PORT_AT_LEAST,
        Side::Remote => REMOTE_PORT_AT_LEAST,
    };
    match u16::try_from(port) {
        Ok(0) => Test::Always,
        Ok(port) => condition(code, port_operand(port)),
        Err(_) if port < 0 => Test::Always,
        Err(_) => Test::Never,
    }
}

fn at_most(side: Side, port: i64) -> Test {
    let code = match side {
        Side::Local => LOCAL_PORT_AT_MOST,
        Side::Remote => REMOTE_PORT_AT_MOST,
    };
    match u16::try_from(port) {
        Ok(u16::MAX) => Test::Always,
        Ok(port) => condition(code, port_operand(port)),
        Err(_) if port < 0 => Test::Never,
        Err(_) => Test::Always,
    }
}

/// Returns what a port is compared with: an operation whose `no` contains the port.
fn port_operand(port: u16) -> Vec<u8> {
    let [low, high] = port.to_ne_bytes();
    vec![0, 0, low, high]
}

fn host(side: Side, network: Option<Network>, port: PortNumber) -> Test {
    let port = match port {
        PortNumber::Any => -1,
        PortNumber::Number(port) => match u16::try_from(port) {
            Ok(port) => i32::from(port),
            Err(_) => return Test::Never,
        },
    };
    match network {
        None if port == -1 => Test::Always,
        None => host_condition(side, ANY_FAMILY, 0, port, &[]),
        Some(Network { address: IpAddr::V4(address), bits }) => {
            host_condition(side, INET, bits, port, &address.octets())
        }
        Some(Network { address: IpAddr::V6(address), bits }) => {
            host_condition(side, INET6, bits, port, &address.octets())
        }
    }
}

/// Writes `struct inet_diag_hostcond`: family, prefix length, port (host order, -1 for any),
/// address.
fn host_condition(side: Side, family: u8, bits: u8, port: i32, address: &[u8]) -> Test {
    let code = match side {
        Side::Local => LOCAL_HOST,
        Side::Remote => REMOTE_HOST,
    };
    let mut operand = vec![family, bits, 0, 0];
    operand.extend(port.to_ne_bytes());
    operand.extend(address);
    condition(code, operand)
}

/// Operations whose jumps are not computed yet.
#[derive(Debug, Default)]
struct ProgramWriter {
    operations: Vec<(BytecodeOp, JumpTarget)>,
    /// Index of the operation that each label precedes, once it is known.
    labels: Vec<usize>,
}

/// Target of a `no` jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JumpTarget {
    Rejected,
    /// A label of the program, by its number.
    Numbered(usize),
}

impl ProgramWriter {
    fn of(test: &Test) -> Self {
        let mut program = Self::default();
        program.write(test, JumpTarget::Rejected);
        program
    }

    /// Writes operations that continue after the last one when the test holds, and jump when it
    /// does not.
    fn write(&mut self, test: &Test, otherwise: JumpTarget) {
        match test {
            Test::Always => {}
            Test::Never => self.jump(otherwise),
            Test::Holds(condition) => self.operations.push((condition.clone(), otherwise)),
            Test::HoldsNot(condition) => {
                let on = self.new_place();
                self.operations.push((condition.clone(), on));
                self.jump(otherwise);
                self.put(on);
            }
            Test::All(tests) => tests.iter().for_each(|test| self.write(test, otherwise)),
            Test::Any(tests) => self.write_any(tests, otherwise),
        }
    }

    fn write_any(&mut self, tests: &[Test], otherwise: JumpTarget) {
        let Some((last, others)) = tests.split_last() else { return self.jump(otherwise) };
        let on = self.new_place();
        for test in others {
            let next = self.new_place();
            self.write(test, next);
            self.jump(on);
            self.put(next);
        }
        self.write(last, otherwise);
        self.put(on);
    }

    fn jump(&mut self, to: JumpTarget) {
        self.operations.push((BytecodeOp { code: JUMP, operand: Vec::new() }, to));
    }

    fn new_place(&mut self) -> JumpTarget {
        self.labels.push(usize::MAX);
        JumpTarget::Numbered(self.labels.len() - 1)
    }

    /// Puts a label after the operations that were written so far.
    fn put(&mut self, label: JumpTarget) {
        if let JumpTarget::Numbered(number) = label
            && let Some(label) = self.labels.get_mut(number)
        {
            *label = self.operations.len();
        }
    }

    /// Computes the jumps; `None` for a program that is too long.
    fn assemble(&self) -> Option<Vec<u8>> {
        let mut starts = vec![0];
        for (condition, _) in &self.operations {
            starts.push(starts.last()? + OPERATION + condition.operand.len());
        }
        let end = *starts.last()?;
        if end > MAX_PROGRAM_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(end);
        for ((condition, otherwise), start) in self.operations.iter().zip(&starts) {
            let target = match otherwise {
                JumpTarget::Rejected => end + OPERATION,
                JumpTarget::Numbered(number) => *starts.get(*self.labels.get(*number)?)?,
            };
            let yes = u8::try_from(OPERATION + condition.operand.len()).ok()?;
            let no = u16::try_from(target.checked_sub(*start)?).ok()?;
            bytes.extend([condition.code, yes]);
            bytes.extend(no.to_ne_bytes());
            bytes.extend(&condition.operand);
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests;
