//! The brokers that a set-up needs, their pipes, and the keeper that starts and reaps them.
//!
//! ```text
//!  spawner ── Keeper: starts each, waits for its end, starts one successor
//!    ├── child ── BrokerLinks: asks the first one, and the successor when that has ended
//!    ├── broker
//!    └── broker
//! ```
//!
//! The child is confined, and can neither start a process nor wait for one. So all pipes are
//! created before it, including those of the successors, which find in them the requests sent
//! meanwhile.

use std::{
    collections::VecDeque,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
    process::Child,
};

use cap_std::fs::Dir;
use host_confine::{
    Confinement, Duty,
    broker::{BrokerKind, NamespaceDetails, ProcessBounds, Procfs, Reach},
};
use procnetsocket::{ProcessDetails, model::Inode};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::fstat,
};
use socket_query::{Grant, NamespaceScope, Policy, ProcessVisibility};

use super::{
    broker_links::{AskingEnds, BrokerLinks},
    capabilities::spawn_broker,
    error::CapabilityError,
    options::Setup,
};

/// Returns the brokers that a confined process needs for the grants of a policy.
pub(super) fn wanted(setup: &Setup, policy: &Policy) -> Vec<BrokerKind> {
    let is_granted = |grant| policy.grants().contains(grant);
    if !setup.confine || !is_granted(Grant::Sockets) {
        return Vec::new();
    }
    let procfs = match setup.host_proc {
        Some(_) => Procfs::WorkingDirectory,
        None => Procfs::System,
    };
    let processes = || {
        let details = match policy.processes() {
            Some(ProcessVisibility::Full) => ProcessDetails::Full,
            _ => ProcessDetails::User,
        };
        let reach = if policy.narrows() { Reach::Named } else { Reach::All };
        BrokerKind::Processes(ProcessBounds { details, reach }, procfs)
    };
    let namespaces = || {
        let details = match (policy.narrows(), is_granted(Grant::Processes)) {
            (true, _) => NamespaceDetails::Readable,
            (false, false) => NamespaceDetails::Names,
            (false, true) => NamespaceDetails::Full,
        };
        BrokerKind::Namespaces(details, procfs)
    };
    // Security: with a fake root, no process reads the live system.
    let is_live = setup.proc_root.is_none();
    let every = is_granted(Grant::Namespaces) && policy.namespaces() == NamespaceScope::All;
    [
        (is_live && is_granted(Grant::Processes)).then(processes),
        is_granted(Grant::Resolve).then_some(BrokerKind::Resolver),
        (is_live && every).then(namespaces),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns the confinement of a process that starts these brokers and their client.
pub(super) fn spawner_confinement(policy: &Policy, kinds: &[BrokerKind]) -> Confinement {
    let mut confinement = Confinement::new(Duty::Spawner);
    for kind in kinds {
        confinement.keep_start_of(duty(*kind));
    }
    if policy.grants().contains(Grant::Sockets) && policy.net_admin() {
        confinement.keep_net_admin();
    }
    if policy.grants().contains(Grant::Namespaces) {
        confinement.keep_entering();
    }
    confinement
}

fn duty(kind: BrokerKind) -> Duty {
    match kind {
        BrokerKind::Processes(..) => Duty::Processes,
        BrokerKind::Namespaces(..) => Duty::Namespaces,
        _ => Duty::Resolver,
    }
}

/// The broker's ends of its pipes.
struct AnsweringEnds {
    requests: OwnedFd,
    answers: OwnedFd,
}

/// Starts brokers, and waits for them to end. Dropping a copy in a forked process does nothing.
#[derive(Default)]
pub(super) struct Keeper(Vec<KeptBroker>);

struct KeptBroker {
    kind: BrokerKind,
    running: Option<(Child, OwnedFd)>,
    /// Those not started yet: at most the first one and its successor.
    waiting: VecDeque<(AnsweringEnds, OwnedFd)>,
}

impl Keeper {
    /// Creates the pipes for brokers of these kinds and their successors.
    pub(super) fn new(kinds: &[BrokerKind]) -> Result<(BrokerLinks, Self), CapabilityError> {
        let (mut links, mut kept) = (BrokerLinks::default(), Self::default());
        for kind in kinds {
            let (asking, answering, end) = pipes(*kind)?;
            let (next_asking, next_answering, next_end) = pipes(*kind)?;
            let waiting = [(answering, end), (next_answering, next_end)].into();
            kept.0.push(KeptBroker { kind: *kind, running: None, waiting });
            links.ends.push((*kind, [asking, next_asking]));
        }
        Ok((links, kept))
    }

    /// Starts the first broker of each kind. If one cannot be started, ends all of them.
    pub(super) fn begin(&mut self, host: Option<&Dir>) -> Result<(), CapabilityError> {
        let started = self.0.iter_mut().try_for_each(|kept| kept.start(host));
        if started.is_err() {
            std::mem::take(self).end();
        }
        started
    }

    /// Returns pipe ends that report an error or hang-up when a broker has ended. Kernel: only the
    /// broker has the other end open.
    pub(super) fn ends(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().filter_map(|kept| kept.running.as_ref()).map(|(_, end)| end.as_fd())
    }

    /// Reaps the brokers that have ended, and starts their successors. A broker that cannot be
    /// started looks to its client as if it had ended.
    pub(super) fn renew(&mut self, host: Option<&Dir>) {
        for kept in &mut self.0 {
            let Some((mut child, _)) = kept.running.take_if(|(_, end)| has_ended(end)) else {
                continue;
            };
            reap(&mut child);
            // OK because the client finds that the broker is gone.
            let _ = kept.start(host);
        }
    }

    /// Ends all brokers, because their client has ended.
    pub(super) fn end(self) {
        for (mut child, _) in self.0.into_iter().filter_map(|kept| kept.running) {
            // OK because the only possible error is that it has ended already.
            let _ = child.kill();
            reap(&mut child);
        }
    }
}

impl KeptBroker {
    fn start(&mut self, host: Option<&Dir>) -> Result<(), CapabilityError> {
        let Some((AnsweringEnds { requests, answers }, end)) = self.waiting.pop_front() else {
            return Ok(());
        };
        let child = spawn_broker(self.kind, requests.into(), answers.into(), host)?;
        self.running = Some((child, end));
        Ok(())
    }
}

fn reap(child: &mut Child) {
    // OK because a process that cannot be waited for is not a child of this one.
    let _ = child.wait();
}

fn has_ended(end: &OwnedFd) -> bool {
    let no_time = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut [PollFd::new(end, PollFlags::empty())], Some(&no_time)).is_ok_and(|ready| ready > 0)
}

/// Creates the pipes of a broker, and a handle that shows when it ends.
fn pipes(kind: BrokerKind) -> Result<(AskingEnds, AnsweringEnds, OwnedFd), CapabilityError> {
    let failed = CapabilityError::StartBroker;
    let (answers, to_answer) = std::io::pipe().map_err(failed)?;
    let (requests, to_request, sockets) = if matches!(kind, BrokerKind::Namespaces(..)) {
        // A socket, because this broker sends descriptors.
        #[expect(clippy::disallowed_methods, reason = "between the shell and its broker")]
        let pair = UnixStream::pair();
        let (ours, theirs) = pair.map_err(failed)?;
        let inodes = [&ours, &theirs].map(|socket| fstat(socket).map(|it| it.st_ino));
        let inodes = inodes.into_iter().flatten().filter_map(Inode::new).collect();
        (OwnedFd::from(ours), OwnedFd::from(theirs), inodes)
    } else {
        let (theirs, ours) = std::io::pipe().map_err(failed)?;
        (ours.into(), theirs.into(), Vec::new())
    };
    let end = requests.try_clone().map_err(failed)?;
    let asking = AskingEnds { requests, answers: answers.into(), sockets };
    Ok((asking, AnsweringEnds { requests: to_request, answers: to_answer.into() }, end))
}
