//! The ports that a policy and a filter show.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Arc, OnceLock},
};

use bstr::BString;
use builtin_cli::{Chain, Escaped};
use port_monitor::{
    PortLook, PortSource, PortTable, ProcessesByInode, Protocol, ReadProblem, ReadProblemKind,
    Reading, Readings, Scope, processes_of,
};
use procnetsocket::{
    Family, Interrupt, ProcessQuery, ProcessTable,
    model::{Inode, Socket},
};
use socket_query::{
    AddressFamily, ErrorKind, FamilySet, ListedNamespace, Look, PolicyView, Selection, Sink,
    SocketTable, StateSet, TableSet,
    expr::{Expr, HostPattern, Predicate, Side},
};

use crate::cli::{CliError, Target, WatchedPorts};

/// Reads ports through the same view as `ss`, so that nothing else is visible here.
#[derive(Debug)]
pub(crate) struct PolicyPorts<'a> {
    view: &'a PolicyView,
    /// The selection for each table; a missing table has no selected port.
    selections: BTreeMap<PortTable, Selection>,
    /// The exact name of the watched unix sockets; `None` for all that are selected.
    unix_name: Option<BString>,
    unseen: UnseenProcesses,
}

/// Why processes of the found ports may be missing, if known.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnseenProcesses(Arc<OnceLock<String>>);

impl UnseenProcesses {
    pub(crate) fn reason(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    fn note(&self, processes: &ProcessTable) {
        if let Some(reason) = why_unseen(processes) {
            self.0.get_or_init(|| reason);
        }
    }
}

/// Returns why some processes of sockets may be missing, if there is a known reason.
fn why_unseen(processes: &ProcessTable) -> Option<String> {
    processes.gaps().first().map(|gap| format!("processes may be missing: {gap}"))
}

impl<'a> PolicyPorts<'a> {
    /// Parses the filter.
    pub(crate) fn new(
        view: &'a PolicyView,
        which: &WatchedPorts,
        interrupt: &dyn Interrupt,
    ) -> Result<Self, CliError> {
        let (families, filter, unix_name) = match &which.target {
            Target::UnixName(_) if !view.shows_unix_names() => return Err(CliError::HiddenNames),
            Target::UnixName(name) => {
                (FamilySet::of(UNIX), view.filter(Some(named(name))), Some(name.clone()))
            }
            Target::Filter(text) => {
                let tables = Protocol::ALL.into_iter().filter(|protocol| which.names(*protocol));
                let tables: TableSet = tables.flat_map(socket_tables).copied().collect();
                let parsed = view
                    .parse_filter(text, tables, which.family, interrupt)
                    .map_err(CliError::Filter)?;
                // A family in the filter is the only one.
                let families = parsed.family.map_or(which.families(), FamilySet::of);
                (families, view.filter(parsed.expr), None)
            }
        };
        let wanted = PortTable::ALL.into_iter().filter(|table| {
            (which.protocols.is_empty() || which.protocols.contains(&table.protocol))
                && families.contains(address_family(table.family))
        });
        let select = |table: PortTable| Selection {
            tables: socket_tables(table.protocol).iter().copied().collect(),
            named: if which.protocols.contains(&table.protocol) {
                socket_tables(table.protocol).iter().copied().collect()
            } else {
                TableSet::EMPTY
            },
            families: FamilySet::of(address_family(table.family)),
            states: StateSet::of(table.protocol.state()),
            filter: filter.clone(),
            ..Selection::everything()
        };
        let selections: BTreeMap<_, _> = wanted.map(|table| (table, select(table))).collect();
        if selections.is_empty() {
            return Err(CliError::NotWatched);
        }
        Ok(Self { view, selections, unix_name, unseen: UnseenProcesses::default() })
    }

    /// Returns the tables and namespaces to read.
    pub(crate) fn scope(&self) -> Scope {
        let mut protocols: Vec<_> = self.selections.keys().map(|table| table.protocol).collect();
        protocols.dedup();
        Scope { protocols, ..Scope::default() }
    }

    /// Returns the reason for missing processes, which the source still updates after it was moved.
    pub(crate) fn unseen(&self) -> UnseenProcesses {
        self.unseen.clone()
    }

    fn read_table(
        &self,
        look: &Look<'_>,
        table: PortTable,
        selection: &Selection,
        interrupt: &dyn Interrupt,
    ) -> Result<Reading, ReadProblem> {
        let mut rows = PolicyPortSink::new(self.view);
        look.collect(selection, interrupt, &mut rows).map_err(problem)?;
        if let Some(problem) = rows.failed {
            return Err(problem);
        }
        let mut reading = rows.reading;
        if let Some(name) = &self.unix_name {
            reading.ports.retain(|port| {
                // Compares the raw and the printed name.
                port.local.unix_name().is_some_and(|local| {
                    local == *name || Escaped::column(&local).without_backslash().is_shown_as(name)
                })
            });
        }
        reading.finish(table)
    }
}

fn problem(error: socket_query::Error) -> ReadProblem {
    let is_interrupted = error.kind() == ErrorKind::Interrupted;
    let kind =
        if is_interrupted { ReadProblemKind::Interrupted } else { ReadProblemKind::Unreadable };
    ReadProblem::new(kind, error)
}

impl WatchedPorts {
    /// Returns whether options choose a protocol. Without such options, the protocols with port
    /// numbers are chosen.
    fn names(&self, protocol: Protocol) -> bool {
        let protocols: &[_] =
            if self.protocols.is_empty() { &Protocol::INET } else { &self.protocols };
        protocols.contains(&protocol)
    }

