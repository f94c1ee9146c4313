//! Brokers: small processes, each of which does one job that a confined shell cannot do.
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
//! Landlock makes brokers necessary: a process in a Landlock domain cannot inspect processes
//! outside of it, not even as root. So a process outside of the shell's domain finds the processes
//! of sockets ([`ProcessService`]), and scripts reach it only through this protocol.
//!
//! The C library resolves host names ([`Resolver`]). It opens files, sockets and further libraries,
//! depending on how the machine is set up. The shell may do none of this, and that broker may do
//! nothing else.
//!
//! The network namespaces of the machine come and go while the shell runs, and a confined process
//! cannot enter one. The broker of namespaces ([`NamespaceService`]) opens a netlink socket in
//! each, and passes it over a unix socket: it reads its requests from that socket, and sends
//! descriptors back over it.
//!
//! Each broker reports the confinement of its own process ([`Reporting`]). A broker can have a
//! successor ([`Broker::with_successor`]): when the first one ends, the request that it did not
//! answer goes to the second.
//!
//! # Trust
//!
//! Neither side trusts a length from the other: the size of a frame is limited, and its content is
//! decoded into typed data or rejected. A compromised shell can ask a broker only what its service
//! answers, which is what the host granted to scripts.
//!
//! # Adding a broker
//!
//! Another broker needs a [`Service`], a variant of [`BrokerKind`], and a [`Duty`](crate::Duty)
//! with the system calls that it needs.

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

/// The job of a broker: it answers requests of one type with answers of one type.
pub trait Service {
    /// A request: plain data.
    type Request: Serialize + DeserializeOwned;
    /// An answer: plain data.
    type Answer: Serialize + DeserializeOwned;

    /// Answers a request. This may block: the client has a timeout.
    fn answer(&self, request: Self::Request) -> Self::Answer;

    /// Returns the replacement for an answer that does not fit into a frame.
    fn too_long() -> Self::Answer;
}

/// The kinds of brokers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokerKind {
    /// Finds the processes that have sockets open, and reports them within these bounds.
    Processes(ProcessBounds, Procfs),
    /// Finds and opens the network namespaces of the machine, and reports these details of them.
    Namespaces(NamespaceDetails, Procfs),
    /// Resolves host names.
    Resolver,
}

/// The procfs that a broker reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Procfs {
    /// The one at `/proc`.
    System,
    /// The one whose root is the working directory of the broker.
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
    /// Returns the command-line words for it.
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

    /// Returns the kind for these command-line words.
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
