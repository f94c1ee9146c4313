//! The pipes between the processes of one shell, and their messages.
//!
//! ```text
//!  parent ── orders ──────► spawner          parent ── requests, interrupts ──► child
//!         ◄─ reports ──────                         ◄─ answers, notes ─────────
//! ```
//!
//! Pipes are used instead of sockets, so that they do not appear in listings of the shell. They are
//! kept from one child to the next, because a confined process cannot create new ones. What a child
//! left in them is discarded before the next one starts.

use std::{
    io::{self, PipeReader, PipeWriter, Read as _, Write as _},
    os::fd::AsFd,
};

use builtin_api::ExitCode;
use host_confine::broker::ConfinementReport;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::Errno,
};
use serde::{Deserialize, Serialize};

use super::{
    audit::ScriptUsage,
    capabilities::{AnsweredBy, TableOrigin},
};

/// The requests of the parent to its child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ScriptRequest {
    /// Report whether the shell is set up.
    Begin,
    /// Report the sources and the confinement.
    InForce,
    /// Report whether this text from the prompt is complete, or needs more lines.
    IsWhole(String),
    /// Run a line of the prompt.
    Line {
        /// The line.
        text: String,
        /// The status of the previous line, for `$?`.
        last: u8,
    },
    /// Run a script, with standard input as its input.
    Script {
        /// The script.
        text: String,
        /// The value of `$0`.
        name: Option<String>,
    },
    /// Run standard input as a script.
    Input,
    /// Run a script, and return its output: [`Streams::Captured`](super::Streams::Captured).
    Captured {
        /// The script.
        text: String,
        /// Its standard input.
        stdin: Vec<u8>,
        /// Bytes of standard output. Past this limit the script ends, as if the reader was closed.
        max_stdout: usize,
        /// The same for standard error.
        max_stderr: usize,
    },
}

impl ScriptRequest {
    /// Returns whether the request runs a script.
    pub(super) fn runs_script(&self) -> bool {
        match self {
            Self::Begin | Self::InForce | Self::IsWhole(_) => false,
            Self::Line { .. } | Self::Script { .. } | Self::Input | Self::Captured { .. } => true,
        }
    }
}

/// The answers of the child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ScriptAnswer {
    /// The shell is set up.
    Ready,
    /// The sources and the confinement.
    InForce(InForce),
    /// Whether the text is complete.
    IsWhole(bool),
    /// A script has ended.
    Ended {
        /// Its status.
        status: u8,
        /// Whether it called `exit`.
        exited: bool,
        /// Lines for standard error, if the shell ended the script.
        message: String,
        /// Its output, if that is captured.
        printed: Option<Printed>,
        /// Its counts, if there is an audit.
        usage: Option<ScriptUsage>,
    },
    /// Nothing was run, and this shell cannot run anything.
    Failed {
        /// The exit status.
        status: u8,
        /// The lines for standard error.
        message: String,
    },
}

impl ScriptAnswer {
    /// Returns [`ScriptAnswer::Ended`] without output and counts.
    pub fn ended(status: ExitCode, message: String, exited: bool) -> Self {
        Self::Ended { status: status.code(), exited, message, printed: None, usage: None }
    }
}

/// The sources and the confinement of the process of scripts and of related processes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InForce {
    /// Where the socket tables come from.
    pub tables: TableOrigin,
    /// Which process finds the processes of sockets.
    pub processes: AnsweredBy,
    /// Which process looks up host names.
    pub hosts: AnsweredBy,
    /// Which process finds and opens the network namespaces of the machine.
    pub namespaces: AnsweredBy,
    /// The name of each confined process, with its report or the error.
    pub reports: Vec<(String, Result<ConfinementReport, String>)>,
}

/// The output of a script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// On standard output.
    pub stdout: Vec<u8>,
    /// On standard error.
    pub stderr: Vec<u8>,
    /// Whether one of them was cut at its limit.
    pub is_truncated: bool,
}

/// The orders of the parent to the spawner: one byte each.
pub(super) mod order {
    /// End the child.
    pub(crate) const KILL: u8 = b'k';
    /// Start the next child after the last one has ended. The parent waits for the report before it
    /// sends requests.
    pub(crate) const SPAWN: u8 = b's';
}

/// The reports of the spawner: two bytes each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChildReport {
    /// The ordered child was started.
    Started,
    /// The ordered child could not be started.
    NotStarted,
    /// The child ended itself, with this status.
    Exited(u8),
    /// A signal ended it.
    Signaled(u8),
    /// The spawner is gone, and its child too.
    NoSpawner,
}

