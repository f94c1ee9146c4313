//! A builtin of this workspace as a command of the interpreter.
//!
//! The interpreter is asynchronous and has one thread; a builtin is a plain function that blocks.
//! So a call gets a thread of its own, and asks the interpreter's thread for whatever it reads and
//! writes, one request at a time:
//!
//! ```text
//!  builtin's thread                          interpreter's thread
//!  ctx.stdin.read()   ── StreamRequest::Read ────► the stage before, or standard input
//!  ctx.stdout.write() ── StreamRequest::Write ───► the next stage, a file, or standard output
//!                     ◄── io::Result ──────
//! ```
//!
//! A write comes back when the bytes are on their way, so nothing piles up, and a reader that went
//! away is an error of the very next write. When the interpreter gives a call up (timeout, Ctrl-C,
//! `timeout 1 ss`), it drops the future below: that cancels the call's [`Cancel`], and the thread
//! is not waited for.

use std::{
    io::{self, Read, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Instant,
};

use async_trait::async_trait;
use bashkit::{Command, CommandContext, CommandStatus, LimitExceeded};
use bstr::BString;
use builtin_api::{Builtin, CallContext, Cancel, CancelOnDrop, ExitCode, Sandbox, invoke};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::limits::{BUILTIN_STACK_BYTES, MAX_BUILTIN_THREADS, MAX_CALL_OUTPUT_BYTES};

/// What all calls of one shell share.
#[derive(Debug, Default)]
pub(crate) struct ShellCalls {
    sandbox: Sandbox,
    deadline: Mutex<Option<Instant>>,
    threads: AtomicUsize,
}

impl ShellCalls {
    pub(crate) fn new(sandbox: Sandbox) -> Self {
        Self { sandbox, ..Self::default() }
    }

    /// Sets when calls that start from now on have to end.
    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    fn cancel(&self) -> Cancel {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        deadline.map_or_else(Cancel::new, |deadline| Cancel::new().with_deadline(deadline))
    }
}

/// A builtin under the interpreter's command trait.
pub(crate) struct Adapter {
    builtin: Arc<dyn Builtin>,
    calls: Arc<ShellCalls>,
}

impl Adapter {
    pub(crate) fn new(builtin: Arc<dyn Builtin>, calls: Arc<ShellCalls>) -> Self {
        Self { builtin, calls }
    }

    fn start(&self, args: &[String], cancel: Cancel) -> io::Result<Receiver<StreamRequest>> {
        let slot = CallSlot::take(&self.calls)?;
        let (requests, received) = channel(1);
        let builtin = Arc::clone(&self.builtin);
        // bashkit holds words as UTF-8 text, so these bytes always are: what was not became U+FFFD
        // before it got here.
        let args: Vec<BString> = args.iter().map(|word| BString::from(word.as_str())).collect();
        thread::Builder::new()
            .name(builtin.name().to_owned())
            .stack_size(BUILTIN_STACK_BYTES)
            .spawn(move || {
                let status = call(&*builtin, &slot.0, &cancel, &args, &requests);
                drop(slot);
                // OK because a call that was given up has nobody left to tell.
                let _ = requests.blocking_send(StreamRequest::Done(status));
            })?;
        Ok(received)
    }

    async fn fail(
        &self,
        context: &CommandContext<'_>,
        problem: &str,
    ) -> bashkit::Result<CommandStatus> {
        let line = format!("{}: {problem}\n", self.builtin.name());
        context.stderr.write_all(line.as_bytes()).await?;
        Ok(CommandStatus::with_code(i32::from(ExitCode::FAILURE.code())))
    }
}

#[async_trait]
impl Command for Adapter {
    async fn execute(&self, context: CommandContext<'_>) -> bashkit::Result<CommandStatus> {
        let cancel = self.calls.cancel();
        let _guard = CancelOnDrop(cancel.clone());
        let mut requests = match self.start(context.args, cancel) {
            Ok(requests) => requests,
            Err(error) => return self.fail(&context, &format!("cannot start: {error}")).await,
        };
        let mut printed = 0;
        while let Some(request) = requests.recv().await {
            match request {
                StreamRequest::Read(reply) => reply.send(shared(context.stdin.read_chunk().await)?),
                StreamRequest::Write(Stream::Output, bytes, reply) => {
                    printed = count(printed, bytes.len())?;
                    reply.send(shared(context.stdout.write_all(&bytes).await)?);
                }
                StreamRequest::Write(Stream::Error, bytes, reply) => {
                    reply.send(shared(context.stderr.write_all(&bytes).await)?);
                }
                StreamRequest::Done(status) => {
                    return Ok(CommandStatus::with_code(i32::from(status.code())));
                }
            }
        }
        // The thread ended without a word: the builtin panicked.
        self.fail(&context, "the builtin failed unexpectedly").await
    }
}

/// Returns the bytes that a call has printed with these; past the limit the script ends.
fn count(printed: usize, bytes: usize) -> bashkit::Result<usize> {
    let printed = printed.saturating_add(bytes);
    if printed > MAX_CALL_OUTPUT_BYTES {
        let problem = format!("one call printed more than {MAX_CALL_OUTPUT_BYTES} bytes");
        return Err(LimitExceeded::Memory(problem).into());
    }
    Ok(printed)
}

/// Tells a failed read or write, which is the builtin's to report, from the end of the script.
fn shared<T>(result: bashkit::Result<T>) -> bashkit::Result<io::Result<T>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(bashkit::Error::Io(error)) => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

fn call(
    builtin: &dyn Builtin,
    calls: &ShellCalls,
    cancel: &Cancel,
    args: &[BString],
    requests: &Sender<StreamRequest>,
) -> ExitCode {
    let mut stdin = Input { requests, chunk: Vec::new(), start: 0 };
    let mut stdout = ChannelWriter { requests, stream: Stream::Output };
    let mut stderr = ChannelWriter { requests, stream: Stream::Error };
    // No terminal, because bashkit does not tell a command where its output goes.
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr)
        .with_sandbox(&calls.sandbox)
        .with_cancel(cancel);
    invoke(builtin, &mut context, args)
}

