//! The stages of one call: arguments, plan, selection, order, printing.

use std::{io, time::Instant};

use bstr::BString;
use builtin_api::{Builtin, CallContext, Cancel, Error, ErrorKind, ExitCode};
use builtin_cli::Chain;
use procnetsocket::{ProcessDetails, SockStat6};
use socket_query::{
    Grant, Policy, PolicyView, Selection, ShownProcesses, Sink, System, Until,
    cap_std::AmbientAuthority,
};

use crate::{
    cli::{
        Action, CliError, CounterDisplay, End, Help, HostFeatures, ListingKind, NamespaceChoice,
        NothingToShow, OutputFormat, Plan, Refusal, Show, Ticks, VERSION,
    },
    filter,
    listing::{ListingRun, write_failed},
    order::{Limited, Sorted, TooMany},
    pass::{PassRun, Stamp},
    printer::Sheet,
    problem::complain,
    render::{Counters, RowRenderer},
};

/// The kind of the error when the kernel lacks a file.
const MISSING: socket_query::ErrorKind =
    socket_query::ErrorKind::Source(procnetsocket::ErrorKind::Missing);

/// Compat: the status of `-E` for tables without kernel events.
const NO_EVENTS: ExitCode = ExitCode::new(255);

/// The command `ss`.
#[derive(Debug)]
pub struct Ss {
    view: PolicyView,
}

impl Ss {
    /// Returns a command that lists what `view` shows.
    pub fn new(view: PolicyView) -> Self {
        Self { view }
    }

    /// Returns a command that lists the sockets of this thread's network namespace, with the default
    /// policy: the grant `sockets` only. For other policies, and for every network namespace, build
    /// a [`System`] with a namespace finder and pass its view to [`Ss::new`].
    ///
    /// # Ambient Authority
    ///
    /// As [`System::open_ambient`]. The code that passes the token decides that scripts see the
    /// system's sockets.
    ///
    /// # Errors
    ///
    /// As [`System::open_ambient`] and [`System::view`].
    pub fn system(token: AmbientAuthority) -> Result<Self, socket_query::Error> {
        Ok(Self::new(System::open_ambient(token)?.view(Policy::default())?))
    }
}

impl Builtin for Ss {
    fn name(&self) -> &'static str {
        "ss"
    }

    fn summary(&self) -> &'static str {
        "list sockets, as the ss of iproute2 does"
    }

    fn help(&self) -> Option<String> {
        Some(Help(self.host()).to_string())
    }

    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        match Plan::parse(args, self.host()) {
            Ok(Plan::Help) => print(context, &Help(self.host())),
            Ok(Plan::Version) => print(context, &format_args!("{VERSION}\n")),
            Ok(Plan::Show(show)) => match self.view.granted(Grant::Sockets) {
                Ok(()) => self.show_there(context, &show),
                Err(error) => {
                    complain(context.stderr, &error);
                    Ok(ExitCode::FAILURE)
                }
            },
            Err(error) => Ok(self.refuse(context.stderr, &error)),
        }
    }
}

fn print(context: &mut CallContext<'_>, text: &dyn std::fmt::Display) -> Result<ExitCode, Error> {
    write!(context.stdout, "{text}").map_err(write_failed)?;
    Ok(ExitCode::SUCCESS)
}

impl Ss {
    fn host(&self) -> HostFeatures {
        HostFeatures { grants: self.view.grants(), has_sock_diag: self.view.has_sock_diag() }
    }

    fn refuse(&self, stderr: &mut dyn io::Write, error: &CliError) -> ExitCode {
        if let CliError::Refused(_, Refusal::NotGranted(grant)) = error {
            // The grant is missing: this call only counts the refusal in the view.
            let _ = self.view.granted(*grant);
        }
        complain(stderr, error);
        if let CliError::Arg(error) = error
            && let Some(name) = error.suggestion()
        {
            complain(stderr, &format_args!("did you mean --{name}?"));
        }
        if error.shows_usage() {
            let _ = write!(stderr, "{}", Help(self.host()));
        }
        ExitCode::new(error.status())
    }

