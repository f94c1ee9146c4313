//! The content of one table.

use std::ops::ControlFlow;

use procnetsocket::model::Socket;

use crate::{
    port::{Port, PortTable},
    problem::{ReadProblem, ReadProblemKind},
};

/// Ports of one table that are kept, about 15 MB. More are an error, not a truncated list.
pub const MAX_PORTS: usize = 100_000;

/// The content of one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The ports.
    pub ports: Vec<Port>,
    /// Why ports may be missing. Then a port that is not here does not count as closed.
    pub gap: Option<ReadProblem>,
}

impl Reading {
    /// Adds the port of a row, if it is one. Returns [`ControlFlow::Break`] when there are too
    /// many.
    pub fn take(&mut self, row: Socket<'_>) -> ControlFlow<()> {
        self.ports.extend(Port::of(row));
        if self.ports.len() > MAX_PORTS {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// Records why ports may be missing; the first reason is kept.
    pub fn note_gap(&mut self, problem: ReadProblem) {
        self.gap.get_or_insert(problem);
    }

    /// Returns the reading, or the problem of a table with too many ports.
    ///
    /// # Errors
    ///
    /// [`ReadProblemKind::Unreadable`] when there were more than [`MAX_PORTS`].
    pub fn finish(self, table: PortTable) -> Result<Self, ReadProblem> {
        if self.ports.len() > MAX_PORTS {
            let text = format_args!("expected at most {MAX_PORTS} ports, but {table} has more");
            return Err(ReadProblem::new(ReadProblemKind::Unreadable, text));
        }
        Ok(self)
    }

    /// Returns the ports that are in either reading.
    pub(crate) fn union(mut self, other: Self) -> Self {
        self.ports.extend(other.ports);
        Self { gap: self.gap.or(other.gap), ..self }
    }
}
