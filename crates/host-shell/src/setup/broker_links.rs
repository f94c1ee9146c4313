//! The ends of brokers that the process has which asks them.

use std::{io::PipeWriter, os::fd::OwnedFd};

use host_confine::broker::BrokerKind;
use procnetsocket::model::Inode;

/// The pipes to the brokers, in the process that asks them.
#[derive(Debug, Default)]
pub struct BrokerLinks {
    pub(super) ends: Vec<(BrokerKind, [AskingEnds; 2])>,
    /// Open while the brokers are needed, if a separate process keeps them: it ends when this is
    /// closed.
    asks: Option<PipeWriter>,
}

/// The asking side of one broker.
#[derive(Debug)]
pub(super) struct AskingEnds {
    pub(super) requests: OwnedFd,
    pub(super) answers: OwnedFd,
    /// The sockets among them and among the other ends, which are there only because the shell
    /// looks.
    pub(super) sockets: Vec<Inode>,
}

impl BrokerLinks {
    /// Returns the ends with a pipe that is held as long as they are used.
    pub(super) fn kept_while(self, asks: PipeWriter) -> Self {
        Self { asks: Some(asks), ..self }
    }

    /// Returns the pipe to hold as long as the brokers are asked.
    pub(super) fn into_asks(self) -> Option<PipeWriter> {
        self.asks
    }

    /// Takes the ends of the kind that `is_meant`: of the first broker, and of its successor.
    pub(super) fn take(
        &mut self,
        is_meant: impl Fn(BrokerKind) -> bool,
    ) -> Option<[AskingEnds; 2]> {
        let at = self.ends.iter().position(|(kind, _)| is_meant(*kind))?;
        Some(self.ends.swap_remove(at).1)
    }
}
