//! What a builtin is given for one call, and all that it is given.

use std::{
    fmt,
    io::{Read, Write},
    num::NonZeroU16,
};

use crate::{Cancel, Clock, Sandbox};

/// The capabilities of one call.
///
/// A builtin reaches the world through these fields and through what its host gave it when it was
/// made, and through nothing else: there is no path here, and no environment of the process.
pub struct CallContext<'a> {
    /// Standard input of the call.
    pub stdin: &'a mut dyn Read,
    /// Standard output of the call. It need not be buffered: write in large pieces.
    pub stdout: &'a mut dyn Write,
    /// Standard error of the call.
    pub stderr: &'a mut dyn Write,
    /// The directories that the script was granted.
    pub sandbox: &'a Sandbox,
    /// The host's wish that the call ends.
    pub cancel: &'a Cancel,
    /// Columns of the terminal that `stdout` is shown on; `None` when it is not a terminal.
    pub terminal_width: Option<NonZeroU16>,
    /// The time of day.
    pub clock: &'a dyn Clock,
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
