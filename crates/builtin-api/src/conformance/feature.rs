//! The features that the suite checks.

use std::fmt;

/// A property of a host that builtins may rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Feature {
    /// The status of a call arrives unchanged.
    Status,
    /// Arguments that are text arrive unchanged: empty ones, blanks, quotes, line ends, patterns.
    TextArguments,
    /// Arguments that are not UTF-8 arrive unchanged.
    ByteArguments,
    /// Every byte of standard input arrives.
    StdinBytes,
    /// Standard input arrives while it is being written, not only after it has ended.
    StdinStream,
    /// Every byte of standard output arrives, and only there.
    StdoutBytes,
    /// Every byte of standard error arrives, and only there.
    StderrBytes,
    /// Standard output is passed on while the call runs.
    StdoutStream,
    /// A line is passed on even if nothing follows it.
    LineStream,
    /// A write fails with a broken pipe after the reader has closed its end.
    ClosedOutput,
    /// The call has exactly the directories that the host granted.
    Sandbox,
    /// The call has the width of the terminal in columns, or no width without a terminal.
    TerminalWidth,
    /// A cancellation by the host reaches the call while it runs.
    Cancel,
    /// A builtin keeps its state from one call to the next.
    State,
    /// Two sessions of one process have different builtins.
    Registries,
}

impl Feature {
    /// Every feature, in the order of the table.
    pub const ALL: [Self; 15] = [
        Self::Status,
        Self::TextArguments,
        Self::ByteArguments,
        Self::StdinBytes,
        Self::StdinStream,
        Self::StdoutBytes,
        Self::StderrBytes,
        Self::StdoutStream,
        Self::LineStream,
        Self::ClosedOutput,
        Self::Sandbox,
        Self::TerminalWidth,
        Self::Cancel,
        Self::State,
        Self::Registries,
    ];

    /// Returns the name, as in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::TextArguments => "arguments: text",
            Self::ByteArguments => "arguments: bytes that are not UTF-8",
            Self::StdinBytes => "input: every byte",
            Self::StdinStream => "input: while it is written",
            Self::StdoutBytes => "output: every byte",
            Self::StderrBytes => "errors: every byte, apart from output",
            Self::StdoutStream => "output: while the call runs",
            Self::LineStream => "output: a line at once",
            Self::ClosedOutput => "output: a reader that went away",
            Self::Sandbox => "granted directories",
            Self::TerminalWidth => "width of the terminal",
            Self::Cancel => "cancellation",
            Self::State => "state of a builtin",
            Self::Registries => "several registries in one process",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
