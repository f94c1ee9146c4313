//! Sockets as they end.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use procnetsocket::{ErrorKind, Interrupt, RowError, Visitor, diag::DestroyEvents, model::Socket};

use crate::{
    Error, Problem, Selection, Sink,
    collect::{table_of, tables_admitting},
    policy::Veil,
};

/// The longest single wait: 1 s. Only how often a loop turns hangs on it.
const WAIT: Duration = Duration::from_secs(1);

/// Receives sockets as they end.
pub trait EventSink: Sink {
    /// Is told after each event, also after one whose socket was not admitted: nothing more is known
    /// for now, so what waits can be shown. [`ControlFlow::Break`] ends the following.
    fn event_over(&mut self) -> ControlFlow<()>;
}

/// When following ends by itself; the default is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Until {
    /// At this time, or up to 50 ms later.
    pub deadline: Option<Instant>,
    /// After so many sockets were handed to the sink.
    pub count: Option<u64>,
}

impl Until {
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

/// Why following ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FollowEnd {
    /// The deadline came.
    Deadline,
    /// So many sockets were handed over.
    Count,
    /// The sink wanted no more.
    Sink,
}

/// What following came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Followed {
    /// Sockets handed to the sink.
    pub rows: u64,
    /// Problems handed to the sink; nothing was missed when this is 0.
    pub problems: u64,
    /// Why it ended.
    pub end: FollowEnd,
}

pub(crate) fn follow(
    events: &mut DestroyEvents,
    admission: Admission<'_>,
    until: &Until,
    interrupt: &dyn Interrupt,
    sink: &mut dyn EventSink,
) -> Result<Followed, Error> {
    let mut admit =
        Admit { admission, count: until.count, sink, rows: 0, problems: 0, flow: GO_ON };
    loop {
        let now = Instant::now();
        let reached = until.reached(admit.rows, now);
        let stopped = admit.flow.is_break().then_some(FollowEnd::Sink);
        if let Some(end) = reached.or(stopped) {
            let Admit { rows, problems, .. } = admit;
            return Ok(Followed { rows, problems, end });
        }
        match events.wait(until.patience(now), interrupt, &mut admit) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Overrun => {
                admit.flow = admit.problem(Problem::EventsLost);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Which sockets may be seen, and which are wanted.
#[derive(Clone, Copy)]
pub(crate) struct Admission<'a> {
    pub(crate) veil: Veil<'a>,
    pub(crate) selection: &'a Selection,
}

/// Lets through what the policy and the selection admit.
struct Admit<'a> {
    admission: Admission<'a>,
    count: Option<u64>,
    sink: &'a mut dyn EventSink,
    rows: u64,
    problems: u64,
    flow: ControlFlow<()>,
}

impl Admit<'_> {
    /// Compat: states choose nothing, for a socket that has ended is in none of those that options
    /// ask for.
    fn admits(&self, socket: &Socket<'_>) -> bool {
        self.admission.selection.tables.intersects(tables_admitting(socket))
            && self.admission.selection.filter.admits(socket)
    }

    fn veiled(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let veil = self.admission.veil;
        veil.lift(socket, |socket| self.hand_on(socket)).unwrap_or(GO_ON)
    }

    fn hand_on(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let Some(table) = table_of(&socket).filter(|_| self.admits(&socket)) else { return GO_ON };
        self.rows += 1;
        self.sink.socket(table, socket)
    }

    fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()> {
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

impl Visitor for Admit<'_> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        let flow = self.veiled(socket);
        self.over(flow)
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        let is_shown = self.admission.veil.shows_malformed();
        let flow = if is_shown { self.problem(Problem::Row(row)) } else { GO_ON };
        self.over(flow)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

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
}
