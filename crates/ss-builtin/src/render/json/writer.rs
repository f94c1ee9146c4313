//! JSON objects, written one after the other.
//!
//! An array has one object per line, too, so that a person can read it and `grep` can count it:
//!
//! ```text
//! []          [                {"summary":{...},"sockets":[     {...}
//!             {...},           {...}                            {...}
//!             {...}            ]}
//!             ]
//! ```
//!
//! The last form has one object per line, for streams. An error in the middle ends the listing with
//! [`JsonWriter::abort`]: the array is closed, so that a reader gets what there is, and the status
//! reports that it is incomplete.

use std::io::{self, Write};

use builtin_cli::json;
use serde::Serialize;

/// Bytes that are collected for one write.
const WRITE_BYTES: usize = 64 * 1024;

/// What encloses the objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// An array, or an object with the array beside a summary.
    Array,
    /// Nothing: one object per line.
    Lines,
}

/// What was written so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WriterPosition {
    Start,
    /// The beginning of the outer object, with the summary.
    Summary,
    /// The beginning of the array, and this number of objects.
    Array {
        is_empty: bool,
    },
}

/// Writes objects to an output; it buffers at most 64 KiB and one object.
pub(crate) struct JsonWriter<'a> {
    out: &'a mut dyn Write,
    frame: Frame,
    place: WriterPosition,
    has_summary: bool,
    waiting: Vec<u8>,
}

impl<'a> JsonWriter<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, frame: Frame) -> Self {
        let waiting = Vec::with_capacity(WRITE_BYTES);
        Self { out, frame, place: WriterPosition::Start, has_summary: false, waiting }
    }

    /// Writes the counters of `-s`, which come before everything else.
    ///
    /// # Errors
    ///
    /// When the output cannot be written, as for all other methods.
    pub(crate) fn summary(&mut self, summary: &impl Serialize) -> io::Result<()> {
        self.waiting.extend_from_slice(b"{\"summary\":");
        self.value(summary)?;
        match self.frame {
            Frame::Array => (self.place, self.has_summary) = (WriterPosition::Summary, true),
            Frame::Lines => self.waiting.extend_from_slice(b"}\n"),
        }
        Ok(())
    }

    /// Writes one object of the array, or one line.
    pub(crate) fn object(&mut self, object: &impl Serialize) -> io::Result<()> {
        if self.frame == Frame::Array {
            self.open();
            let is_first = self.place == WriterPosition::Array { is_empty: true };
            self.waiting.extend_from_slice(if is_first { b"\n" } else { b",\n" });
            self.place = WriterPosition::Array { is_empty: false };
        }
        self.value(object)?;
        if self.frame == Frame::Lines {
            self.waiting.push(b'\n');
        }
        if self.waiting.len() >= WRITE_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes the number of sockets instead of an array of them.
    pub(crate) fn count(mut self, count: u64) -> io::Result<()> {
        let start: &[u8] = if self.has_summary { b",\"count\":" } else { b"{\"count\":" };
        self.waiting.extend_from_slice(start);
        self.value(&count)?;
        self.waiting.extend_from_slice(b"}\n");
        self.flush()
    }

    /// Ends a complete listing.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.frame == Frame::Array {
            self.open();
        }
        self.close()
    }

    /// Closes what was begun, and writes nothing if no listing was begun.
    pub(crate) fn abort(mut self) -> io::Result<()> {
        self.close()
    }

    /// Writes what is buffered, as a stream does after each object.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    fn value(&mut self, value: &impl Serialize) -> io::Result<()> {
        json::write(&mut self.waiting, value)
    }

    fn open(&mut self) {
        match self.place {
            WriterPosition::Start => self.waiting.push(b'['),
            WriterPosition::Summary => self.waiting.extend_from_slice(b",\"sockets\":["),
            WriterPosition::Array { .. } => return,
        }
        self.place = WriterPosition::Array { is_empty: true };
    }

    fn close(&mut self) -> io::Result<()> {
        let array: &[u8] = match self.place {
            WriterPosition::Array { is_empty: true } => b"]",
            WriterPosition::Array { is_empty: false } => b"\n]",
            WriterPosition::Start | WriterPosition::Summary => b"",
        };
        self.waiting.extend_from_slice(array);
        if self.has_summary {
            self.waiting.push(b'}');
        }
        if self.has_summary || !array.is_empty() {
            self.waiting.push(b'\n');
        }
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Takes the steps of these letters: `s`ummary, `o`bject; at the end `f`inish, `a`bort or
    /// `c`ount.
    fn write(frame: Frame, steps: &str) -> String {
        let mut out = Vec::new();
        let mut writer = JsonWriter::new(&mut out, frame);
        let (steps, end) = steps.split_at(steps.len() - 1);
        for (number, step) in steps.chars().enumerate() {
            match step {
                's' => writer.summary(&0).unwrap(),
                _ => writer.object(&[number]).unwrap(),
            }
        }
        match end {
            "f" => writer.finish().unwrap(),
            "a" => writer.abort().unwrap(),
            _ => writer.count(7).unwrap(),
        }
        String::from_utf8(out).unwrap()
    }

    #[rstest]
    #[case::empty("f", "[]\n")]
    #[case::one("of", "[\n[0]\n]\n")]
    #[case::two("oof", "[\n[0],\n[1]\n]\n")]
    #[case::summary("sof", "{\"summary\":0,\"sockets\":[\n[1]\n]}\n")]
    #[case::summary_of_nothing("sf", "{\"summary\":0,\"sockets\":[]}\n")]
    #[case::nothing_was_begun("a", "")]
    #[case::in_the_middle("ooa", "[\n[0],\n[1]\n]\n")]
    #[case::summary_alone("sa", "{\"summary\":0}\n")]
    #[case::count("c", "{\"count\":7}\n")]
    #[case::count_and_summary("sc", "{\"summary\":0,\"count\":7}\n")]
    fn array_is_closed(#[case] steps: &str, #[case] text: &str) {
        assert_eq!(write(Frame::Array, steps), text);
    }

    #[rstest]
    #[case::empty("f", "")]
    #[case::two("oof", "[0]\n[1]\n")]
    #[case::summary("soa", "{\"summary\":0}\n[1]\n")]
    #[case::count("sc", "{\"summary\":0}\n{\"count\":7}\n")]
    fn lines_have_no_frame(#[case] steps: &str, #[case] text: &str) {
        assert_eq!(write(Frame::Lines, steps), text);
    }

    #[test]
    fn objects_are_written_before_the_listing_ends() {
        struct SocketCount(usize);
        impl Write for SocketCount {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                assert!(bytes.len() < WRITE_BYTES + 100, "{} bytes waited", bytes.len());
                self.0 += bytes.len();
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut out = SocketCount(0);
        let mut writer = JsonWriter::new(&mut out, Frame::Array);
        for object in 0..100_000_u32 {
            writer.object(&[object]).unwrap();
        }
        assert!(writer.waiting.capacity() <= 2 * WRITE_BYTES);
        writer.finish().unwrap();
        assert!(out.0 > 5 * WRITE_BYTES);
    }
}
