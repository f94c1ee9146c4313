//! Reports on standard error why a listing is incomplete.

use std::{fmt, io::Write};

use builtin_api::ExitCode;
use builtin_cli::Chain;
use procnetsocket::model::Socket;
use socket_query::{ListingProblem, SocketTable, WhyKept};

use crate::render::netid_word;

/// Number of problems that are reported one by one; further ones are counted.
pub(crate) const REPORTED: u64 = 10;

/// The problems of one call.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    count: u64,
}

impl Problems {
    /// Prints a problem, or only counts it after [`REPORTED`] others.
    pub(crate) fn report(&mut self, stderr: &mut dyn Write, problem: ListingProblem<'_>) {
        self.count += 1;
        // Each of these reports many events, so all are reported.
        if self.count <= REPORTED || matches!(problem, ListingProblem::EventsLost) {
            complain(stderr, &ProblemLine(problem));
        }
    }

    /// Prints the number of problems that were not reported, described by `what`, and returns the
    /// status of the call.
    pub(crate) fn finish(self, stderr: &mut dyn Write, what: &str) -> ExitCode {
        if self.count > REPORTED {
            complain(stderr, &format_args!("{} {what}", self.count - REPORTED));
        }
        if self.count == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Prints one line on standard error.
pub(crate) fn complain(stderr: &mut dyn Write, problem: &dyn fmt::Display) {
    // OK because an error of standard error cannot be reported anywhere.
    let _ = writeln!(stderr, "ss: {problem}");
}

/// A problem as a line of text.
pub(crate) struct ProblemLine<'a>(pub(crate) ListingProblem<'a>);

impl fmt::Display for ProblemLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ListingProblem::Row(row) => row.fmt(f),
            ListingProblem::Table(_, error) => Chain(error).fmt(f),
            ListingProblem::Changed(table) => {
                write!(f, "{table} changed while it was read: rows may be missing or there twice")
            }
            ListingProblem::Unreported(tables) => tables.fmt(f),
            ListingProblem::Processes(error) => Chain(error).fmt(f),
            ListingProblem::Namespace(name, error) => {
                write!(f, "network namespace {name} is not listed: {}", Chain(error))
            }
            ListingProblem::UnseenNamespaces(closed) => {
                let processes = if closed == 1 { "process is" } else { "processes are" };
                write!(
                    f,
                    "network namespaces may be missing: {closed} {processes} closed to this user"
                )
            }
            ListingProblem::NamespacesAsText(1) => f.write_str(
                "1 network namespace may not be entered, and is listed from its text tables",
            ),
            ListingProblem::NamespacesAsText(count) => write!(
                f,
                "{count} network namespaces may not be entered, and are listed from their text tables"
            ),
            ListingProblem::UnixPeersUnknown => f.write_str(
                "the other ends of unix sockets are not known: /proc/net/unix does not list them",
            ),
            ListingProblem::EventsLost => {
                f.write_str("sockets ended faster than they were listed: some are missing here")
            }
            ListingProblem::NotDestroyed(table, socket, WhyKept::Refused(error)) => {
                write!(f, "{} was not closed: {}", SocketName(table, socket), Chain(error))
            }
            ListingProblem::NotDestroyed(table, socket, _) => write!(
                f,
                "{} was not closed: only internet sockets that sock_diag lists can be",
                SocketName(table, socket)
            ),
            _ => f.write_str("something could not be listed"),
        }
    }
}

/// A socket in a message, named as in a listing.
struct SocketName<'a>(SocketTable, Socket<'a>);

impl fmt::Display for SocketName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(netid_word(self.0, &self.1))?;
        match self.1 {
            Socket::Inet(inet) => write!(f, " {} {}", inet.local, inet.remote),
            Socket::Unix(unix) => match unix.inode {
                Some(inode) => write!(f, " {}", inode.get()),
                None => Ok(()),
            },
            Socket::Netlink(netlink) => write!(f, " {}:{}", netlink.protocol, netlink.port_id),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use procnetsocket::Table;

    use super::*;

    fn report(problems: &[ListingProblem<'_>]) -> (String, ExitCode) {
        let (mut all, mut stderr) = (Problems::default(), Vec::new());
        for problem in problems {
            all.report(&mut stderr, *problem);
        }
        let status = all.finish(&mut stderr, "more were left out");
        (String::from_utf8(stderr).unwrap(), status)
    }

    #[test]
    fn listing_without_problems_succeeds() {
        assert_eq!(report(&[]), (String::new(), ExitCode::SUCCESS));
    }

    #[test]
    fn each_problem_is_printed_and_fails_the_call() {
        let (stderr, status) =
            report(&[ListingProblem::Changed(Table::Unix), ListingProblem::EventsLost]);
        assert_eq!(status, ExitCode::FAILURE);
        insta::assert_snapshot!(stderr, @r"
        ss: unix changed while it was read: rows may be missing or there twice
        ss: sockets ended faster than they were listed: some are missing here
        ");
    }

    #[test]
    fn many_problems_are_counted() {
        let (stderr, _) = report(&[ListingProblem::Changed(Table::Unix); 13]);
        assert_eq!(stderr.lines().count(), 11);
        assert!(stderr.ends_with("ss: 3 more were left out\n"), "{stderr}");
    }

    #[test]
    fn lost_events_are_reported_each_time() {
        let (stderr, _) = report(&[ListingProblem::EventsLost; 13]);
        assert_eq!(stderr.lines().filter(|line| line.contains("some are missing")).count(), 13);
    }
}
