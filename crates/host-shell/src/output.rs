//! Limits the output of a script.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    brace::TooManyWords,
    expansion::Cut,
    limits::{MAX_LINE_BYTES, PIECE_BYTES},
};

/// Why output stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The script printed more on standard output than it may.
    TooMuchOutput,
    /// The same for standard error.
    TooManyErrors,
    /// The script wrote more into granted directories than it may.
    TooMuchWritten,
    /// The script nests too deeply for the interpreter's stack.
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
///
/// Standard output and standard error may be the same file, so neither may begin within a line of
/// the other: the beginning of a line at the end of a full piece is kept until more comes.
pub(crate) struct LimitedOutput<'a> {
    stream: &'a mut (dyn Write + Send),
    left: u64,
    /// The beginning of a line.
    kept: Vec<u8>,
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
        Self { stream, left: limit, kept: Vec::new(), at_limit, stop }
    }

    /// Writes a chunk and flushes it, so that it is visible at once. The beginning of a line that
    /// continues in the next chunk is kept.
    pub(crate) fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        let admitted = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (within, beyond) = bytes.split_at(admitted);
        self.left -= u64::try_from(admitted).unwrap_or(self.left);
        let (whole, open) = within.split_at(self.complete_len(bytes, within));
        if !whole.is_empty() {
            self.write(whole)?;
        }
        self.kept.extend_from_slice(open);
        if beyond.is_empty() { Ok(()) } else { Err(self.stopped(self.at_limit.clone())) }
    }

    /// Writes what was kept.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.write(&[])
    }

    /// Returns how much of the admitted bytes of a chunk is written now.
    fn complete_len(&self, bytes: &[u8], within: &[u8]) -> usize {
        let goes_on = bytes.len() >= PIECE_BYTES && within.len() == bytes.len();
        let end = within.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let kept = if end == 0 { self.kept.len() } else { 0 };
        let is_short = kept.saturating_add(within.len() - end) <= MAX_LINE_BYTES;
        if goes_on && is_short { end } else { within.len() }
    }

    /// Writes what was kept, and bytes after it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() && self.kept.is_empty() {
            return Ok(());
        }
        let mut kept = std::mem::take(&mut self.kept);
        kept.extend_from_slice(bytes);
        let written = self.stream.write_all(&kept).and_then(|()| self.stream.flush());
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => self.stopped(Stop::BrokenPipe),
            kind => self.stopped(Stop::Failed(kind)),
        })
    }

    fn stopped(&self, stop: Stop) -> io::Error {
        self.stop.set(stop);
        io::Error::other("output stopped")
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

    /// A stream that others write, too.
    struct SharedFile<'a>(&'a Mutex<Vec<u8>>);

    impl Write for SharedFile<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_of_one_stream_do_not_begin_within_those_of_the_other() {
        let file = Mutex::new(Vec::new());
        let (mut first, mut second) = (SharedFile(&file), SharedFile(&file));
        let reason = Reason::default();
        let mut out = LimitedOutput::new(&mut first, 1 << 20, Stop::TooMuchOutput, reason.clone());
        let mut err = LimitedOutput::new(&mut second, 1 << 20, Stop::TooManyErrors, reason);
        let line = "e".repeat(PIECE_BYTES / 2 + 1) + "\n";
        let lines = line.repeat(3);
        let (piece, rest) = lines.as_bytes().split_at(PIECE_BYTES);
        err.deliver(piece).unwrap();
        out.deliver(b"out\n").unwrap();
        err.deliver(rest).unwrap();
        err.deliver(b"no end").unwrap();
        out.deliver(b"out\n").unwrap();
        let printed = String::from_utf8(file.lock().unwrap().clone()).unwrap();
        assert_eq!(printed, format!("{line}out\n{line}{line}no endout\n"));
    }

    #[test]
    fn the_beginning_of_a_line_is_printed_at_the_end() {
        let mut stream = Vec::new();
        let stop = Stop::TooMuchOutput;
        let mut out = LimitedOutput::new(&mut stream, 1 << 20, stop, Reason::default());
        out.deliver(&[b'a'; PIECE_BYTES]).unwrap();
        out.finish().unwrap();
        assert_eq!(stream, [b'a'; PIECE_BYTES]);
    }

    #[test]
    fn lines_that_are_too_long_are_not_kept() {
        let mut stream = Vec::new();
        let stop = Stop::TooMuchOutput;
        let mut out = LimitedOutput::new(&mut stream, 1 << 20, stop, Reason::default());
        for _ in 0..=MAX_LINE_BYTES / PIECE_BYTES {
            out.deliver(&[b'a'; PIECE_BYTES]).unwrap();
        }
        assert_eq!(stream.len(), MAX_LINE_BYTES + PIECE_BYTES);
    }
}
