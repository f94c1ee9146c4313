//! The broker that finds the processes that have sockets open.

use std::time::Duration;

use bstr::BString;
use procnetsocket::{
    Interrupt, Pid, ProcVisibility, ProcessDetails, ProcessQuery, ProcessReport, SocketTables,
    Uninterrupted, WantedSockets,
};
use serde::{Deserialize, Serialize};
use socket_query::{ProcessSource, ProcessSourceError, ProcessSourceErrorKind};

use super::{Broker, BrokerError, BrokerErrorKind, ConfinementReport, Reporting, Reports, Service};

/// The longest wait for a scan: 1 min, a hundred times as long as a scan of half a million
/// descriptors takes. The wait also ends with the script.
const PATIENCE: Duration = Duration::from_mins(1);

/// Scans processes, below the one directory handle that it has.
#[derive(Debug)]
pub struct ProcessService {
    tables: SocketTables,
    bounds: ProcessBounds,
}

/// The bounds of what is reported about processes, whatever is asked: as much as the policy of the
/// shell allows.
///
/// Security: the broker gets them when it is started. A shell that is compromised later cannot
/// widen them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessBounds {
    /// What is reported about each process.
    pub details: ProcessDetails,
    /// Which processes are reported.
    pub reach: Reach,
}

/// Which processes a broker reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All that have a socket open. The name of any process may be asked for.
    All,
    /// Those that have a requested socket open: for a shell that shows only some sockets.
    Named,
}

impl ProcessBounds {
    pub(super) const fn detail_word(self) -> &'static str {
        match self.details {
            ProcessDetails::Name => "name",
            ProcessDetails::User => "user",
            _ => "full",
        }
    }

    pub(super) const fn reach_word(self) -> &'static str {
        match self.reach {
            Reach::All => "all",
            Reach::Named => "named",
        }
    }

    pub(super) fn from_words(details: &str, reach: &str) -> Option<Self> {
        let details = match details {
            "name" => ProcessDetails::Name,
            "user" => ProcessDetails::User,
            "full" => ProcessDetails::Full,
            _ => return None,
        };
        let reach = match reach {
            "all" => Reach::All,
            "named" => Reach::Named,
            _ => return None,
        };
        Some(Self { details, reach })
    }
}

/// The requests to the broker of processes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ProcessRequest {
    /// Which processes have these sockets open?
    Scan(ProcessQuery),
    /// What is the name of this process?
    Name(Pid),
}

/// The answers, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ProcessAnswer {
    /// The processes, or the error of the scan.
    Scan(Result<ProcessReport, ProcessScanRefusal>),
    /// The name, if the process exists and may be named.
    Name(Option<BString>),
}

/// A [`ProcessSourceError`], as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessScanRefusal {
    reached_limit: bool,
    message: String,
}

impl ProcessService {
    /// Returns the service over the processes of a `/proc`.
    pub fn new(tables: SocketTables, bounds: ProcessBounds) -> Self {
        Self { tables, bounds }
    }

    fn scan(&self, query: ProcessQuery) -> Result<ProcessReport, ProcessScanRefusal> {
        if self.bounds.reach == Reach::Named && query.sockets == WantedSockets::All {
            return Err(ProcessScanRefusal::of(
                "expected the sockets whose processes are wanted, but found none",
            ));
        }
        let details = query.details.min(self.bounds.details);
        let query = query.with_details(details);
        let mut report = ProcessSource::processes(&self.tables, &query, &Uninterrupted)?;
        if self.bounds.reach == Reach::Named {
            // Security: the number of unreadable or hidden processes would reveal how many there
            // are.
            report.closed = 0;
            report.visibility = ProcVisibility::Withheld;
        }
        Ok(report)
    }
}

impl Service for ProcessService {
    type Request = ProcessRequest;
    type Answer = ProcessAnswer;

    fn answer(&self, request: ProcessRequest) -> ProcessAnswer {
        match request {
            ProcessRequest::Scan(query) => ProcessAnswer::Scan(self.scan(query)),
            ProcessRequest::Name(pid) => ProcessAnswer::Name(match self.bounds.reach {
                Reach::All => self.tables.process_name(pid),
                Reach::Named => None,
            }),
        }
    }

