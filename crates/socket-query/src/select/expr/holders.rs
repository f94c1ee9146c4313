//! The sockets that the processes of a filter hold.

use bstr::BString;
use procnetsocket::{Fact, OwnerTable, Pid, Task, model::Inode};

use super::{
    ast::{Expr, Predicate},
    glob::{self, Name},
};

/// The sockets that satisfy each condition on processes of an expression. Before owners were looked
/// for it is empty, and no such condition holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holders {
    /// By condition; the inodes are in order.
    pids: Vec<(Pid, Vec<Inode>)>,
    comms: Vec<(BString, Vec<Inode>)>,
}

impl Holders {
    /// Returns whether an expression has a condition on processes.
    pub(crate) fn are_asked_for(expr: &Expr) -> bool {
        match expr {
            Expr::All(exprs) | Expr::Any(exprs) => exprs.iter().any(Self::are_asked_for),
            Expr::Not(expr) => Self::are_asked_for(expr),
            Expr::Is(predicate) => matches!(predicate, Predicate::Pid(_) | Predicate::Comm(_)),
        }
    }

    /// Returns what the processes that an expression speaks of hold.
    pub(crate) fn new(expr: &Expr, owners: &OwnerTable) -> Self {
        let mut holders = Self::default();
        holders.add(expr, owners);
        holders
    }

    fn add(&mut self, expr: &Expr, owners: &OwnerTable) {
        match expr {
            Expr::All(exprs) | Expr::Any(exprs) => {
                for expr in exprs {
                    self.add(expr, owners);
                }
            }
            Expr::Not(expr) => self.add(expr, owners),
            Expr::Is(Predicate::Pid(pid)) => {
                self.pids.push((*pid, held(owners, |task| task.pid == *pid)));
            }
            Expr::Is(Predicate::Comm(pattern)) => {
                self.comms.push((pattern.clone(), held(owners, |task| is_named(task, pattern))));
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

/// A name that is not known matches nothing.
fn is_named(task: &Task, pattern: &BString) -> bool {
    matches!(&task.name, Fact::Known(name) if glob::matches(pattern, Name::plain(name)))
}

/// Returns the sockets of the processes for which `is_it` holds, in order.
fn held(owners: &OwnerTable, is_it: impl Fn(&Task) -> bool) -> Vec<Inode> {
    let tasks = owners.tasks().iter().filter(|task| is_it(task));
    let mut inodes: Vec<_> =
        tasks.flat_map(|task| task.sockets.iter().map(|held| held.inode)).collect();
    inodes.sort_unstable();
    inodes.dedup();
    inodes
}
