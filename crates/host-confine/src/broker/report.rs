//! The report of a broker about its own confinement.

use std::time::Duration;

use procnetsocket::{Interrupt, Uninterrupted};
use serde::{Deserialize, Serialize};

use super::{Broker, BrokerError, Service, error::Repr};
use crate::confinement::Confined;

/// The longest wait for a report: 10 s, because the broker may be busy with a search.
const PATIENCE: Duration = Duration::from_secs(10);

/// The confinement of a process, as it reports it itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfinementReport {
    /// The id of the process.
    pub pid: u32,
    /// [`Confined`] as text: one layer per line. It has to be escaped before it is printed.
    pub text: String,
}

impl ConfinementReport {
    /// Returns the report of this process.
    pub fn new(confined: &Confined) -> Self {
        Self { pid: std::process::id(), text: confined.to_string() }
    }
}

/// A service that also reports the confinement of its process.
#[derive(Debug)]
pub struct Reporting<S> {
    service: S,
    report: ConfinementReport,
}

/// The requests to a [`Reporting`] service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportingRequest<R> {
    /// What confinement is in force?
    Report,
    /// A request to the service.
    Service(R),
}

/// The answers, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportingAnswer<A> {
    /// The confinement in force.
    Report(ConfinementReport),
    /// An answer of the service.
    Service(A),
}

impl<S> Reporting<S> {
    /// Wraps a service of a process with this confinement.
    pub fn new(service: S, confined: &Confined) -> Self {
        Self { service, report: ConfinementReport::new(confined) }
    }
}

impl<S: Service> Service for Reporting<S> {
    type Request = ReportingRequest<S::Request>;
    type Answer = ReportingAnswer<S::Answer>;

    fn answer(&self, request: Self::Request) -> Self::Answer {
        match request {
            ReportingRequest::Report => ReportingAnswer::Report(self.report.clone()),
            ReportingRequest::Service(request) => {
                ReportingAnswer::Service(self.service.answer(request))
            }
        }
    }

    fn too_long() -> Self::Answer {
        ReportingAnswer::Service(S::too_long())
    }
}

impl<S: Service> Broker<Reporting<S>> {
    /// Sends a request to the service, as [`Broker::ask`].
    pub(super) fn ask_service(
        &self,
        request: S::Request,
        patience: Duration,
        interrupt: &dyn Interrupt,
    ) -> Result<S::Answer, BrokerError> {
        let request = ReportingRequest::Service(request);
        self.ask(&request, patience, interrupt).and_then(ReportingAnswer::into_service)
    }

    fn ask_report(&self) -> Result<ConfinementReport, BrokerError> {
        match self.ask(&ReportingRequest::Report, PATIENCE, &Uninterrupted)? {
            ReportingAnswer::Report(report) => Ok(report),
            ReportingAnswer::Service(_) => Err(Repr::Sequence.into()),
        }
    }
}

impl<A> ReportingAnswer<A> {
    pub(super) fn into_service(self) -> Result<A, BrokerError> {
        match self {
            Self::Service(answer) => Ok(answer),
            Self::Report(_) => Err(Repr::Sequence.into()),
        }
    }
}

/// The shell's side of a broker that reports its confinement.
pub trait Reports: Send + Sync {
    /// Asks for the confinement of the broker.
    ///
    /// # Errors
    ///
    /// As [`Broker::ask`].
    fn report(&self) -> Result<ConfinementReport, BrokerError>;
}

impl<S: Service> Reports for Broker<Reporting<S>> {
    fn report(&self) -> Result<ConfinementReport, BrokerError> {
        self.ask_report()
    }
}
