//! The stages of one call: arguments, plan, selection, rows, columns.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    time::Instant,
};

use bstr::BString;
use builtin_api::{Builtin, CallContext, Chain, Error, ErrorKind, ExitCode};
use procnetsocket::{SockStat6, model::Socket};
use socket_query::{EventSink, PolicyView, Problem, Selection, Sink, SocketTable, Until};

use crate::{
    cli::{
        Action, CliError, Column, End, Help, Host, NothingToShow, Plan, RawArgs, Show, Summary,
        Tables, VERSION,
    },
    filter, owners,
    problem::{Problems, complain},
    render::{ColumnId, ColumnSet, Counters, RowRenderer, Screen, TableWriter, Users, summary},
};

/// The status of `-E` where there are no events to follow.
///
/// Compat: iproute2 ends so, in silence.
const NO_EVENTS: ExitCode = ExitCode::new(255);

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
            Ok(selection) => self.act(context, show, &selection).map(|done| done.max(code)),
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

    fn act(
        &self,
        context: &mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
    ) -> Result<ExitCode, Error> {
        match show.action {
            Action::List => self.list(context, show, selection),
            Action::Follow(end) => self.follow(context, show, selection, end),
            // A filter of blanks, or a file of comments.
            Action::Destroy if !selection.filter.is_expression() => {
                Ok(refuse(context, &CliError::no_filter()))
            }
            Action::Destroy => self.destroy(context, show, selection),
        }
    }

    fn list(
        &self,
        context: &mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
    ) -> Result<ExitCode, Error> {
        let cancel = context.cancel;
        let mut listing = self.listing(context, show, selection)?;
        let collected = self.view.collect(selection, &|| cancel.is_cancelled(), &mut listing);
        listing.check()?;
        // A call that was ended shows no part of a listing as if it were the whole.
        cancel.check()?;
        collected.map_err(|error| failure(&error))?;
        listing.finish("more rows were left out")
    }

    /// Prints sockets as they end, each at once.
    fn follow(
        &self,
        context: &mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
        end: End,
    ) -> Result<ExitCode, Error> {
        let cancel = context.cancel;
        let mut listing = self.listing(context, show, selection)?;
        // OK because a time that no clock reaches is no end.
        let deadline = end.after.and_then(|after| Instant::now().checked_add(after));
        let until = Until { deadline, count: end.count };
        let followed = self.view.follow(selection, &until, &|| cancel.is_cancelled(), &mut listing);
        listing.check()?;
        cancel.check()?;
        match followed {
            Ok(_) => listing.finish("more events were left out"),
            Err(error) if error.kind() == socket_query::ErrorKind::NoEvents => {
                complain(listing.stderr, &error);
                Ok(NO_EVENTS)
            }
            Err(error) => Err(failure(&error)),
        }
    }

    /// Destroys sockets and prints those that were destroyed, also when not all could be.
    fn destroy(
        &self,
        context: &mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
    ) -> Result<ExitCode, Error> {
        let cancel = context.cancel;
        let mut listing = self.listing(context, show, selection)?;
        let destroyed = self.view.destroy(selection, &|| cancel.is_cancelled(), &mut listing);
        listing.check()?;
        let status = listing.finish("more sockets were not closed")?;
        cancel.check()?;
        destroyed.map_err(|error| {
            Error::new(
                kind_of(&error),
                format_args!("not every socket was closed: {}", Chain(&error)),
            )
        })?;
        Ok(status)
    }

    /// Begins a listing, with its header.
    fn listing<'a>(
        &'a self,
        context: &'a mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
    ) -> Result<Listing<'a>, Error> {
        let screen = context.terminal_width.map_or(Screen::Compact, Screen::Width);
        let (users, code) = owners::find(&self.view, context, show)?;
        let mut table = TableWriter::new(context.stdout, columns(show, selection), screen);
        if !show.hidden.contains(&Column::Header) {
            table.header().map_err(write_failed)?;
        }
        let rows = RowRenderer::new(&self.view, show, selection.tables).with_users(users);
        let stderr = &mut *context.stderr;
        Ok(Listing { rows, table, stderr, problems: Problems::default(), failed: None, code })
    }
}

fn failure(error: &socket_query::Error) -> Error {
    Error::new(kind_of(error), Chain(error))
}

fn kind_of(error: &socket_query::Error) -> ErrorKind {
    match error.kind() {
        socket_query::ErrorKind::NotGranted(_) | socket_query::ErrorKind::NoMeans(_) => {
            ErrorKind::Denied
        }
        socket_query::ErrorKind::Interrupted => ErrorKind::Cancelled,
        _ => ErrorKind::Failed,
    }
}

/// Returns the columns of a listing: what is the same in every row is left out.
fn columns(show: &Show, selection: &Selection) -> ColumnSet {
    let mut columns = ColumnSet::ALL;
    if show.owners.is_none() {
        columns = columns.without(ColumnId::Process);
    }
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
    problems: Problems,
    failed: Option<io::Error>,
    /// What is known of the status already.
    code: ExitCode,
}

impl Listing<'_> {
    /// Returns the error with which the output could not be written.
    fn check(&mut self) -> Result<(), Error> {
        self.failed.take().map_or(Ok(()), |error| Err(write_failed(error)))
    }

    /// Writes what is left, and tells how many of its problems were not reported.
    fn finish(self, unreported: &str) -> Result<ExitCode, Error> {
        self.table.finish().map_err(write_failed)?;
        let code = self.problems.finish(self.stderr, unreported).max(self.code);
        if let Some(owners) = self.rows.users().and_then(Users::of_unowned) {
            owners::tell_of_unseen(self.stderr, owners);
        }
        Ok(code)
    }

    fn go_on(&mut self, written: io::Result<()>) -> ControlFlow<()> {
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

impl Sink for Listing<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let written = self.table.row(|cells| self.rows.fill(cells, table, &socket));
        self.go_on(written)
    }

    fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()> {
        self.problems.report(self.stderr, problem);
        ControlFlow::Continue(())
    }
}

impl EventSink for Listing<'_> {
    fn event_over(&mut self) -> ControlFlow<()> {
        let written = self.table.flush();
        self.go_on(written)
    }
}
