//! The stages of one call: arguments, plan, processes, sections.

use std::io::Write;

use bstr::BString;
use builtin_api::{Builtin, CallContext, Cancel, Error, ErrorKind, ExitCode};
use builtin_cli::Chain;
use procnetsocket::{
    Details, ProcessDetails, ProcessQuery, ProcessTable,
    model::{InetProtocol, InetSocket, Source, TcpState},
};
use socket_query::{
    AddressFamily, FamilySet, Grant, PolicyView, Selection, Sink, SocketTable, StateSet, TableSet,
};

use crate::{
    cli::{Choice, CliError, HELP_VERSION, Help, InetPlan, ParsedArgs, Plan, Shown, parse},
    listing::{InetListing, Output, Reporter, UnixListing},
    peers::Peers,
    problem::{Problems, complain},
    render::{Addresses, InetTable, Programs, UnixTable},
};

/// The line of net-tools for a user who may not inspect every process.
const NOT_IDENTIFIED: &str = "(Not all processes could be identified, non-owned process info\n \
                              will not be shown, you would have to be root to see it all.)";

/// The last state in the text table of TCP (`TCP_CLOSING`); only sock_diag has later ones.
const LAST_TABLE_STATE: u8 = 11;

/// The command `netstat`.
#[derive(Debug)]
pub struct Netstat {
    view: PolicyView,
}

impl Netstat {
    /// Returns a command that lists what `view` shows.
    pub fn new(view: PolicyView) -> Self {
        Self { view }
    }
}

impl Builtin for Netstat {
    fn name(&self) -> &'static str {
        "netstat"
    }

    fn summary(&self) -> &'static str {
        "list sockets, as the netstat of net-tools does"
    }

    fn help(&self) -> Option<String> {
        Some(Help.to_string())
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        match parse(args) {
            Ok(ParsedArgs::Help) => print(context, &Help),
            Ok(ParsedArgs::Version) => print(context, &HELP_VERSION),
            Ok(ParsedArgs::List(choices)) => match self.view.granted(Grant::Sockets) {
                Ok(()) => self.list(context, &Plan::new(choices)),
                Err(error) => {
                    complain(context.stderr, &error);
                    Ok(ExitCode::FAILURE)
                }
            },
            Err(error) => Ok(refuse(context.stderr, &error)),
        }
    }
}

fn print(context: &mut CallContext<'_>, text: &dyn std::fmt::Display) -> Result<ExitCode, Error> {
    write!(context.stdout, "{text}")?;
    Ok(ExitCode::SUCCESS)
}

fn refuse(stderr: &mut dyn Write, error: &CliError) -> ExitCode {
    complain(stderr, error);
    if let CliError::Arg(error) = error
        && let Some(name) = error.suggestion()
    {
        complain(stderr, &format_args!("did you mean --{name}?"));
    }
    if error.shows_usage() {
        let _ = write!(stderr, "{Help}");
    }
    error.status()
}

impl Netstat {
    fn list(&self, context: &mut CallContext<'_>, plan: &Plan) -> Result<ExitCode, Error> {
        let CallContext { stdout, stderr, cancel, .. } = context;
        let (programs, mut code) = if plan.choices.contains(Choice::Programs) {
            let (programs, code) = self.programs(*stderr, cancel)?;
            (Some(programs), code)
        } else {
            (None, ExitCode::SUCCESS)
        };
        let mut output = Output::new(*stdout);
        let mut reports = Reporter { stderr: *stderr, problems: Problems::default() };
        if let Some(inet) = &plan.inet {
            let rows = InetTable {
                shown: plan.shown,
                choices: plan.choices,
                addresses: Addresses::new(&self.view, plan.choices, cancel),
                users: self.view.names().users(),
                programs: programs.as_ref(),
            };
            self.list_inet(inet, &rows, &mut output, (&mut reports, cancel))?;
        }
        if plan.unix {
            self.list_unix(plan, programs.as_ref(), &mut output, (&mut reports, cancel))?;
        }
        output.finish()?;
        let Reporter { stderr, problems } = reports;
        code = code.max(problems.finish(stderr));
        if let Some(programs) = &programs {
            for reason in programs.hidden() {
                complain(stderr, &format_args!("processes may be missing: {reason}"));
            }
        }
        Ok(code)
    }

    /// Returns the processes that have sockets open; empty if they are not granted or cannot be
    /// found.
    ///
    /// Compat: they are looked up, and the warning is printed, before the listing.
    fn programs(
        &self,
        stderr: &mut dyn Write,
        cancel: &Cancel,
    ) -> Result<(Programs, ExitCode), Error> {
        let gate = match self.view.processes() {
            Ok(gate) => gate,
            Err(error) => {
                complain(stderr, &format_args!("-p shows no process: {error}"));
                return Ok((Programs::new(ProcessTable::default()), ExitCode::SUCCESS));
            }
        };
        let query = ProcessQuery::all().with_details(ProcessDetails::Full);
        let found = gate.find(&query, &|| cancel.is_cancelled());
        cancel.check()?;
        let (table, code) = match found {
            Ok(table) => (table, ExitCode::SUCCESS),
            Err(error) => {
                complain(stderr, &Chain(&error));
                (ProcessTable::default(), ExitCode::FAILURE)
            }
        };
        if table.closed() > 0 {
            // OK because an error of standard error cannot be reported anywhere.
            let _ = writeln!(stderr, "{NOT_IDENTIFIED}");
        }
        Ok((Programs::new(table), code))
    }

