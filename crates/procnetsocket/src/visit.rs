//! How rows reach a caller.

use std::ops::ControlFlow;

use crate::{RowError, model::Socket};

/// Receives the rows of a table one by one; the rows are lent, so nothing is kept that the visitor
/// does not copy.
pub trait Visitor {
    /// Receives a row; [`ControlFlow::Break`] ends the reading.
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()>;

    /// Receives the report of a row that could not be understood; the other rows still come.
    fn malformed(&mut self, row: &RowError) -> ControlFlow<()>;
}

/// What a reading came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Rows handed to [`Visitor::socket`].
    pub rows: u64,
    /// Rows handed to [`Visitor::malformed`].
    pub malformed: u64,
    /// Rows that a live table repeated and that were dropped.
    pub repeated: u64,
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
