//! Receives destroy events of sockets.

use std::{
    num::NonZeroU64,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use procnetsocket::{
    ErrorKind, Interrupt, RowError, Visitor,
    diag::{DestroyEvents, EventGroups},
    model::Socket,
};

use crate::{
    collect::{table_of, tables_admitting},
    error::Error,
    events::{self, EventSource},
    policy::{Policy, Redaction, VisibleUsers},
    select::Selection,
    sink::{ListingProblem, Sink},
    view::{PolicyView, UsageCounter},
};

/// The longest single wait: 1 s. It decides only how often the loop runs.
const WAIT: Duration = Duration::from_secs(1);

/// The gate to destroy events, under the grant `events`.
#[derive(Clone, Copy, Debug)]
pub struct EventGate<'v> {
    pub(crate) view: &'v PolicyView,
    pub(crate) source: &'v EventSource,
}

impl EventGate<'_> {
    /// Passes on the TCP and UDP sockets that the policy and the selection admit as they are
    /// destroyed, until `until` or the sink ends it. The states of the selection are ignored.
    /// Processes to show are found by one scan before the first event.
    ///
    /// Events that the kernel dropped are reported to the sink as [`ListingProblem::EventsLost`],
    /// and the call continues.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NoEvents`](crate::ErrorKind::NoEvents) for a selection without TCP and UDP,
    /// [`ErrorKind::EventsWithoutProcesses`](crate::ErrorKind::EventsWithoutProcesses) for a filter
    /// of processes or users, and under a policy that shows one user's sockets,
    /// [`ErrorKind::Busy`](crate::ErrorKind::Busy),
    /// [`ErrorKind::MaxRows`](crate::ErrorKind::MaxRows) and
    /// [`ErrorKind::MaxTime`](crate::ErrorKind::MaxTime) when a bound of the policy ended it,
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) within 100 ms after `interrupt`
    /// asks for the end.
    pub fn follow(
        &self,
        selection: &Selection,
        until: &Until,
        interrupt: &dyn Interrupt,
        sink: &mut dyn EventSink,
    ) -> Result<Followed, Error> {
        let policy = &self.view.policy;
        // Security: events of hidden families are not even received.
        let families = selection.families.intersection(policy.families());
        let groups = events::groups(selection.tables, families);
        if groups == EventGroups::NONE {
            return Err(Error::no_events());
        }
        // Kernel: a destroyed socket has no inode and no uid.
        if selection.filter.asks_for_processes() {
            return Err(Error::events_without_processes());
        }
        if policy.users() != VisibleUsers::All {
            return Err(Error::events_of_everyone());
        }
        let reported = self.view.look(selection, interrupt)?.report(selection, sink);
        if reported.stopped {
            let end = FollowEnd::Sink;
            return Ok(Followed { rows: 0, problems: reported.problems, end });
        }
        let mut follower = self.source.follow(groups)?;
        let admission =
            Admission { redaction: Redaction::new(policy), usage: &self.view.usage, selection };
        let bounds = until.within(policy);
        let followed = follow(follower.events()?, admission, &bounds, interrupt, sink)?;
        let followed = followed.checked(until, &bounds, policy)?;
        Ok(Followed { problems: reported.problems + followed.problems, ..followed })
    }
}

/// Receives destroyed sockets.
pub trait EventSink: Sink {
    /// Called after each event, including one whose socket was not admitted, so that a sink can
    /// flush its output. [`ControlFlow::Break`] ends the call.
    fn event_over(&mut self) -> ControlFlow<()>;
}

/// When [`EventGate::follow`] ends by itself. The default is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// At this time, or up to 50 ms later.
    pub deadline: Option<Instant>,
    /// After this number of sockets was passed to the sink.
    pub count: Option<u64>,
}

