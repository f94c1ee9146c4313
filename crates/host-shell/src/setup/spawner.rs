//! The process that starts the processes of the interpreter, and ends them.
//!
//! It is a copy of the program from before anything was confined, with the handles that scripts are
//! granted and one thread. A confined process can start none, and send no signals. Each child is a
//! copy of this one: it has the same handles, and opens no path again that a user typed.
//!
//! # Trust
//!
//! It reads one byte at a time, from the confined parent, and each means one of two things: end the
//! child, start the next one. It reads nothing of a child, which has no pipe to it but one that is
//! closed when it ends. So it is out of reach. It is confined all the same, by a filter of system
//! calls that leaves what its children and their brokers need before they confine themselves
//! further.

use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};

use host_confine::{Forked, fork};
use procnetsocket::ProcRoot;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
};

use super::{
    error::SetupError,
    link::{ChildEnds, Report, SpawnerEnds, order},
};

/// What a process goes on as.
pub(super) enum Role {
    /// A new process: it is to run scripts.
    Child(ChildEnds, Alive),
    /// The spawner, whose work is done.
    Done,
}

/// Closed when the child that holds it ends.
pub(super) struct Alive(#[expect(dead_code, reason = "held, and never written to")] PipeWriter);

/// A child, and the pipe that ends with it.
struct Running {
    pid: Pid,
    end: PipeReader,
}

/// Starts children as they are ordered, until the parent is gone; and the first one before, if it
/// `is_awaited`.
pub(super) fn run(
    own: &ProcRoot,
    ends: &SpawnerEnds,
    child: ChildEnds,
    is_awaited: bool,
) -> Result<Role, SetupError> {
    let mut running = match is_awaited.then(|| start(own)).transpose()? {
        Some(Started::Here(alive)) => return Ok(Role::Child(child, alive)),
        Some(Started::There(running)) => Some(running),
        None => None,
    };
    loop {
        match next_event(ends, running.as_ref())? {
            Event::ChildEnded => {
                if let Some(ended) = running.take() {
                    report(ends, reap(ended.pid));
                }
            }
            Event::Order(order::SPAWN) if running.is_none() => {
                child.clear();
                match start(own) {
                    Ok(Started::Here(alive)) => return Ok(Role::Child(child, alive)),
                    Ok(Started::There(started)) => {
                        running = Some(started);
                        report(ends, Report::Started);
                    }
                    Err(_) => report(ends, Report::NotStarted),
                }
            }
            Event::Order(_) => {
                if let Some(child) = &running {
                    kill(child.pid);
                }
            }
            Event::ParentEnded => {
                if let Some(child) = &running {
                    kill(child.pid);
                    reap(child.pid);
                }
                return Ok(Role::Done);
            }
        }
    }
}

/// Which process this is after one was started.
enum Started {
    Here(Alive),
    There(Running),
}

fn start(own: &ProcRoot) -> Result<Started, SetupError> {
    let (end, alive) = io::pipe()?;
    Ok(match fork(own)? {
        Forked::Child => Started::Here(Alive(alive)),
        Forked::Parent(pid) => Started::There(Running { pid, end }),
    })
}

enum Event {
    Order(u8),
    ParentEnded,
    ChildEnded,
}

fn next_event(ends: &SpawnerEnds, running: Option<&Running>) -> io::Result<Event> {
    loop {
        let orders = PollFd::new(&ends.orders, PollFlags::IN);
        let mut waiting = vec![orders];
        waiting.extend(running.map(|child| PollFd::new(&child.end, PollFlags::IN)));
        match poll(&mut waiting, None) {
            Ok(_) => {}
            Err(Errno::INTR) => continue,
            Err(errno) => return Err(errno.into()),
        }
        let is_ready = |index: usize| waiting.get(index).is_some_and(|fd| !fd.revents().is_empty());
        if is_ready(1) {
            return Ok(Event::ChildEnded);
        }
        if is_ready(0) {
            let mut order = [0];
            return Ok(match (&ends.orders).read(&mut order)? {
                0 => Event::ParentEnded,
                _ => Event::Order(u8::from_le_bytes(order)),
            });
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "its own child, which it has not waited for yet")]
fn kill(pid: Pid) {
    // OK because the one error is that it has ended already.
    let _ = kill_process(pid, Signal::KILL);
}

/// Waits for the end of a child that ends.
fn reap(pid: Pid) -> Report {
    loop {
        match waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) => {
                let [status, signal] = [status.exit_status(), status.terminating_signal()]
                    .map(|number| number.map(|number| u8::try_from(number).unwrap_or(u8::MAX)));
                return signal.map_or(Report::Exited(status.unwrap_or(u8::MAX)), Report::Signaled);
            }
            Ok(None) | Err(Errno::INTR) => {}
            Err(_) => return Report::Exited(u8::MAX),
        }
    }
}

fn report(ends: &SpawnerEnds, report: Report) {
    // OK because a parent that is gone needs no report.
    let _ = (&ends.reports).write(&report.encode());
}
