//! The sockets that the processes of a filter have open.

use bstr::BString;
use procnetsocket::{Fact, Pid, ProcessTable, Task, model::Inode};

use super::{
    ast::{Expr, Predicate},
    glob,
};

/// The sockets that satisfy each condition on processes of an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessMatches {
    /// By condition; the inodes are in order.
    pids: Vec<(Pid, Vec<Inode>)>,
    comms: Vec<(BString, Vec<Inode>)>,
}

/// Returns whether an expression contains a condition for which `is_such` holds.
pub(crate) fn has_condition(expr: &Expr, is_such: fn(&Predicate) -> bool) -> bool {
    match expr {
        Expr::All(exprs) | Expr::Any(exprs) => {
            exprs.iter().any(|expr| has_condition(expr, is_such))
        }
        Expr::Not(expr) => has_condition(expr, is_such),
        Expr::Is(predicate) => is_such(predicate),
    }
}

/// Returns whether a condition is about processes.
pub(crate) fn is_of_process(predicate: &Predicate) -> bool {
    matches!(predicate, Predicate::Pid(_) | Predicate::Comm(_)) || is_of_peer(predicate)
}

/// Returns whether a condition is about the other end of a socket.
pub(crate) fn is_of_peer(predicate: &Predicate) -> bool {
    matches!(predicate, Predicate::PeerPid(_) | Predicate::PeerComm(_))
}

/// Returns whether a condition is about processes or users.
pub(crate) fn is_of_process_or_user(predicate: &Predicate) -> bool {
    is_of_process(predicate) || matches!(predicate, Predicate::User(_))
}

impl ProcessMatches {
    /// Returns whether an expression may hold for a socket because its processes are unknown:
    /// whether a condition on processes is below an odd number of negations.
    pub(crate) fn count_when_unknown(expr: &Expr) -> bool {
        fn is_below_negation(expr: &Expr, is_negated: bool) -> bool {
            match expr {
                Expr::All(exprs) | Expr::Any(exprs) => {
                    exprs.iter().any(|expr| is_below_negation(expr, is_negated))
                }
                Expr::Not(expr) => is_below_negation(expr, !is_negated),
                Expr::Is(predicate) => is_negated && is_of_process(predicate),
            }
        }
        is_below_negation(expr, false)
    }

    /// Returns the sockets of the processes that an expression names.
    pub(crate) fn new(expr: &Expr, processes: &ProcessTable) -> Self {
        let mut matches = Self::default();
        matches.add(expr, processes);
        matches
    }

    fn add(&mut self, expr: &Expr, processes: &ProcessTable) {
        match expr {
            Expr::All(exprs) | Expr::Any(exprs) => {
                for expr in exprs {
                    self.add(expr, processes);
                }
            }
            Expr::Not(expr) => self.add(expr, processes),
            Expr::Is(Predicate::Pid(pid) | Predicate::PeerPid(pid)) => {
                self.pids.push((*pid, held(processes, |task| task.pid == *pid)));
            }
            Expr::Is(Predicate::Comm(pattern) | Predicate::PeerComm(pattern)) => {
                self.comms.push((pattern.clone(), held(processes, |task| is_named(task, pattern))));
            }
            Expr::Is(_) => {}
        }
    }

    pub(super) fn has_pid(&self, pid: Pid, inode: Inode) -> bool {
        let held = self.pids.iter().find(|(known, _)| *known == pid);
        held.is_some_and(|(_, inodes)| inodes.binary_search(&inode).is_ok())
    }

    pub(super) fn has_comm(&self, pattern: &BString, inode: Inode) -> bool {
        let held = self.comms.iter().find(|(known, _)| known == pattern);
        held.is_some_and(|(_, inodes)| inodes.binary_search(&inode).is_ok())
    }
}

/// Returns whether a task is a whole process. Where threads were looked into one by one, the first
/// thread is the process.
fn is_process(task: &Task) -> bool {
    task.tid.is_none_or(|tid| tid == task.pid)
}

/// An unknown name matches nothing.
fn is_named(task: &Task, pattern: &BString) -> bool {
    let Fact::Known(name) = &task.name else { return false };
    glob::matches_process(pattern, name)
}

/// Returns the sockets of the processes for which `is_it` holds, in order.
fn held(processes: &ProcessTable, is_it: impl Fn(&Task) -> bool) -> Vec<Inode> {
    let tasks = processes.tasks().iter().filter(|task| is_process(task) && is_it(task));
    let mut inodes: Vec<_> =
        tasks.flat_map(|task| task.sockets.iter().map(|held| held.inode)).collect();
    inodes.sort_unstable();
    inodes.dedup();
    inodes
}
