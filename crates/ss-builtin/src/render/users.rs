//! The processes that have a socket open: `users:(("sshd",pid=712,fd=3))`.

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
    /// Number of shown sockets that have an inode and no process.
    without_process: Cell<u64>,
    /// Whether the other end of a shown socket has an inode and no process.
    has_peer_without_process: Cell<bool>,
}

impl ProcessColumn {
    pub(crate) fn new(table: Arc<ProcessTable>) -> Self {
        Self { table, without_process: Cell::new(0), has_peer_without_process: Cell::new(false) }
    }

    /// Returns an empty column, for sockets whose processes are unknown.
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
        // Many netlink sockets belong to the kernel, which is not a process.
        if processes.is_empty() && !matches!(socket, Socket::Netlink(_)) {
            self.note_unowned();
        }
        processes
    }

    /// Fills the cell of a socket's processes.
    pub(super) fn fill(&self, cells: &mut Cells<'_>, inode: Option<Inode>) {
        let Some(inode) = inode else { return };
        cells.push(ColumnId::Process, |out| self.push(out, inode));
    }

    /// Appends the processes of a socket.
    pub(super) fn push(&self, out: &mut Vec<u8>, inode: Inode) {
        if self.push_list(out, " users:(", inode) {
            out.push(b')');
        } else {
            self.note_unowned();
        }
    }

    /// Appends the processes of a socket at the other end; returns whether there are any.
    pub(super) fn push_peer(&self, out: &mut Vec<u8>, inode: Inode) -> bool {
        let has_processes = self.push_list(out, "", inode);
        self.note_peer(has_processes);
        has_processes
    }

    /// Returns the processes of a socket at the other end, as [`of`](Self::of) does.
    pub(super) fn of_peer(&self, inode: Inode) -> Vec<SocketProcess<'_>> {
        let processes: Vec<_> = self.table.of(inode).collect();
        self.note_peer(!processes.is_empty());
        processes
    }

    fn note_peer(&self, has_processes: bool) {
        self.has_peer_without_process.set(self.has_peer_without_process.get() || !has_processes);
    }

    /// Appends the processes of a socket, each in brackets; returns whether there are any.
    fn push_list(&self, out: &mut Vec<u8>, opening: &str, inode: Inode) -> bool {
        let start = out.len();
        // Compat: the last one found comes first.
        for process in self.table.of(inode).rev() {
            push_text(out, if out.len() == start { opening } else { "," });
            push_process(out, &process);
        }
        out.len() > start
    }

    fn note_unowned(&self) {
        self.without_process.set(self.without_process.get() + 1);
    }

    /// Returns the known reasons why sockets were shown without a process, if any were.
    ///
    /// A socket that no process has open is in a message of a unix socket, only registered with
    /// `io_uring`, or belongs to the kernel. This is reported only if every process was seen.
    fn reasons(&self) -> Vec<String> {
        let without_process = match self.without_process.get() {
            0 if self.has_peer_without_process.get() => return may_be_missing(&self.table.gaps()),
            0 => return Vec::new(),
            1 => "1 socket was".to_owned(),
            without_process => format!("{without_process} sockets were"),
        };
        if self.table.is_complete() {
            return vec![format!(
                "{without_process} open in no process: in a message of a unix socket, in io_uring alone, in \
                 the kernel, or opened since processes were looked for"
            )];
        }
        may_be_missing(&self.table.gaps())
    }
}

/// Returns lines with the reasons why processes may be missing: those of the filter, or if it has
/// none, those of the sockets that were shown.
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
    out.push(b'(');
    push_process_name(out, &task.name);
    push_number(out, ",pid=", task.pid.get());
    if let Some(tid) = task.tid {
        push_number(out, ",tid=", tid.get());
    }
    push_number(out, ",fd=", process.fd);
    out.push(b')');
}

/// Appends the name of a process.
fn push_process_name(out: &mut Vec<u8>, name: &Fact<BString>) {
    // Compat: an unknown name is printed as an empty one.
    push_quoted(out, name.as_ref().known().map_or(&[], |name| name.as_slice()));
}

/// Appends a name in quotation marks.
///
/// Security: a process chooses its name, so a quotation mark in the name is written as `\x22`.
/// Otherwise a name could forge further processes.
pub(super) fn push_quoted(out: &mut Vec<u8>, name: &[u8]) {
    out.push(b'"');
    Escaped::quoted(name).push_to(out);
    out.push(b'"');
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
    fn name_cannot_forge_processes(#[case] name: &[u8], #[case] shown: &[u8]) {
        let mut out = Vec::new();
        push_quoted(&mut out, name);
        assert_eq!(BString::from(out), BString::from([b"\"", shown, b"\""].concat()));
    }

    #[test]
    fn unknown_name_is_empty() {
        for name in [Fact::Absent, Fact::NotPermitted, Fact::TooLong, Fact::NotAsked] {
            let mut out = Vec::new();
            push_process_name(&mut out, &name);
            assert_eq!(out, b"\"\"");
        }
    }
}
