//! The pipes between the processes of one shell, and what goes through them.
//!
//! ```text
//!  parent ── orders ──────► spawner          parent ── requests, interrupts ──► child
//!         ◄─ reports ──────                         ◄─ answers, notes ─────────
//! ```
//!
//! Pipes and no sockets, so that the shell's own are not in its listings. They stay for as long as
//! the shell does, from one child to the next, for a confined process can make no others. What a
//! child left in them is thrown away before the next one is there.

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

/// What the parent asks of its child.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ScriptRequest {
    /// Is there a shell?
    Begin,
    /// What is in force?
    InForce,
    /// Is this text of the prompt whole, or do more lines have to come?
    IsWhole(String),
    /// Run a line of the prompt. `$?` is the status of the last one.
    Line {
        /// The line.
        text: String,
        /// The status of the line before.
        last: u8,
    },
    /// Run a script, with standard input as its input.
    Script {
        /// The script.
        text: String,
        /// What `$0` is.
        name: Option<String>,
    },
    /// Run the script that standard input is.
    Input,
    /// Run a script, and answer what it printed: [`Streams::Captured`](super::Streams::Captured).
    Captured {
        /// The script.
        text: String,
        /// What it reads.
        stdin: Vec<u8>,
        /// Bytes of standard output; the script ends at the next one, as if its reader went away.
        max_stdout: usize,
        /// The same of standard error.
        max_stderr: usize,
    },
}

impl ScriptRequest {
    /// Returns whether a script runs for it.
    pub(super) fn runs_script(&self) -> bool {
        match self {
            Self::Begin | Self::InForce | Self::IsWhole(_) => false,
            Self::Line { .. } | Self::Script { .. } | Self::Input | Self::Captured { .. } => true,
        }
    }
}

/// What it answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ScriptAnswer {
    /// There is.
    Ready,
    /// This is.
    InForce(InForce),
    /// Whether the text is whole.
    IsWhole(bool),
    /// A script has ended, with lines for standard error about why, if it did not end by itself.
    Ended {
        /// Its status.
        status: u8,
        /// Whether it called `exit`.
        exited: bool,
        /// The lines.
        message: String,
        /// What it printed, if that is captured.
        printed: Option<Printed>,
        /// What it did, if there is an audit.
        usage: Option<ScriptUsage>,
    },
    /// Nothing was run, and nothing will be: the same for the whole shell.
    Failed {
        /// The status for it.
        status: u8,
        /// The lines for standard error.
        message: String,
    },
}

impl ScriptAnswer {
    /// Returns that a script has ended, with nothing that is known of it but that.
    pub fn ended(status: ExitCode, message: String, exited: bool) -> Self {
        Self::Ended { status: status.code(), exited, message, printed: None, usage: None }
    }
}

/// What is in force in the process of scripts and in those around it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct InForce {
    /// Where the sockets come from.
    pub tables: TableOrigin,
    /// Who finds the processes of sockets.
    pub processes: AnsweredBy,
    /// Who looks names of hosts up.
    pub hosts: AnsweredBy,
    /// Who finds and opens the network namespaces of the machine.
    pub namespaces: AnsweredBy,
    /// What each process reports, with what it is called, or why it does not. None of those that
    /// are not confined.
    pub reports: Vec<(String, Result<ConfinementReport, String>)>,
}

/// What a script printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Printed {
    /// On standard output.
    pub stdout: Vec<u8>,
    /// On standard error.
    pub stderr: Vec<u8>,
    /// Whether one of them was cut at its limit.
    pub is_truncated: bool,
}

/// What the parent orders of the spawner: one byte.
pub(super) mod order {
    /// End the child.
    pub(crate) const KILL: u8 = b'k';
    /// Start the next child, now that there is none. The parent asks nothing before that is
    /// reported.
    pub(crate) const SPAWN: u8 = b's';
}

/// What the spawner reports, in two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChildReport {
    /// The next child is there, as it was ordered.
    Started,
    /// The system did not start it.
    NotStarted,
    /// The child ended itself, with this status.
    Exited(u8),
    /// A signal ended it.
    Signaled(u8),
    /// There will be no further report: the spawner is gone, and its child with it.
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

/// All ends of all pipes, before there is a second process.
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
    /// One byte: the number of the request whose script has to end.
    pub(super) interrupts: PipeReader,
    pub(super) answers: PipeWriter,
    /// What the runtime of the language prints before it aborts.
    pub(super) notes: PipeWriter,
}

impl Link {
    /// Makes the pipes. What the parent does with them never waits.
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
    /// Orders something of the spawner.
    pub(super) fn order(&self, order: u8) {
        // OK because a spawner that is gone is seen in its reports.
        let _ = (&self.orders).write(&[order]);
    }

    /// Returns what the spawner reports, if it does.
    pub(super) fn report(&self) -> Option<ChildReport> {
        let mut bytes = [0; 2];
        // Kernel: two bytes come at once (`PIPE_BUF`).
        match (&self.reports).read(&mut bytes) {
            Ok(0) => Some(ChildReport::NoSpawner),
            Ok(_) => Some(ChildReport::decode(bytes)),
            Err(_) => None,
        }
    }

    /// Throws away what the last child left, and returns its notes. It has ended.
    pub(super) fn clear(&self) -> Vec<u8> {
        drained(&self.answers);
        drained(&self.notes)
    }
}

impl ChildEnds {
    /// Throws away what the parent asked of the last child.
    pub(super) fn clear(&self) {
        for end in [&self.requests, &self.interrupts] {
            while is_ready(end, PollFlags::IN, Some(NO_TIME)) {
                let mut chunk = [0; 4096];
                // Kernel: what is there is read without waiting.
                if !matches!((&mut &*end).read(&mut chunk), Ok(1..)) {
                    break;
                }
            }
        }
    }
}

const NO_TIME: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// Waits until a descriptor is ready, or has an end; without a time for ever.
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

/// Returns what can be read now, of a pipe that is never waited for.
fn drained(end: &PipeReader) -> Vec<u8> {
    let mut bytes = Vec::new();
    // OK because the error at the end is that there is no more.
    let _ = { end }.read_to_end(&mut bytes);
    bytes
}

fn never_wait(end: &impl AsFd) -> io::Result<()> {
    Ok(fcntl_setfl(end, fcntl_getfl(end)? | OFlags::NONBLOCK)?)
}