impl Until {
    /// Returns the earlier of the ends that the caller and the policy set.
    fn within(&self, policy: &Policy) -> Self {
        let rows = policy.max_rows().map(NonZeroU64::get);
        // OK because a time that the clock cannot represent is no bound.
        let time = policy.max_time().and_then(|time| Instant::now().checked_add(time));
        Self {
            deadline: [self.deadline, time].into_iter().flatten().min(),
            count: [self.count, rows].into_iter().flatten().min(),
        }
    }

    fn reached(&self, rows: u64, now: Instant) -> Option<FollowEnd> {
        if self.count.is_some_and(|count| rows >= count) {
            return Some(FollowEnd::Count);
        }
        let is_over = self.deadline.is_some_and(|deadline| now >= deadline);
        is_over.then_some(FollowEnd::Deadline)
    }

    fn patience(&self, now: Instant) -> Duration {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(now));
        left.map_or(WAIT, |left| left.min(WAIT))
    }
}

/// Why [`EventGate::follow`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FollowEnd {
    /// The deadline came.
    Deadline,
    /// The wanted number of sockets was passed on.
    Count,
    /// The sink returned [`ControlFlow::Break`].
    Sink,
}

/// Summary of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Followed {
    /// Sockets passed to the sink.
    pub rows: u64,
    /// Problems passed to the sink; if this is 0, no event was missed.
    pub problems: u64,
    /// Why it ended.
    pub end: FollowEnd,
}

impl Followed {
    /// Distinguishes an end that the caller wanted from a bound of the policy.
    fn checked(self, until: &Until, bounds: &Until, policy: &Policy) -> Result<Self, Error> {
        match self.end {
            FollowEnd::Count if bounds.count != until.count => Err(Error::max_rows(policy)),
            FollowEnd::Deadline if bounds.deadline != until.deadline => {
                Err(Error::max_time(policy))
            }
            _ => Ok(self),
        }
    }
}

fn follow(
    events: &mut DestroyEvents,
    admission: Admission<'_>,
    until: &Until,
    interrupt: &dyn Interrupt,
    sink: &mut dyn EventSink,
) -> Result<Followed, Error> {
    let mut admit =
        AdmitEvents { admission, count: until.count, sink, rows: 0, problems: 0, flow: GO_ON };
    loop {
        let now = Instant::now();
        let reached = until.reached(admit.rows, now);
        let stopped = admit.flow.is_break().then_some(FollowEnd::Sink);
        if let Some(end) = reached.or(stopped) {
            let AdmitEvents { rows, problems, .. } = admit;
            return Ok(Followed { rows, problems, end });
        }
        match events.wait(until.patience(now), interrupt, &mut admit) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Overrun => {
                admit.flow = admit.problem(ListingProblem::EventsLost);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// The sockets that are visible, and those that are wanted.
#[derive(Clone, Copy)]
struct Admission<'a> {
    redaction: Redaction<'a>,
    usage: &'a UsageCounter,
    selection: &'a Selection,
}

/// Passes on the sockets that the policy and the selection admit.
struct AdmitEvents<'a> {
    admission: Admission<'a>,
    count: Option<u64>,
    sink: &'a mut dyn EventSink,
    rows: u64,
    problems: u64,
    flow: ControlFlow<()>,
}

impl AdmitEvents<'_> {
    /// Compat: states are ignored, because a socket that has ended is in none of the states that
    /// options ask for.
    fn admits(&self, socket: &Socket<'_>) -> bool {
        self.admission.selection.tables.intersects(tables_admitting(socket))
            && self.admission.selection.filter.admits(socket)
    }

    fn redact_row(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let redaction = self.admission.redaction;
        redaction.redact(socket, |socket| self.hand_on(socket)).unwrap_or(GO_ON)
    }

    fn hand_on(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Some(table) = table_of(&socket).filter(|_| self.admits(&socket)) else { return GO_ON };
        self.rows += 1;
        self.admission.usage.add_row();
        self.sink.socket(table, socket)
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        self.problems += 1;
        self.sink.problem(problem)
    }

    /// Ends an event.
    fn over(&mut self, flow: ControlFlow<()>) -> ControlFlow<()> {
        self.flow = match (flow, self.sink.event_over()) {
            (GO_ON, GO_ON) => GO_ON,
            _ => ControlFlow::Break(()),
        };
        let is_enough = self.count.is_some_and(|count| self.rows >= count);
        if is_enough { ControlFlow::Break(()) } else { self.flow }
    }
}

