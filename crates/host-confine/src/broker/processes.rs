//! The broker that finds the processes that hold sockets.

use std::time::Duration;

use bstr::BString;
use procnetsocket::{
    Interrupt, OwnerDetails, OwnerQuery, OwnerReport, Pid, SocketTables, Uninterrupted, Wanted,
};
use serde::{Deserialize, Serialize};
use socket_query::{OwnerSource, OwnersError, OwnersErrorKind};

use super::{Broker, BrokerError, BrokerErrorKind, Service};

/// How long a scan may take: 1 min, a hundred times what one of half a million descriptors takes. The
/// end of the script ends the wait before.
const PATIENCE: Duration = Duration::from_mins(1);

/// Looks into processes, below the one handle that it holds.
#[derive(Debug)]
pub struct Owners {
    tables: SocketTables,
    bounds: Bounds,
}

/// How much of processes is told, whatever is asked: as much as the policy of the shell allows.
///
/// Security: it is told to the broker when it is started. Who took the shell over later can ask for no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// What is told of each process.
    pub details: OwnerDetails,
    /// Of which processes.
    pub reach: Reach,
}

/// Of which processes a broker tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Of all that hold a socket, and the name of any.
    All,
    /// Of those that hold a socket that was named, for the shell shows some alone.
    Named,
}

impl Bounds {
    pub(super) const fn detail_word(self) -> &'static str {
        match self.details {
            OwnerDetails::Name => "name",
            OwnerDetails::User => "user",
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
            "name" => OwnerDetails::Name,
            "user" => OwnerDetails::User,
            "full" => OwnerDetails::Full,
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
    pub fn new(tables: SocketTables, bounds: Bounds) -> Self {
        Self { tables, bounds }
    }

    fn scan(&self, query: OwnerQuery) -> Result<OwnerReport, Refusal> {
        if self.bounds.reach == Reach::Named && query.sockets == Wanted::All {
            return Err(Refusal::of(
                "expected the sockets whose owners are wanted, but found none",
            ));
        }
        let details = query.details.min(self.bounds.details);
        let query = query.with_details(details);
        Ok(OwnerSource::owners(&self.tables, &query, &Uninterrupted)?)
    }
}

impl Service for Owners {
    type Request = OwnersRequest;
    type Answer = OwnersAnswer;

    fn answer(&self, request: OwnersRequest) -> OwnersAnswer {
        match request {
            OwnersRequest::Scan(query) => OwnersAnswer::Scan(self.scan(query)),
            OwnersRequest::Name(pid) => OwnersAnswer::Name(match self.bounds.reach {
                Reach::All => self.tables.process_name(pid),
                Reach::Named => None,
            }),
        }
    }

    fn too_long() -> OwnersAnswer {
        let message = "expected owners that have room in a message, but found more: ask for less";
        OwnersAnswer::Scan(Err(Refusal { reached_limit: true, message: message.to_owned() }))
    }
}

impl Refusal {
    fn of(message: &str) -> Self {
        Self { reached_limit: false, message: message.to_owned() }
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
