//! The output of a run, and how two runs differ.

use std::fmt;

use bstr::{BString, ByteSlice};
use builtin_cli::Escaped;
use testkit::PROCESS_NAMES;

use crate::live::mask;

/// Names of unix sockets of the fixtures that are printed otherwise here: with blanks or
/// backslashes.
const UNIX_NAMES: [&str; 4] =
    ["a name with blanks", " abstract  with blanks ", "/run/back\\slash\\x1b", "/tmp/a\\b"];

/// The output of a run, and its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) stdout: BString,
    pub(crate) stderr: BString,
    pub(crate) status: i32,
}

/// Our message for a table that the kernel has and no source lists. Compat: the real one prints
/// nothing, with status 0.
const UNREPORTED: &str = " sockets cannot be listed: the kernel has them, but neither ";

/// Returns the output of the real `ss` or `netstat`, with names as they are printed here
/// (`docs/compatibility.md`): those of unix sockets, and those of processes in rows of netlink
/// sockets.
pub(crate) fn with_printed_names(listing: &[u8]) -> BString {
    let mut listing = BString::from(listing);
    for name in UNIX_NAMES {
        let printed = Escaped::column(name.as_bytes()).without_backslash().to_string();
        // Blanks may have been removed together with the widths of columns.
        for name in [name.into(), mask::without_widths(name.as_bytes())] {
            listing = listing.replace(name, &printed).into();
        }
    }
    for name in ["dhcp client"].into_iter().chain(PROCESS_NAMES) {
        let printed = Escaped::column(name.as_bytes());
        listing = listing.replace(format!(":{name}/"), format!(":{printed}/")).into();
    }
    listing
}

impl Outcome {
    /// Returns the outcome with the status of the real `ss` where ours failed only because of
    /// unreported tables, which `live::decided` tests.
    pub(crate) fn without_unreported_tables(self) -> Self {
        let mut lines = self.stderr.lines();
        let is_decided = self.status == 1 && lines.all(|line| line.contains_str(UNREPORTED));
        let is_reported = !self.stderr.is_empty();
        Self { status: if is_decided && is_reported { 0 } else { self.status }, ..self }
    }

    /// Returns how this differs from the outcome of the real `ss`, or `None` if it does not. In a
    /// listing with a name that is printed otherwise here, columns may have other widths. Standard
    /// error is not compared: its texts differ.
    pub(crate) fn difference(&self, real: &Self) -> Option<Difference> {
        if self.stdout == real.stdout && self.status == real.status {
            return None;
        }
        let printed = with_printed_names(&real.stdout);
        let [ours, theirs] = [&self.stdout, &printed].map(|listing| mask::without_widths(listing));
        if printed != real.stdout && ours == theirs && self.status == real.status {
            return None;
        }
        let lines = |outcome: &Self| outcome.stdout.lines_with_terminator().count();
        let longer = lines(self).max(lines(real));
        let line = |outcome: &Self, index| {
            outcome.stdout.lines_with_terminator().nth(index).map(BString::from)
        };
        let first = (0..longer).find(|&index| line(self, index) != line(real, index));
        Some(Difference {
            line: first,
            ours: first.and_then(|index| line(self, index)),
            real: first.and_then(|index| line(real, index)),
            statuses: [self.status, real.status],
            stderr: self.stderr.clone(),
        })
    }
}

/// The first line that differs, and the statuses.
#[derive(Debug)]
pub(crate) struct Difference {
    line: Option<usize>,
    ours: Option<BString>,
    real: Option<BString>,
    statuses: [i32; 2],
    stderr: BString,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            writeln!(f, "  line {}", line + 1)?;
            writeln!(f, "  real {:?}", self.real)?;
            writeln!(f, "  ours {:?}", self.ours)?;
        }
        let [ours, real] = self.statuses;
        write!(f, "  status: real {real}, ours {ours}; our stderr: {:?}", self.stderr)
    }
}
