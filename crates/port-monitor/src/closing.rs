//! The kernel's word of sockets that are closed, as long as it is not too much.

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

use crate::{Problem, Protocol, Scope};

/// Words of the kernel between two looks at the tables after which it is no longer listened to for
/// [`REST`]: 200. It tells of every connection that ends; a machine on which thousands do in a second
/// is better looked at.
const MAX_WORDS: u32 = 200;

/// How long the kernel is not listened to: 10 s.
const REST: Duration = Duration::from_secs(10);

/// The cookies of sockets that are closed, from the groups of sock_diag that tell of them.
#[derive(Debug)]
pub(crate) struct Closings {
    right: EventAuthority,
    groups: EventGroups,
    ear: Ear,
}

#[derive(Debug)]
enum Ear {
    Open {
        events: Box<DestroyEvents>,
        words: u32,
    },
    Resting {
        until: Instant,
    },
    /// For good: the kernel refuses, or what it says is not understood.
    Deaf,
}

impl Closings {
    /// Begins to listen, in the network namespace of this thread.
    pub(crate) fn open(right: EventAuthority, scope: &Scope) -> Result<Self, Problem> {
        let groups = groups(scope);
        let events = open(&right, groups)?;
        Ok(Self { right, groups, ear: Ear::Open { events, words: 0 } })
    }

    /// Returns what becomes readable when a socket has closed.
    pub(crate) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.ear {
            Ear::Open { events, .. } => Some(events.as_fd()),
            Ear::Resting { .. } | Ear::Deaf => None,
        }
    }

    /// Is told that the tables were just looked at: the count begins anew, and so does the listening,
    /// if it has rested long enough.
    pub(crate) fn looked(&mut self, now: Instant) -> Result<(), Problem> {
        match &mut self.ear {
            Ear::Open { words, .. } => *words = 0,
            Ear::Resting { until } if now >= *until => {
                // In the meantime it is deaf.
                self.ear = Ear::Deaf;
                let events = open(&self.right, self.groups)?;
                self.ear = Ear::Open { events, words: 0 };
            }
            Ear::Resting { .. } | Ear::Deaf => {}
        }
        Ok(())
    }

    /// Takes in one datagram of the kernel, when there is one, and hands on the cookies in it.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        each: &mut dyn FnMut(Cookie),
    ) -> Result<(), Problem> {
        let Ear::Open { events, words } = &mut self.ear else { return Ok(()) };
        let heard = events.wait(Duration::ZERO, &Uninterrupted, &mut Cookies(each));
        *words = words.saturating_add(1);
        let is_too_much = *words > MAX_WORDS;
        match heard {
            // OK because what was lost is found by the next look.
            Err(error) if is_loss(&error) => self.ear = Ear::Resting { until: later(now) },
            Err(error) => {
                self.ear = Ear::Deaf;
                return Err(Problem::from(&error));
            }
            Ok(_) if is_too_much => self.ear = Ear::Resting { until: later(now) },
            Ok(_) => {}
        }
        Ok(())
    }
}

fn open(right: &EventAuthority, groups: EventGroups) -> Result<Box<DestroyEvents>, Problem> {
    let events = DestroyEvents::open_ambient(right, groups);
    events.map(Box::new).map_err(|error| Problem::from(&error))
}

fn is_loss(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Overrun | ErrorKind::Truncated)
}

fn later(now: Instant) -> Instant {
    now.checked_add(REST).unwrap_or(now)
}

fn groups(scope: &Scope) -> EventGroups {
    let of = |protocol, groups| {
        if scope.watches(protocol) { groups } else { EventGroups::default() }
    };
    of(Protocol::Tcp, EventGroups::TCP4.union(EventGroups::TCP6))
        .union(of(Protocol::Udp, EventGroups::UDP4.union(EventGroups::UDP6)))
}

/// Hands cookies on.
struct Cookies<'a>(&'a mut dyn FnMut(Cookie));

impl Visitor for Cookies<'_> {
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
