//! The process that starts and ends the processes of the interpreter and their brokers.
//!
//! It is forked from the program before anything is confined, with the handles that scripts are
//! granted and one thread. A confined process cannot start processes or send signals. Each child is
//! forked from this one: it has the same handles, and does not open paths of the user again.
//!
//! # Trust
//!
//! It reads single bytes from the confined parent, each with one of two meanings: end the child, or
//! start the next one. It reads nothing from children and brokers, whose only pipes to it are those
//! that are closed when they end. So they cannot attack it. It is still confined, by a filter that
//! allows the system calls that its children and their brokers need before they confine themselves
//! further.

use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};

use cap_std::fs::Dir;
use host_confine::{Forked, broker::BrokerKind, fork};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
};

use super::{
    broker_links::BrokerLinks,
    brokers::Keeper,
    error::SetupError,
    link::{ChildEnds, ChildReport, SpawnerEnds, order},
    own_process,
};

/// The role of a process after [`run`].
pub(super) enum SpawnerRole {
    /// A new process, which runs scripts.
    Child(ChildEnds, Result<BrokerLinks, SetupError>, Alive),
    /// The spawner, which has finished.
    Done,
}

/// The brokers to start with a child.
pub(super) struct Starts<'a> {
    pub(super) kinds: &'a [BrokerKind],
    pub(super) host: Option<&'a Dir>,
}

/// Closed when the child that holds it ends.
pub(super) struct Alive(#[expect(dead_code, reason = "held, and never written to")] PipeWriter);

/// A child, the pipe that ends with it, and its brokers.
struct Running {
    pid: Pid,
    end: PipeReader,
    keeper: Keeper,
}

/// Starts children as ordered, until the parent is gone. If `is_awaited`, starts the first one
/// without an order.
pub(super) fn run(
    starts: &Starts<'_>,
    ends: &SpawnerEnds,
    child: ChildEnds,
    is_awaited: bool,
) -> Result<SpawnerRole, SetupError> {
    let mut running = match is_awaited.then(|| start(starts)).transpose()? {
        Some(Started::Here(links, alive)) => return Ok(SpawnerRole::Child(child, links, alive)),
        Some(Started::There(running)) => Some(running),
        None => None,
    };
    loop {
        match next_event(ends, running.as_ref())? {
            SpawnerEvent::ChildEnded => {
                if let Some(ended) = running.take() {
                    report(ends, ended.reap());
                }
            }
            SpawnerEvent::BrokerEnded => {
                if let Some(running) = &mut running {
                    running.keeper.renew(starts.host);
                }
            }
            SpawnerEvent::Order(order::SPAWN) if running.is_none() => {
                child.clear();
                match start(starts) {
                    Ok(Started::Here(links, alive)) => {
                        return Ok(SpawnerRole::Child(child, links, alive));
                    }
                    Ok(Started::There(started)) => {
                        running = Some(started);
                        report(ends, ChildReport::Started);
                    }
                    Err(_) => report(ends, ChildReport::NotStarted),
                }
            }
            SpawnerEvent::Order(_) => {
                if let Some(child) = &running {
                    kill(child.pid);
                }
            }
            SpawnerEvent::ParentEnded => {
                if let Some(child) = running {
                    kill(child.pid);
                    child.reap();
                }
                return Ok(SpawnerRole::Done);
            }
        }
    }
}

/// Which process this is after a fork.
enum Started {
    Here(Result<BrokerLinks, SetupError>, Alive),
    There(Running),
}

/// Starts the brokers, and a child that uses them. The child reports an error of starting them.
fn start(starts: &Starts<'_>) -> Result<Started, SetupError> {
    let begun = Keeper::new(starts.kinds).and_then(|(links, mut keeper)| {
        keeper.begin(starts.host)?;
        Ok((links, keeper))
    });
    let (links, keeper) = match begun {
        Ok((links, keeper)) => (Ok(links), keeper),
        Err(error) => (Err(error.into()), Keeper::default()),
    };
    let (end, alive) = io::pipe()?;
    // Security: `/proc` is opened only for this check, and no process keeps the handle.
    Ok(match fork(&own_process()?)? {
        Forked::Child => Started::Here(links, Alive(alive)),
        Forked::Parent(pid) => Started::There(Running { pid, end, keeper }),
    })
}

enum SpawnerEvent {
    Order(u8),
    ParentEnded,
    ChildEnded,
    BrokerEnded,
}

/// The first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// The child has ended.
    Child,
    /// A broker has ended.
    Broker,
    /// There is an order, or the parent has ended.
    Order,
}

fn next_event(ends: &SpawnerEnds, running: Option<&Running>) -> io::Result<SpawnerEvent> {
    let none = Keeper::default();
    let keeper = running.map_or(&none, |running| &running.keeper);
    Ok(match wait(&ends.orders, running.map(|running| &running.end), keeper)? {
        Ready::Child => SpawnerEvent::ChildEnded,
        Ready::Broker => SpawnerEvent::BrokerEnded,
        Ready::Order => {
            let mut order = [0];
            match (&ends.orders).read(&mut order)? {
                0 => SpawnerEvent::ParentEnded,
                _ => SpawnerEvent::Order(u8::from_le_bytes(order)),
            }
        }
    })
}

/// Waits for an order, or for the end of a child or a broker.
pub(super) fn wait(
    orders: &PipeReader,
    child: Option<&PipeReader>,
    keeper: &Keeper,
) -> io::Result<Ready> {
    loop {
        let mut waiting = vec![PollFd::new(orders, PollFlags::IN)];
        // Kernel: `poll` always reports errors and hang-ups.
        let brokers = keeper.ends();
        waiting.extend(brokers.map(|end| PollFd::from_borrowed_fd(end, PollFlags::empty())));
        let brokers = waiting.len();
        waiting.extend(child.map(|end| PollFd::new(end, PollFlags::IN)));
        match poll(&mut waiting, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        }
        let ready = waiting.iter().map(|fd| !fd.revents().is_empty()).rposition(|ready| ready);
        match ready {
            Some(0) => return Ok(Ready::Order),
            Some(at) if at < brokers => return Ok(Ready::Broker),
            Some(_) => return Ok(Ready::Child),
            None => {}
        }
    }
}

impl Running {
    /// Reaps the child, which is ending, and ends its brokers.
    fn reap(self) -> ChildReport {
        let report = reap(self.pid);
        self.keeper.end();
        report
    }
}

#[expect(clippy::disallowed_methods, reason = "its own child, which it has not waited for yet")]
fn kill(pid: Pid) {
    // OK because the only possible error is that it has ended already.
    let _ = kill_process(pid, Signal::KILL);
}

/// Reaps a child that is ending.
fn reap(pid: Pid) -> ChildReport {
    loop {
        match waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                let [status, signal] = [status.exit_status(), status.terminating_signal()]
                    .map(|number| number.map(|number| u8::try_from(number).unwrap_or(u8::MAX)));
                return signal
                    .map_or(ChildReport::Exited(status.unwrap_or(u8::MAX)), ChildReport::Signaled);
            }
            Ok(None) | Err(Errno::INTR) => {}
            Err(_) => return ChildReport::Exited(u8::MAX),
        }
    }
}

fn report(ends: &SpawnerEnds, report: ChildReport) {
    // OK because a parent that has ended needs no report.
    let _ = (&ends.reports).write(&report.encode());
}
