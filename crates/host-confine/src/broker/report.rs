//! What a broker reports to be in force in itself.

use std::time::Duration;

use procnetsocket::{Interrupt, Uninterrupted};
use serde::{Deserialize, Serialize};

use super::{Broker, BrokerError, Service, error::Repr};
use crate::confinement::Confined;

/// How long a report may take: 10 s, for a broker that has a search under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is in force in a process, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfinementReport {
    /// The process.
    pub pid: u32,
    /// [`Confined`] as text: one layer a line. Who prints it escapes it.
    pub text: String,
}

impl ConfinementReport {
    /// Returns the report of this process.
    pub fn new(confined: &Confined) -> Self {
        Self { pid: std::process::id(), text: confined.to_string() }
    }
}

/// A service that reports what is in force in its process, too.
#[derive(Debug)]
pub struct Reporting<S> {
    service: S,
    report: ConfinementReport,
}

/// The requests to a [`Reporting`] service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportingRequest<R> {
    /// What is in force?
    Report,
    /// What the service is asked.
    Service(R),
}

/// The answers, in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReportingAnswer<A> {
    /// This is.
    Report(ConfinementReport),
    /// What the service answers.
    Service(A),
}

impl<S> Reporting<S> {
    /// Returns the service, in a process that is confined so.
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
    /// Asks the service, as [`Broker::ask`].
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

/// The shell's side of a broker that reports what is in force in it.
pub trait Reports: Send + Sync {
    /// Asks what is in force in the broker.
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
