//! Owners by socket.

use super::{OwnerReport, Shown, Task};
use crate::model::Inode;

/// The owners that a scan found, by socket.
#[derive(Clone, Debug, Default)]
pub struct OwnerTable {
    tasks: Vec<Task>,
    closed: u64,
    processes: Shown,
    /// Sorted by inode; owners of one socket stay in the order of the scan.
    entries: Vec<Entry>,
}

/// One descriptor of a socket.
#[derive(Clone, Copy, Debug)]
struct Entry {
    inode: Inode,
    fd: u32,
    /// Index into the tasks.
    task: u32,
}

/// An owner of a socket: a process or thread, and the descriptor that it holds it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Owner<'a> {
    /// The process or thread.
    pub task: &'a Task,
    /// The descriptor.
    pub fd: u32,
}

impl OwnerTable {
    /// Returns the table of what a scan found.
    pub fn new(report: OwnerReport) -> Self {
        let OwnerReport { mut tasks, closed, processes } = report;
        // OK because a report has fewer tasks than there are numbers of processes and threads.
        tasks.truncate(usize::try_from(u32::MAX).unwrap_or(usize::MAX));
        let mut entries = Vec::with_capacity(tasks.iter().map(|task| task.sockets.len()).sum());
        for (index, task) in (0..).zip(&tasks) {
            let held = task.sockets.iter();
            entries.extend(held.map(|held| Entry { inode: held.inode, fd: held.fd, task: index }));
        }
        entries.sort_by_key(|entry| entry.inode);
        Self { tasks, closed, processes, entries }
    }

    /// Returns the owners of a socket, in the order in which the kernel lists processes and
    /// descriptors.
    pub fn of(&self, inode: Inode) -> impl DoubleEndedIterator<Item = Owner<'_>> {
        let first = self.entries.partition_point(|entry| entry.inode < inode);
        let rest = self.entries.get(first..).unwrap_or_default();
        let count = rest.iter().take_while(|entry| entry.inode == inode).count();
        let same = rest.get(..count).unwrap_or_default();
        same.iter().filter_map(|entry| self.owner(entry))
    }

    /// Returns the processes and threads that hold any of the sockets.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Returns how many processes could not be looked into: see [`OwnerReport::closed`].
    pub fn closed(&self) -> u64 {
        self.closed
    }

    /// Returns whether `/proc` shows the processes of everybody.
    pub fn processes(&self) -> Shown {
        self.processes
    }

    fn owner(&self, entry: &Entry) -> Option<Owner<'_>> {
        let task = self.tasks.get(usize::try_from(entry.task).ok()?)?;
        Some(Owner { task, fd: entry.fd })
    }
}
