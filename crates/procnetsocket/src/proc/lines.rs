//! Lines of bounded length, from any reader.

use std::{io, io::Read, ops::Range};

/// Bytes that are asked of the reader at a time: 64 KiB. `seq_file` returns one page whatever is
/// asked; for a regular file more would not be faster.
const READ_BYTES: usize = 64 << 10;

/// Reads lines into one buffer that is reused.
///
/// # Limits
///
/// The buffer has 64 KiB, or as much as the longest allowed line.
pub(crate) struct Lines<R> {
    reader: R,
    limit: usize,
    buffer: Vec<u8>,
    /// What was read and not yet returned.
    unread: Range<usize>,
    number: u64,
}

/// Why a line could not be read.
#[derive(Debug)]
pub(crate) enum LineError {
    /// This line, counted from 1, is longer than the limit.
    TooLong(u64),
    /// The reader failed.
    Read(io::Error),
}

impl<R: Read> Lines<R> {
    /// Reads lines of at most `limit` bytes, without the newline.
    pub(crate) fn new(reader: R, limit: usize) -> Self {
        Self { reader, limit, buffer: vec![0; READ_BYTES], unread: 0..0, number: 0 }
    }

    /// Returns the next line without its newline, or `None` at the end. Bytes after the last
    /// newline are a line, too.
    pub(crate) fn next_line(&mut self) -> Result<Option<&[u8]>, LineError> {
        let mut searched = 0;
        self.number = self.number.saturating_add(1);
        loop {
            let unread = self.buffer.get(self.unread.clone()).unwrap_or_default();
            let fresh = unread.get(searched..).unwrap_or_default();
            if let Some(length) = memchr::memchr(b'\n', fresh).map(|found| searched + found) {
                return self.take(length, 1).map(Some);
            }
            searched = unread.len();
            // Reading on would only fill memory.
            if searched > self.limit {
                return Err(LineError::TooLong(self.number));
            }
            if self.fill().map_err(LineError::Read)? == 0 {
                return if searched == 0 { Ok(None) } else { self.take(searched, 0).map(Some) };
            }
        }
    }

    /// Returns the first unread bytes as a line, and skips them and their newline.
    fn take(&mut self, length: usize, newline: usize) -> Result<&[u8], LineError> {
        if length > self.limit {
            return Err(LineError::TooLong(self.number));
        }
        let line = self.unread.start..self.unread.start + length;
        self.unread.start = line.end + newline;
        // OK because the line was found inside the buffer.
        Ok(self.buffer.get(line).unwrap_or_default())
    }

    /// Reads more after what is unread and returns the number of bytes; 0 is the end.
    fn fill(&mut self) -> io::Result<usize> {
        self.make_room();
        let room = self.buffer.get_mut(self.unread.end..).unwrap_or_default();
        loop {
            match self.reader.read(room) {
                Ok(count) => {
                    // A reader that claims to have read more than its buffer is not trusted.
                    let count = count.min(room.len());
                    self.unread.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves what is unread to the front, and doubles the buffer if that frees too little.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.buffer.len() - self.unread.len() < READ_BYTES / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Reads all lines through a reader that returns at most `at_once` bytes at a time.
    fn read(text: &[u8], limit: usize, at_once: usize) -> Result<Vec<Vec<u8>>, String> {
        let mut reader = Trickle { text, at_once, interrupted: false };
        let mut lines = Lines::new(&mut reader, limit);
        let mut found = Vec::new();
        loop {
            match lines.next_line() {
                Ok(Some(line)) => found.push(line.to_vec()),
                Ok(None) => return Ok(found),
                Err(error) => return Err(format!("{error:?}")),
            }
        }
    }

    /// A reader that is interrupted before each read, as by a signal.
    struct Trickle<'a> {
        text: &'a [u8],
        at_once: usize,
        interrupted: bool,
    }

    impl Read for Trickle<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            self.interrupted = !self.interrupted;
            if self.interrupted {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let count = self.at_once.min(room.len());
            self.text.read(&mut room[..count])
        }
    }

    #[rstest]
    #[case::nothing(b"", &[])]
    #[case::one_line(b"a\n", &["a"])]
    #[case::no_newline_at_the_end(b"a\nb", &["a", "b"])]
    #[case::empty_lines(b"\n\na\n\n", &["", "", "a", ""])]
    #[case::carriage_returns(b"a\r\nb\r", &["a\r", "b\r"])]
    #[case::nuls(b"\0\n\0", &["\0", "\0"])]
    #[case::at_the_limit(b"12345678\n12345678", &["12345678", "12345678"])]
    fn lines(#[case] text: &[u8], #[case] expected: &[&str]) {
        for at_once in 1..12 {
            let found = read(text, 8, at_once).unwrap();
            let expected: Vec<_> = expected.iter().map(|line| line.as_bytes()).collect();
            assert_eq!(found, expected, "{at_once} bytes at once");
        }
    }

    #[rstest]
    #[case::first(b"123456789\n", 1)]
    #[case::second(b"1\n123456789\n", 2)]
    #[case::last_without_newline(b"1\n2\n123456789", 3)]
    fn lines_above_the_limit(#[case] text: &[u8], #[case] line: u64) {
        for at_once in 1..12 {
            assert_eq!(read(text, 8, at_once), Err(format!("TooLong({line})")));
        }
    }

    #[test]
    fn longest_line_is_read_and_a_longer_one_is_refused() {
        let limit = crate::limits::MAX_LINE_BYTES;
        for end in ["", "\n"] {
            let text = format!("{}{end}", "x".repeat(limit));
            assert_eq!(read(text.as_bytes(), limit, 70_000).unwrap(), [vec![b'x'; limit]]);
            let text = format!("x{text}");
            assert_eq!(read(text.as_bytes(), limit, 70_000), Err("TooLong(1)".to_owned()));
        }
    }

    #[test]
    fn line_without_end_does_not_fill_memory() {
        let mut endless = io::repeat(b'x');
        let mut lines = Lines::new(&mut endless, 1_000);
        assert!(matches!(lines.next_line(), Err(LineError::TooLong(1))));
        assert_eq!(lines.buffer.len(), READ_BYTES);
    }

    #[test]
    fn buffer_grows_only_as_far_as_a_line_may_be_long() {
        let mut endless = io::repeat(b'x');
        let mut lines = Lines::new(&mut endless, 1 << 20);
        assert!(lines.next_line().is_err());
        assert!(lines.buffer.len() <= 2 << 20, "{}", lines.buffer.len());
    }

    #[test]
    fn limit_of_0_permits_empty_lines() {
        assert_eq!(read(b"\n\n", 0, 1).unwrap().len(), 2);
        assert!(read(b"\na", 0, 1).is_err());
    }

    #[test]
    fn error_of_the_reader_is_passed_on() {
        let mut broken = b"a\nb".chain(FailingReader);
        let mut lines = Lines::new(&mut broken, 8);
        assert_eq!(lines.next_line().unwrap(), Some(&b"a"[..]));
        let Err(LineError::Read(error)) = lines.next_line() else { panic!("no error") };
        assert_eq!(error.raw_os_error(), Some(3));
    }

    /// A file of a process that is gone (`ESRCH`).
    struct FailingReader;

    impl Read for FailingReader {
        fn read(&mut self, _room: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::from_raw_os_error(3))
        }
    }
}
