//! The stages of one call: arguments, plan, ports, work.

use std::{borrow::Cow, fmt::Display};

use bstr::BString;
use builtin_api::{Builtin, CallContext, Error, ErrorKind, ExitCode};
use socket_query::{Grant, Policy, PolicyView, System, cap_std::AmbientAuthority};

use crate::{
    cli::{CliError, Help, Plan, VERSION, WaitCondition, Watch, WatchTask},
    source::PolicyPorts,
    watch::Watcher,
};

/// When a host shows the output of a builtin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputMode {
    /// At once.
    #[default]
    Streamed,
    /// After the builtin has ended. Following events then needs an end.
    Buffered,
}

/// The command `portwatch`.
#[derive(Debug)]
pub struct PortWatch {
    view: PolicyView,
    output: OutputMode,
}

impl PortWatch {
    /// Returns a command that watches the ports that `view` shows, for a host that streams.
    pub fn new(view: PolicyView) -> Self {
        Self { view, output: OutputMode::Streamed }
    }

    /// Returns a command that watches the ports of the system, with the default policy: the grant
    /// `sockets` only.
    ///
    /// # Ambient Authority
    ///
    /// As [`System::open_ambient`]. The code that passes the token decides that scripts see the
    /// system's ports.
    ///
    /// # Errors
    ///
    /// As [`System::open_ambient`] and [`System::view`].
    pub fn system(token: AmbientAuthority) -> Result<Self, socket_query::Error> {
        Ok(Self::new(System::open_ambient(token)?.view(Policy::default())?))
    }

    /// Returns the command for a host with this output.
    #[must_use]
    pub fn with_output(self, output: OutputMode) -> Self {
        Self { output, ..self }
    }

    fn watch(&self, context: &mut CallContext<'_>, watch: &Watch) -> Result<ExitCode, Error> {
        self.view.granted(Grant::Sockets).map_err(|_| not_granted())?;
        if let WatchTask::Follow(follow) = &watch.task
            && self.output == OutputMode::Buffered
            && !follow.has_end()
        {
            return Ok(refuse(context, &CliError::Endless));
        }
        let cancel = context.cancel;
        let view = if watch.is_everywhere {
            match self.view.everywhere() {
                Ok(view) => Cow::Owned(view),
                Err(error) => {
                    return Ok(refuse(context, &CliError::Namespaces(error.to_string())));
                }
            }
        } else {
            Cow::Borrowed(&self.view)
        };
        let ports = |condition: &WaitCondition| {
            PolicyPorts::new(&view, &condition.which, &|| cancel.is_cancelled())
        };
        let ports: Result<Vec<_>, CliError> = watch.conditions.iter().map(ports).collect();
        // If the call timed out, that is the error to report.
        cancel.check()?;
        let ports = match ports {
            Ok(ports) => ports,
            Err(error) => return Ok(refuse(context, &error)),
        };
        let processes = self.shows_processes(context, watch.has_processes);
        let watcher = Watcher::new(context, ports, watch, processes);
        match &watch.task {
            WatchTask::List(form) => watcher.list(*form),
            WatchTask::Wait { enough, timeout } => {
                watcher.wait(&watch.conditions, *enough, *timeout)
            }
            WatchTask::Follow(follow) => watcher.follow(follow),
        }
    }
}

impl PortWatch {
    /// Returns whether processes are looked up. Without the grant ports are printed without them.
    fn shows_processes(&self, context: &mut CallContext<'_>, is_wanted: bool) -> bool {
        if is_wanted && let Err(error) = self.view.granted(Grant::Processes) {
            // OK because an error of standard error cannot be reported anywhere.
            let _ = writeln!(context.stderr, "portwatch: --processes shows none: {error}");
            return false;
        }
        is_wanted
    }
}

impl Builtin for PortWatch {
    fn name(&self) -> &'static str {
        "portwatch"
    }

    fn summary(&self) -> &'static str {
        "wait for ports, and print them as they open and close"
    }

    fn help(&self) -> Option<String> {
        Some(Help.to_string())
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        match Plan::parse(args) {
            Ok(Plan::Help) => print(context, &Help),
            Ok(Plan::Version) => print(context, &format_args!("{VERSION}\n")),
            Ok(Plan::Watch(watch)) => self.watch(context, &watch),
            Err(error) => Ok(refuse(context, &error)),
        }
    }
}

/// Reports an error of the command line. The message of an invalid filter has three lines, which
/// are escaped already.
fn refuse(context: &mut CallContext<'_>, error: &CliError) -> ExitCode {
    // OK because an error of standard error cannot be reported anywhere.
    let _ = writeln!(context.stderr, "portwatch: {error}");
    if let CliError::Arg(error) = error
        && let Some(name) = error.suggestion()
    {
        let _ = writeln!(context.stderr, "portwatch: did you mean --{name}?");
    }
    error.status()
}

fn not_granted() -> Error {
    let grant = Grant::Sockets;
    let text =
        format_args!("watching ports needs the grant \"{grant}\", which this host does not give");
    Error::new(ErrorKind::Denied, text)
}

fn print(context: &mut CallContext<'_>, text: &dyn Display) -> Result<ExitCode, Error> {
    write!(context.stdout, "{text}")?;
    Ok(ExitCode::SUCCESS)
}
