//! Reads the beginning of a text table before it is needed.
//!
//! The kernel walks all connections for `net/tcp6`, even if none of them is over IPv6. Where
//! `net/tcp` is long, a thread makes it do so while the rows of `net/tcp` are processed. The thread
//! reads up to [`AHEAD_BYTES`] and then returns the file, so memory is bounded, and a longer table
//! is read to its end as any other.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Cursor, Read},
    mem,
    thread::{self, JoinHandle},
};

use crate::{model::Table, processors::processors};

/// Bytes of a table that are read ahead: 1 MiB, about 6 000 rows.
const AHEAD_BYTES: u64 = 1 << 20;

/// Bytes of a table before it after which the thread starts: 1 MiB, about 7 000 rows. Two threads
/// at the beginning of the kernel's table would only wait for each other's locks.
const START_BYTES: usize = 1 << 20;

/// A text table that is read ahead, if any.
#[derive(Debug, Default)]
pub(crate) struct AheadText(RefCell<Reading>);

/// The progress of reading ahead.
#[derive(Debug, Default)]
enum Reading {
    /// The table is open.
    Open(Table, File),
    /// A thread reads it.
    Started(Table, JoinHandle<BegunText>),
    /// There is none, or it was taken.
    #[default]
    Nothing,
}

impl AheadText {
    /// Prepares to read a table.
    pub(crate) fn new(table: Table, file: File) -> Self {
        Self(RefCell::new(Reading::Open(table, file)))
    }

    /// Starts the thread, except on one processor, where it would not be faster.
    fn start(&self) {
        let mut reading = self.0.borrow_mut();
        *reading = match mem::take(&mut *reading) {
            Reading::Open(table, file) if processors() > 1 => {
                let thread = thread::Builder::new().spawn(move || BegunText::read(file));
                // OK because without a thread the table is opened again when it is needed.
                thread.map_or(Reading::Nothing, |thread| Reading::Started(table, thread))
            }
            other => other,
        };
    }

    /// Returns the text of a table, if it is this one. Waits for the thread that reads it. It can be
    /// taken once.
    pub(crate) fn take(&self, table: Table) -> Option<BegunText> {
        let mut reading = self.0.borrow_mut();
        match mem::take(&mut *reading) {
            Reading::Open(of, file) if of == table => Some(BegunText::unread(file)),
            // OK because without a result the table is opened again.
            Reading::Started(of, thread) if of == table => thread.join().ok(),
            other => {
                *reading = other;
                None
            }
        }
    }

    /// Returns a reader of a table before it, which starts the thread after [`START_BYTES`].
    pub(crate) fn after(&self, file: File) -> impl Read + '_ {
        BeforeAhead { file, next: self, unread: START_BYTES }
    }
}

impl Drop for AheadText {
    /// Waits for the thread, which reads at most [`AHEAD_BYTES`].
    fn drop(&mut self) {
        if let Reading::Started(_, thread) = self.0.take() {
            // OK because what it read is not needed.
            let _ = thread.join();
        }
    }
}

/// A table before the one that is read ahead.
struct BeforeAhead<'a> {
    file: File,
    next: &'a AheadText,
    /// Bytes until the thread starts.
    unread: usize,
}

impl Read for BeforeAhead<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(room)?;
        if self.unread > 0 {
            self.unread = self.unread.saturating_sub(count);
            if self.unread == 0 {
                self.next.start();
            }
        }
        Ok(count)
    }
}

/// A text of which the beginning was read.
#[derive(Debug)]
pub(crate) struct BegunText {
    beginning: Cursor<Vec<u8>>,
    rest: TextRest,
}

/// What follows the beginning.
#[derive(Debug)]
enum TextRest {
    /// The rest of the file.
    File(File),
    /// The error of reading it, which is returned once.
    Failed(io::Error),
    /// Nothing.
    End,
}

impl BegunText {
    /// Returns the text of a file of which nothing was read.
    fn unread(file: File) -> Self {
        Self { beginning: Cursor::default(), rest: TextRest::File(file) }
    }

