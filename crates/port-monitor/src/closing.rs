//! Destroy events of sockets, as long as they are not too many.

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

/// Destroy events between two looks at the tables after which none are received for
/// [`PAUSE`]: 200. It tells of every connection that ends; a machine on which thousands do in a second
/// is better looked at.
const MAX_EVENTS: u32 = 200;

/// How long no events are received: 10 s.
const PAUSE: Duration = Duration::from_secs(10);

/// The cookies of sockets that are closed, from the groups of sock_diag that tell of them.
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
    /// For good: the kernel refuses, or its events are malformed.
    Off,
}

impl DestroyListener {
    /// Begins to listen, in the network namespace of this thread.
    pub(crate) fn open(right: EventAuthority, scope: &Scope) -> Result<Self, ReadProblem> {
        let groups = groups(scope);
        let events = open(&right, groups)?;
        Ok(Self { right, groups, listening: Listening::Open { events, count: 0 } })
    }

    /// Returns what becomes readable when a socket has closed.
    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.listening {
            Listening::Open { events, .. } => Some(events.as_fd()),
            Listening::Paused { .. } | Listening::Off => None,
        }
    }

    /// Is told that the tables were just looked at: the count begins anew, and so does the
    /// listening, if it has rested long enough.
    pub(crate) fn looked(&mut self, now: Instant) -> Result<(), ReadProblem> {
        match &mut self.listening {
            Listening::Open { count, .. } => *count = 0,
            Listening::Paused { until } if now >= *until => {
                // Until then it receives nothing.
                self.listening = Listening::Off;
                let events = open(&self.right, self.groups)?;
                self.listening = Listening::Open { events, count: 0 };
            }
            Listening::Paused { .. } | Listening::Off => {}
        }
        Ok(())
    }

    /// Takes in one datagram of the kernel, when there is one, and hands on the cookies in it.
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
            // OK because what was lost is found by the next look.
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

/// Hands cookies on.
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
        // OK because what it told of is found by the next look.
        ControlFlow::Continue(())
    }
}