impl Visitor for AdmitEvents<'_> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let flow = self.redact_row(socket);
        self.over(flow)
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        let is_shown = self.admission.redaction.shows_malformed();
        let flow = if is_shown { self.problem(ListingProblem::Row(row)) } else { GO_ON };
        self.over(flow)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::error::ErrorKind;

    const SECOND: Duration = Duration::from_secs(1);

    #[rstest]
    #[case::never(None, None, 1_000_000, None)]
    #[case::not_yet(Some(SECOND), Some(2), 1, None)]
    #[case::time(Some(Duration::ZERO), Some(2), 1, Some(FollowEnd::Deadline))]
    #[case::count(Some(SECOND), Some(2), 2, Some(FollowEnd::Count))]
    #[case::count_before_time(Some(Duration::ZERO), Some(2), 2, Some(FollowEnd::Count))]
    #[case::none_at_all(None, Some(0), 0, Some(FollowEnd::Count))]
    fn ends_by_time_or_by_count(
        #[case] left: Option<Duration>,
        #[case] count: Option<u64>,
        #[case] rows: u64,
        #[case] end: Option<FollowEnd>,
    ) {
        let now = Instant::now();
        let until = Until { deadline: left.map(|left| now + left), count };
        assert_eq!(until.reached(rows, now), end);
    }

    #[rstest]
    #[case::no_deadline(None, WAIT)]
    #[case::far(Some(60 * SECOND), WAIT)]
    #[case::near(Some(SECOND / 4), SECOND / 4)]
    #[case::over(Some(Duration::ZERO), Duration::ZERO)]
    fn waits_no_longer_than_to_the_deadline(
        #[case] left: Option<Duration>,
        #[case] expected: Duration,
    ) {
        let now = Instant::now();
        let until = Until { deadline: left.map(|left| now + left), count: None };
        assert_eq!(until.patience(now), expected);
    }

    #[rstest]
    #[case::neither(None, None, None, None)]
    #[case::of_the_caller(Some(2), None, Some(2), None)]
    #[case::of_the_policy(None, Some(3), Some(3), Some(ErrorKind::MaxRows))]
    #[case::the_smaller(Some(2), Some(3), Some(2), None)]
    #[case::the_policy_is_smaller(Some(4), Some(3), Some(3), Some(ErrorKind::MaxRows))]
    fn policy_bounds_number_of_events(
        #[case] asked: Option<u64>,
        #[case] allowed: Option<u64>,
        #[case] count: Option<u64>,
        #[case] error: Option<ErrorKind>,
    ) {
        let policy = Policy::default().with_max_rows(allowed.and_then(NonZeroU64::new));
        let until = Until { deadline: None, count: asked };
        let bounds = until.within(&policy);
        assert_eq!((bounds.count, bounds.deadline), (count, None));
        let end = FollowEnd::Count;
        let followed = Followed { rows: 0, problems: 0, end };
        let ended = followed.checked(&until, &bounds, &policy).map(drop);
        assert_eq!(ended.err().map(|error| error.kind()), error);
    }

    #[test]
    fn policy_bounds_time_of_events() {
        let policy = Policy::default().with_max_time(Some(Duration::from_secs(1)));
        let never = Until::default();
        let bounds = never.within(&policy);
        assert!(bounds.deadline.is_some());
        let followed = Followed { rows: 0, problems: 0, end: FollowEnd::Deadline };
        let ended = followed.checked(&never, &bounds, &policy);
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::MaxTime);
        assert!(followed.checked(&bounds, &bounds, &policy).is_ok());
    }
}
