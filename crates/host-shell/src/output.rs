//! Limits the output of a script.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{brace::TooManyWords, expansion::Cut};

/// Why output stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The script printed more on standard output than it may.
    TooMuchOutput,
    /// The same for standard error.
    TooManyErrors,
    /// The script wrote more into granted directories than it may.
    TooMuchWritten,
    /// The script nests too deep for the interpreter's stack.
    TooDeep,
    /// A pattern or a command listed more entries than it may.
    TooManyEntries,
    /// The script listed a directory that is too deep for a path.
    TooDeepDirectory,
    /// Code that the script created, or a file that it ran, has too many words in braces.
    TooManyWords(TooManyWords),
    /// An expansion was cut, or cannot be checked.
    Cut(Cut),
    /// The reader of the output closed it.
    BrokenPipe,
    /// Writing failed.
    Failed(io::ErrorKind),
}

impl Stop {
    /// Returns whether the cause is an action of the script and not its output. The script may have
    /// ended before this was noticed.
    pub(crate) fn is_of_the_script(&self) -> bool {
        match self {
            Self::TooMuchWritten
            | Self::TooDeep
            | Self::TooManyEntries
            | Self::TooDeepDirectory
            | Self::TooManyWords(_)
            | Self::Cut(_) => true,
            Self::TooMuchOutput | Self::TooManyErrors | Self::BrokenPipe | Self::Failed(_) => false,
        }
    }
}

/// A stream with a limit: the bytes up to it are written, the next one is an error.
pub(crate) struct LimitedOutput<'a> {
    stream: &'a mut (dyn Write + Send),
    left: u64,
    /// Why the output stops at its limit.
    at_limit: Stop,
    stop: Reason,
}

/// The first reason why any output of one script stopped; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reason(Arc<Mutex<Option<Stop>>>);

impl Reason {
    pub(crate) fn get(&self) -> Option<Stop> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, stop: Stop) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(stop);
    }

    /// Forgets the reason of the last script.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl<'a> LimitedOutput<'a> {
    pub(crate) fn new(
        stream: &'a mut (dyn Write + Send),
        limit: u64,
        at_limit: Stop,
        stop: Reason,
    ) -> Self {
        Self { stream, left: limit, at_limit, stop }
    }

    /// Writes a chunk and flushes it, so that it is visible at once.
    pub(crate) fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        let admitted = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (within, beyond) = bytes.split_at(admitted);
        self.left -= u64::try_from(admitted).unwrap_or(self.left);
        let written = self.stream.write_all(within).and_then(|()| self.stream.flush());
        let stop = match &written {
            Ok(()) if beyond.is_empty() => return Ok(()),
            Ok(()) => self.at_limit.clone(),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Stop::BrokenPipe,
            Err(error) => Stop::Failed(error.kind()),
        };
        self.stop.set(stop);
        Err(io::Error::other("output stopped"))
    }
}

/// Keeps bytes up to a limit. Further writes fail with a broken pipe, which ends the writer.
#[derive(Debug, Default)]
pub struct Capped {
    /// What was written.
    pub bytes: Vec<u8>,
    /// Whether more was written.
    pub is_truncated: bool,
    max_bytes: usize,
}

impl Capped {
    /// Returns an empty buffer for at most `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.max_bytes.saturating_sub(self.bytes.len());
        if bytes.is_empty() || room > 0 {
            let taken = bytes.get(..room.min(bytes.len())).unwrap_or_default();
            self.bytes.extend_from_slice(taken);
            return Ok(taken.len());
        }
        self.is_truncated = true;
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_at_the_limit_and_its_writer_ends() {
        let mut capped = Capped::new(4);
        capped.write_all(b"abcd").unwrap();
        assert!(!capped.is_truncated);
        let error = capped.write_all(b"e").unwrap_err();
        assert_eq!((error.kind(), capped.is_truncated), (io::ErrorKind::BrokenPipe, true));
        assert_eq!(capped.bytes, b"abcd");
    }

    #[test]
    fn output_past_limit_sets_reason() {
        let (mut out, reason) = (Vec::new(), Reason::default());
        let mut output = LimitedOutput::new(&mut out, 5, Stop::TooManyErrors, reason.clone());
        output.deliver(b"abc").unwrap();
        output.deliver(b"de").unwrap();
        assert_eq!(reason.get(), None);
        output.deliver(b"f").unwrap_err();
        assert_eq!(reason.get(), Some(Stop::TooManyErrors));
        assert_eq!(out, b"abcde");
    }
}