    /// Lists the chosen network namespaces.
    fn show_there(&self, context: &mut CallContext<'_>, show: &Show) -> Result<ExitCode, Error> {
        let there = match &show.namespace {
            NamespaceChoice::Own => return self.show(context, show),
            NamespaceChoice::Named(name) => self.view.namespace(name.as_ref()),
            NamespaceChoice::Every => self.view.everywhere(),
        };
        match there {
            Ok(view) => Self::new(view).show(context, show),
            Err(error) => {
                complain(context.stderr, &error);
                Ok(ExitCode::FAILURE)
            }
        }
    }

    fn show(&self, context: &mut CallContext<'_>, show: &Show) -> Result<ExitCode, Error> {
        // The sheet keeps the counters until the form of the output is known.
        let mut code = ExitCode::SUCCESS;
        let counters = match show.summary {
            CounterDisplay::None => None,
            CounterDisplay::Before | CounterDisplay::Only => {
                let (counters, read) = self.counters(context.stderr);
                code = read;
                Some(counters)
            }
        };
        let selection = match &show.selection {
            _ if show.summary == CounterDisplay::Only && show.answer == ListingKind::Sockets => {
                return sheet(context.stdout, show, counters.as_ref())?
                    .end()
                    .map_err(write_failed)
                    .map(|()| code);
            }
            Ok(selection) => filter::selected(&self.view, context, &show.filter, selection),
            Err(NothingToShow::States(error)) => {
                sheet(context.stdout, show, counters.as_ref())?.end().map_err(write_failed)?;
                return Ok(self.refuse(context.stderr, error));
            }
            Err(NothingToShow::Tables) => {
                let empty = sheet(context.stdout, show, counters.as_ref())?.end_empty(show.answer);
                empty.map_err(write_failed)?;
                complain(context.stderr, &"no socket tables to show with such filter.");
                return Ok(code);
            }
        };
        match selection {
            Ok(selection) => {
                let done = self.act(context, show, selection, counters.as_ref())?;
                Ok(done.max(code))
            }
            Err(error) => {
                sheet(context.stdout, show, counters.as_ref())?.end().map_err(write_failed)?;
                // A name that was not resolved in time is not an error of the filter.
                context.cancel.check()?;
                Ok(self.refuse(context.stderr, &error))
            }
        }
    }

    /// Returns the counters. An unreadable file is reported and its counters are missing, as in
    /// iproute2, but here the call fails. A kernel without IPv6 lacks `sockstat6`, which is not an
    /// error.
    fn counters(&self, stderr: &mut dyn io::Write) -> (Counters, ExitCode) {
        let mut code = ExitCode::SUCCESS;
        let mut failed = |error: socket_query::Error| {
            complain(stderr, &Chain(&error));
            code = ExitCode::FAILURE;
        };
        let ipv4 = self.view.sockstat().map_err(&mut failed).ok();
        let ipv6 = match self.view.sockstat6() {
            // Compat: without the counters of IPv4 those of IPv6 would be subtracted from 0.
            _ if ipv4.is_none() => SockStat6::default(),
            Err(error) if error.kind() == MISSING => SockStat6::default(),
            read => read.map_err(&mut failed).unwrap_or_default(),
        };
        let established = self.view.established().map_err(&mut failed).ok();
        (Counters { ipv4: ipv4.unwrap_or_default(), ipv6, established }, code)
    }

