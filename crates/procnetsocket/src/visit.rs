//! Push: rows are passed to a visitor or a closure.

use std::ops::ControlFlow;

use crate::{
    error::{Error, RowError},
    model::{Socket, Source, Table},
};

/// Receives the rows of a table one by one. Rows are lent: a visitor has to copy what it keeps.
///
/// Push is needed in addition to [`Rows`](crate::Rows): when a table changed during a dump, a
/// visitor can discard its rows ([`Visitor::restart`]), and the dump is repeated. A caller that
/// pulls cannot give rows back.
pub trait Visitor {
    /// Receives a row; [`ControlFlow::Break`] ends the reading.
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()>;

    /// Receives the report of a malformed row; the reading continues.
    ///
    /// By default it is only counted, in [`ReadReport::malformed`].
    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        let _ = row;
        ControlFlow::Continue(())
    }

    /// Called before the rows of a table.
    fn begin(&mut self, table: Table) {
        let _ = table;
    }

    /// Called when the table changed while sock_diag dumped it: returns whether the visitor
    /// discarded every row since [`Visitor::begin`]. Then the dump is repeated; otherwise it
    /// continues, and the [`ReadReport`] is [inconsistent](ReadReport::inconsistent).
    ///
    /// By default nothing is discarded.
    fn restart(&mut self) -> bool {
        false
    }
}

/// Forwards the trait to the target of a pointer.
macro_rules! forward_visitor {
    ($($pointer:ty),*) => {
        $(impl<V: Visitor + ?Sized> Visitor for $pointer {
            fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
                (**self).socket(socket)
            }

            fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
                (**self).malformed(row)
            }

            fn begin(&mut self, table: Table) {
                (**self).begin(table);
            }

            fn restart(&mut self) -> bool {
                (**self).restart()
            }
        })*
    };
}

forward_visitor!(&mut V, Box<V>);

/// The result of a closure that receives rows: nothing, or whether to continue.
pub trait VisitOutcome {
    /// Returns whether the reading continues.
    fn flow(self) -> ControlFlow<()>;
}

impl VisitOutcome for () {
    fn flow(self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl VisitOutcome for ControlFlow<()> {
    fn flow(self) -> ControlFlow<()> {
        self
    }
}

/// The visitor of a closure.
pub(crate) struct Each<F>(pub(crate) F);

impl<F: FnMut(Socket<'_>) -> O, O: VisitOutcome> Visitor for Each<F> {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        (self.0)(socket).flow()
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
    /// The source that answered; for several tables the text tables if any was read as text.
    pub source: Source,
    /// Whether the table changed during a dump, and again when the dump was repeated: rows may be
    /// missing or duplicated.
    #[doc(alias = "NLM_F_DUMP_INTR")]
    pub inconsistent: bool,
    /// Whether the visitor ended the reading before the table did.
    pub stopped: bool,
}

impl ReadReport {
    /// Returns the report of a reading of sock_diag without rows.
    pub(crate) fn of_diag() -> Self {
        Self { source: Source::SockDiag, ..Self::default() }
    }

    /// Adds the report of another table.
    pub(crate) fn add(&mut self, table: &Self) {
        self.rows += table.rows;
        self.malformed += table.malformed;
        self.repeated += table.repeated;
        if table.source == Source::ProcText {
            self.source = Source::ProcText;
        }
        self.inconsistent |= table.inconsistent;
        self.stopped |= table.stopped;
    }
}

/// The next element of a table.
pub(crate) enum Step {
    /// A row, which [`RowSource::row`] lends.
    Row,
    /// The report of a malformed row.
    Malformed(Box<RowError>),
    /// The end.
    End,
}

/// The rows of one table of one source, one after the other.
pub(crate) trait RowSource {
    /// Goes to the next row.
    fn advance(&mut self) -> Result<Step, Error>;

    /// Lends the current row.
    fn row(&self) -> Socket<'_>;

    /// Called when no further row is wanted.
    fn stop(&mut self);

    /// Returns the totals so far.
    fn report(&self) -> ReadReport;

    /// Hands all rows to a visitor.
    fn push(&mut self, visitor: &mut dyn Visitor) -> Result<ReadReport, Error> {
        loop {
            let flow = match self.advance()? {
                Step::Row => visitor.socket(self.row()),
                Step::Malformed(row) => visitor.malformed(&row),
                Step::End => return Ok(self.report()),
            };
            if flow.is_break() {
                self.stop();
            }
        }
    }
}

/// Polled at least once in 1 000 lines to learn whether the reading has to end.
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