    /// Reads the beginning.
    fn read(mut file: File) -> Self {
        let mut beginning = Vec::new();
        let rest = match file.by_ref().take(AHEAD_BYTES).read_to_end(&mut beginning) {
            Ok(_) if u64::try_from(beginning.len()) == Ok(AHEAD_BYTES) => TextRest::File(file),
            Ok(_) => TextRest::End,
            Err(error) => TextRest::Failed(error),
        };
        Self { beginning: Cursor::new(beginning), rest }
    }
}

impl Read for BegunText {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.beginning.read(room)?;
        if count > 0 {
            return Ok(count);
        }
        if let TextRest::File(file) = &mut self.rest {
            return file.read(room);
        }
        match mem::replace(&mut self.rest, TextRest::End) {
            TextRest::Failed(error) => Err(error),
            TextRest::File(_) | TextRest::End => Ok(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, Write as _};

    use rstest::rstest;

    use super::*;

    /// Returns a file with that many bytes, and the bytes.
    fn file(length: usize) -> (File, Vec<u8>) {
        let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        (file, bytes)
    }

    #[rstest]
    #[case::nothing(0)]
    #[case::shorter(1_000)]
    #[case::one_byte_less((1 << 20) - 1)]
    #[case::exactly_the_beginning(1 << 20)]
    #[case::one_byte_more((1 << 20) + 1)]
    #[case::longer(3_000_000)]
    fn text_is_that_of_the_file(#[case] length: usize) {
        let (file, expected) = file(length);
        let mut found = Vec::new();
        let mut text = BegunText::read(file);
        text.read_to_end(&mut found).unwrap();
        assert!(found == expected, "{} of {length} bytes", found.len());
        assert_eq!(text.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test is its own host")]
    fn error_follows_the_beginning() {
        let mut text = BegunText {
            beginning: Cursor::new(b"ab".into()),
            rest: TextRest::Failed(io::Error::from_raw_os_error(5)),
        };
        assert_eq!(text.read(&mut [0; 8]).unwrap(), 2);
        assert_eq!(text.read(&mut [0; 8]).unwrap_err().raw_os_error(), Some(5));
        assert_eq!(text.read(&mut [0; 8]).unwrap(), 0);
        // A directory opens, and cannot be read (`EISDIR`).
        let directory = tempfile::tempdir().unwrap();
        let mut text = BegunText::read(File::open(directory.path()).unwrap());
        assert_eq!(text.read(&mut [0; 8]).unwrap_err().raw_os_error(), Some(21));
    }

    fn is_started(ahead: &AheadText) -> bool {
        matches!(*ahead.0.borrow(), Reading::Started(..))
    }

    /// Takes the text of `net/tcp6`, which is returned once, and for no other table.
    fn taken(ahead: &AheadText) -> Vec<u8> {
        assert!(ahead.take(Table::Tcp4).is_none());
        let mut found = Vec::new();
        ahead.take(Table::Tcp6).unwrap().read_to_end(&mut found).unwrap();
        assert!(ahead.take(Table::Tcp6).is_none());
        found
    }

    #[test]
    fn thread_starts_when_the_table_before_is_long() {
        let (next, expected) = file(3 << 20);
        let ahead = AheadText::new(Table::Tcp6, next);
        let mut before = ahead.after(file(START_BYTES + 1).0);
        let almost = u64::try_from(START_BYTES - 1).unwrap();
        assert_eq!(io::copy(&mut before.by_ref().take(almost), &mut io::sink()).unwrap(), almost);
        assert!(!is_started(&ahead));
        assert_eq!(io::copy(&mut before, &mut io::sink()).unwrap(), 2);
        // A machine with one processor needs no thread.
        assert_eq!(is_started(&ahead), processors() > 1);
        assert!(taken(&ahead) == expected);
    }

    #[test]
    fn text_is_read_without_a_thread_when_the_table_before_is_short() {
        let (next, expected) = file(3 << 20);
        let ahead = AheadText::new(Table::Tcp6, next);
        io::copy(&mut ahead.after(file(10).0), &mut io::sink()).unwrap();
        assert!(!is_started(&ahead));
        assert!(taken(&ahead) == expected);
        ahead.start();
        assert!(!is_started(&ahead));
        assert!(AheadText::default().take(Table::Tcp6).is_none());
    }

    #[test]
    fn thread_whose_text_is_not_taken_ends() {
        let ahead = AheadText::new(Table::Tcp6, file(3 << 20).0);
        ahead.start();
        drop(ahead);
    }
}
