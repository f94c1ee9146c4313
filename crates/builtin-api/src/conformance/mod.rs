//! A test suite for the adapter of a host, which finds out what builtins can rely on.
//!
//! In its tests, a host implements [`Host`] and [`Session`] with the code that registers and calls
//! builtins, and calls [`run`]. The suite registers builtins that record what they receive, calls
//! each as a script does, and reports a result for each [`Feature`]: [`Answer::Yes`], or
//! [`Answer::No`] with what was found. "No" is a valid answer that belongs in the host's
//! documentation; the host decides whether it is a mistake.
//!
//! No result depends on timing. Whether output is passed on while a call runs, and whether a
//! cancellation reaches a call, is found by a handshake between the builtin and the streams of the
//! call.
//!
//! # Examples
//!
//! The smallest host calls a builtin directly.
//!
//! ```
//! use builtin_api::{
//!     CallContext, Cancel, ExitCode, Registry, Sandbox,
//!     conformance::{self, Answer, Call, Feature, Host, HostError, Session},
//!     invoke,
//! };
//!
//! struct Direct;
//! struct DirectSession(Registry, Sandbox);
//!
//! impl Host for Direct {
//!     fn start(&self, registry: Registry, sandbox: Sandbox) -> Result<Box<dyn Session>, HostError> {
//!         Ok(Box::new(DirectSession(registry, sandbox)))
//!     }
//! }
//!
//! impl Session for DirectSession {
//!     fn call(&mut self, mut call: Call) -> Result<ExitCode, HostError> {
//!         let builtin = self.0.get(call.name).ok_or("no such builtin")?;
//!         let cancel = Cancel::new();
//!         let flag = cancel.clone();
//!         call.stop.on_stop(move || flag.cancel());
//!         let mut context = CallContext::new(&mut call.stdin, &mut call.stdout, &mut call.stderr)
//!             .with_sandbox(&self.1)
//!             .with_cancel(&cancel)
//!             .with_terminal_width(call.terminal_width);
//!         Ok(invoke(&**builtin, &mut context, &call.args))
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let directory = tempfile::tempdir()?;
//! # let authority = builtin_api::cap_std::ambient_authority();
//! # let directory = builtin_api::cap_std::fs::Dir::open_ambient_dir(directory.path(), authority)?;
//! let report = conformance::run(&Direct, directory)?;
//! assert_eq!(report.answer(Feature::ByteArguments), &Answer::Yes);
//! # Ok(())
//! # }
//! ```
//!
//! # Limits
//!
//! A host that buffers is detected after [`MAX_AHEAD_BYTES`], so its limits of input and output
//! have to be larger. A handshake fails after [`MAX_WAIT`].

mod feature;
mod probe;
mod report;
mod stream;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    io::{self, Read, Write},
    num::NonZeroU16,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bstr::{BString, ByteSlice as _};
use cap_std::fs::Dir;

pub use self::{
    feature::Feature,
    report::{Answer, Report, TableError},
};
use self::{
    probe::{Observations, Probe},
    stream::{ClosedOutput, CountedInput, KeptOutput, StreamKind},
};
use crate::{
    exit::ExitCode,
    registry::Registry,
    sandbox::{Access, Sandbox},
};

/// Bytes of input or output. A host that holds back more counts as one that buffers.
pub const MAX_AHEAD_BYTES: usize = 4 * 1024 * 1024;

/// Time after which a handshake fails.
pub const MAX_WAIT: Duration = Duration::from_mins(5);

/// Path at which the suite's directory is granted.
const GRANTED: &str = "/conformance";

/// Name and content of the file in that directory.
const FILE: (&str, &[u8]) = ("granted", b"granted\n");

/// Columns of the terminal in the suite, which are no host's default.
const COLUMNS: NonZeroU16 = NonZeroU16::new(97).unwrap();

/// Why a host cannot start a session or make a call.
pub type HostError = Box<dyn std::error::Error + Send + Sync>;

/// A host under test.
pub trait Host {
    /// Returns a session in which scripts can call these builtins and see these directories.
    ///
    /// # Errors
    ///
    /// Any, also for a second session beside the first, in a host that can have only one.
    fn start(&self, registry: Registry, sandbox: Sandbox) -> Result<Box<dyn Session>, HostError>;
}

/// The state of a host between calls, such as one shell.
pub trait Session {
    /// Makes one call, as a script would, and returns its status when it is over.
    ///
    /// # Errors
    ///
    /// Any error of the host. An error of the builtin is a status.
    fn call(&mut self, call: Call) -> Result<ExitCode, HostError>;
}

/// A call for a session to make.
#[non_exhaustive]
pub struct Call {
    /// Name of the builtin.
    pub name: &'static str,
    /// Words after the name.
    pub args: Vec<BString>,
    /// Standard input. It may be longer than a host can keep.
    pub stdin: Box<dyn Read + Send>,
    /// Where standard output has to arrive.
    pub stdout: Box<dyn Write + Send>,
    /// Where standard error has to arrive.
    pub stderr: Box<dyn Write + Send>,
    /// Columns of the terminal that `stdout` has to appear as; `None` when it is not a terminal.
    pub terminal_width: Option<NonZeroU16>,
    /// Through which the suite ends the call.
    pub stop: CallStop,
}

