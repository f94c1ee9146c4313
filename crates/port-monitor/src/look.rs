//! The tables that one look reads.

use std::fmt;

use crate::{
    port::PortTable,
    problem::{ReadProblem, ReadProblemKind},
    reading::Reading,
    scope::Scope,
};

/// The content of each table, or why it could not be read.
pub type Readings = Vec<(PortTable, Result<Reading, ReadProblem>)>;

/// The tables that a [`PortSource`](crate::PortSource) reads for one look.
pub struct PortLook<'a> {
    tables: Vec<PortTable>,
    scope: Option<&'a Scope>,
    misses: &'a dyn Fn(PortTable, &Reading) -> bool,
}

impl<'a> PortLook<'a> {
    /// Returns a look at these tables, each of which is read once.
    pub fn new(tables: impl IntoIterator<Item = PortTable>) -> Self {
        Self { tables: tables.into_iter().collect(), scope: None, misses: &|_, _| false }
    }

    /// Returns a look at the watched tables; one that `misses` ports is read twice.
    pub(crate) fn within(
        scope: &'a Scope,
        misses: &'a dyn Fn(PortTable, &Reading) -> bool,
    ) -> Self {
        Self { tables: scope.tables().collect(), scope: Some(scope), misses }
    }

    /// Returns the tables.
    pub fn tables(&self) -> &[PortTable] {
        &self.tables
    }

    /// Reads each table with `read`. A table without a known port is read twice, see
    /// [`Tracker::misses`](crate::Tracker::misses). An interruption ends the look.
    pub fn read_each(
        &self,
        mut read: impl FnMut(PortTable) -> Result<Reading, ReadProblem>,
    ) -> Readings {
        let mut readings = Vec::new();
        for table in &self.tables {
            let reading = self.read_table(*table, &mut read);
            let is_interrupted = matches!(
                &reading,
                Err(problem) if problem.kind() == ReadProblemKind::Interrupted
            );
            readings.push((*table, reading));
            if is_interrupted {
                break;
            }
        }
        readings
    }

    /// The first reading does not prove that a port closed, so an error of the second one is
    /// returned.
    fn read_table(
        &self,
        table: PortTable,
        read: &mut dyn FnMut(PortTable) -> Result<Reading, ReadProblem>,
    ) -> Result<Reading, ReadProblem> {
        let mut read = || -> Result<Reading, ReadProblem> {
            let mut reading = read(table)?;
            reading.ports.retain(|port| self.scope.is_none_or(|scope| scope.admits(port)));
            Ok(reading)
        };
        let first = read()?;
        if first.gap.is_none() && (self.misses)(table, &first) {
            return Ok(first.union(read()?));
        }
        Ok(first)
    }
}

impl fmt::Debug for PortLook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortLook").field("tables", &self.tables).finish_non_exhaustive()
    }
}
