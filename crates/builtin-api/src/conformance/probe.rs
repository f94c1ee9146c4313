//! The builtins of the suite. Each checks one property of its call, and records the result.

use std::{
    io,
    num::NonZeroU16,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use bstr::{BString, ByteSlice as _};

use super::{Answer, CallStop, FILE, GRANTED, MAX_AHEAD_BYTES, MAX_WAIT, stream::StreamProgress};
use crate::{
    builtin::Builtin,
    context::CallContext,
    error::{Error, ErrorKind},
    exit::ExitCode,
    sandbox::Access,
};

pub(super) const STATUS: &str = "probe-status";
pub(super) const ARGUMENTS: &str = "probe-arguments";
pub(super) const STDIN: &str = "probe-stdin";
pub(super) const STDIN_STREAM: &str = "probe-stdin-stream";
pub(super) const STDOUT: &str = "probe-stdout";
pub(super) const STDERR: &str = "probe-stderr";
pub(super) const STREAM: &str = "probe-stream";
pub(super) const LINE: &str = "probe-line";
pub(super) const CLOSED: &str = "probe-closed";
pub(super) const SANDBOX: &str = "probe-sandbox";
pub(super) const TERMINAL: &str = "probe-terminal";
pub(super) const CANCEL: &str = "probe-cancel";
pub(super) const COUNT: &str = "probe-count";

/// The answer for a builtin that the host did not call.
pub(super) const NOT_CALLED: &str = "the builtin was not called";

/// Arguments that a shell might interpret.
pub(super) const TEXT_ARGUMENTS: &[&[u8]] = &[
    b"",
    b" ",
    b"two words",
    b"-x",
    b"--help",
    b"--",
    b"=",
    b"a=b",
    b"'",
    b"\"",
    b"\\",
    b"line\nend\n",
    b"\ttab",
    b"*",
    b"?",
    b"~",
    b"$HOME",
    b"$(echo x)",
    b"`echo x`",
    b"a;b&c|d",
    b"<in >out",
    b"#",
    b"!",
    b"{a,b}",
    b"+x",
    "größe 😀".as_bytes(),
];

/// Arguments that are not UTF-8.
pub(super) const BYTE_ARGUMENTS: &[&[u8]] = &[b"\xff", b"a\xc3", b"\x80\xfe b", b"\x01\x1b[2J"];

/// Bytes that a probe writes at a time.
const CHUNK: &[u8] = &[b'x'; 8 * 1024];

/// Interval between checks of a flag.
const LOOK: Duration = Duration::from_millis(1);

/// Returns every byte value, followed by line ends that a host might convert.
pub(super) fn all_bytes() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=u8::MAX).collect();
    bytes.extend_from_slice(b"\r\n\n\r\0 without an end of line");
    bytes
}

/// The results of the probes.
#[derive(Clone, Debug, Default)]
pub(super) struct Observations(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    notes: Mutex<Notes>,
    changed: Condvar,
    calls: AtomicU32,
}

#[derive(Debug, Default)]
struct Notes {
    called: bool,
    args: Vec<BString>,
    bytes: BString,
    terminal_width: Option<NonZeroU16>,
    verdict: Option<Answer>,
    progress: StreamProgress,
    stop: CallStop,
}

impl Observations {
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take_args(&self) -> Vec<BString> {
        std::mem::take(&mut self.notes().args)
    }

    pub(super) fn take_bytes(&self) -> BString {
        std::mem::take(&mut self.notes().bytes)
    }

    /// Returns the columns that the builtin received; `Err` if it was not called.
    pub(super) fn take_terminal_width(&self) -> Result<Option<NonZeroU16>, Answer> {
        let mut notes = self.notes();
        if std::mem::take(&mut notes.called) {
            return Ok(notes.terminal_width.take());
        }
        Err(Answer::No(NOT_CALLED.to_owned()))
    }

