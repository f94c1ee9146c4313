//! How rows reach a caller.

use std::ops::ControlFlow;

use crate::{
    error::RowError,
    model::{Socket, Source},
};

/// Receives the rows of a table one by one; the rows are lent, so nothing is kept that the visitor
/// does not copy.
pub trait Visitor {
    /// Receives a row; [`ControlFlow::Break`] ends the reading.
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()>;

    /// Receives the report of a row that could not be understood; the other rows still come.
    fn malformed(&mut self, row: &RowError) -> ControlFlow<()>;

    /// Is told that the table changed while sock_diag dumped it, and asked whether every row so far
    /// can be forgotten. Then the dump begins anew; otherwise it goes on, and the [`ReadReport`] says
    /// that it is [inconsistent](ReadReport::inconsistent).
    ///
    /// Says no, unless the visitor knows better.
    fn restart(&mut self) -> bool {
        false
    }
}

/// The totals of one reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadReport {
    /// Rows handed to [`Visitor::socket`].
    pub rows: u64,
    /// Rows handed to [`Visitor::malformed`].
    pub malformed: u64,
    /// Rows that a live table repeated and that were dropped.
    pub repeated: u64,
    /// Which source answered.
    pub source: Source,
    /// Whether the kernel said that the table changed under a dump, and went on saying so when the
    /// dump was repeated: rows may be missing or there twice.
    #[doc(alias = "NLM_F_DUMP_INTR")]
    pub inconsistent: bool,
    /// Whether the visitor ended the reading before the table did.
    pub stopped: bool,
}

/// Asked at least once in 1 000 lines whether the reading has to end.
pub trait Interrupt {
    /// Returns whether the reading has to end; it then ends with
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted).
    fn is_interrupted(&self) -> bool;
}

/// Never interrupts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uninterrupted;

impl Interrupt for Uninterrupted {
    fn is_interrupted(&self) -> bool {
        false
    }
}

impl<F: Fn() -> bool> Interrupt for F {
    fn is_interrupted(&self) -> bool {
        self()
    }
}
