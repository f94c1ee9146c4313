//! The context of a call of a builtin.

use std::{
    fmt,
    io::{Read, Write},
    num::NonZeroU16,
    sync::LazyLock,
};

use crate::{
    cancel::Cancel,
    clock::{Clock, SystemClock},
    sandbox::Sandbox,
};

static NO_DIRECTORIES: LazyLock<Sandbox> = LazyLock::new(Sandbox::empty);
static NEVER_CANCELLED: LazyLock<Cancel> = LazyLock::new(Cancel::new);

/// The capabilities of one call.
///
/// A builtin reaches the system only through these fields and the values that its host created it
/// with. It uses neither the working directory nor the environment of the process.
///
/// # Examples
///
/// ```
/// use builtin_api::{CallContext, Cancel};
///
/// let (mut stdin, mut stdout, mut stderr) = (std::io::empty(), Vec::new(), Vec::new());
/// let cancel = Cancel::new();
/// let context = CallContext::new(&mut stdin, &mut stdout, &mut stderr).with_cancel(&cancel);
/// assert!(context.terminal_width.is_none());
/// ```
#[non_exhaustive]
pub struct CallContext<'a> {
    /// Standard input of the call.
    pub stdin: &'a mut dyn Read,
    /// Standard output of the call. It may be unbuffered, so write large pieces.
    pub stdout: &'a mut dyn Write,
    /// Standard error of the call.
    pub stderr: &'a mut dyn Write,
    /// The directories that the script was granted.
    pub sandbox: &'a Sandbox,
    /// The cancellation of the call by the host.
    pub cancel: &'a Cancel,
    /// Columns of the terminal that `stdout` is shown on; `None` when it is not a terminal.
    pub terminal_width: Option<NonZeroU16>,
    /// The time of day.
    pub clock: &'a dyn Clock,
}

impl<'a> CallContext<'a> {
    /// Returns a context with these streams and the system's clock. It has no directories and no
    /// terminal, and is never cancelled.
    pub fn new(
        stdin: &'a mut dyn Read,
        stdout: &'a mut dyn Write,
        stderr: &'a mut dyn Write,
    ) -> Self {
        Self {
            stdin,
            stdout,
            stderr,
            sandbox: &NO_DIRECTORIES,
            cancel: &NEVER_CANCELLED,
            terminal_width: None,
            clock: &SystemClock,
        }
    }

    /// Returns the context with the directories that the script was granted.
    #[must_use]
    pub fn with_sandbox(self, sandbox: &'a Sandbox) -> Self {
        Self { sandbox, ..self }
    }

    /// Returns the context with the host's cancellation.
    #[must_use]
    pub fn with_cancel(self, cancel: &'a Cancel) -> Self {
        Self { cancel, ..self }
    }

    /// Returns the context with the columns of the terminal that `stdout` is shown on.
    #[must_use]
    pub fn with_terminal_width(self, terminal_width: Option<NonZeroU16>) -> Self {
        Self { terminal_width, ..self }
    }

    /// Returns the context with another clock.
    #[must_use]
    pub fn with_clock(self, clock: &'a dyn Clock) -> Self {
        Self { clock, ..self }
    }
}

impl fmt::Debug for CallContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("sandbox", &self.sandbox)
            .field("cancel", &self.cancel)
            .field("terminal_width", &self.terminal_width)
            .finish_non_exhaustive()
    }
}
