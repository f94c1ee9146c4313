//! Lines of a bounded length, from any reader.

use std::{io, io::Read, ops::Range};

/// Bytes asked of the reader at once: 64 KiB. `seq_file` gives a page at a time whatever is asked;
/// for a regular file more would not be faster.
const READ_BYTES: usize = 64 << 10;

/// Reads lines into one buffer that is used again and again.
///
/// # Limits
///
/// The buffer holds 64 KiB, or as much more as the longest line that is allowed.
pub(crate) struct Lines<'a> {
    reader: &'a mut dyn Read,
    limit: usize,
    buffer: Vec<u8>,
    /// What was read and not yet returned.
    unread: Range<usize>,
    number: u64,
}

/// Why a line could not be read.
#[derive(Debug)]
pub(crate) enum LineError {
    /// The line of that number, counted from 1, is longer than the limit.
    TooLong(u64),
    /// The reader failed.
    Read(io::Error),
}

impl<'a> Lines<'a> {
    /// Reads lines of at most `limit` bytes, the newline not counted.
    pub(crate) fn new(reader: &'a mut dyn Read, limit: usize) -> Self {
        Self { reader, limit, buffer: vec![0; READ_BYTES], unread: 0..0, number: 0 }
    }

    /// Returns the next line without its newline, or `None` at the end. What stands behind the
    /// last newline is a line, too.
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

    /// Returns the first unread bytes as a line and steps over them and their newline.
    fn take(&mut self, length: usize, newline: usize) -> Result<&[u8], LineError> {
        if length > self.limit {
            return Err(LineError::TooLong(self.number));
        }
        let line = self.unread.start..self.unread.start + length;
        self.unread.start = line.end + newline;
        // OK because the line was found inside the buffer.
        Ok(self.buffer.get(line).unwrap_or_default())
    }

    /// Reads more behind what is unread and returns how much came; 0 is the end.
    fn fill(&mut self) -> io::Result<usize> {
        self.make_room();
        let room = self.buffer.get_mut(self.unread.end..).unwrap_or_default();
        loop {
            match self.reader.read(room) {
                Ok(count) => {
                    // A reader that claims more than it was given room for is not believed.
                    let count = count.min(room.len());
                    self.unread.end += count;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Moves what is unread to the front, and doubles the buffer when that gives too little room.
    fn make_room(&mut self) {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        if self.buffer.len() - self.unread.len() < READ_BYTES / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }
}