    fn too_long() -> ProcessAnswer {
        let message =
            "expected processes that fit into a message, but found more: ask for fewer sockets";
        ProcessAnswer::Scan(Err(ProcessScanRefusal {
            reached_limit: true,
            message: message.to_owned(),
        }))
    }
}

impl ProcessScanRefusal {
    fn of(message: &str) -> Self {
        Self { reached_limit: false, message: message.to_owned() }
    }
}

impl From<ProcessSourceError> for ProcessScanRefusal {
    fn from(error: ProcessSourceError) -> Self {
        let reached_limit = error.kind == ProcessSourceErrorKind::LimitExceeded;
        Self { reached_limit, message: error.message }
    }
}

impl From<ProcessScanRefusal> for ProcessSourceError {
    fn from(refusal: ProcessScanRefusal) -> Self {
        let kind = if refusal.reached_limit {
            ProcessSourceErrorKind::LimitExceeded
        } else {
            ProcessSourceErrorKind::Unavailable
        };
        Self { kind, message: refusal.message }
    }
}

/// The processes of sockets, as a broker lists them.
#[derive(Debug)]
pub struct ProcessBroker(Broker<Reporting<ProcessService>>);

impl ProcessBroker {
    /// Wraps the connection to a broker.
    pub fn new(broker: Broker<Reporting<ProcessService>>) -> Self {
        Self(broker)
    }
}

impl ProcessSource for ProcessBroker {
    fn processes(
        &self,
        query: &ProcessQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessReport, ProcessSourceError> {
        match self.0.ask_service(ProcessRequest::Scan(query.clone()), PATIENCE, interrupt)? {
            ProcessAnswer::Scan(report) => report.map_err(ProcessSourceError::from),
            ProcessAnswer::Name(_) => Err(mismatch()),
        }
    }

    fn process_name(&self, pid: Pid) -> Option<BString> {
        match self.0.ask_service(ProcessRequest::Name(pid), PATIENCE, &Uninterrupted) {
            Ok(ProcessAnswer::Name(name)) => name,
            // OK because a process without a known name is printed without it.
            Ok(ProcessAnswer::Scan(_)) | Err(_) => None,
        }
    }
}

impl Reports for ProcessBroker {
    fn report(&self) -> Result<ConfinementReport, BrokerError> {
        self.0.report()
    }
}

fn mismatch() -> ProcessSourceError {
    let message = "the broker answered another question".to_owned();
    ProcessSourceError { kind: ProcessSourceErrorKind::Unavailable, message }
}

impl From<BrokerError> for ProcessSourceError {
    fn from(error: BrokerError) -> Self {
        let kind = match error.kind() {
            BrokerErrorKind::Interrupted => ProcessSourceErrorKind::Interrupted,
            _ => ProcessSourceErrorKind::Unavailable,
        };
        Self { kind, message: builtin_cli::Chain(&error).to_string() }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use testkit::{FakeProc, Process};

    use super::*;

    #[rstest]
    #[case::all(Reach::All, 1)]
    #[case::named(Reach::Named, 0)]
    fn closed_processes_are_counted_where_all_may_be_named(
        #[case] reach: Reach,
        #[case] closed: u64,
    ) {
        let root = FakeProc::new()
            .process(Process::new(4, "open").socket(3, 40))
            .process(Process::new(5, "closed"))
            .build();
        // The scan does not follow a link here, so it counts the process as closed.
        root.dir().remove_dir("5/fd").unwrap();
        root.dir().symlink("../4/fd", "5/fd").unwrap();
        let bounds = ProcessBounds { details: ProcessDetails::Name, reach };
        let service = ProcessService::new(SocketTables::from_dir(root.dir()), bounds);
        let ProcessAnswer::Scan(Ok(report)) =
            service.answer(ProcessRequest::Scan(ProcessQuery::of(Vec::new())))
        else {
            panic!("expected a report");
        };
        assert_eq!(report.closed, closed);
    }
}
