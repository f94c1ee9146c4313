//! One gate per grant: without the grant it is an error, and there is no other access.

use std::sync::Arc;

use bstr::{BStr, BString};
use procnetsocket::{Interrupt, Pid, ProcessQuery, ProcessTable, SocketTables};

use super::{PolicyView, process};
use crate::{
    collect::BoundedTables,
    destroy::KillGate,
    error::Error,
    follow::EventGate,
    host_name::HostNames,
    policy::{Grant, Redaction},
    process_source::ProcessSource,
};

impl PolicyView {
    /// Checks that something is granted, and counts the use or the refusal.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) when it is not.
    pub fn granted(&self, grant: Grant) -> Result<(), Error> {
        if self.grants().contains(grant) {
            self.usage.note_used(grant);
            return Ok(());
        }
        self.usage.note_refused(grant);
        Err(Error::not_granted(grant))
    }

    /// Returns the gate to the processes that have sockets open.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `processes`.
    pub fn processes(&self) -> Result<ProcessGate<'_>, Error> {
        self.granted(Grant::Sockets)?;
        self.granted(Grant::Processes)?;
        Ok(ProcessGate { view: self, source: self.processes.as_ref() })
    }

    /// Returns the gate to destroy events.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `events`, [`ErrorKind::NoMeans`](crate::ErrorKind::NoMeans) when the host has no event
    /// sockets.
    pub fn events(&self) -> Result<EventGate<'_>, Error> {
        let tables = self.sockets()?;
        self.granted(Grant::Events)?;
        // Security: with a fake root, the live system is never read.
        let source = self.events.as_deref().filter(|_| tables.is_live());
        let source = source.ok_or_else(|| Error::no_means(Grant::Events))?;
        Ok(EventGate { view: self, source })
    }

    /// Returns the gate to destroy sockets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `kill`, [`ErrorKind::NoMeans`](crate::ErrorKind::NoMeans) when the host does not have the
    /// right to destroy them.
    pub fn kill(&self) -> Result<KillGate<'_>, Error> {
        let tables = self.sockets()?;
        self.granted(Grant::Kill)?;
        // Security: a fake root has no sock_diag.
        let means = tables.diag().zip(self.kill.as_ref());
        let (diag, right) = means.ok_or_else(|| Error::no_means(Grant::Kill))?;
        Ok(KillGate { view: self, diag, right })
    }

    /// Returns the same view of another network namespace: one that the host named, or one in the
    /// directory of the host.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `namespaces`,
    /// [`ErrorKind::UnknownNamespace`](crate::ErrorKind::UnknownNamespace),
    /// [`ErrorKind::Namespace`](crate::ErrorKind::Namespace) and
    /// [`ErrorKind::Source`](crate::ErrorKind::Source) when it cannot be entered.
    pub fn namespace(&self, name: &BStr) -> Result<Self, Error> {
        self.granted(Grant::Namespaces)?;
        self.granted(Grant::Sockets)?;
        let tables = match (self.namespaces.get(name), &self.netns_dir) {
            (Some(tables), _) => Arc::clone(tables),
            (None, Some(dir)) => dir.tables(name)?,
            (None, None) => return Err(Error::unknown_namespace(name)),
        };
        // The event sockets are in the namespace of the host.
        Ok(Self { tables, events: None, finder: None, ..self.clone() })
    }

    /// Returns the resolver of the host, to print host names.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `resolve`, [`ErrorKind::NoMeans`](crate::ErrorKind::NoMeans) when the host has none.
    pub fn resolver(&self) -> Result<&dyn HostNames, Error> {
        self.granted(Grant::Sockets)?;
        self.granted(Grant::Resolve)?;
        self.hosts.as_deref().ok_or_else(|| Error::no_means(Grant::Resolve))
    }

    /// Returns the tables if sockets are granted. This is the only gate to them.
    pub(super) fn sockets(&self) -> Result<&SocketTables, Error> {
        self.granted(Grant::Sockets)?;
        Ok(&self.tables)
    }

    /// Returns the tables if counters of the whole machine may be shown.
    pub(super) fn counters(&self) -> Result<&SocketTables, Error> {
        let tables = self.sockets()?;
        if self.policy.narrows() { Err(Error::narrowed()) } else { Ok(tables) }
    }

    pub(crate) fn source(&self) -> Result<BoundedTables<'_>, Error> {
        Ok(BoundedTables {
            tables: self.sockets()?,
            policy: &self.policy,
            redaction: Redaction::new(&self.policy),
            limits: &self.limits,
            sorted_rows: self.sorted_rows,
            own_sockets: &self.own_sockets,
            usage: &self.usage,
        })
    }
}

/// The gate to the processes that have sockets open, under the grant `processes`.
#[derive(Clone, Copy)]
pub struct ProcessGate<'v> {
    view: &'v PolicyView,
    source: &'v dyn ProcessSource,
}

impl ProcessGate<'_> {
    /// Finds the processes that have visible sockets open. It scans every process, so call it once.
    ///
    /// Hidden details of processes are not read. Where the policy hides sockets, the answer does
    /// not count unreadable processes, because they would count whatever they have open.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) when `interrupt` asks for the end,
    /// [`ErrorKind::MaxTime`](crate::ErrorKind::MaxTime),
    /// [`ErrorKind::Processes`](crate::ErrorKind::Processes) when there is no answer.
    pub fn find(
        &self,
        query: &ProcessQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessTable, Error> {
        process::find(self.view, self.source, query, interrupt)
    }

    /// Returns the name of a process, or `None` when it is unknown. Where the policy hides sockets
    /// it is always `None`: the process may have only hidden ones open.
    pub fn name(&self, pid: Pid) -> Option<BString> {
        if self.view.policy.narrows() { None } else { self.source.process_name(pid) }
    }
}

impl std::fmt::Debug for ProcessGate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessGate").field("view", self.view).finish_non_exhaustive()
    }
}
