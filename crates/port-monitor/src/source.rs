//! Sources of ports.

use std::{collections::BTreeMap, ops::ControlFlow};

use procnetsocket::{
    Interrupt, Limits, ProcessLimits, ProcessQuery, ProcessTable, Query, RowError, SocketTables,
    Visitor,
    model::{Inode, Socket},
};

use crate::{
    look::{PortLook, Readings},
    port::{PortProcess, PortTable},
    problem::{ReadProblem, ReadProblemKind},
    reading::Reading,
};

/// A source of ports. [`SocketTables`] is one; a host that restricts the visible ports implements
/// another.
pub trait PortSource: Send + Sync {
    /// Reads the ports of all tables of a look, in any order, with [`PortLook::read_each`]. Work
    /// that all tables need is done once.
    ///
    /// A table that cannot be read has a [`ReadProblem`]. If only some ports are missing, the
    /// [`Reading`] has a gap.
    fn read(&self, look: &PortLook<'_>, interrupt: &dyn Interrupt) -> Readings;

    /// Returns the processes that have the sockets with these inodes open. A socket without a
    /// process may be left out.
    ///
    /// # Errors
    ///
    /// A [`ReadProblem`] if they cannot be listed, which is the default.
    fn processes(
        &self,
        inodes: &[Inode],
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessesByInode, ReadProblem> {
        let _ = (inodes, interrupt);
        Err(ReadProblem::new(
            ReadProblemKind::Missing,
            "this source does not list the processes of ports",
        ))
    }
}

/// The processes that have a socket open, by its inode.
pub type ProcessesByInode = BTreeMap<Inode, Vec<PortProcess>>;

/// Returns the found processes of these sockets, each process once.
pub fn processes_of(inodes: &[Inode], found: &ProcessTable) -> ProcessesByInode {
    let processes = |inode: &Inode| {
        let mut processes: Vec<_> = found
            .of(*inode)
            .map(|process| PortProcess {
                pid: process.task.pid,
                name: process.task.name.clone().known(),
            })
            .collect();
        // A process that has the socket open twice is listed twice in succession.
        processes.dedup_by_key(|process| process.pid);
        (*inode, processes)
    };
    inodes.iter().map(processes).collect()
}

impl<T: PortSource + ?Sized> PortSource for &T {
    fn read(&self, look: &PortLook<'_>, interrupt: &dyn Interrupt) -> Readings {
        (**self).read(look, interrupt)
    }

    fn processes(
        &self,
        inodes: &[Inode],
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessesByInode, ReadProblem> {
        (**self).processes(inodes, interrupt)
    }
}

impl<T: PortSource + ?Sized> PortSource for std::sync::Arc<T> {
    fn read(&self, look: &PortLook<'_>, interrupt: &dyn Interrupt) -> Readings {
        (**self).read(look, interrupt)
    }

    fn processes(
        &self,
        inodes: &[Inode],
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessesByInode, ReadProblem> {
        (**self).processes(inodes, interrupt)
    }
}

/// Requests only sockets in one state, which is cheap with sock_diag for any number of connections.
fn read_table(
    tables: &SocketTables,
    table: PortTable,
    interrupt: &dyn Interrupt,
) -> Result<Reading, ReadProblem> {
    let query = Query::new(table.into())
        .with_states(table.states())
        .with_limits(Limits::streaming())
        .with_interrupt(interrupt);
    let mut rows = PortSink::default();
    let report = tables.visit_with(&query, &mut rows).map_err(|error| ReadProblem::from(&error))?;
    let mut reading = rows.0;
    if report.inconsistent {
        reading.note_gap(ReadProblem::changed(table));
    }
    for device in reading.ports.iter_mut().filter_map(|port| port.device.as_mut()) {
        device.name = tables.interface_name(device.index);
    }
    reading.finish(table)
}

impl PortSource for SocketTables {
    fn read(&self, look: &PortLook<'_>, interrupt: &dyn Interrupt) -> Readings {
        look.read_each(|table| read_table(self, table, interrupt))
    }

    fn processes(
        &self,
        inodes: &[Inode],
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessesByInode, ReadProblem> {
        let query = ProcessQuery::of(inodes.to_vec());
        let report = SocketTables::processes(self, &query, &ProcessLimits::default(), interrupt);
        let report = report.map_err(|error| ReadProblem::from(&error))?;
        Ok(processes_of(inodes, &ProcessTable::new(report)))
    }
}

/// Keeps the ports of a table.
#[derive(Default)]
struct PortSink(Reading);

impl Visitor for PortSink {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.take(socket)
    }

    fn malformed(&mut self, row: &RowError) -> ControlFlow<()> {
        self.0.note_gap(ReadProblem::malformed(row));
        ControlFlow::Continue(())
    }

    fn restart(&mut self) -> bool {
        self.0 = Reading::default();
        true
    }
}
