//! One pass of a listing that is repeated, as JSON lines.
//!
//! ```text
//! {"pass":7,"time":"2026-11-27T12:00:00.000000000Z","netid":"tcp",...}
//! {"pass":7,"time":"2026-11-27T12:00:00.000000000Z","sockets":1,"complete":true}
//! ```
//!
//! The last object contains whether the others are complete; without it the pass was interrupted.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    sync::Arc,
    time::SystemTime,
};

use builtin_api::{Error, ExitCode, Rfc3339};
use procnetsocket::{PeerTable, ProcessTable, model::Socket};
use serde::Serialize;
use socket_query::{ListedNamespace, ListingProblem, Sink, SocketTable};

use crate::{
    listing::write_failed,
    problem::{ProblemLine, REPORTED},
    render::{Frame, JsonWriter, ProcessColumn, RowRenderer, missing_processes},
};

/// The keys at the beginning of every object of a pass.
#[derive(Serialize)]
pub(crate) struct Stamp {
    /// 1 for the first.
    pass: u64,
    /// When the pass began.
    time: String,
}

impl Stamp {
    pub(crate) fn new(pass: u64, time: SystemTime) -> Self {
        Self { pass, time: Rfc3339(time).to_string() }
    }
}

#[derive(Serialize)]
struct Stamped<'a, T> {
    #[serde(flatten)]
    stamp: &'a Stamp,
    #[serde(flatten)]
    object: T,
}

/// The last object of a pass.
#[derive(Serialize)]
struct PassEnd {
    /// Number of sockets that were listed.
    sockets: u64,
    /// Whether they are all that were selected.
    complete: bool,
    #[serde(skip_serializing_if = "is_zero")]
    left_out: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Writes the sockets of a pass, and collects the values of its last object.
pub(crate) struct PassRun<'a> {
    writer: JsonWriter<'a>,
    rows: RowRenderer<'a>,
    stamp: Stamp,
    sockets: u64,
    problems: Vec<String>,
    /// Number of all problems, also of those that are not in `problems`.
    problem_count: u64,
    /// Why processes may be missing.
    gaps: Vec<String>,
    failed: Option<io::Error>,
}

impl<'a> PassRun<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, rows: RowRenderer<'a>, stamp: Stamp) -> Self {
        Self {
            writer: JsonWriter::new(out, Frame::Lines),
            rows,
            stamp,
            sockets: 0,
            problems: Vec::new(),
            problem_count: 0,
            gaps: Vec::new(),
            failed: None,
        }
    }

    /// Returns the error of writing the output, once.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        self.failed.take().map_or(Ok(()), |error| Err(write_failed(error)))
    }

    /// Writes the last object. `collected` is the number of sockets that were left out, or the
    /// error that ended the search; the next pass may succeed.
    pub(crate) fn finish(mut self, collected: Result<u64, Error>) -> Result<ExitCode, Error> {
        let left_out = match collected {
            Ok(left_out) => left_out,
            Err(error) => {
                self.report(error.to_string());
                0
            }
        };
        let failed = self.problem_count > 0;
        let mut problems = self.problems;
        if self.problem_count > REPORTED {
            problems.push(format!("{} more rows were left out", self.problem_count - REPORTED));
        }
        problems.extend(missing_processes(self.rows.users(), &self.gaps));
        let complete = !failed && left_out == 0;
        let object = PassEnd { sockets: self.sockets, complete, left_out, problems };
        self.writer.object(&Stamped { stamp: &self.stamp, object }).map_err(write_failed)?;
        self.writer.finish().map_err(write_failed)?;
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn report(&mut self, problem: String) {
        self.problem_count += 1;
        if self.problem_count <= REPORTED {
            self.problems.push(problem);
        }
    }
}

impl Sink for PassRun<'_> {
    fn socket(&mut self, table: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let object = self.rows.form(table, socket);
        self.sockets += 1;
        match self.writer.object(&Stamped { stamp: &self.stamp, object }) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn problem(&mut self, problem: ListingProblem<'_>) -> ControlFlow<()> {
        match problem {
            ListingProblem::UnseenProcesses(gaps) => self.gaps = gaps.to_vec(),
            // Not a problem: `source` of each socket shows it.
            ListingProblem::NamespacesAsText(_) | ListingProblem::UnixPeersUnknown => {}
            problem => self.report(ProblemLine(problem).to_string()),
        }
        ControlFlow::Continue(())
    }

    fn namespace(&mut self, listed: &ListedNamespace) {
        self.rows.set_namespace(listed);
    }

    fn processes(&mut self, found: Arc<ProcessTable>) {
        self.rows.set_users(ProcessColumn::new(found));
    }

    fn peers(&mut self, found: Arc<PeerTable>) {
        self.rows.set_peers(found);
    }
}