    /// Waits for the result of the last builtin, and returns it. A host may abandon a call and
    /// return before the builtin does.
    pub(super) fn take_verdict(&self) -> Answer {
        let end = Instant::now() + MAX_WAIT;
        let mut notes = self.notes();
        if !std::mem::take(&mut notes.called) {
            return Answer::No(NOT_CALLED.to_owned());
        }
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match notes.verdict.take() {
                Some(verdict) => return verdict,
                None if left.is_zero() => {
                    return Answer::No("the builtin did not return".to_owned());
                }
                None => {
                    let waited = self.0.changed.wait_timeout(notes, left);
                    notes = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    pub(super) fn watch(&self, progress: StreamProgress) {
        self.notes().progress = progress;
    }

    pub(super) fn set_stop(&self, stop: CallStop) {
        self.notes().stop = stop;
    }

    pub(super) fn count(&self) -> u32 {
        self.0.calls.load(Ordering::Relaxed)
    }

    fn decide(&self, verdict: Answer) {
        self.notes().verdict = Some(verdict);
        self.0.changed.notify_all();
    }
}

type ProbeRun = fn(&Observations, &mut CallContext<'_>, &[BString]) -> Result<ExitCode, Error>;

/// One builtin of the suite.
pub(super) struct Probe {
    name: &'static str,
    run: ProbeRun,
    observed: Observations,
}

impl Probe {
    /// Returns all probes.
    pub(super) fn all(observed: &Observations) -> impl Iterator<Item = Self> {
        let probes: [(&'static str, ProbeRun); 13] = [
            (STATUS, status),
            (ARGUMENTS, |observed, _, args| {
                observed.notes().args = args.to_vec();
                Ok(ExitCode::SUCCESS)
            }),
            (STDIN, stdin),
            (STDIN_STREAM, stdin_stream),
            (STDOUT, stdout),
            (STDERR, stderr),
            (STREAM, stream),
            (LINE, line),
            (CLOSED, closed),
            (SANDBOX, sandbox),
            (TERMINAL, |observed, context, _| {
                observed.notes().terminal_width = context.terminal_width;
                Ok(ExitCode::SUCCESS)
            }),
            (CANCEL, cancel),
            (COUNT, |observed, _, _| {
                observed.0.calls.fetch_add(1, Ordering::Relaxed);
                Ok(ExitCode::SUCCESS)
            }),
        ];
        let observed = observed.clone();
        probes.into_iter().map(move |(name, run)| Self { name, run, observed: observed.clone() })
    }
}

impl Builtin for Probe {
    fn name(&self) -> &str {
        self.name
    }

    fn summary(&self) -> &'static str {
        "looks at what a host gives to a builtin"
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        self.observed.notes().called = true;
        (self.run)(&self.observed, context, args)
    }
}

fn status(_: &Observations, _: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
    let status = args.first().and_then(|word| word.to_str().ok()?.parse().ok());
    status.map(ExitCode::new).ok_or_else(|| Error::new(ErrorKind::Usage, "expected a status"))
}

fn stdin(
    observed: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    let mut bytes = Vec::new();
    context.stdin.read_to_end(&mut bytes)?;
    observed.notes().bytes = bytes.into();
    Ok(ExitCode::SUCCESS)
}

/// Reads once, then checks how much the host has already read.
fn stdin_stream(
    observed: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    let count = context.stdin.read(&mut [0; 1024])?;
    let taken = observed.notes().progress.get();
    observed.decide(match (count, taken) {
        (0, _) => Answer::No("found no input".to_owned()),
        (_, MAX_AHEAD_BYTES) => Answer::No("the input was read whole before".to_owned()),
        _ => Answer::Yes,
    });
    Ok(ExitCode::SUCCESS)
}

fn stdout(
    _: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    context.stdout.write_all(&all_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn stderr(
    _: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    context.stderr.write_all(&all_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes until some output has arrived, at most [`MAX_AHEAD_BYTES`].
fn stream(
    observed: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    let arrived = observed.notes().progress.clone();
    for _ in 0..MAX_AHEAD_BYTES / CHUNK.len() {
        context.stdout.write_all(CHUNK)?;
        if arrived.get() > 0 {
            observed.decide(Answer::Yes);
            return Ok(ExitCode::SUCCESS);
        }
    }
    observed.decide(Answer::No(format!("{MAX_AHEAD_BYTES} bytes were held back")));
    Ok(ExitCode::SUCCESS)
}

/// Writes one line and waits for its arrival.
fn line(
    observed: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    let arrived = observed.notes().progress.clone();
    context.stdout.write_all(b"a line\n")?;
    context.stdout.flush()?;
    observed.decide(if arrived.wait(MAX_WAIT) {
        Answer::Yes
    } else {
        Answer::No("the line was held back".to_owned())
    });
    Ok(ExitCode::SUCCESS)
}

/// Writes until a write fails, at most [`MAX_AHEAD_BYTES`].
fn closed(
    observed: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    for _ in 0..MAX_AHEAD_BYTES / CHUNK.len() {
        let Err(error) = context.stdout.write_all(CHUNK) else { continue };
        observed.decide(if error.kind() == io::ErrorKind::BrokenPipe {
            Answer::Yes
        } else {
            Answer::No(format!("the error is {:?}", error.kind()))
        });
        return Err(error.into());
    }
    observed.decide(Answer::No(format!("{MAX_AHEAD_BYTES} bytes were taken")));
    Ok(ExitCode::SUCCESS)
}

fn sandbox(
    observed: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    let granted: Vec<_> = context.sandbox.grants().collect();
    if granted != [(GRANTED.into(), Access::Read)] {
        observed.decide(Answer::No(format!("found the directories {granted:?}")));
        return Ok(ExitCode::SUCCESS);
    }
    let mut content = Vec::new();
    let mut file = context.sandbox.open(&*format!("{GRANTED}/{}", FILE.0))?;
    io::Read::read_to_end(&mut file, &mut content)?;
    observed.decide(super::expect(&BString::from(FILE.1), &content.into()));
    Ok(ExitCode::SUCCESS)
}

/// Makes the host end this call, and waits until it is cancelled.
fn cancel(
    observed: &Observations,
    context: &mut CallContext<'_>,
    _: &[BString],
) -> Result<ExitCode, Error> {
    let stop = observed.notes().stop.clone();
    if !stop.stop() {
        observed.decide(Answer::No("the host has no way to end a call".to_owned()));
        return Ok(ExitCode::SUCCESS);
    }
    let end = Instant::now() + MAX_WAIT;
    while Instant::now() < end {
        if let Err(error) = context.cancel.check() {
            observed.decide(Answer::Yes);
            return Err(error);
        }
        thread::park_timeout(LOOK);
    }
    observed.decide(Answer::No("the call was not cancelled".to_owned()));
    Ok(ExitCode::SUCCESS)
}
