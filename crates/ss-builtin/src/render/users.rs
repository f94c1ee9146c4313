//! The processes that hold a socket: `users:(("sshd",pid=712,fd=3))`.

use builtin_cli::Escaped;
use std::{cell::Cell, sync::Arc};

use bstr::BString;
use procnetsocket::{
    Fact, ProcVisibility, ProcessReport, ProcessTable, SocketProcess,
    model::{Inode, Socket},
};

use super::{
    column::ColumnId,
    field::{push_number, push_text},
    table::Cells,
};

/// The processes of a listing's sockets.
pub(crate) struct ProcessColumn {
    table: Arc<ProcessTable>,
    /// How many sockets were shown that have an inode and no process.
    unowned: Cell<u64>,
}

impl ProcessColumn {
    pub(crate) fn new(table: Arc<ProcessTable>) -> Self {
        Self { table, unowned: Cell::new(0) }
    }

    /// Returns an empty column, of sockets whose processes are not known.
    pub(crate) fn unknown() -> Self {
        let mut report = ProcessReport::default();
        report.visibility = ProcVisibility::Withheld;
        Self::new(Arc::new(ProcessTable::new(report)))
    }

    /// Returns the processes of a socket, in the order in which the kernel lists processes and
    /// descriptors.
    pub(super) fn of(&self, socket: &Socket<'_>) -> Vec<SocketProcess<'_>> {
        let Some(inode) = socket.inode() else { return Vec::new() };
        let processes: Vec<_> = self.table.of(inode).collect();
        // Many netlink sockets are the kernel's, which is no process.
        if processes.is_empty() && !matches!(socket, Socket::Netlink(_)) {
            self.note_unowned();
        }
        processes
    }

    /// Fills the cell of a socket's processes.
    pub(super) fn fill(&self, cells: &mut Cells<'_>, inode: Option<Inode>) {
        let Some(inode) = inode else { return };
        cells.push(ColumnId::Process, |out| {
            let start = out.len();
            // Compat: those that were found last come first.
            for process in self.table.of(inode).rev() {
                push_text(out, if out.len() == start { " users:(" } else { "," });
                push_process(out, &process);
            }
            if out.len() == start {
                self.note_unowned();
            } else {
                out.push(b')');
            }
        });
    }

    fn note_unowned(&self) {
        self.unowned.set(self.unowned.get() + 1);
    }

    /// Returns what is known of why sockets were shown without a process, if any were.
    ///
    /// A socket that no process has open is passed in a message of a unix socket, registered with
    /// `io_uring` alone, or the kernel's. It is named only where every process was seen.
    fn reasons(&self) -> Vec<String> {
        let unowned = match self.unowned.get() {
            0 => return Vec::new(),
            1 => "1 socket was".to_owned(),
            unowned => format!("{unowned} sockets were"),
        };
        if self.table.is_complete() {
            return vec![format!(
                "{unowned} open in no process: in a message of a unix socket, in io_uring alone, in \
                 the kernel, or opened since processes were looked for"
            )];
        }
        may_be_missing(&self.table.gaps())
    }
}

/// Returns the lines that say why processes may be missing: those of the filter if it may miss some,
/// or those of the sockets that were shown.
pub(crate) fn missing_processes(shown: Option<&ProcessColumn>, gaps: &[String]) -> Vec<String> {
    match shown {
        Some(processes) if gaps.is_empty() => processes.reasons(),
        _ => may_be_missing(gaps),
    }
}

fn may_be_missing(gaps: &[String]) -> Vec<String> {
    gaps.iter().map(|gap| format!("processes may be missing: {gap}")).collect()
}

fn push_process(out: &mut Vec<u8>, process: &SocketProcess<'_>) {
    let task = process.task;
    push_text(out, "(\"");
    push_process_name(out, &task.name);
    push_number(out, "\",pid=", task.pid.get());
    if let Some(tid) = task.tid {
        push_number(out, ",tid=", tid.get());
    }
    push_number(out, ",fd=", process.fd);
    out.push(b')');
}

/// Appends the name of a process.
///
/// Security: a process names itself, so a quotation mark in the name is written as `\x22`, or a name
/// could look like the end of it and like processes that there are not.
fn push_process_name(out: &mut Vec<u8>, name: &Fact<BString>) {
    // Compat: what is not known is printed as an empty name.
    let Fact::Known(name) = name else { return };
    Escaped::quoted(name).push_to(out);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::usual(b"sshd", b"sshd")]
    #[case::blanks_and_parentheses(b"tmux: server (1)", b"tmux: server (1)")]
    #[case::letters("größe".as_bytes(), "größe".as_bytes())]
    #[case::forged_process(br#"x",pid=1,fd=2)"#, br"x\x22,pid=1,fd=2)")]
    #[case::only_marks(br#""""#, br"\x22\x22")]
    #[case::newline(b"a\nu_str", br"a\x0au_str")]
    #[case::terminal(b"\x1b[2J", br"\x1b[2J")]
    #[case::invalid(b"\xff", br"\xff")]
    #[case::empty(b"", b"")]
    fn names_cannot_end_themselves(#[case] name: &[u8], #[case] shown: &[u8]) {
        let mut out = Vec::new();
        push_process_name(&mut out, &Fact::Known(name.into()));
        assert_eq!(BString::from(out), BString::from(shown));
    }

    #[test]
    fn a_name_that_is_not_known_is_empty() {
        for name in [Fact::Absent, Fact::NotPermitted, Fact::TooLong, Fact::NotAsked] {
            let mut out = Vec::new();
            push_process_name(&mut out, &name);
            assert_eq!(out, b"");
        }
    }
}