/// The right to one thread, given back when the thread's call ends.
struct CallSlot(Arc<ShellCalls>);

impl CallSlot {
    fn take(calls: &Arc<ShellCalls>) -> io::Result<Self> {
        let slot = Self(Arc::clone(calls));
        if calls.threads.fetch_add(1, Ordering::Relaxed) >= MAX_BUILTIN_THREADS {
            return Err(io::Error::other(format!(
                "{MAX_BUILTIN_THREADS} builtin calls are still running"
            )));
        }
        Ok(slot)
    }
}

impl Drop for CallSlot {
    fn drop(&mut self) {
        self.0.threads.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy)]
enum Stream {
    Output,
    Error,
}

enum StreamRequest {
    Read(Reply<Option<Vec<u8>>>),
    Write(Stream, Vec<u8>, Reply<()>),
    Done(ExitCode),
}

struct Reply<T>(mpsc::SyncSender<io::Result<T>>);

impl<T> Reply<T> {
    fn send(&self, result: io::Result<T>) {
        // OK because the channel has room for the one answer, and a thread that is gone needs none.
        let _ = self.0.try_send(result);
    }
}

/// Asks and waits; the script that ended meanwhile is a reader that went away.
fn ask<T>(
    requests: &Sender<StreamRequest>,
    request: impl FnOnce(Reply<T>) -> StreamRequest,
) -> io::Result<T> {
    let (reply, answer) = mpsc::sync_channel(1);
    let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
    requests.blocking_send(request(Reply(reply))).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}

struct Input<'a> {
    requests: &'a Sender<StreamRequest>,
    chunk: Vec<u8>,
    start: usize,
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.start >= self.chunk.len() {
            self.chunk = ask(self.requests, StreamRequest::Read)?.unwrap_or_default();
            self.start = 0;
        }
        let mut rest = self.chunk.get(self.start..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.start += count;
        Ok(count)
    }
}

struct ChannelWriter<'a> {
    requests: &'a Sender<StreamRequest>,
    stream: Stream,
}

impl Write for ChannelWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            ask(self.requests, |reply| StreamRequest::Write(self.stream, bytes.to_vec(), reply))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // OK because nothing is held back here.
        Ok(())
    }
}