/// Ends a call while it runs, as Ctrl-C, a timeout or a client that disconnects does.
#[derive(Clone, Default)]
pub struct CallStop(Arc<Mutex<Option<Handler>>>);

type Handler = Box<dyn FnOnce() + Send>;

impl CallStop {
    /// Sets the handler that ends the call. A host that can end calls sets it before the call
    /// begins. The thread of the builtin calls the handler, which must not wait for the call to
    /// end.
    pub fn on_stop(&self, handler: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(handler));
    }

    /// Ends the call. Returns `false` if the host has set no handler.
    fn stop(&self) -> bool {
        let handler = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        handler.map(|handler| handler()).is_some()
    }
}

impl fmt::Debug for CallStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallStop").finish_non_exhaustive()
    }
}

impl Call {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            args: Vec::new(),
            stdin: Box::new(io::empty()),
            stdout: Box::new(io::sink()),
            stderr: Box::new(io::sink()),
            terminal_width: None,
            stop: CallStop::default(),
        }
    }

    /// Returns the call as a line of a POSIX shell, each word in single quotes.
    pub fn script(&self) -> BString {
        let mut line = BString::from(self.name);
        for word in &self.args {
            line.extend_from_slice(b" '");
            line.extend_from_slice(&word.replace(b"'", br"'\''"));
            line.push(b'\'');
        }
        line
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("name", &self.name)
            .field("args", &self.args)
            .field("terminal_width", &self.terminal_width)
            .finish_non_exhaustive()
    }
}

/// Runs the suite. `directory` is empty; the suite puts a file into it and grants it for reading.
///
/// # Errors
///
/// When the file cannot be made, or no session can be started.
pub fn run(host: &dyn Host, directory: Dir) -> Result<Report, HostError> {
    directory.write(FILE.0, FILE.1)?;
    let mut sandbox = Sandbox::empty();
    sandbox.grant(GRANTED, directory, Access::Read)?;
    let observed = Observations::default();
    let session = host.start(registry(&observed)?, sandbox)?;
    let mut suite = Suite { host, session, observed };
    // In the order of the features, because some answers depend on earlier ones.
    let mut report = Report::default();
    for feature in Feature::ALL {
        let answer = suite.ask(feature, &report).unwrap_or_else(|error| {
            Answer::No(format!("the host failed: {}", builtin_cli::Chain(&*error)))
        });
        report.push(feature, answer);
    }
    Ok(report)
}

fn registry(observed: &Observations) -> Result<Registry, HostError> {
    let mut registry = Registry::new();
    for probe in Probe::all(observed) {
        registry.register(probe)?;
    }
    Ok(registry)
}

struct Suite<'a> {
    host: &'a dyn Host,
    session: Box<dyn Session>,
    observed: Observations,
}

