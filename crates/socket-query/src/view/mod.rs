//! The view of the system's sockets that a builtin gets.

mod everywhere;
mod found;
mod gate;
mod look;
mod machine;
mod peers;
mod process;
mod usage;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, ops::ControlFlow, sync::Arc};

use bstr::BString;
use procnetsocket::{
    Interrupt, Limits, MAX_PEERS, SocketTables,
    diag::KillAuthority,
    model::{Inode, Socket},
};

pub(crate) use self::look::report_unseen;
pub use self::{
    everywhere::ListedNamespace,
    gate::ProcessGate,
    look::Look,
    usage::{Usage, UsageCounter},
};
use crate::{
    cgroup::CgroupPaths,
    error::Error,
    events::EventSource,
    host_name::HostNames,
    names::Names,
    namespace_source::NamespaceSource,
    netns::NetnsDir,
    policy::{GrantSet, Policy, Visibility},
    process_source::ProcessSource,
    select::{Selection, SocketTable},
    sink::{Collected, ListingProblem, Sink},
};

/// Rows that a builtin may keep at a time to sort them, unless the host sets another limit: 250
/// 000.
///
/// A row of sock_diag with all its details takes about 1 KiB, so this bounds memory to 250 MB.
pub const MAX_SORTED_ROWS: usize = 250_000;

/// The part of the socket tables that a policy allows.
///
/// A host creates one from its tables, a policy and its names, or from a [`System`](crate::System),
/// and passes it to a builtin. A builtin cannot reach the tables through it.
///
/// Operations that need more than the grant `sockets` have one gate per grant, which is an error
/// without the grant: [`processes`](Self::processes), [`events`](Self::events),
/// [`kill`](Self::kill), [`namespace`](Self::namespace), [`resolver`](Self::resolver).
#[derive(Clone)]
pub struct PolicyView {
    pub(crate) tables: Arc<SocketTables>,
    pub(crate) policy: Policy,
    names: Arc<Names>,
    cgroups: Option<Arc<dyn CgroupPaths>>,
    hosts: Option<Arc<dyn HostNames>>,
    events: Option<Arc<EventSource>>,
    kill: Option<KillAuthority>,
    processes: Arc<dyn ProcessSource>,
    pub(crate) limits: Limits,
    namespaces: BTreeMap<BString, Arc<SocketTables>>,
    netns_dir: Option<Arc<NetnsDir>>,
    sorted_rows: usize,
    max_peers: usize,
    /// Finds the network namespaces of the machine.
    finder: Option<Arc<dyn NamespaceSource>>,
    /// Set in a view of all namespaces.
    everywhere: Option<Arc<dyn NamespaceSource>>,
    /// The host's own sockets, which no listing contains.
    own_sockets: Vec<Inode>,
    pub(crate) usage: Arc<UsageCounter>,
}

impl PolicyView {
    /// Returns the view of `tables` that `policy` allows.
    pub fn new(tables: Arc<SocketTables>, policy: Policy, names: Names) -> Self {
        let processes: Arc<dyn ProcessSource> = Arc::<SocketTables>::clone(&tables);
        let own_sockets =
            tables.diag().map(|diag| diag.further_sockets().to_vec()).unwrap_or_default();
        Self {
            tables,
            policy,
            names: Arc::new(names),
            cgroups: None,
            hosts: None,
            events: None,
            kill: None,
            processes,
            limits: Limits::streaming(),
            namespaces: BTreeMap::new(),
            netns_dir: None,
            sorted_rows: MAX_SORTED_ROWS,
            max_peers: MAX_PEERS,
            finder: None,
            everywhere: None,
            own_sockets,
            usage: Arc::default(),
        }
    }

    /// Returns the view with a way to find the paths of control groups. Without it they are
    /// numbers.
    #[must_use]
    pub fn with_cgroups(self, cgroups: Arc<dyn CgroupPaths>) -> Self {
        Self { cgroups: Some(cgroups), ..self }
    }

    /// Returns the view with a way to resolve host names. It is used only under the grant
    /// [`Resolve`](crate::Grant::Resolve).
    #[must_use]
    pub fn with_host_names(self, hosts: Arc<dyn HostNames>) -> Self {
        Self { hosts: Some(hosts), ..self }
    }

    /// Returns the view with sockets that receive events, under the grant `events`. Without them,
    /// and over a fake root, there are no events.
    #[must_use]
    pub fn with_events(self, events: Arc<EventSource>) -> Self {
        Self { events: Some(events), ..self }
    }

    /// Returns the view with the right to destroy sockets, under the grant `kill`. Without it, and
    /// over a fake root, nothing can be destroyed.
    #[must_use]
    pub fn with_kill(self, right: KillAuthority) -> Self {
        Self { kill: Some(right), ..self }
    }