    fn list_inet<'a>(
        &self,
        plan: &InetPlan,
        rows: &InetTable<'a>,
        output: &mut Output<'a>,
        (reports, cancel): (&mut Reporter<'a>, &Cancel),
    ) -> Result<(), Error> {
        // OK because a failed write is reported at the end.
        let _ = output.write(|out| rows.push_heading(out));
        let has_sock_diag = self.view.has_sock_diag();
        for table in &plan.tables {
            let states = match (table, has_sock_diag) {
                (SocketTable::Tcp, true) => states(rows.shown),
                _ => StateSet::ALL,
            };
            let tables = TableSet::of(*table);
            let selection = Selection {
                tables,
                named: if plan.are_named { tables } else { TableSet::EMPTY },
                families: plan.families,
                states,
                ..Selection::everything()
            };
            let admits = |socket: &InetSocket| is_shown(socket, rows.shown);
            let mut listing = InetListing { rows, output, reports, admits: &admits };
            self.collect(&selection, cancel, &mut listing)?;
        }
        Ok(())
    }

    fn list_unix<'a>(
        &self,
        plan: &Plan,
        programs: Option<&'a Programs>,
        output: &mut Output<'a>,
        (reports, cancel): (&mut Reporter<'a>, &Cancel),
    ) -> Result<(), Error> {
        let has_sock_diag = self.view.has_sock_diag();
        let tables = TableSet::of_family(AddressFamily::Unix);
        let is_named = plan.choices.contains(Choice::Unix);
        let selection = Selection {
            tables,
            named: if is_named { tables } else { TableSet::EMPTY },
            families: FamilySet::of(AddressFamily::Unix),
            details: if has_sock_diag { Details::PENDING } else { Details::NONE },
            ..Selection::everything()
        };
        let mut peers = Peers::new(self.view.sorted_rows());
        if has_sock_diag {
            self.collect(&selection, cancel, &mut peers)?;
            if peers.is_full() {
                let bound = self.view.sorted_rows();
                let message = format_args!("more than {bound} unix sockets have a peer");
                return Err(Error::new(ErrorKind::Failed, message));
            }
        }
        let rows = UnixTable { shown: plan.shown, programs, peers };
        let _ = output.write(|out| rows.push_heading(out));
        self.collect(&selection, cancel, &mut UnixListing { rows: &rows, output, reports })
    }

    /// Passes sockets to a sink. A listing that was cancelled must not look complete.
    fn collect(
        &self,
        selection: &Selection,
        cancel: &Cancel,
        sink: &mut dyn Sink,
    ) -> Result<(), Error> {
        let collected = self.view.collect(selection, &|| cancel.is_cancelled(), sink);
        cancel.check()?;
        collected.map(drop).map_err(|error| failure(&error))
    }
}

/// Returns the possible TCP states of the shown sockets, so that the kernel omits the others.
fn states(shown: Shown) -> StateSet {
    let listed = StateSet::ALL.without(StateSet::of(TcpState::Close));
    let listening = StateSet::of(TcpState::Listen);
    match shown {
        Shown::Connections => listed.without(listening),
        Shown::Servers => listening,
        Shown::All => listed,
    }
}

/// Returns whether a socket is listed.
///
/// Compat: for TCP sockets this depends on the peer's port, for others on the peer's address.
fn is_shown(socket: &InetSocket, shown: Shown) -> bool {
    // Kernel: sock_diag lists bound sockets that neither listen nor connect; the text table has
    // none.
    if socket.source == Source::SockDiag && socket.state.number() > LAST_TABLE_STATE {
        return false;
    }
    let has_peer = match socket.protocol {
        InetProtocol::Tcp => socket.remote.port() != 0,
        _ => !socket.remote.ip().is_unspecified(),
    };
    match shown {
        Shown::Connections => has_peer,
        Shown::Servers => !has_peer,
        Shown::All => true,
    }
}

fn failure(error: &socket_query::Error) -> Error {
    let kind = match error.kind() {
        socket_query::ErrorKind::NotGranted(_) | socket_query::ErrorKind::NoMeans(_) => {
            ErrorKind::Denied
        }
        socket_query::ErrorKind::Interrupted => ErrorKind::Cancelled,
        _ => ErrorKind::Failed,
    };
    Error::new(kind, Chain(error))
}
