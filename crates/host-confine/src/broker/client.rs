//! The shell's side: sends a request, and returns the answer, or an error at the timeout.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    marker::PhantomData,
    os::fd::{AsFd as _, OwnedFd},
    sync::{
        Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use procnetsocket::Interrupt;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::Errno,
};
use serde::Serialize;

use super::{
    BrokerError, BrokerErrorKind, Service,
    error::Repr,
    frame::{HEADER_BYTES, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, decode, decode_header, encode},
};

/// The interval at which a wait checks for an interrupt: 50 ms.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// The interval at which a request checks whether another one is done: 1 ms.
const PAUSE: Duration = Duration::from_millis(1);

/// Bytes that are read at once: the default capacity of a pipe.
const CHUNK_BYTES: usize = 64 << 10;

/// A connection to a running broker.
///
/// Threads may share it; their requests are answered one after the other. The broker ends when this
/// is dropped.
#[derive(Debug)]
pub struct Broker<S> {
    pipes: Mutex<Pipes>,
    /// Whether the successor is in use. It changes only while `pipes` is locked.
    is_replaced: AtomicBool,
    service: PhantomData<fn(S)>,
}

/// The two pipes and the data in transit. A request that was given up leaves the rest of its frames
/// here, so that the stream stays in order for the next one.
#[derive(Debug)]
struct Pipes {
    requests: File,
    answers: File,
    /// The part of a request that is not sent yet.
    outbox: Vec<u8>,
    /// Whether any of it was sent.
    is_begun: bool,
    /// Whether a request was sent, at least in part, and has no answer yet.
    is_owed: bool,
    /// Received bytes that are not a whole frame yet.
    inbox: Vec<u8>,
    sequence: u32,
    /// The pipes of the broker to use when this one has ended.
    successor: Option<(File, File)>,
}

impl<S: Service> Broker<S> {
    /// Connects to a broker by its two pipes: it reads requests from the first, and writes answers
    /// to the second.
    ///
    /// # Errors
    ///
    /// [`Io`](super::BrokerErrorKind::Io) when they cannot be made non-blocking.
    pub fn new(requests: OwnedFd, answers: OwnedFd) -> Result<Self, BrokerError> {
        let pipes = Pipes::new(opened(requests, answers)?, None);
        let is_replaced = AtomicBool::new(false);
        Ok(Self { pipes: Mutex::new(pipes), is_replaced, service: PhantomData })
    }

    /// Adds the pipes of a second broker, which is used when the first one has ended.
    ///
    /// # Errors
    ///
    /// As [`Broker::new`].
    pub fn with_successor(
        mut self,
        requests: OwnedFd,
        answers: OwnedFd,
    ) -> Result<Self, BrokerError> {
        let successor = opened(requests, answers)?;
        // OK because this is the only reference to it.
        let pipes = self.pipes.get_mut().unwrap_or_else(PoisonError::into_inner);
        pipes.successor = Some(successor);
        Ok(self)
    }

    /// Returns whether the successor is in use.
    pub(super) fn is_replaced(&self) -> bool {
        self.is_replaced.load(Ordering::SeqCst)
    }

    /// Sends a request, and waits at most `patience` for the answer. When the broker has ended
    /// without one, the successor is asked, with the same timeout.
    ///
    /// # Errors
    ///
    /// [`Gone`](super::BrokerErrorKind::Gone) when the broker has ended and no successor is left,
    /// [`Timeout`](super::BrokerErrorKind::Timeout) and
    /// [`Interrupted`](super::BrokerErrorKind::Interrupted), after which it may be asked again, and
    /// [`Protocol`](super::BrokerErrorKind::Protocol), after which it may not.
    pub fn ask(
        &self,
        request: &S::Request,
        patience: Duration,
        interrupt: &dyn Interrupt,
    ) -> Result<S::Answer, BrokerError> {
        match self.ask_then(request, patience, interrupt, Ok) {
            Err(error) if error.is_replaced() => self.ask_then(request, patience, interrupt, Ok),
            answered => answered,
        }
    }

    /// Sends a request, and calls `then` with the answer before another request is sent. When the
    /// broker has ended and was replaced by its successor, returns [that
    /// error](BrokerError::is_replaced).
    pub(super) fn ask_then<T>(
        &self,
        request: &S::Request,
        patience: Duration,
        interrupt: &dyn Interrupt,
        then: impl FnOnce(S::Answer) -> Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        let wait = Wait { begin: Instant::now(), patience, interrupt };
        let mut pipes = self.lease(&wait)?;
        match pipes.answer_to(request, &wait) {
            Ok(message) => then(decode(&message)?),
            Err(error) if error.kind() == BrokerErrorKind::Gone => Err(if pipes.replace() {
                self.is_replaced.store(true, Ordering::SeqCst);
                Repr::Replaced.into()
            } else if self.is_replaced() {
                Repr::GoneAgain.into()
            } else {
                error
            }),
            Err(error) => Err(error),
        }
    }