    /// Returns the view with another way to find the processes of sockets than a scan in this
    /// process. It is used only under the grant `processes`.
    #[must_use]
    pub fn with_processes(self, processes: Arc<dyn ProcessSource>) -> Self {
        Self { processes, ..self }
    }

    /// Returns the view with other limits for reading one table. The default is
    /// [`Limits::streaming`].
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Returns the view with the tables of another network namespace, under a name.
    #[must_use]
    pub fn with_namespace(mut self, name: impl Into<BString>, tables: Arc<SocketTables>) -> Self {
        self.namespaces.insert(name.into(), tables);
        self
    }

    /// Returns the view with the namespaces of a directory, each opened on demand.
    #[must_use]
    pub fn with_netns_dir(self, dir: Arc<NetnsDir>) -> Self {
        Self { netns_dir: Some(dir), ..self }
    }

    /// Returns the view with a way to find every network namespace of the machine.
    #[must_use]
    pub fn with_namespace_finder(self, finder: Arc<dyn NamespaceSource>) -> Self {
        Self { finder: Some(finder), ..self }
    }

    /// Returns the view without the host's own sockets.
    #[must_use]
    pub fn without_sockets(mut self, inodes: impl IntoIterator<Item = Inode>) -> Self {
        self.own_sockets.extend(inodes);
        self
    }

    /// Returns the view with another limit on the rows that are kept to sort them. The default is
    /// [`MAX_SORTED_ROWS`].
    #[must_use]
    pub fn with_sorted_rows(self, sorted_rows: usize) -> Self {
        Self { sorted_rows, ..self }
    }

    /// Returns how many rows a builtin may keep at a time to sort them.
    pub fn sorted_rows(&self) -> usize {
        self.sorted_rows
    }

    /// Returns the view with another limit on the sockets that are searched for other ends. The
    /// default is [`MAX_PEERS`].
    #[must_use]
    pub fn with_max_peers(self, max_peers: usize) -> Self {
        Self { max_peers, ..self }
    }

    /// Returns whether names of unix sockets are shown.
    pub fn shows_unix_names(&self) -> bool {
        self.policy.unix_names() == Visibility::Shown
    }

    /// Returns the view with another counter, for a host that counts each call of a builtin
    /// separately.
    #[must_use]
    pub fn with_new_usage(self) -> Self {
        Self { usage: Arc::default(), ..self }
    }

    /// Returns the counter of the use of this view, its clones, and the views of other namespaces.
    pub fn usage(&self) -> Arc<UsageCounter> {
        Arc::clone(&self.usage)
    }

    /// Returns the grants of the host.
    pub fn grants(&self) -> GrantSet {
        self.policy.grants()
    }

    /// Lists the sockets that the policy and the selection admit, in the order of `ss`.
    ///
    /// Processes for the filter, or to show, are found by one scan before the first table is read.
    /// Whatever cannot be read or parsed is reported to the sink as a [`ListingProblem`], and the
    /// rest is still listed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grant `sockets`, or, for
    /// a filter of processes, without `processes`; the errors of [`ProcessGate::find`] for such a
    /// filter; [`ErrorKind::MaxRows`](crate::ErrorKind::MaxRows) and
    /// [`ErrorKind::MaxTime`](crate::ErrorKind::MaxTime) when a limit of the policy was reached;
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) when `interrupt` ended it.
    pub fn collect(
        &self,
        selection: &Selection,
        interrupt: &dyn Interrupt,
        sink: &mut dyn Sink,
    ) -> Result<Collected, Error> {
        self.look(selection, interrupt)?.collect(selection, interrupt, sink)
    }

    /// Calls `each` with every socket that [`collect`](Self::collect) lists.
    ///
    /// The listing is complete if [`problems`](Collected::problems) of the result is 0.
    ///
    /// # Errors
    ///
    /// See [`collect`](Self::collect).
    pub fn for_each(
        &self,
        selection: &Selection,
        interrupt: &dyn Interrupt,
        each: impl FnMut(Socket<'_>),
    ) -> Result<Collected, Error> {
        self.collect(selection, interrupt, &mut EachSocket(each))
    }
}

/// Calls a closure with every socket. Problems are counted in the result.
struct EachSocket<F>(F);

impl<F: FnMut(Socket<'_>)> Sink for EachSocket<F> {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        self.0(socket);
        ControlFlow::Continue(())
    }

    fn problem(&mut self, _: ListingProblem<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl fmt::Debug for PolicyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyView").field("policy", &self.policy).finish_non_exhaustive()
    }
}
