//! The broker that finds the processes that hold sockets.

use std::time::Duration;

use bstr::BString;
use procnetsocket::{Interrupt, OwnerQuery, OwnerReport, Pid, SocketTables, Uninterrupted};
use serde::{Deserialize, Serialize};
use socket_query::{OwnerSource, OwnersError, OwnersErrorKind};

use super::{Broker, BrokerError, BrokerErrorKind, Service};

/// How long a scan may take: 1 min, a hundred times what one of half a million descriptors takes. The
/// end of the script ends the wait before.
const PATIENCE: Duration = Duration::from_mins(1);

/// Looks into processes, below the one handle that it holds.
#[derive(Debug)]
pub struct Owners(SocketTables);

/// What the broker of owners is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OwnersRequest {
    /// Which processes hold these sockets?
    Scan(OwnerQuery),
    /// What is this process called?
    Name(Pid),
}

/// What it answers, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OwnersAnswer {
    /// These processes do, or this is why it cannot be told.
    Scan(Result<OwnerReport, Refusal>),
    /// It is called so, if it may be known.
    Name(Option<BString>),
}

/// An [`OwnersError`], as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    reached_limit: bool,
    message: String,
}

impl Owners {
    /// Returns the service over the processes of a `/proc`.
    pub fn new(tables: SocketTables) -> Self {
        Self(tables)
    }
}

impl Service for Owners {
    type Request = OwnersRequest;
    type Answer = OwnersAnswer;

    fn answer(&self, request: OwnersRequest) -> OwnersAnswer {
        match request {
            OwnersRequest::Scan(query) => {
                let report = OwnerSource::owners(&self.0, &query, &Uninterrupted);
                OwnersAnswer::Scan(report.map_err(Refusal::from))
            }
            OwnersRequest::Name(pid) => OwnersAnswer::Name(self.0.process_name(pid)),
        }
    }
}

impl From<OwnersError> for Refusal {
    fn from(error: OwnersError) -> Self {
        let reached_limit = error.kind == OwnersErrorKind::LimitExceeded;
        Self { reached_limit, message: error.message }
    }
}

impl From<Refusal> for OwnersError {
    fn from(refusal: Refusal) -> Self {
        let kind = if refusal.reached_limit {
            OwnersErrorKind::LimitExceeded
        } else {
            OwnersErrorKind::Unavailable
        };
        Self { kind, message: refusal.message }
    }
}

/// The owners of sockets, as a broker tells them.
#[derive(Debug)]
pub struct OwnerBroker(Broker<Owners>);

impl OwnerBroker {
    /// Asks this broker.
    pub fn new(broker: Broker<Owners>) -> Self {
        Self(broker)
    }
}

impl OwnerSource for OwnerBroker {
    fn owners(
        &self,
        query: &OwnerQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<OwnerReport, OwnersError> {
        match self.0.ask(&OwnersRequest::Scan(query.clone()), PATIENCE, interrupt)? {
            OwnersAnswer::Scan(report) => report.map_err(OwnersError::from),
            OwnersAnswer::Name(_) => Err(mismatch()),
        }
    }

    fn process_name(&self, pid: Pid) -> Option<BString> {
        match self.0.ask(&OwnersRequest::Name(pid), PATIENCE, &Uninterrupted) {
            Ok(OwnersAnswer::Name(name)) => name,
            // OK because a name is told if there is one that may be known.
            Ok(OwnersAnswer::Scan(_)) | Err(_) => None,
        }
    }
}

fn mismatch() -> OwnersError {
    let message = "the broker answered another question".to_owned();
    OwnersError { kind: OwnersErrorKind::Unavailable, message }
}

impl From<BrokerError> for OwnersError {
    fn from(error: BrokerError) -> Self {
        let kind = match error.kind() {
            BrokerErrorKind::Interrupted => OwnersErrorKind::Interrupted,
            _ => OwnersErrorKind::Unavailable,
        };
        Self { kind, message: builtin_api::Chain(&error).to_string() }
    }
}
