//! The reasons for which a shell ends a script, each with its status and its message.

use std::fmt;

use bashkit::LimitExceeded;
use builtin_api::ExitCode;
use builtin_cli::Escaped;

use crate::{
    brace::TooManyWords,
    expansion::Cut,
    limits::{
        MAX_BRACE_TOTAL, MAX_BRACE_WORDS, MAX_ERROR_BYTES, MAX_EXPRESSION_WORDS,
        MAX_LISTED_ENTRIES, MAX_NESTED_COMMANDS, MAX_PATH_DEPTH, ScriptLimits,
    },
    output::Stop,
    script::Script,
};

/// Why the shell ended a script.
#[derive(Debug)]
pub(crate) enum Ending {
    Timeout,
    Interrupted,
    TooMuchOutput,
    TooManyErrors,
    TooMuchWritten,
    TooDeep,
    Truncated,
    BrokenPipe,
    OutputFailed(std::io::ErrorKind),
    Syntax(String),
    TooManyEntries,
    TooDeepDirectory,
    /// A brace expansion that the interpreter would leave unexpanded, or cut.
    TooManyWords(TooManyWords),
    /// An expansion that may have been cut.
    Cut(Cut),
    Limit(LimitExceeded),
    Other(bashkit::Error),
}

impl Ending {
    pub(crate) fn of(error: bashkit::Error, stop: Option<Stop>, script: &Script) -> Self {
        match (stop, error) {
            (Some(Stop::TooMuchOutput), _) => Self::TooMuchOutput,
            (Some(Stop::TooManyErrors), _) => Self::TooManyErrors,
            (Some(Stop::TooMuchWritten), _) => Self::TooMuchWritten,
            (Some(Stop::TooDeep), _) => Self::TooDeep,
            (Some(Stop::TooManyEntries), _) => Self::TooManyEntries,
            (Some(Stop::TooDeepDirectory), _) => Self::TooDeepDirectory,
            (Some(Stop::TooManyWords(words)), _) => Self::TooManyWords(words),
            (Some(Stop::Cut(cut)), _) => Self::Cut(cut),
            (Some(Stop::BrokenPipe), _) => Self::BrokenPipe,
            (Some(Stop::Failed(kind)), _) => Self::OutputFailed(kind),
            (None, bashkit::Error::ResourceLimit(LimitExceeded::Timeout(_))) => Self::Timeout,
            (None, bashkit::Error::ResourceLimit(limit)) => Self::Limit(limit),
            (None, bashkit::Error::Cancelled) => Self::Interrupted,
            (None, error) => {
                let name = script.name.as_deref().unwrap_or("bash");
                match error.syntax_report(name, &script.text) {
                    Some(report) => Self::Syntax(report),
                    None => Self::Other(error),
                }
            }
        }
    }

    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::Timeout => ExitCode::TIMED_OUT,
            Self::Interrupted => ExitCode::CANCELLED,
            Self::BrokenPipe => ExitCode::BROKEN_PIPE,
            Self::Syntax(_) => ExitCode::USAGE,
            Self::TooMuchOutput
            | Self::TooManyErrors
            | Self::TooMuchWritten
            | Self::TooDeep
            | Self::Truncated
            | Self::OutputFailed(_)
            | Self::TooManyEntries
            | Self::TooDeepDirectory
            | Self::TooManyWords(_)
            | Self::Cut(_)
            | Self::Limit(_)
            | Self::Other(_) => ExitCode::FAILURE,
        }
    }
}

/// Displays the reason as text.
pub(crate) struct EndingMessage<'a> {
    pub(crate) ending: &'a Ending,
    pub(crate) limits: ScriptLimits,
}

impl fmt::Display for EndingMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ending {
            Ending::Timeout => write!(f, "the script took longer than {:?}", self.limits.timeout),
            Ending::Interrupted => write!(f, "interrupted"),
            Ending::TooMuchOutput => write!(
                f,
                "the output is larger than the limit of {} bytes: it is incomplete",
                self.limits.max_output_bytes
            ),
            Ending::TooManyErrors => write!(
                f,
                "standard error is larger than the limit of {MAX_ERROR_BYTES} bytes: the output is \
                 incomplete"
            ),
            Ending::TooMuchWritten => write!(
                f,
                "the script writes more than the limit of {} bytes into granted directories: the \
                 files are incomplete",
                self.limits.max_write_bytes
            ),
            Ending::TooDeep => write!(
                f,
                "the script nests too deeply (at most {MAX_NESTED_COMMANDS} commands that run one \
                 another, {MAX_EXPRESSION_WORDS} words of an expression): the output is incomplete"
            ),
            Ending::Truncated => write!(f, "output was cut off: it is incomplete"),
            Ending::OutputFailed(kind) => write!(f, "output cannot be written: {kind}"),
            Ending::TooManyEntries => write!(
                f,
                "a command or a pattern lists more than {MAX_LISTED_ENTRIES} entries: the output \
                 is incomplete"
            ),
            Ending::TooDeepDirectory => write!(
                f,
                "a directory is deeper than {MAX_PATH_DEPTH} levels: the output is incomplete"
            ),
            Ending::TooManyWords(TooManyWords::Range(range)) => write!(
                f,
                "{} has more than {MAX_BRACE_WORDS} words: use `for ((i = 1; i <= n; i++))`",
                Escaped::new(range.as_bytes())
            ),
            Ending::TooManyWords(TooManyWords::Groups(groups)) => write!(
                f,
                "{} has too many words: all groups together may have {MAX_BRACE_TOTAL}, each \
                 counted once for each group",
                Escaped::new(groups.as_bytes())
            ),
            Ending::Cut(cut) => write!(f, "{cut}"),
            Ending::Limit(limit) => write!(f, "{limit}: the output is incomplete"),
            Ending::Other(error) => write!(f, "{error}"),
            // OK because a syntax error is reported elsewhere, and a broken pipe is not reported.
            Ending::BrokenPipe | Ending::Syntax(_) => Ok(()),
        }
    }
}
