//! The stages of one call: arguments, plan, selection, rows, columns.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use bstr::BString;
use builtin_api::{Builtin, CallContext, Chain, Error, ErrorKind, ExitCode};
use procnetsocket::{SockStat6, model::Socket};
use socket_query::{PolicyView, Problem, Selection, Sink, SocketTable};

use crate::{
    cli::{
        CliError, Column, Help, Host, NothingToShow, Plan, RawArgs, Show, Summary, Tables, VERSION,
    },
    filter,
    render::{ColumnId, ColumnSet, Counters, RowRenderer, Screen, TableWriter, summary},
};

/// Rows that could not be understood and are reported one by one; of more, the number is.
const REPORTED_PROBLEMS: u64 = 10;

/// A file that the kernel does not have.
const MISSING: socket_query::ErrorKind =
    socket_query::ErrorKind::Source(procnetsocket::ErrorKind::Missing);

/// The command `ss`.
#[derive(Debug)]
pub struct Ss {
    view: PolicyView,
}

impl Ss {
    /// Returns the command over what `view` lets it see.
    pub fn new(view: PolicyView) -> Self {
        Self { view }
    }
}

impl Builtin for Ss {
    fn name(&self) -> &'static str {
        "ss"
    }

    fn summary(&self) -> &'static str {
        "list sockets, as the ss of iproute2 does"
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        let plan = RawArgs::parse(args).and_then(|raw| Plan::new(&raw, self.host()));
        match plan {
            Ok(Plan::Help) => print(context, &Help),
            Ok(Plan::Version) => print(context, &format_args!("{VERSION}\n")),
            Ok(Plan::Show(show)) => self.show(context, &show),
            Err(error) => Ok(refuse(context, &error)),
        }
    }
}

fn print(context: &mut CallContext<'_>, text: &dyn std::fmt::Display) -> Result<ExitCode, Error> {
    write!(context.stdout, "{text}").map_err(write_failed)?;
    Ok(ExitCode::SUCCESS)
}

fn refuse(context: &mut CallContext<'_>, error: &CliError) -> ExitCode {
    complain(context.stderr, error);
    if error.shows_usage() {
        let _ = write!(context.stderr, "{Help}");
    }
    ExitCode::new(error.status())
}

/// Prints one line on standard error.
fn complain(stderr: &mut dyn Write, problem: &dyn std::fmt::Display) {
    // OK because there is nobody left to tell when standard error cannot be written.
    let _ = writeln!(stderr, "ss: {problem}");
}

fn write_failed(error: io::Error) -> Error {
    Error::io("the listing could not be written", error)
}

impl Ss {
    fn host(&self) -> Host {
        let tables = if self.view.has_sock_diag() { Tables::Live } else { Tables::Text };
        Host { grants: self.view.grants(), tables }
    }

    fn show(&self, context: &mut CallContext<'_>, show: &Show) -> Result<ExitCode, Error> {
        let mut code = ExitCode::SUCCESS;
        if show.summary != Summary::None {
            code = self.print_summary(context)?;
        }
        if show.summary == Summary::Only {
            return Ok(code);
        }
        let selection = match &show.selection {
            Ok(selection) => filter::selected(&self.view, context, &show.filter, selection),
            Err(NothingToShow::States(error)) => return Ok(refuse(context, error)),
            Err(NothingToShow::Tables) => {
                complain(context.stderr, &"no socket tables to show with such filter.");
                return Ok(code);
            }
        };
        match selection {
            Ok(selection) => self.list(context, show, &selection).map(|listed| listed.max(code)),
            Err(error) => Ok(refuse(context, &error)),
        }
    }

    /// Prints the counters. A file that cannot be read is reported and its counters are zero, as in
    /// iproute2, but the call fails then; a kernel without IPv6 has no `sockstat6`, and that is no
    /// failure.
    fn print_summary(&self, context: &mut CallContext<'_>) -> Result<ExitCode, Error> {
        let mut code = ExitCode::SUCCESS;
        let mut failed = |error: socket_query::Error| {
            complain(context.stderr, &Chain(&error));
            code = ExitCode::FAILURE;
        };
        let counters = Counters {
            ipv4: self.view.sockstat().map_err(&mut failed).unwrap_or_default(),
            ipv6: match self.view.sockstat6() {
                Err(error) if error.kind() == MISSING => SockStat6::default(),
                read => read.map_err(&mut failed).unwrap_or_default(),
            },
            established: self.view.established().map_err(&mut failed).unwrap_or_default(),
        };
        context.stdout.write_all(summary(&counters).as_bytes()).map_err(write_failed)?;
        Ok(code)
    }

    fn list(
        &self,
        context: &mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
    ) -> Result<ExitCode, Error> {
        let screen = context.terminal_width.map_or(Screen::Compact, Screen::Width);
        let mut table = TableWriter::new(context.stdout, columns(show, selection), screen);
        if !show.hidden.contains(&Column::Header) {
            table.header().map_err(write_failed)?;
        }
        let mut listing = Listing {
            rows: RowRenderer::new(&self.view, show, selection.tables),
            table,
            stderr: context.stderr,
            problems: 0,
            failed: None,
        };
        let cancel = context.cancel;
        let collected = self.view.collect(selection, &|| cancel.is_cancelled(), &mut listing);
        let Listing { table, stderr, problems, failed, .. } = listing;
        if let Some(error) = failed {
            return Err(write_failed(error));
        }
        // A call that was ended shows no part of a listing as if it were the whole.
        cancel.check()?;
        collected.map_err(|error| Error::new(kind_of(&error), Chain(&error)))?;
        table.finish().map_err(write_failed)?;
        if problems > REPORTED_PROBLEMS {
            complain(
                stderr,
                &format_args!("{} more rows were left out", problems - REPORTED_PROBLEMS),
            );
        }
        Ok(if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn kind_of(error: &socket_query::Error) -> ErrorKind {
    match error.kind() {
        socket_query::ErrorKind::NotGranted(_) => ErrorKind::Denied,
        socket_query::ErrorKind::Interrupted => ErrorKind::Cancelled,
        _ => ErrorKind::Failed,
    }
}

/// Returns the columns of a listing: what is the same in every row is left out.
fn columns(show: &Show, selection: &Selection) -> ColumnSet {
    let mut columns = ColumnSet::ALL.without(ColumnId::Process);
    if selection.tables.len() == 1 {
        columns = columns.without(ColumnId::Netid);
    }
    if selection.states.len() == 1 {
        columns = columns.without(ColumnId::State);
    }
    if show.hidden.contains(&Column::Queues) {
        columns = columns.without(ColumnId::RecvQ).without(ColumnId::SendQ);
    }
    columns
}

/// Receives the rows and prints them.
struct Listing<'a> {
    rows: RowRenderer<'a>,
    table: TableWriter<'a>,
    stderr: &'a mut dyn Write,
    problems: u64,
    failed: Option<io::Error>,
}

impl Sink for Listing<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        match self.table.row(|cells| self.rows.fill(cells, table, &socket)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()> {
        self.problems += 1;
        if self.problems <= REPORTED_PROBLEMS {
            match problem {
                Problem::Row(row) => complain(self.stderr, row),
                Problem::Table(_, error) => complain(self.stderr, &Chain(error)),
                Problem::Changed(table) => complain(
                    self.stderr,
                    &format_args!(
                        "{table} changed while it was read: rows may be missing or there twice"
                    ),
                ),
                _ => complain(self.stderr, &"something could not be listed"),
            }
        }
        ControlFlow::Continue(())
    }
}
