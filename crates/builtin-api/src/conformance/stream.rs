//! The suite's ends of the streams of a call.

use std::{
    io::{self, Read, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bstr::BString;

/// Standard output or standard error.
#[derive(Clone, Copy)]
pub(super) enum StreamKind {
    Output,
    Error,
}

/// A number of bytes that one thread counts and another one reads.
#[derive(Clone, Debug, Default)]
pub(super) struct StreamProgress(Arc<(Mutex<usize>, Condvar)>);

impl StreamProgress {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, bytes: usize) {
        *self.lock() += bytes;
        self.0.1.notify_all();
    }

    pub(super) fn get(&self) -> usize {
        *self.lock()
    }

    /// Waits until something was counted; returns `false` if `time` passed first.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut count = self.lock();
        while *count == 0 {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.0.1.wait_timeout(count, left);
            count = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// An output that records what arrives.
#[derive(Clone, Debug, Default)]
pub(super) struct KeptOutput(Arc<Mutex<BString>>, StreamProgress);

impl KeptOutput {
    pub(super) fn bytes(&self) -> BString {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn arrived(&self) -> StreamProgress {
        self.1.clone()
    }
}

impl Write for KeptOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        self.1.add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An output without a reader: every write fails with a broken pipe.
#[derive(Debug)]
pub(super) struct ClosedOutput;

impl Write for ClosedOutput {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An input of a given length that counts what was read from it.
#[derive(Debug)]
pub(super) struct CountedInput {
    left: usize,
    given: StreamProgress,
}

impl CountedInput {
    pub(super) fn new(bytes: usize) -> (Self, StreamProgress) {
        let given = StreamProgress::default();
        (Self { left: bytes, given: given.clone() }, given)
    }
}

impl Read for CountedInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.left);
        buffer.iter_mut().take(count).for_each(|byte| *byte = b'x');
        self.left -= count;
        self.given.add(count);
        Ok(count)
    }
}