    /// Waits until no other request uses the pipes.
    fn lease(&self, wait: &Wait<'_>) -> Result<MutexGuard<'_, Pipes>, BrokerError> {
        loop {
            match self.pipes.try_lock() {
                Ok(pipes) => return Ok(pipes),
                // OK because `Pipes` is consistent after a panic: it records the data in transit.
                Err(TryLockError::Poisoned(error)) => return Ok(error.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
            wait.check()?;
            thread::sleep(PAUSE);
        }
    }
}

/// The conditions that end a wait.
struct Wait<'a> {
    begin: Instant,
    patience: Duration,
    interrupt: &'a dyn Interrupt,
}

impl Wait<'_> {
    fn check(&self) -> Result<(), BrokerError> {
        if self.interrupt.is_interrupted() {
            return Err(Repr::Interrupted.into());
        }
        if self.begin.elapsed() >= self.patience {
            return Err(Repr::Timeout(self.patience).into());
        }
        Ok(())
    }
}

/// Returns the two pipes of a broker, both non-blocking.
fn opened(requests: OwnedFd, answers: OwnedFd) -> Result<(File, File), BrokerError> {
    for pipe in [&requests, &answers] {
        let flags = fcntl_getfl(pipe).map_err(io::Error::from)?;
        fcntl_setfl(pipe, flags | OFlags::NONBLOCK).map_err(io::Error::from)?;
    }
    Ok((File::from(requests), File::from(answers)))
}

impl Pipes {
    fn new((requests, answers): (File, File), successor: Option<(File, File)>) -> Self {
        Self {
            requests,
            answers,
            outbox: Vec::new(),
            is_begun: false,
            is_owed: false,
            inbox: Vec::new(),
            sequence: 0,
            successor,
        }
    }

    /// Sends a request, and waits for the message that answers it.
    fn answer_to(
        &mut self,
        request: &impl Serialize,
        wait: &Wait<'_>,
    ) -> Result<Vec<u8>, BrokerError> {
        // A request that was given up is still answered, and the next one waits for that.
        while self.is_owed {
            self.next_answer(wait)?;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.outbox = encode(self.sequence, request, MAX_REQUEST_BYTES)?;
        self.is_begun = false;
        self.is_owed = true;
        match self.next_answer(wait) {
            Ok((number, message)) if number == self.sequence => Ok(message),
            Ok(_) => Err(Repr::Sequence.into()),
            Err(error) => {
                self.take_back();
                Err(error)
            }
        }
    }

    /// Switches to the pipes of the successor; returns false when there is none.
    fn replace(&mut self) -> bool {
        let successor = self.successor.take();
        successor.map(|pipes| *self = Self::new(pipes, None)).is_some()
    }

    /// Waits for the next answer: its sequence number and its message.
    fn next_answer(&mut self, wait: &Wait<'_>) -> Result<(u32, Vec<u8>), BrokerError> {
        loop {
            if let Some(answer) = self.next_frame()? {
                self.is_owed = false;
                return Ok(answer);
            }
            wait.check()?;
            self.exchange()?;
        }
    }

    /// Forgets a request of which nothing was sent.
    fn take_back(&mut self) {
        if !self.is_begun {
            self.outbox.clear();
            self.is_owed = false;
        }
    }

    /// Waits for one tick at most, then sends and receives as much as the pipes allow.
    fn exchange(&mut self) -> Result<(), BrokerError> {
        let answers = PollFd::from_borrowed_fd(self.answers.as_fd(), PollFlags::IN);
        let requests = PollFd::from_borrowed_fd(self.requests.as_fd(), PollFlags::OUT);
        let count = if self.outbox.is_empty() { 1 } else { 2 };
        let mut both = [answers, requests];
        let waiting = both.get_mut(..count).unwrap_or_default();
        match poll(waiting, Some(&TICK)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
        self.send()?;
        self.receive()
    }

    fn send(&mut self) -> Result<(), BrokerError> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        if let Some(sent) = ready(self.requests.write(&self.outbox))? {
            self.is_begun |= sent > 0;
            self.outbox.drain(..sent.min(self.outbox.len()));
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<(), BrokerError> {
        let mut chunk = vec![0; CHUNK_BYTES];
        match ready(self.answers.read(&mut chunk))? {
            Some(0) => Err(Repr::Gone.into()),
            Some(count) => {
                self.inbox.extend_from_slice(chunk.get(..count).unwrap_or_default());
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Takes a whole frame out of the received bytes: its sequence number and its message.
    fn next_frame(&mut self) -> Result<Option<(u32, Vec<u8>)>, BrokerError> {
        let Some((header, rest)) = self.inbox.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let header = decode_header(*header, MAX_ANSWER_BYTES)?;
        let Some(message) = rest.get(..header.length) else { return Ok(None) };
        let message = message.to_vec();
        self.inbox.drain(..HEADER_BYTES.saturating_add(header.length));
        Ok(Some((header.sequence, message)))
    }
}

/// Returns the number of bytes transferred; `None` when the operation would block.
fn ready(result: io::Result<usize>) -> Result<Option<usize>, BrokerError> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}