impl ChildReport {
    pub(super) fn encode(self) -> [u8; 2] {
        match self {
            Self::Started => [b'+', 0],
            Self::NotStarted => [b'-', 0],
            Self::Exited(status) => [b'e', status],
            Self::Signaled(signal) => [b's', signal],
            Self::NoSpawner => [0, 0],
        }
    }

    fn decode(bytes: [u8; 2]) -> Self {
        match bytes {
            [b'+', _] => Self::Started,
            [b'-', _] => Self::NotStarted,
            [b'e', status] => Self::Exited(status),
            [b's', signal] => Self::Signaled(signal),
            _ => Self::NoSpawner,
        }
    }
}

/// All ends of all pipes, before the process is forked.
pub(super) struct Link {
    pub(super) parent: ParentEnds,
    pub(super) spawner: SpawnerEnds,
    pub(super) child: ChildEnds,
}

pub(super) struct ParentEnds {
    pub(super) orders: PipeWriter,
    pub(super) reports: PipeReader,
    pub(super) requests: PipeWriter,
    pub(super) interrupts: PipeWriter,
    pub(super) answers: PipeReader,
    pub(super) notes: PipeReader,
}

pub(super) struct SpawnerEnds {
    pub(super) orders: PipeReader,
    pub(super) reports: PipeWriter,
}

pub(super) struct ChildEnds {
    pub(super) requests: PipeReader,
    /// Receives one byte: the number of the request whose script has to end.
    pub(super) interrupts: PipeReader,
    pub(super) answers: PipeWriter,
    /// Messages of the Rust runtime before it aborts.
    pub(super) notes: PipeWriter,
}

impl Link {
    /// Creates the pipes. The parent's ends never block.
    pub(super) fn new() -> io::Result<Self> {
        let ((orders_in, orders), (reports, reports_out)) = (io::pipe()?, io::pipe()?);
        let ((requests_in, requests), (answers, answers_out)) = (io::pipe()?, io::pipe()?);
        let ((interrupts_in, interrupts), (notes, notes_out)) = (io::pipe()?, io::pipe()?);
        let parent = ParentEnds { orders, reports, requests, interrupts, answers, notes };
        for end in [&parent.orders, &parent.requests, &parent.interrupts, &notes_out] {
            never_wait(end)?;
        }
        for end in [&parent.reports, &parent.answers, &parent.notes] {
            never_wait(end)?;
        }
        let spawner = SpawnerEnds { orders: orders_in, reports: reports_out };
        let child = ChildEnds {
            requests: requests_in,
            interrupts: interrupts_in,
            answers: answers_out,
            notes: notes_out,
        };
        Ok(Self { parent, spawner, child })
    }
}

impl ParentEnds {
    /// Sends an order to the spawner.
    pub(super) fn order(&self, order: u8) {
        // OK because a spawner that is gone shows in its reports.
        let _ = (&self.orders).write(&[order]);
    }

    /// Returns the next report of the spawner, if there is one.
    pub(super) fn report(&self) -> Option<ChildReport> {
        let mut bytes = [0; 2];
        // Kernel: two bytes are read or written atomically (`PIPE_BUF`).
        match (&self.reports).read(&mut bytes) {
            Ok(0) => Some(ChildReport::NoSpawner),
            Ok(_) => Some(ChildReport::decode(bytes)),
            Err(_) => None,
        }
    }

    /// Discards what the last child left, and returns its notes. The child has ended.
    pub(super) fn clear(&self) -> Vec<u8> {
        drained(&self.answers);
        drained(&self.notes)
    }
}

impl ChildEnds {
    /// Discards what the parent sent to the last child.
    pub(super) fn clear(&self) {
        for end in [&self.requests, &self.interrupts] {
            while is_ready(end, PollFlags::IN, Some(NO_TIME)) {
                let mut chunk = [0; 4096];
                // Kernel: available bytes are read without blocking.
                if !matches!((&mut &*end).read(&mut chunk), Ok(1..)) {
                    break;
                }
            }
        }
    }
}

const NO_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Waits until a descriptor is ready or hung up; without a time, forever.
pub(super) fn is_ready(end: &impl AsFd, flags: PollFlags, time: Option<Timespec>) -> bool {
    let mut ends = [PollFd::from_borrowed_fd(end.as_fd(), flags)];
    loop {
        match poll(&mut ends, time.as_ref()) {
            Ok(ready) => return ready > 0,
            Err(Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}

/// Returns what can be read now from a non-blocking pipe.
fn drained(end: &PipeReader) -> Vec<u8> {
    let mut bytes = Vec::new();
    // OK because the final error only means that no more is available.
    let _ = { end }.read_to_end(&mut bytes);
    bytes
}

fn never_wait(end: &impl AsFd) -> io::Result<()> {
    Ok(fcntl_setfl(end, fcntl_getfl(end)? | OFlags::NONBLOCK)?)
}
