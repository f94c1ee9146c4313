//! Processes by socket.

use std::ops::Range;

use super::report::{ProcVisibility, ProcessReport, Task};
use crate::model::Inode;

/// The processes that a scan found, by socket.
#[derive(Clone, Debug, Default)]
pub struct ProcessTable {
    tasks: Vec<Task>,
    closed: u64,
    visibility: ProcVisibility,
    /// Sorted by inode; processes of one socket stay in the order of the scan.
    entries: Vec<DescriptorEntry>,
    index: Index,
}

/// One descriptor of a socket.
#[derive(Clone, Copy, Debug)]
struct DescriptorEntry {
    inode: Inode,
    fd: u32,
    /// Index into the tasks.
    task: u32,
}

/// A process or thread that has a socket open, and its descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketProcess<'a> {
    /// The process or thread.
    pub task: &'a Task,
    /// The descriptor.
    pub fd: u32,
}

impl ProcessTable {
    /// Returns the table of a scan's result.
    pub fn new(report: ProcessReport) -> Self {
        let ProcessReport { tasks, closed, visibility } = report;
        let mut entries = Vec::with_capacity(tasks.iter().map(|task| task.sockets.len()).sum());
        // OK because there are fewer tasks than numbers of 32 bits.
        for (index, task) in (0..=u32::MAX).zip(&tasks) {
            let held = task.sockets.iter();
            entries.extend(held.map(|held| DescriptorEntry {
                inode: held.inode,
                fd: held.fd,
                task: index,
            }));
        }
        entries.sort_by_key(|entry| entry.inode);
        let index = Index::new(&entries);
        Self { tasks, closed, visibility, entries, index }
    }

    /// Returns the processes of a socket, in the order in which the kernel lists processes and
    /// descriptors.
    pub fn of(&self, inode: Inode) -> impl DoubleEndedIterator<Item = SocketProcess<'_>> {
        let near = self.entries.get(self.index.near(inode)).unwrap_or_default();
        let first = near.partition_point(|entry| entry.inode < inode);
        let rest = near.get(first..).unwrap_or_default();
        let count = rest.partition_point(|entry| entry.inode == inode);
        let same = rest.get(..count).unwrap_or_default();
        same.iter().filter_map(|entry| self.process(entry))
    }

    /// Returns the processes and threads that have any of the sockets open.
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Returns the number of processes that could not be read: see [`ProcessReport::closed`].
    pub fn closed(&self) -> u64 {
        self.closed
    }

    /// Returns whether `/proc` shows the processes of every user.
    pub fn visibility(&self) -> ProcVisibility {
        self.visibility
    }

    /// Returns whether every process was read, so that a socket without a process has none.
    pub fn is_complete(&self) -> bool {
        self.closed == 0 && self.visibility == ProcVisibility::All
    }

    /// Returns the reasons for which processes may be missing, as text; empty where
    /// [`is_complete`](Self::is_complete) holds, or where it is withheld.
    pub fn gaps(&self) -> Vec<String> {
        let closed = match self.closed {
            0 => None,
            1 => Some("1 process is closed to this user".to_owned()),
            closed => Some(format!("{closed} processes are closed to this user")),
        };
        let shown = match self.visibility {
            ProcVisibility::All | ProcVisibility::Withheld => None,
            ProcVisibility::Some => Some("this /proc is mounted to hide processes (hidepid)"),
            ProcVisibility::Namespace => {
                Some("this /proc shows no process outside its PID namespace")
            }
        };
        closed.into_iter().chain(shown.map(str::to_owned)).collect()
    }

    fn process(&self, entry: &DescriptorEntry) -> Option<SocketProcess<'_>> {
        let task = self.tasks.get(usize::try_from(entry.task).ok()?)?;
        Some(SocketProcess { task, fd: entry.fd })
    }
}

/// An index of sorted entries: the kernel assigns inodes in ascending order, so their range, cut
/// into as many pieces as there are entries, has few in each piece. In any other range the search
/// is no worse than without it.
#[derive(Clone, Debug, Default)]
struct Index {
    lowest: u64,
    /// Number of the lowest bits of a distance from the lowest inode that do not distinguish
    /// pieces.
    shift: u32,
    /// Number of entries before each piece, and at the end the number of all.
    starts: Vec<usize>,
}

