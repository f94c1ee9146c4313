//! Processes that have sockets open.

use builtin_cli::Escaped;
use std::cell::Cell;

use bstr::ByteSlice;
use procnetsocket::{Fact, ProcessTable, Task, model::Inode};

use super::field::{push_left, push_text};

/// Columns of a process.
const WIDTH: usize = 20;

/// Prints the process that has a socket open.
#[derive(Debug)]
pub(crate) struct Programs {
    table: ProcessTable,
    /// Whether a socket had no known process.
    is_missing: Cell<bool>,
}

impl Programs {
    pub(crate) fn new(table: ProcessTable) -> Self {
        Self { table, is_missing: Cell::new(false) }
    }

    /// Appends process id and program as a field, or `-`.
    ///
    /// Compat: of several processes the first is printed.
    pub(super) fn push(&self, out: &mut Vec<u8>, inode: Option<Inode>) {
        push_left(out, WIDTH, |out| {
            if let Some(first) = inode.and_then(|inode| self.table.of(inode).next()) {
                push_task(out, first.task);
            } else {
                self.is_missing.set(self.is_missing.get() || inode.is_some());
                out.push(b'-');
            }
        });
    }

    /// Returns why processes may be missing, if any is and it was not reported before.
    pub(crate) fn hidden(&self) -> Vec<String> {
        if self.is_missing.get() && self.table.closed() == 0 {
            self.table.gaps()
        } else {
            Vec::new()
        }
    }
}

fn push_task(out: &mut Vec<u8>, task: &Task) {
    let mut text = Vec::new();
    push_text(&mut text, format_args!("{}/", task.pid));
    text.extend_from_slice(program(task));
    // Compat: one column stays blank.
    Escaped::name(cut(&text, WIDTH - 1)).push_to(out);
}

/// Returns the name of the program: the path from which the process was started, without
/// directories.
///
/// Compat: a title that a process wrote over its arguments is printed as it is.
fn program(task: &Task) -> &[u8] {
    let started_as = match &task.command_line {
        Fact::Known(arguments) => arguments.first().map(|first| first.as_bytes()),
        // A policy may show the name but not the arguments.
        Fact::NotAsked | Fact::NotPermitted => match &task.name {
            Fact::Known(name) => Some(name.as_bytes()),
            _ => None,
        },
        _ => None,
    };
    let name = started_as.unwrap_or_default();
    if !name.starts_with(b"/") {
        return name;
    }
    name.rfind_byte(b'/').and_then(|slash| name.get(slash + 1..)).unwrap_or_default()
}

/// Returns the start of a text: at most `bytes` bytes, in whole characters.
fn cut(text: &[u8], bytes: usize) -> &[u8] {
    let Some(head) = text.get(..bytes) else { return text };
    match text.char_indices().find(|(start, end, _)| *start < bytes && bytes < *end) {
        Some((start, ..)) => text.get(..start).unwrap_or_default(),
        None => head,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bstr::BString;
    use procnetsocket::{ProcessDetails, ProcessLimits, ProcessQuery, SocketTables, Uninterrupted};
    use rstest::rstest;
    use testkit::{FakeProc, Process};

    use super::*;

    // Measured with net-tools 2.10.
    #[rstest]
    // usual
    #[case::path(9, b"/usr/sbin/sshd\0-D\0", "9/sshd              ")]
    #[case::name(7, b"nginx\0", "7/nginx             ")]
    #[case::login_shell(14, b"-bash\0", "14/-bash            ")]
    #[case::title(13, b"nginx: master process /usr/sbin/nginx\0", "13/nginx: master pr ")]
    // boundary
    #[case::long_number(123_456, b"sshd: /usr/sbin/sshd -D\0", "123456/sshd: /usr/s ")]
    #[case::long_name(7, b"a_very_long_program_name\0", "7/a_very_long_progr ")]
    #[case::no_arguments(12, b"", "12/                 ")]
    #[case::relative(15, b"dir/name\0", "15/dir/name         ")]
    #[case::trailing_slash(17, b"trailing/\0", "17/trailing/        ")]
    #[case::blanks(18, b"/opt/a b/c: d/e f\0", "18/e f              ")]
    // hostile
    #[case::escape(16, b"x\x1b[31mred\n\0", "16/x\\x1b[31mred\\x0a ")]
    #[case::cut_within_a_character(16, "aaaaaaaaaaaaaaaß\0".as_bytes(), "16/aaaaaaaaaaaaaaa  ")]
    fn programs_are_printed(#[case] pid: u32, #[case] arguments: &[u8], #[case] field: &str) {
        let process = Process::new(pid, "comm").arguments(arguments).socket(3, 70);
        let root = FakeProc::new().process(process).build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let query = ProcessQuery::all().with_details(ProcessDetails::Full);
        let limits = ProcessLimits::default();
        let report = tables.processes(&query, &limits, &Uninterrupted).unwrap();
        let programs = Programs::new(ProcessTable::new(report));
        let mut out = Vec::new();
        programs.push(&mut out, Inode::new(70));
        assert_eq!(BString::from(out), field);
        assert!(programs.hidden().is_empty());
    }

    #[test]
    fn unknown_process_is_a_dash() {
        let programs = Programs::new(ProcessTable::default());
        let mut out = Vec::new();
        programs.push(&mut out, None);
        assert_eq!(BString::from(out), "-                   ");
    }
}