    /// Returns the families that options choose.
    fn families(&self) -> FamilySet {
        let unix = if self.names(Protocol::Unix) { FamilySet::of(UNIX) } else { FamilySet::EMPTY };
        self.families.union(unix)
    }
}

/// Returns the filter for a name in upper or lower case.
fn named(name: &[u8]) -> Expr {
    let pattern: BString = name.iter().flat_map(|byte| [b'\\', *byte]).collect::<Vec<_>>().into();
    Expr::Is(Predicate::Host { side: Side::Local, host: HostPattern::Unix(pattern) })
}

const UNIX: AddressFamily = AddressFamily::Unix;

const fn socket_tables(protocol: Protocol) -> &'static [SocketTable] {
    match protocol {
        Protocol::Tcp => &[SocketTable::Tcp],
        Protocol::Udp => &[SocketTable::Udp],
        Protocol::Unix => &[SocketTable::UnixStream, SocketTable::UnixSeqPacket],
    }
}

const fn address_family(family: Option<Family>) -> AddressFamily {
    match family {
        Some(Family::V4) => AddressFamily::Inet,
        Some(Family::V6) => AddressFamily::Inet6,
        None => UNIX,
    }
}

impl PortSource for PolicyPorts<'_> {
    /// Processes are looked up once, because every table has the same filter.
    fn read(&self, tables: &PortLook<'_>, interrupt: &dyn Interrupt) -> Readings {
        let look = self.selections.values().next().map(|any| self.view.look(any, interrupt));
        let look = look.map(|look| look.map_err(problem));
        tables.read_each(|table| match (self.selections.get(&table), &look) {
            (Some(selection), Some(Ok(look))) => self.read_table(look, table, selection, interrupt),
            (Some(_), Some(Err(problem))) => Err(problem.clone()),
            (None, _) | (_, None) => Ok(Reading::default()),
        })
    }

    fn processes(
        &self,
        inodes: &[Inode],
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessesByInode, ReadProblem> {
        let query = ProcessQuery::of(inodes.to_vec());
        let found = self.view.processes().and_then(|gate| gate.find(&query, interrupt));
        let found = found.map_err(|error| ReadProblem::new(ReadProblemKind::Unreadable, error))?;
        let processes = processes_of(inodes, &found);
        if inodes.iter().any(|inode| processes.get(inode).is_none_or(Vec::is_empty)) {
            self.unseen.note(&found);
        }
        Ok(processes)
    }
}

/// Keeps the ports of a table, and why some may be missing.
struct PolicyPortSink<'a> {
    view: &'a PolicyView,
    /// The namespace of the rows, in a view of every network namespace.
    there: Option<ListedNamespace>,
    reading: Reading,
    /// Why the table could not be read.
    failed: Option<ReadProblem>,
}

impl<'a> PolicyPortSink<'a> {
    fn new(view: &'a PolicyView) -> Self {
        Self { view, there: None, reading: Reading::default(), failed: None }
    }
}

impl Sink for PolicyPortSink<'_> {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        let known = self.reading.ports.len();
        let flow = self.reading.take(socket);
        let view = self.there.as_ref().map_or(self.view, |there| &there.view);
        for port in self.reading.ports.iter_mut().skip(known) {
            port.namespace = self.there.as_ref().map(|there| Arc::clone(&there.namespace));
            if let Some(device) = &mut port.device {
                device.name = view.interface_name(device.index);
            }
        }
        flow
    }

    fn namespace(&mut self, listed: &ListedNamespace) {
        self.there = Some(listed.clone());
    }

    fn problem(&mut self, problem: socket_query::ListingProblem<'_>) -> ControlFlow<()> {
        use socket_query::ListingProblem as P;
        match problem {
            P::Row(row) => self.reading.note_gap(ReadProblem::malformed(row)),
            P::Table(_, error) => self.failed = Some(ReadProblem::from(error)),
            P::UnseenProcesses(gaps) => {
                let reason = gaps.first().map_or("some cannot be seen", String::as_str);
                let text = format_args!("processes may be missing: {reason}");
                self.reading.note_gap(ReadProblem::new(ReadProblemKind::Incomplete, text));
            }
            P::Unreported(tables) => {
                self.failed = Some(ReadProblem::new(ReadProblemKind::Unreadable, tables));
            }
            P::Namespace(name, error) => {
                let text = format_args!("network namespace {name} is not listed: {}", Chain(error));
                self.reading.note_gap(ReadProblem::new(ReadProblemKind::Incomplete, text));
            }
            P::UnseenNamespaces(closed) => {
                let text = format_args!(
                    "network namespaces may be missing: {closed} processes are closed to this user"
                );
                self.reading.note_gap(ReadProblem::new(ReadProblemKind::Incomplete, text));
            }
            // OK because every port is listed.
            P::NamespacesAsText(_) => {}
            P::Changed(table) => self.reading.note_gap(ReadProblem::changed(table)),
            _ => {
                let text = "something could not be listed";
                self.reading.note_gap(ReadProblem::new(ReadProblemKind::Incomplete, text));
            }
        }
        ControlFlow::Continue(())
    }
}