    fn act(
        &self,
        context: &mut CallContext<'_>,
        show: &Show,
        selection: Selection,
        counters: Option<&Counters>,
    ) -> Result<ExitCode, Error> {
        // The filter is blank, or its file contains only comments.
        if show.action == Action::Destroy && !selection.filter.is_expression() {
            sheet(context.stdout, show, counters)?.end().map_err(write_failed)?;
            return Ok(self.refuse(context.stderr, &CliError::no_filter()));
        }
        self.report_ungranted(context.stderr, show);
        let peers = selection.peers && show.answer == ListingKind::Sockets;
        let is_any_order = show.answer == ListingKind::Number || !show.order.keys.is_empty();
        let processes = show.shown_processes();
        let selection = &Selection { processes, peers, is_any_order, ..selection };
        let cancel = context.cancel;
        let begin = |context| self.begin(context, show, selection, counters);
        match show.action {
            Action::List => self.list(show, selection, begin(context)?, cancel),
            Action::Follow(end) => self.follow(selection, end, begin(context)?, cancel),
            Action::Destroy => self.destroy(selection, begin(context)?, cancel),
            Action::Repeat(ticks) => self.repeat(context, show, selection, ticks),
        }
    }

    /// Begins a listing.
    fn begin<'c>(
        &'c self,
        context: &'c mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
        counters: Option<&Counters>,
    ) -> Result<ListingRun<'c>, Error> {
        let rows = RowRenderer::new(&self.view, show, selection.tables, context.cancel);
        let sheet = sheet(context.stdout, show, counters)?;
        let printer = sheet.list(show, selection, rows, context.terminal_width);
        Ok(ListingRun::new(printer.map_err(write_failed)?, context.stderr))
    }

    /// Lists at each tick. Ticks during a pass are skipped.
    fn repeat(
        &self,
        context: &mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
        ticks: Ticks,
    ) -> Result<ExitCode, Error> {
        let mut tick = Instant::now();
        // OK because a time that the clock cannot represent is never reached.
        let end = ticks.end.after.and_then(|after| tick.checked_add(after));
        let mut code = ExitCode::SUCCESS;
        for number in 1.. {
            let pass = self.pass(context, show, selection, number)?;
            code = code.max(pass);
            tick = ticks.next(tick, Instant::now());
            if ticks.end.count == Some(number) {
                break;
            }
            if let Some(end) = end.filter(|end| *end <= tick) {
                context.cancel.wait_until(end)?;
                break;
            }
            context.cancel.wait_until(tick)?;
        }
        Ok(code)
    }

    /// Lists once, as pass `number`.
    fn pass(
        &self,
        context: &mut CallContext<'_>,
        show: &Show,
        selection: &Selection,
        number: u64,
    ) -> Result<ExitCode, Error> {
        let cancel = context.cancel;
        let stamp = Stamp::new(number, context.clock.now());
        let rows = RowRenderer::new(&self.view, show, selection.tables, cancel);
        let mut pass = PassRun::new(context.stdout, rows, stamp);
        let collected = self.collect(show, selection, &mut pass, cancel);
        pass.check()?;
        cancel.check()?;
        pass.finish(collected)
    }

    /// Reports options that add nothing to the listing because their grant is missing.
    fn report_ungranted(&self, stderr: &mut dyn io::Write, show: &Show) {
        if let Some(option) = &show.ungranted_processes
            && let Err(error) = self.view.granted(Grant::Processes)
        {
            complain(stderr, &format_args!("{option} shows no process: {error}"));
        }
        if show.resolves_hosts
            && let Err(error) = self.view.resolver()
        {
            complain(stderr, &format_args!("-r shows no host name: {error}"));
        }
    }

    fn list(
        &self,
        show: &Show,
        selection: &Selection,
        mut listing: ListingRun<'_>,
        cancel: &Cancel,
    ) -> Result<ExitCode, Error> {
        let collected = self.collect(show, selection, &mut listing, cancel);
        listing.check()?;
        let left_out = match collected {
            Ok(left_out) => left_out,
            Err(error) => {
                listing.abort()?;
                return Err(error);
            }
        };
        if let (Some(limit), 1..) = (show.order.limit, left_out) {
            let sockets = if left_out == 1 { "socket" } else { "sockets" };
            let more = format_args!("{left_out} {sockets} more than the {limit} of --limit");
            complain(listing.stderr, &format_args!("left out {more}"));
        }
        listing.finish("more rows were left out")
    }

    /// Passes the sockets to the listing in the requested order; returns how many were left out.
    fn collect(
        &self,
        show: &Show,
        selection: &Selection,
        listing: &mut dyn Sink,
        cancel: &Cancel,
    ) -> Result<u64, Error> {
        let is_cancelled = || cancel.is_cancelled();
        let collect = |sink: &mut dyn Sink| {
            let collected = self.view.collect(selection, &is_cancelled, sink);
            // A listing that was cancelled must not look complete.
            cancel.check()?;
            collected.map_err(|error| failure(&error))
        };
        let order = &show.order;
        match (order.keys.is_empty(), order.limit) {
            _ if show.answer == ListingKind::Number => collect(listing).map(|_| 0),
            (true, None) => collect(listing).map(|_| 0),
            (true, Some(limit)) => {
                let mut limited = Limited::new(listing, limit);
                collect(&mut limited)?;
                Ok(limited.left_out())
            }
            (false, _) => {
                let mut sorted = Sorted::new(listing, order, self.view.sorted_rows());
                collect(&mut sorted)?;
                sorted.finish().map_err(too_many)
            }
        }
    }

    /// Prints each socket when it is destroyed.
    fn follow(
        &self,
        selection: &Selection,
        end: End,
        mut listing: ListingRun<'_>,
        cancel: &Cancel,
    ) -> Result<ExitCode, Error> {
        // OK because a time that the clock cannot represent is never reached.
        let deadline = end.after.and_then(|after| Instant::now().checked_add(after));
        let until = Until { deadline, count: end.count };
        let followed = self.view.events().and_then(|gate| {
            gate.follow(selection, &until, &|| cancel.is_cancelled(), &mut listing)
        });
        listing.check()?;
        match followed {
            Ok(_) => listing.finish("more events were left out"),
            Err(error) if error.kind() == socket_query::ErrorKind::NoEvents => {
                complain(listing.stderr, &error);
                listing.abort()?;
                Ok(NO_EVENTS)
            }
            Err(error) => {
                listing.abort()?;
                cancel.check()?;
                Err(failure(&error))
            }
        }
    }

    /// Destroys sockets and prints those that were destroyed, even if not all could be.
    fn destroy(
        &self,
        selection: &Selection,
        mut listing: ListingRun<'_>,
        cancel: &Cancel,
    ) -> Result<ExitCode, Error> {
        let destroyed = self
            .view
            .kill()
            .and_then(|gate| gate.destroy(selection, &|| cancel.is_cancelled(), &mut listing));
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
}

