//! The process that starts the processes of the interpreter and their brokers, and ends them.
//!
//! It is a copy of the program from before anything was confined, with the handles that scripts are
//! granted and one thread. A confined process can start none, and send no signals. Each child is a
//! copy of this one: it has the same handles, and opens no path again that a user typed.
//!
//! # Trust
//!
//! It reads one byte at a time, from the confined parent, and each means one of two things: end the
//! child, start the next one. It reads nothing of a child or a broker, which have no pipe to it but
//! those that are closed when they end. So it is out of reach. It is confined all the same, by a filter of system
//! calls that leaves what its children and their brokers need before they confine themselves
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

/// What a process goes on as.
pub(super) enum SpawnerRole {
    /// A new process: it is to run scripts.
    Child(ChildEnds, Result<BrokerLinks, SetupError>, Alive),
    /// The spawner, whose work is done.
    Done,
}

/// What is started beside a child.
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

/// Starts children as they are ordered, until the parent is gone; and the first one before, if it
/// `is_awaited`.
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

/// Which process this is after one was started.
enum Started {
    Here(Result<BrokerLinks, SetupError>, Alive),
    There(Running),
}

/// Starts the brokers, and a child that asks them. That there are none is the child's to report.
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
    // Security: `/proc` is opened for this one look, and no process keeps it.
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

/// What is ready first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ready {
    /// The child has ended.
    Child,
    /// A broker has.
    Broker,
    /// There is an order, or its sender has ended.
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

/// Waits for an order, and for the ends of a child and of brokers.
pub(super) fn wait(
    orders: &PipeReader,
    child: Option<&PipeReader>,
    keeper: &Keeper,
) -> io::Result<Ready> {
    loop {
        let mut waiting = vec![PollFd::new(orders, PollFlags::IN)];
        // Kernel: errors and hang-ups are reported without being asked for.
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
    /// Waits for the end of the child, which ends, and ends its brokers.
    fn reap(self) -> ChildReport {
        let report = reap(self.pid);
        self.keeper.end();
        report
    }
}

#[expect(clippy::disallowed_methods, reason = "its own child, which it has not waited for yet")]
fn kill(pid: Pid) {
    // OK because the one error is that it has ended already.
    let _ = kill_process(pid, Signal::KILL);
}

/// Waits for the end of a child that ends.
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
    // OK because a parent that is gone needs no report.
    let _ = (&ends.reports).write(&report.encode());
}
