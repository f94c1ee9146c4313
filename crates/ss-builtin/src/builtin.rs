//! The stages of one call: arguments, plan, selection, order, printing.

use std::io;

use bstr::BString;
use builtin_api::{Builtin, CallContext, Cancel, Chain, Error, ErrorKind, ExitCode};
use procnetsocket::SockStat6;
use socket_query::{PolicyView, Selection};

use crate::{
    cli::{
        Answer, CliError, Help, Host, NothingToShow, Plan, RawArgs, Show, Summary, Tables, VERSION,
    },
    listing::{Completeness, Listing, complain},
    order::{Limited, Sorted, TooMany},
    printer::Sheet,
    render::{Counters, RowRenderer},
};

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
            Ok(Plan::Help) => print(context, &Help(self.host())),
            Ok(Plan::Version) => print(context, &format_args!("{VERSION}\n")),
            Ok(Plan::Show(show)) => self.show(context, &show),
            Err(error) => Ok(self.refuse(context, &error)),
        }
    }
}

fn print(context: &mut CallContext<'_>, text: &dyn std::fmt::Display) -> Result<ExitCode, Error> {
    write!(context.stdout, "{text}").map_err(write_failed)?;
    Ok(ExitCode::SUCCESS)
}

fn write_failed(error: io::Error) -> Error {
    Error::io("the listing could not be written", error)
}

impl Ss {
    fn host(&self) -> Host {
        let tables = if self.view.has_sock_diag() { Tables::Live } else { Tables::Text };
        Host { grants: self.view.grants(), tables }
    }

    fn refuse(&self, context: &mut CallContext<'_>, error: &CliError) -> ExitCode {
        complain(context.stderr, error);
        if error.shows_usage() {
            let _ = write!(context.stderr, "{}", Help(self.host()));
        }
        ExitCode::new(error.status())
    }

    fn show(&self, context: &mut CallContext<'_>, show: &Show) -> Result<ExitCode, Error> {
        let CallContext { stdout, stderr, cancel, terminal_width, .. } = context;
        let mut sheet = Sheet::new(*stdout, show.output);
        let mut code = ExitCode::SUCCESS;
        if show.summary != Summary::None {
            let (counters, read) = self.counters(*stderr);
            sheet.summary(&counters).map_err(write_failed)?;
            code = read;
        }
        if show.summary == Summary::Only && show.answer == Answer::Sockets {
            sheet.end().map_err(write_failed)?;
            return Ok(code);
        }
        match &show.selection {
            Ok(selection) => {
                let rows = RowRenderer::new(&self.view, show, selection.tables);
                let printer =
                    sheet.list(show, selection, rows, *terminal_width).map_err(write_failed)?;
                let listing = Listing::new(printer, *stderr);
                self.list(show, selection, listing, cancel).map(|listed| listed.max(code))
            }
            Err(NothingToShow::Tables) => {
                complain(*stderr, &"no socket tables to show with such filter.");
                sheet.end_empty(show.answer).map_err(write_failed)?;
                Ok(code)
            }
        }
    }

    /// Returns the counters. A file that cannot be read is reported and its counters are missing, as
    /// in iproute2, but the call fails then; a kernel without IPv6 has no `sockstat6`, and that is no
    /// failure.
    fn counters(&self, stderr: &mut dyn io::Write) -> (Counters, ExitCode) {
        let mut code = ExitCode::SUCCESS;
        let mut failed = |error: socket_query::Error| {
            complain(stderr, &Chain(&error));
            code = ExitCode::FAILURE;
        };
        let counters = Counters {
            ipv4: self.view.sockstat().map_err(&mut failed).unwrap_or_default(),
            ipv6: match self.view.sockstat6() {
                Err(error) if error.kind() == MISSING => SockStat6::default(),
                read => read.map_err(&mut failed).unwrap_or_default(),
            },
            established: self.view.established().map_err(&mut failed).ok(),
        };
        (counters, code)
    }

    fn list(
        &self,
        show: &Show,
        selection: &Selection,
        mut listing: Listing<'_>,
        cancel: &Cancel,
    ) -> Result<ExitCode, Error> {
        let collected = self.collect(show, selection, &mut listing, cancel);
        if let Some(error) = listing.take_failure() {
            return Err(write_failed(error));
        }
        let left_out = match collected {
            Ok(left_out) => left_out,
            Err(error) => {
                listing.printer.abort().map_err(write_failed)?;
                return Err(error);
            }
        };
        let completeness = listing.report_rest();
        if let (Some(limit), 1..) = (show.order.limit, left_out) {
            let sockets = format_args!("{left_out} sockets more than the {limit} of --limit");
            complain(listing.stderr, &format_args!("left out {sockets}"));
        }
        listing.printer.finish().map_err(write_failed)?;
        Ok(match completeness {
            Completeness::Whole => ExitCode::SUCCESS,
            Completeness::RowsAreMissing => ExitCode::FAILURE,
        })
    }

    /// Hands the sockets to the listing in the order that is wanted; returns how many were left out.
    fn collect(
        &self,
        show: &Show,
        selection: &Selection,
        listing: &mut Listing<'_>,
        cancel: &Cancel,
    ) -> Result<u64, Error> {
        let is_cancelled = || cancel.is_cancelled();
        let collect = |sink: &mut dyn socket_query::Sink| {
            let collected = self.view.collect(selection, &is_cancelled, sink);
            // A call that was ended shows no part of a listing as if it were the whole.
            cancel.check()?;
            collected.map_err(|error| Error::new(kind_of(&error), Chain(&error)))
        };
        let order = &show.order;
        match (order.keys.is_empty(), order.limit) {
            _ if show.answer == Answer::Number => collect(listing).map(|_| 0),
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
}

fn too_many(TooMany(bound): TooMany) -> Error {
    let advice = "select fewer, or print the first with --limit";
    let message =
        format_args!("--sort keeps {bound} sockets at most, and there are more: {advice}");
    Error::new(ErrorKind::Failed, message)
}

fn kind_of(error: &socket_query::Error) -> ErrorKind {
    match error.kind() {
        socket_query::ErrorKind::NotGranted(_) => ErrorKind::Denied,
        socket_query::ErrorKind::Interrupted => ErrorKind::Cancelled,
        _ => ErrorKind::Failed,
    }
}
