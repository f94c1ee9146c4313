//! Brokers: small processes that do one thing for a shell that is confined and cannot.
//!
//! ```text
//!  shell, confined                                broker, confined otherwise
//!  Broker::ask ── Request ─► frame ═ a pipe ════► serve ─► Service::answer
//!              ◄── Answer ── frame ◄ a pipe ═════
//! ```
//!
//! A broker is the shell's own program, started before the shell confines itself and before it has
//! a second thread. It holds the handles of its [`Service`] and two pipes, has a separate
//! filter of system calls, and ends when the shell's end of a pipe is closed, which is when the
//! shell ends.
//!
//! Landlock is what makes one necessary: from within a Landlock domain no process outside of it can
//! be looked into, not even by root. So the processes of sockets ([`ProcessService`]) come from
//! outside of the shell's domain, from a process that no script reaches but through this protocol.
//!
//! Names of hosts ([`Resolver`]) come from the C library, which opens files, sockets and further
//! libraries as the machine is set up. None of that is left to the shell, and it is all that is
//! left to that broker.
//!
//! The network namespaces of the machine come and go while the shell runs, and a confined process
//! enters none ([`NamespaceService`]). That broker opens a netlink socket inside each, and passes
//! it over a unix socket: it reads its requests from one, and sends descriptors back over it.
//!
//! Each of them reports what is in force in its own process ([`Reporting`]). One that ended has a
//! successor, if its shell was given the pipes of one ([`Broker::with_successor`]): the request
//! that it did not answer goes there.
//!
//! # Trust
//!
//! Neither side takes the other's word for a length: a frame is bounded, and what is in it is
//! decoded into typed data or refused. A shell that was taken over can ask a broker whatever its
//! service answers, which is what the host granted to scripts, and nothing else.
//!
//! # Another kind
//!
//! A broker of another kind is another [`Service`], with a word in [`BrokerKind`] and a
//! [`Duty`](crate::Duty) that says which system calls it needs.

mod client;
mod descriptor;
mod error;
mod frame;
mod namespaces;
mod processes;
mod report;
mod resolver;
mod serve;

use serde::{Serialize, de::DeserializeOwned};

pub use self::{
    client::Broker,
    error::{BrokerError, BrokerErrorKind},
    namespaces::{
        FoundReport, NamespaceAnswer, NamespaceBroker, NamespaceDetails, NamespaceRefusal,
        NamespaceRequest, NamespaceService,
    },
    processes::{
        ProcessAnswer, ProcessBounds, ProcessBroker, ProcessRequest, ProcessScanRefusal,
        ProcessService, Reach,
    },
    report::{ConfinementReport, Reporting, ReportingAnswer, ReportingRequest, Reports},
    resolver::{Resolver, ResolverAnswer, ResolverBroker, ResolverRequest},
    serve::serve,
};

/// What a broker does: it answers one type of request by one type of answer.
pub trait Service {
    /// What is asked: plain data.
    type Request: Serialize + DeserializeOwned;
    /// What is answered: plain data.
    type Answer: Serialize + DeserializeOwned;

    /// Answers a request. It takes its time; who asked gives up when it is too long.
    fn answer(&self, request: Self::Request) -> Self::Answer;

    /// Returns what is answered in place of an answer that has no room in a frame.
    fn too_long() -> Self::Answer;
}

/// The kinds of brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokerKind {
    /// Finds the processes that hold sockets, and tells so much of them.
    Processes(ProcessBounds, Procfs),
    /// Finds the network namespaces of the machine and opens them, and returns so much of them.
    Namespaces(NamespaceDetails, Procfs),
    /// Resolves names of hosts.
    Resolver,
}

/// Which procfs a broker looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Procfs {
    /// The system's own.
    System,
    /// The one whose root is the directory that the broker is started in.
    WorkingDirectory,
}

impl Procfs {
    const fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::WorkingDirectory => "here",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::System, Self::WorkingDirectory].into_iter().find(|procfs| procfs.word() == word)
    }
}

impl BrokerKind {
    /// Returns the words for it on a command line.
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::Processes(bounds, procfs) => {
                vec!["processes", bounds.detail_word(), bounds.reach_word(), procfs.word()]
            }
            Self::Namespaces(details, procfs) => {
                vec!["namespaces", details.word(), procfs.word()]
            }
            Self::Resolver => vec!["resolver"],
        }
    }

    /// Returns the kind of these words.
    pub fn from_words(words: &[&str]) -> Option<Self> {
        match words {
            ["processes", details, reach, procfs] => Some(Self::Processes(
                ProcessBounds::from_words(details, reach)?,
                Procfs::from_word(procfs)?,
            )),
            ["namespaces", details, procfs] => Some(Self::Namespaces(
                NamespaceDetails::from_word(details)?,
                Procfs::from_word(procfs)?,
            )),
            ["resolver"] => Some(Self::Resolver),
            _ => None,
        }
    }
}