impl Show {
    /// Returns which details of processes are shown: names in text, and all that the policy allows
    /// in JSON. Without the grant processes are not looked up.
    fn shown_processes(&self) -> Option<ShownProcesses> {
        if self.ungranted_processes.is_some() {
            return None;
        }
        let details = match (self.output, self.answer) {
            (OutputFormat::Text, _) | (_, ListingKind::Number) => ProcessDetails::Name,
            (OutputFormat::Json | OutputFormat::JsonLines, ListingKind::Sockets) => {
                ProcessDetails::Full
            }
        };
        self.processes.map(|threads| ShownProcesses { threads, details })
    }
}

/// Begins the output, with the counters if they were requested.
fn sheet<'c>(
    stdout: &'c mut dyn io::Write,
    show: &Show,
    counters: Option<&Counters>,
) -> Result<Sheet<'c>, Error> {
    let mut sheet = Sheet::new(stdout, show.output);
    if let Some(counters) = counters {
        sheet.summary(counters).map_err(write_failed)?;
    }
    Ok(sheet)
}

fn too_many(TooMany(bound): TooMany) -> Error {
    let advice = "select fewer, or print the first with --limit";
    let message =
        format_args!("--sort keeps {bound} sockets at most, and there are more: {advice}");
    Error::new(ErrorKind::Failed, message)
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
