//! A builtin of this workspace as a command of the interpreter.
//!
//! The interpreter is asynchronous and has one thread; a builtin is a plain function that blocks.
//! So each call gets its own thread, and sends a request to the interpreter's thread for each read
//! and write:
//!
//! ```text
//!  builtin's thread                          interpreter's thread
//!  ctx.stdin.read()   ── StreamRequest::Read ────► the stage before, or standard input
//!  ctx.stdout.write() ── StreamRequest::Write ───► the next stage, a file, or standard output
//!                     ◄── io::Result ──────
//! ```
//!
//! A write returns when its bytes were passed on, so nothing is buffered, and the first write after
//! the reader is closed fails. When the interpreter gives up a call (timeout, Ctrl-C, `timeout 1
//! ss`), it drops the future below. This sets the call's [`Cancel`]; the thread is not waited for.

use std::{
    io::{self, LineWriter, Read, Write},
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

use crate::limits::{
    BUILTIN_STACK_BYTES, MAX_BUILTIN_THREADS, MAX_CALL_OUTPUT_BYTES, MAX_LINE_BYTES,
};

/// State shared by all calls of one shell.
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

    /// Sets the deadline of the calls that start from now on.
    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    fn cancel(&self) -> Cancel {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        deadline.map_or_else(Cancel::new, |deadline| Cancel::new().with_deadline(deadline))
    }
}

/// Implements the interpreter's command trait for a builtin.
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
        // Words of bashkit are UTF-8 text: invalid bytes have already become U+FFFD.
        let args: Vec<BString> = args.iter().map(|word| BString::from(word.as_str())).collect();
        thread::Builder::new()
            .name(builtin.name().to_owned())
            .stack_size(BUILTIN_STACK_BYTES)
            .spawn(move || {
                let status = call(&*builtin, &slot.0, &cancel, &args, &requests);
                drop(slot);
                // OK because nothing waits for the status of a call that was given up.
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
        // The thread ended without a status: the builtin panicked.
        self.fail(&context, "the builtin failed unexpectedly").await
    }
}

/// Adds to the number of bytes that a call printed. Past the limit the script ends with an error.
fn count(printed: usize, bytes: usize) -> bashkit::Result<usize> {
    let printed = printed.saturating_add(bytes);
    if printed > MAX_CALL_OUTPUT_BYTES {
        let problem = format!("one call printed more than {MAX_CALL_OUTPUT_BYTES} bytes");
        return Err(LimitExceeded::Memory(problem).into());
    }
    Ok(printed)
}

/// Separates a failed read or write, which the builtin reports, from an error that ends the script.
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
    // Messages are written in parts, and what another stream prints must not come between them.
    let stderr = ChannelWriter { requests, stream: Stream::Error };
    let mut stderr = LineWriter::with_capacity(MAX_LINE_BYTES, stderr);
    // No terminal, because bashkit does not pass a command where its output goes.
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr)
        .with_sandbox(&calls.sandbox)
        .with_cancel(cancel);
    let status = invoke(builtin, &mut context, args);
    // OK because a message that cannot be written can be reported nowhere.
    let _ = stderr.flush();
    status
}

/// A permit for one thread, released when the call of the thread ends.
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
        // OK because the channel has room for the one answer, and a thread that ended needs none.
        let _ = self.0.try_send(result);
    }
}

/// Sends a request and waits for the answer. If the script ended meanwhile, the error is a broken
/// pipe.
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
        // OK because nothing is buffered here.
        Ok(())
    }
}
