//! Destroy events of sockets, unless there are too many.

use std::{
    ops::ControlFlow,
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use procnetsocket::{
    Error, ErrorKind, RowError, Uninterrupted, Visitor,
    diag::{DestroyEvents, EventAuthority, EventGroups},
    model::{Cookie, Socket},
};

use crate::{port::Protocol, problem::ReadProblem, scope::Scope};

/// Number of destroy events, between two looks at the tables, after which none are received for
/// [`PAUSE`]. The kernel sends one for every connection that ends; if thousands end per second,
/// reading the tables is cheaper.
const MAX_EVENTS: u32 = 200;

/// How long no events are received then.
const PAUSE: Duration = Duration::from_secs(10);

/// Receives the cookies of closed sockets from the destroy groups of sock_diag.
#[derive(Debug)]
pub(crate) struct DestroyListener {
    right: EventAuthority,
    groups: EventGroups,
    listening: Listening,
}

#[derive(Debug)]
enum Listening {
    Open {
        events: Box<DestroyEvents>,
        count: u32,
    },
    Paused {
        until: Instant,
    },
    /// Permanently: the kernel refuses, or its events are malformed.
    Off,
}

impl DestroyListener {
    /// Starts receiving events, in the network namespace of this thread.
    pub(crate) fn open(right: EventAuthority, scope: &Scope) -> Result<Self, ReadProblem> {
        let groups = groups(scope);
        let events = open(&right, groups)?;
        Ok(Self { right, groups, listening: Listening::Open { events, count: 0 } })
    }

    /// Returns the descriptor that becomes readable when a socket has closed.
    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.listening {
            Listening::Open { events, .. } => Some(events.as_fd()),
            Listening::Paused { .. } | Listening::Off => None,
        }
    }

    /// Must be called after each look at the tables. Resets the count, and resumes receiving when
    /// the pause is over.
    pub(crate) fn looked(&mut self, now: Instant) -> Result<(), ReadProblem> {
        match &mut self.listening {
            Listening::Open { count, .. } => *count = 0,
            Listening::Paused { until } if now >= *until => {
                // A paused socket receives nothing.
                self.listening = Listening::Off;
                let events = open(&self.right, self.groups)?;
                self.listening = Listening::Open { events, count: 0 };
            }
            Listening::Paused { .. } | Listening::Off => {}
        }
        Ok(())
    }

    /// Reads one datagram of the kernel, if there is one, and passes its cookies on.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        each: &mut dyn FnMut(Cookie),
    ) -> Result<(), ReadProblem> {
        let Listening::Open { events, count } = &mut self.listening else { return Ok(()) };
        let received = events.wait(Duration::ZERO, &Uninterrupted, &mut CookieVisitor(each));
        *count = count.saturating_add(1);
        let is_too_much = *count > MAX_EVENTS;
        match received {
            // OK because the next look finds the sockets of lost events.
            Err(error) if is_loss(&error) => {
                self.listening = Listening::Paused { until: later(now) }
            }
            Err(error) => {
                self.listening = Listening::Off;
                return Err(ReadProblem::from(&error));
            }
            Ok(_) if is_too_much => self.listening = Listening::Paused { until: later(now) },
            Ok(_) => {}
        }
        Ok(())
    }
}

fn open(right: &EventAuthority, groups: EventGroups) -> Result<Box<DestroyEvents>, ReadProblem> {
    let events = DestroyEvents::open_ambient(right, groups);
    events.map(Box::new).map_err(|error| ReadProblem::from(&error))
}

fn is_loss(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Overrun | ErrorKind::Truncated)
}

fn later(now: Instant) -> Instant {
    now.checked_add(PAUSE).unwrap_or(now)
}

fn groups(scope: &Scope) -> EventGroups {
    let of = |protocol, groups| {
        if scope.watches(protocol) { groups } else { EventGroups::default() }
    };
    of(Protocol::Tcp, EventGroups::TCP4.union(EventGroups::TCP6))
        .union(of(Protocol::Udp, EventGroups::UDP4.union(EventGroups::UDP6)))
}

/// Passes cookies on.
struct CookieVisitor<'a>(&'a mut dyn FnMut(Cookie));

impl Visitor for CookieVisitor<'_> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        if let Socket::Inet(row) = socket
            && let Some(cookie) = row.cookie
        {
            (self.0)(cookie);
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, _: &RowError) -> ControlFlow<()> {
        // OK because the next look finds the closed socket.
        ControlFlow::Continue(())
    }
}
