//! The client's ends of the pipes to brokers.

use std::{io::PipeWriter, os::fd::OwnedFd};

use host_confine::broker::BrokerKind;
use procnetsocket::model::Inode;

/// The pipes to the brokers, in the client process.
#[derive(Debug, Default)]
pub struct BrokerLinks {
    pub(super) ends: Vec<(BrokerKind, [AskingEnds; 2])>,
    /// Open while the brokers are needed, if a separate process manages them: it exits when this
    /// is closed.
    asks: Option<PipeWriter>,
}

/// The client's ends of the pipes to one broker.
#[derive(Debug)]
pub(super) struct AskingEnds {
    pub(super) requests: OwnedFd,
    pub(super) answers: OwnedFd,
    /// Inodes of the sockets among them and their peers. A listing leaves these out.
    pub(super) sockets: Vec<Inode>,
}

impl BrokerLinks {
    /// Adds the pipe that keeps the brokers running while it is open.
    pub(super) fn kept_while(self, asks: PipeWriter) -> Self {
        Self { asks: Some(asks), ..self }
    }

    /// Returns the pipe that keeps the brokers running while it is open.
    pub(super) fn into_asks(self) -> Option<PipeWriter> {
        self.asks
    }

    /// Takes the ends of the kind for which `is_meant` is true: those of the first broker and of
    /// its successor.
    pub(super) fn take(
        &mut self,
        is_meant: impl Fn(BrokerKind) -> bool,
    ) -> Option<[AskingEnds; 2]> {
        let at = self.ends.iter().position(|(kind, _)| is_meant(*kind))?;
        Some(self.ends.swap_remove(at).1)
    }
}