impl Index {
    fn new(entries: &[DescriptorEntry]) -> Self {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Self::default();
        };
        let lowest = first.inode.get();
        let bits = |number: u64| u64::BITS - number.leading_zeros();
        let pieces_bits = bits(u64::try_from(entries.len()).unwrap_or(u64::MAX));
        let shift = bits(last.inode.get() - lowest).saturating_sub(pieces_bits);
        let mut index = Self { lowest, shift, starts: Vec::with_capacity(entries.len() * 2) };
        for (place, entry) in entries.iter().enumerate() {
            let piece = index.piece(entry.inode).unwrap_or_default();
            if index.starts.len() <= piece {
                index.starts.resize(piece + 1, place);
            }
        }
        index.starts.push(entries.len());
        index
    }

    /// Returns the piece of an inode, or `None` for one below all.
    fn piece(&self, inode: Inode) -> Option<usize> {
        usize::try_from(inode.get().checked_sub(self.lowest)? >> self.shift).ok()
    }

    /// Returns the range of entries that may be of an inode.
    fn near(&self, inode: Inode) -> Range<usize> {
        let found = self.piece(inode).and_then(|piece| {
            Some(*self.starts.get(piece)?..*self.starts.get(piece.checked_add(1)?)?)
        });
        found.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        proc::root::Pid,
        process::report::{Fact, ProcessSocket},
    };

    fn table(inodes: &[u64]) -> ProcessTable {
        let sockets = (0..).zip(inodes).map(|(fd, inode)| {
            let inode = Inode::new(*inode).unwrap();
            ProcessSocket { inode, fd }
        });
        let task = Task {
            pid: Pid::new(1).unwrap(),
            tid: None,
            name: Fact::Absent,
            uid: Fact::NotAsked,
            executable: Fact::NotAsked,
            command_line: Fact::NotAsked,
            sockets: sockets.collect(),
        };
        ProcessTable::new(ProcessReport { tasks: vec![task], ..ProcessReport::default() })
    }

    #[rstest]
    #[case::complete(0, ProcVisibility::All, &[])]
    #[case::one(1, ProcVisibility::All, &["1 process is closed to this user"])]
    #[case::hidden(0, ProcVisibility::Some, &["this /proc is mounted to hide processes (hidepid)"])]
    #[case::withheld(0, ProcVisibility::Withheld, &[])]
    #[case::both(
        2,
        ProcVisibility::Namespace,
        &["2 processes are closed to this user", "this /proc shows no process outside its PID namespace"]
    )]
    fn gaps_are_reported(
        #[case] closed: u64,
        #[case] visibility: ProcVisibility,
        #[case] gaps: &[&str],
    ) {
        let table =
            ProcessTable::new(ProcessReport { closed, visibility, ..ProcessReport::default() });
        assert_eq!(table.gaps(), gaps);
        let is_complete = (closed, visibility) == (0, ProcVisibility::All);
        assert_eq!(table.is_complete(), is_complete);
    }

    #[rstest]
    #[case::nothing(&[])]
    #[case::one(&[7])]
    #[case::the_ends(&[1, u64::MAX])]
    #[case::one_after_the_other(&[10, 11, 12, 13, 14])]
    #[case::again_and_again(&[5, 5, 9, 5, 9, 5])]
    #[case::far_apart(&[1, 2, 3, 1 << 40, (1 << 40) + 1, u64::MAX - 1, u64::MAX])]
    #[case::backwards(&[900, 800, 70, 60, 5])]
    #[case::all_in_one_piece(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 1 << 60])]
    fn finds_every_descriptor_and_no_other(#[case] inodes: &[u64]) {
        let table = table(inodes);
        let near = inodes.iter().flat_map(|inode| {
            [inode.saturating_sub(1), *inode, inode.saturating_add(1), inode / 2, inode | 1 << 63]
        });
        for inode in near.chain([1, u64::MAX]).filter_map(Inode::new) {
            let found: Vec<_> = table.of(inode).map(|process| process.fd).collect();
            let held = (0..).zip(inodes).filter(|(_, held)| **held == inode.get());
            assert_eq!(found, held.map(|(fd, _)| fd).collect::<Vec<u32>>(), "{inode}");
        }
    }
}
