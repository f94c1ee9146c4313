//! The shell's side: a request, and the answer to it or an error in time.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    marker::PhantomData,
    os::fd::{AsFd as _, OwnedFd},
    sync::{Mutex, MutexGuard, TryLockError},
    thread,
    time::{Duration, Instant},
};

use procnetsocket::Interrupt;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::Errno,
};

use super::{
    BrokerError, Service,
    error::Repr,
    frame::{HEADER_BYTES, MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, decode, decode_header, encode},
};

/// After so long a wait the interrupt is asked: 50 ms.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

/// The time between two looks whether another request is done: 1 ms.
const PAUSE: Duration = Duration::from_millis(1);

/// Bytes that are read at once: what a pipe holds by default.
const CHUNK_BYTES: usize = 64 << 10;

/// A broker that was started, to be asked.
///
/// Threads may share it; their requests are answered one after the other. It ends when this is
/// dropped.
#[derive(Debug)]
pub struct Broker<S> {
    pipes: Mutex<Pipes>,
    service: PhantomData<fn(S)>,
}

/// The two pipes, and what is under way in them. A request that was given up leaves the rest of its
/// frames here, so that the next one finds the stream in order.
#[derive(Debug)]
struct Pipes {
    requests: File,
    answers: File,
    /// What is still to be sent of a request.
    outbox: Vec<u8>,
    /// Whether a part of it was sent.
    is_begun: bool,
    /// Whether a request was sent, at least in part, that has no answer yet.
    is_owed: bool,
    /// What came and is no whole frame yet.
    inbox: Vec<u8>,
    sequence: u32,
}

impl<S: Service> Broker<S> {
    /// Takes the pipes of a broker: the one that it reads requests from, and the one that it writes
    /// answers to.
    ///
    /// # Errors
    ///
    /// [`Io`](super::BrokerErrorKind::Io) when they cannot be made non-blocking.
    pub fn new(requests: OwnedFd, answers: OwnedFd) -> Result<Self, BrokerError> {
        for pipe in [&requests, &answers] {
            let flags = fcntl_getfl(pipe).map_err(io::Error::from)?;
            fcntl_setfl(pipe, flags | OFlags::NONBLOCK).map_err(io::Error::from)?;
        }
        let (requests, answers) = (File::from(requests), File::from(answers));
        let pipes = Pipes {
            requests,
            answers,
            outbox: Vec::new(),
            is_begun: false,
            is_owed: false,
            inbox: Vec::new(),
            sequence: 0,
        };
        Ok(Self { pipes: Mutex::new(pipes), service: PhantomData })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`Gone`](super::BrokerErrorKind::Gone) when the broker has ended,
    /// [`Timeout`](super::BrokerErrorKind::Timeout) and
    /// [`Interrupted`](super::BrokerErrorKind::Interrupted), after which it may be asked again, and
    /// [`Protocol`](super::BrokerErrorKind::Protocol), after which it may not.
    pub fn ask(
        &self,
        request: &S::Request,
        patience: Duration,
        interrupt: &dyn Interrupt,
    ) -> Result<S::Answer, BrokerError> {
        self.ask_then(request, patience, interrupt, Ok)
    }

    /// Asks, and calls `then` with the answer before anything else is asked.
    pub(super) fn ask_then<T>(
        &self,
        request: &S::Request,
        patience: Duration,
        interrupt: &dyn Interrupt,
        then: impl FnOnce(S::Answer) -> Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        let wait = Wait { begin: Instant::now(), patience, interrupt };
        let mut pipes = self.lease(&wait)?;
        // What was given up is answered all the same, and before nothing else is asked.
        while pipes.is_owed {
            pipes.next_answer(&wait)?;
        }
        pipes.sequence = pipes.sequence.wrapping_add(1);
        pipes.outbox = encode(pipes.sequence, request, MAX_REQUEST_BYTES)?;
        pipes.is_begun = false;
        pipes.is_owed = true;
        match pipes.next_answer(&wait) {
            Ok((number, message)) if number == pipes.sequence => then(decode(&message)?),
            Ok(_) => Err(Repr::Sequence.into()),
            Err(error) => {
                pipes.take_back();
                Err(error)
            }
        }
    }

    /// Waits until no other request has the pipes.
    fn lease(&self, wait: &Wait<'_>) -> Result<MutexGuard<'_, Pipes>, BrokerError> {
        loop {
            match self.pipes.try_lock() {
                Ok(pipes) => return Ok(pipes),
                // OK because pipes that a panic left behind know what is under way in them.
                Err(TryLockError::Poisoned(error)) => return Ok(error.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
            wait.check()?;
            thread::sleep(PAUSE);
        }
    }
}

/// How long one is willing to wait.
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

impl Pipes {
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

    /// Sends and receives what the pipes take and have, after a tick at the latest.
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

    /// Takes a whole frame out of what came: its sequence number and its message.
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

/// Returns how many bytes went through; `None` when there is no room, or nothing there, yet.
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
