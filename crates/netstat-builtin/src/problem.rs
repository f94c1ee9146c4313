//! Reports on standard error why a listing is incomplete.

use std::{fmt, io::Write};

use builtin_api::ExitCode;
use builtin_cli::Chain;
use socket_query::ListingProblem;

/// Number of problems that are reported one by one; further ones are counted.
const REPORTED: u64 = 10;

/// The problems of one call.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    count: u64,
}

impl Problems {
    /// Prints a problem, or only counts it after [`REPORTED`] others.
    pub(crate) fn report(&mut self, stderr: &mut dyn Write, problem: ListingProblem<'_>) {
        self.count += 1;
        if self.count > REPORTED {
            return;
        }
        match problem {
            ListingProblem::Row(row) => complain(stderr, row),
            ListingProblem::Table(_, error) => complain(stderr, &Chain(error)),
            ListingProblem::Changed(table) => complain(
                stderr,
                &format_args!(
                    "{table} changed while it was read: rows may be missing or there twice"
                ),
            ),
            ListingProblem::Unreported(tables) => complain(stderr, &tables),
            _ => complain(stderr, &"something could not be listed"),
        }
    }

    /// Prints the number of problems that were not reported, and returns the status of the call.
    pub(crate) fn finish(self, stderr: &mut dyn Write) -> ExitCode {
        if self.count > REPORTED {
            complain(stderr, &format_args!("{} more rows were left out", self.count - REPORTED));
        }
        if self.count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Prints one line on standard error.
pub(crate) fn complain(stderr: &mut dyn Write, problem: &dyn fmt::Display) {
    // OK because an error of standard error cannot be reported anywhere.
    let _ = writeln!(stderr, "netstat: {problem}");
}