impl Suite<'_> {
    fn ask(&mut self, feature: Feature, so_far: &Report) -> Result<Answer, HostError> {
        match feature {
            Feature::Status => self.status(),
            Feature::TextArguments => self.arguments(probe::TEXT_ARGUMENTS),
            Feature::ByteArguments => self.arguments(probe::BYTE_ARGUMENTS),
            Feature::StdinBytes => self.stdin_bytes(),
            Feature::StdinStream => self.stdin_stream(),
            Feature::StdoutBytes => self.output(StreamKind::Output),
            Feature::StderrBytes => self.output(StreamKind::Error),
            Feature::StdoutStream => self.stdout_stream(),
            Feature::LineStream if so_far.answer(Feature::StdoutStream) != &Answer::Yes => {
                Ok(Answer::No("output is not passed on while a call runs".to_owned()))
            }
            Feature::LineStream => self.line_stream(),
            Feature::ClosedOutput => Ok(self.closed_output()),
            Feature::Sandbox => self.sandbox(),
            Feature::TerminalWidth => self.terminal_width(),
            Feature::Cancel => Ok(self.cancel()),
            Feature::State => self.state(),
            Feature::Registries => self.registries(),
        }
    }

    fn status(&mut self) -> Result<Answer, HostError> {
        for status in [0_u8, 1, 2, 3, 124, 127, 130, 141, 255] {
            let call = Call { args: vec![status.to_string().into()], ..Call::new(probe::STATUS) };
            let found = self.session.call(call)?.code();
            if found != status {
                return Ok(Answer::No(format!("{status} became {found}")));
            }
        }
        Ok(Answer::Yes)
    }

    fn arguments(&mut self, words: &[&[u8]]) -> Result<Answer, HostError> {
        let args: Vec<BString> = words.iter().map(|&word| word.into()).collect();
        self.session.call(Call { args: args.clone(), ..Call::new(probe::ARGUMENTS) })?;
        Ok(expect(&args, &self.observed.take_args()))
    }

    fn stdin_bytes(&mut self) -> Result<Answer, HostError> {
        let stdin = Box::new(io::Cursor::new(probe::all_bytes()));
        self.session.call(Call { stdin, ..Call::new(probe::STDIN) })?;
        Ok(expect(&BString::from(probe::all_bytes()), &self.observed.take_bytes()))
    }

    fn stdin_stream(&mut self) -> Result<Answer, HostError> {
        let (stdin, given) = CountedInput::new(MAX_AHEAD_BYTES);
        self.observed.watch(given);
        self.session.call(Call { stdin: Box::new(stdin), ..Call::new(probe::STDIN_STREAM) })?;
        Ok(self.observed.take_verdict())
    }

    fn output(&mut self, kind: StreamKind) -> Result<Answer, HostError> {
        let (stdout, stderr) = (KeptOutput::default(), KeptOutput::default());
        let mut call = Call::new(match kind {
            StreamKind::Output => probe::STDOUT,
            StreamKind::Error => probe::STDERR,
        });
        call.stdout = Box::new(stdout.clone());
        call.stderr = Box::new(stderr.clone());
        self.session.call(call)?;
        let (wanted, other) = match kind {
            StreamKind::Output => (stdout, stderr),
            StreamKind::Error => (stderr, stdout),
        };
        Ok(match expect(&BString::from(probe::all_bytes()), &wanted.bytes()) {
            Answer::Yes => expect(&BString::default(), &other.bytes()),
            no @ Answer::No(_) => no,
        })
    }

    fn stdout_stream(&mut self) -> Result<Answer, HostError> {
        let stdout = KeptOutput::default();
        self.observed.watch(stdout.arrived());
        self.session.call(Call { stdout: Box::new(stdout), ..Call::new(probe::STREAM) })?;
        Ok(self.observed.take_verdict())
    }

    fn line_stream(&mut self) -> Result<Answer, HostError> {
        let stdout = KeptOutput::default();
        self.observed.watch(stdout.arrived());
        self.session.call(Call { stdout: Box::new(stdout), ..Call::new(probe::LINE) })?;
        Ok(self.observed.take_verdict())
    }

    fn closed_output(&mut self) -> Answer {
        // OK because only the builtin has to see the closed output; the result of the host does not
        // matter.
        let _ =
            self.session.call(Call { stdout: Box::new(ClosedOutput), ..Call::new(probe::CLOSED) });
        self.observed.take_verdict()
    }

    fn sandbox(&mut self) -> Result<Answer, HostError> {
        self.session.call(Call::new(probe::SANDBOX))?;
        Ok(self.observed.take_verdict())
    }

    fn terminal_width(&mut self) -> Result<Answer, HostError> {
        for wanted in [Some(COLUMNS), None] {
            let call = Call { terminal_width: wanted, ..Call::new(probe::TERMINAL) };
            self.session.call(call)?;
            match self.observed.take_terminal_width() {
                Ok(found) if found == wanted => {}
                Ok(Some(columns)) => {
                    return Ok(Answer::No(format!("found a terminal of {columns} columns")));
                }
                Ok(None) => return Ok(Answer::No("found no terminal".to_owned())),
                Err(answer) => return Ok(answer),
            }
        }
        Ok(Answer::Yes)
    }

    fn cancel(&mut self) -> Answer {
        let call = Call::new(probe::CANCEL);
        self.observed.set_stop(call.stop.clone());
        // OK because a host may report the end of a script as an error.
        let _ = self.session.call(call);
        self.observed.take_verdict()
    }

    fn state(&mut self) -> Result<Answer, HostError> {
        let before = self.observed.count();
        for _ in 0..2 {
            self.session.call(Call::new(probe::COUNT))?;
        }
        Ok(expect(&2, &(self.observed.count() - before)))
    }

    fn registries(&mut self) -> Result<Answer, HostError> {
        let other = Observations::default();
        let mut session = match self.host.start(registry(&other)?, Sandbox::empty()) {
            Ok(session) => session,
            Err(error) => return Ok(Answer::No(builtin_cli::Chain(&*error).to_string())),
        };
        let before = self.observed.count();
        session.call(Call::new(probe::COUNT))?;
        self.session.call(Call::new(probe::COUNT))?;
        Ok(expect(&(1, 1), &(other.count(), self.observed.count() - before)))
    }
}

/// Compares two values. The found one is shortened for the message.
fn expect<T: PartialEq + fmt::Debug>(wanted: &T, found: &T) -> Answer {
    if wanted == found {
        return Answer::Yes;
    }
    let shown = format!("{found:?}");
    let cut: String = shown.chars().take(100).collect();
    let rest = if cut.len() < shown.len() { "…" } else { "" };
    Answer::No(format!("found {cut}{rest}"))
}
