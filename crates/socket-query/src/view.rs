//! The only thing that a builtin holds.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    net::IpAddr,
    num::{NonZeroU32, NonZeroU64},
    ops::{ControlFlow, RangeInclusive},
    sync::Arc,
    time::{Duration, Instant},
};

use bstr::{BStr, BString};
use procnetsocket::{
    Interrupt, Limits, OwnerQuery, OwnerTable, Pid, SockStat, SockStat6, SocketTables, Threads,
    diag::{EventGroups, KillAuthority},
    model::{Inode, Socket},
};

use crate::{
    AddressFamily, CgroupPaths, Collected, Error, EventSink, EventSource, Filter, FollowEnd,
    Followed, Grant, GrantSet, HostNameError, HostNames, Names, OwnerSource, OwnersErrorKind,
    Policy, Problem, Selection, Sink, SocketTable, TableSet, Until, Visibility, Whose,
    collect::{self, Source},
    destroy::{self, Kill},
    events,
    expr::{self, FilterError, FilterText, Machine, Parsed, Scope},
    follow::{self, Admission},
    policy::{OwnerVeil, Veil},
};

/// Rows that a builtin may keep at one time to put them in order, unless the host says otherwise:
/// 250 000.
///
/// A row of sock_diag with all its details takes some 1 KiB, so this bounds memory to 250 MB.
pub const MAX_SORTED_ROWS: usize = 250_000;

/// How long the names of hosts of one filter are looked up: 10 s.
const LOOK_UPS: Duration = Duration::from_secs(10);

/// Socket tables as far as a policy lets them be seen.
///
/// A host makes one of its tables, a policy and its names, and hands it to a builtin. There is no
/// way back to the tables.
#[derive(Clone)]
pub struct PolicyView {
    tables: Arc<SocketTables>,
    policy: Policy,
    names: Arc<Names>,
    cgroups: Option<Arc<dyn CgroupPaths>>,
    hosts: Option<Arc<dyn HostNames>>,
    events: Option<Arc<EventSource>>,
    kill: Option<KillAuthority>,
    owners: Arc<dyn OwnerSource>,
    limits: Limits,
    namespaces: BTreeMap<BString, Arc<SocketTables>>,
    sorted_rows: usize,
}

impl PolicyView {
    /// Returns the view of `tables` that `policy` allows.
    pub fn new(tables: Arc<SocketTables>, policy: Policy, names: Names) -> Self {
        let owners: Arc<dyn OwnerSource> = Arc::<SocketTables>::clone(&tables);
        Self {
            tables,
            policy,
            names: Arc::new(names),
            cgroups: None,
            hosts: None,
            events: None,
            kill: None,
            owners,
            limits: Limits::streaming(),
            namespaces: BTreeMap::new(),
            sorted_rows: MAX_SORTED_ROWS,
        }
    }

    /// Returns the view with a way to find the paths of control groups. Without one they are
    /// numbers.
    #[must_use]
    pub fn with_cgroups(self, cgroups: Arc<dyn CgroupPaths>) -> Self {
        Self { cgroups: Some(cgroups), ..self }
    }

    /// Returns the view with a way to resolve host names. It is used under the grant
    /// [`Resolve`](Grant::Resolve) only.
    #[must_use]
    pub fn with_host_names(self, hosts: Arc<dyn HostNames>) -> Self {
        Self { hosts: Some(hosts), ..self }
    }

    /// Returns the view with sockets on which events can be followed, under the grant `events`.
    /// Without them, and over a fake root, nothing can be followed.
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

    /// Returns the view with another way to find the owners of sockets than to look for them in this
    /// process. It is used under the grant `processes` only.
    #[must_use]
    pub fn with_owners(self, owners: Arc<dyn OwnerSource>) -> Self {
        Self { owners, ..self }
    }

    /// Returns the view with the host's own bounds on what is read of one table. The default is
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

    /// Returns the same view of a network namespace that the host has named.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grant `namespaces`,
    /// [`ErrorKind::UnknownNamespace`](crate::ErrorKind::UnknownNamespace).
    pub fn namespace(&self, name: &BStr) -> Result<Self, Error> {
        if !self.grants().contains(Grant::Namespaces) {
            return Err(Error::not_granted(Grant::Namespaces));
        }
        let tables = self.namespaces.get(name).ok_or_else(|| Error::unknown_namespace(name))?;
        // The event sockets stand in the namespace of the host.
        Ok(Self { tables: Arc::clone(tables), events: None, ..self.clone() })
    }

    /// Returns the view with the host's own bound on the rows that are kept to put them in order.
    /// The default is [`MAX_SORTED_ROWS`].
    #[must_use]
    pub fn with_sorted_rows(self, sorted_rows: usize) -> Self {
        Self { sorted_rows, ..self }
    }

    /// Returns how many rows a builtin may keep at one time to put them in order.
    pub fn sorted_rows(&self) -> usize {
        self.sorted_rows
    }

    /// Returns what the host grants.
    pub fn grants(&self) -> GrantSet {
        self.policy.grants()
    }

    /// Returns whether the kernel tells more than the text tables: never with a fake root, and
    /// usually with the system's.
    pub fn has_sock_diag(&self) -> bool {
        self.tables.diag().is_some()
    }

    /// Returns the host's names of ports and protocols.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// Lists the sockets that the policy and the selection admit, in the order of `ss`.
    ///
    /// What cannot be read or understood is reported to the sink as a [`Problem`](crate::Problem),
    /// and the rest is still listed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grant `sockets`,
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) when `interrupt` asks for the end.
    pub fn collect(
        &self,
        selection: &Selection,
        interrupt: &dyn Interrupt,
        sink: &mut dyn Sink,
    ) -> Result<Collected, Error> {
        let source = self.source()?;
        let selection = self.with_holders(selection, interrupt)?;
        collect::collect(&source, &selection, interrupt, sink)
    }

    /// Follows the TCP and UDP sockets that the policy and the selection admit, as they end, until
    /// `until` says so or the sink does. The states of the selection choose nothing.
    ///
    /// Events that the kernel dropped are reported to the sink as
    /// [`Problem::EventsLost`](crate::Problem), and the following goes on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `events`, [`ErrorKind::NoMeans`](crate::ErrorKind::NoMeans) when the host gave no event
    /// sockets, [`ErrorKind::NoEvents`](crate::ErrorKind::NoEvents) for a selection without TCP and
    /// UDP, [`ErrorKind::NoOwnersOfEvents`](crate::ErrorKind::NoOwnersOfEvents) for a filter of processes
    /// or users and under a policy that shows one user's sockets, [`ErrorKind::Busy`](crate::ErrorKind::Busy),
    /// [`ErrorKind::MaxRows`](crate::ErrorKind::MaxRows) and [`ErrorKind::MaxTime`](crate::ErrorKind::MaxTime)
    /// when a bound of the policy ended it,
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) within 100 ms after `interrupt`
    /// asks for the end.
    pub fn follow(
        &self,
        selection: &Selection,
        until: &Until,
        interrupt: &dyn Interrupt,
        sink: &mut dyn EventSink,
    ) -> Result<Followed, Error> {
        let source = self.events()?;
        // Security: of families that are hidden not even that something happens is heard.
        let families = selection.families.intersection(self.policy.families());
        let groups = events::groups(selection.tables, families);
        if groups == EventGroups::NONE {
            return Err(Error::no_events());
        }
        // Kernel: a socket that ends has no inode and no user any more.
        if selection.filter.asks_for_owners() {
            return Err(Error::no_owners_of_events());
        }
        if self.policy.whose() != Whose::Everyone {
            return Err(Error::events_of_everyone());
        }
        let mut follower = source.follow(groups)?;
        let admission = Admission { veil: Veil::new(&self.policy), selection };
        let bounds = self.bounds(until);
        let followed = follow::follow(follower.events()?, admission, &bounds, interrupt, sink)?;
        self.ended(followed, until, &bounds)
    }

    /// Tells an end that the caller wanted from one that the policy made.
    fn ended(&self, followed: Followed, until: &Until, bounds: &Until) -> Result<Followed, Error> {
        match followed.end {
            FollowEnd::Count if bounds.count != until.count => Err(Error::max_rows(&self.policy)),
            FollowEnd::Deadline if bounds.deadline != until.deadline => {
                Err(Error::max_time(&self.policy))
            }
            _ => Ok(followed),
        }
    }

    /// Returns when the following ends by what the caller and the policy say.
    fn bounds(&self, until: &Until) -> Until {
        let rows = self.policy.max_rows().map(NonZeroU64::get);
        // OK because a time that no clock reaches is no bound.
        let time = self.policy.max_time().and_then(|time| Instant::now().checked_add(time));
        Until {
            deadline: [until.deadline, time].into_iter().flatten().min(),
            count: [until.count, rows].into_iter().flatten().min(),
        }
    }

    /// Destroys the internet sockets that the policy and the selection admit, and hands those that
    /// were destroyed to the sink. What was admitted and not destroyed is reported as
    /// [`Problem::NotDestroyed`](crate::Problem), unless it ended by itself.
    ///
    /// A filter of processes is asked twice, with owners that are looked for before the sockets are
    /// listed and once more after, so that a socket that was opened in between is not taken for nobody's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `kill`, [`ErrorKind::NoMeans`](crate::ErrorKind::NoMeans) when the host gave no right to it,
    /// [`ErrorKind::NoFilter`](crate::ErrorKind::NoFilter) for a selection whose filter is no
    /// expression, [`ErrorKind::UnknownHolders`](crate::ErrorKind::UnknownHolders) for one that admits
    /// sockets of which it is not known who holds them, while there are such,
    /// [`ErrorKind::TooMany`](crate::ErrorKind::TooMany): then nothing was destroyed. The
    /// kernel's refusal for want of `CAP_NET_ADMIN`, and
    /// [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted); what was destroyed before was
    /// handed over.
    pub fn destroy(
        &self,
        selection: &Selection,
        interrupt: &dyn Interrupt,
        sink: &mut dyn Sink,
    ) -> Result<Collected, Error> {
        let kill = self.kill()?;
        // Security: nobody means every socket of the machine.
        if !selection.filter.is_expression() {
            return Err(Error::no_filter());
        }
        let source = self.source()?;
        let look = || self.with_sure_holders(selection, interrupt);
        destroy::destroy(&kill, &source, &look, interrupt, sink)
    }

    /// Understands a filter of `ss` over these tables. `family` is the last one that an option
    /// chose; it is that of values that do not name one.
    ///
    /// # Errors
    ///
    /// A [`FilterError`] that says what is wrong and where. To resolve a host name takes the grant
    /// `resolve`; a name that is not resolved before `interrupt` asks for the end, or 10 s after the first
    /// word of the filter, is an error.
    pub fn parse_filter(
        &self,
        text: &FilterText,
        tables: TableSet,
        family: Option<AddressFamily>,
        interrupt: &dyn Interrupt,
    ) -> Result<Parsed, FilterError> {
        let begin = Instant::now();
        let is_over = || interrupt.is_interrupted() || begin.elapsed() >= LOOK_UPS;
        expr::parse(text, Scope::new(self, tables, family, &is_over))
    }

    /// Returns the filter that admits what satisfies an expression; none admits every socket.
    pub fn filter(&self, expr: Option<expr::Expr>) -> Filter {
        match expr {
            None => Filter::All,
            Some(expr) => {
                let local_ports = self.local_port_range().unwrap_or(Filter::USUAL_LOCAL_PORTS);
                Filter::Expr { expr, local_ports, holders: None }
            }
        }
    }

    /// Returns the machine's counters of IPv4 sockets (`/proc/net/sockstat`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or why the file cannot be read.
    pub fn sockstat(&self) -> Result<SockStat, Error> {
        Ok(self.counters()?.sockstat()?)
    }

    /// Returns the machine's counters of IPv6 sockets (`/proc/net/sockstat6`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or why the file cannot be read.
    pub fn sockstat6(&self) -> Result<SockStat6, Error> {
        Ok(self.counters()?.sockstat6()?)
    }

    /// Returns the number of established TCP connections (`CurrEstab` of `/proc/net/snmp`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted), or why the file cannot be read.
    pub fn established(&self) -> Result<i64, Error> {
        Ok(self.counters()?.curr_estab()?)
    }

    /// Returns the ports that the kernel hands out by itself, or `None` when it does not tell.
    pub fn local_port_range(&self) -> Option<RangeInclusive<u16>> {
        self.sockets().ok()?.local_port_range().ok()
    }

    /// Returns the name of a network interface, or `None` when it is not known (in a fake root no
    /// name is).
    pub fn interface_name(&self, index: NonZeroU32) -> Option<BString> {
        self.sockets().ok()?.interface_name(index)
    }

    /// Returns the index of the network interface of that name, or `None` when there is none (in a
    /// fake root there is none).
    pub fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        self.sockets().ok()?.interface_index(name)
    }

    /// Looks for the processes that hold sockets which the policy shows. It looks into every
    /// process, so ask once.
    ///
    /// What the policy does not tell of processes is not asked for. Where it hides sockets, nothing
    /// is told of processes that could not be looked into: they would be counted whatever they hold.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `processes`, [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted) when `interrupt` asks
    /// for the end, [`ErrorKind::MaxTime`](crate::ErrorKind::MaxTime), [`ErrorKind::Owners`](crate::ErrorKind::Owners) when there is no answer.
    pub fn owners(
        &self,
        query: &OwnerQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<OwnerTable, Error> {
        let source = self.processes()?;
        let veil = OwnerVeil::new(&self.policy);
        let query = veil.query(query, self.shown_sockets(interrupt)?);
        let begin = Instant::now();
        let is_late = || self.policy.max_time().is_some_and(|time| begin.elapsed() >= time);
        let is_over = || interrupt.is_interrupted() || is_late();
        match source.owners(&query, &is_over) {
            Ok(report) => Ok(OwnerTable::new(veil.cover(report, &query))),
            Err(error) if error.kind == OwnersErrorKind::Interrupted && is_late() => {
                Err(Error::max_time(&self.policy))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the name of a process, or `None` when it is not known; none is without the grant
    /// `processes`, nor where the policy hides sockets: the process may hold only such.
    pub fn process_name(&self, pid: Pid) -> Option<BString> {
        let processes = self.processes().ok().filter(|_| !self.policy.narrows());
        processes?.process_name(pid)
    }

    /// Returns the resolver that the host gave, to print names of hosts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) without the grants `sockets` and
    /// `resolve`, [`ErrorKind::NoMeans`](crate::ErrorKind::NoMeans) when the host gave none.
    pub fn host_names(&self) -> Result<&dyn HostNames, Error> {
        self.granted(Grant::Sockets)?;
        self.granted(Grant::Resolve)?;
        self.hosts.as_deref().ok_or_else(|| Error::no_means(Grant::Resolve))
    }

    /// Returns the paths of the control groups by their ids; none if the host gave no way to find
    /// them.
    pub fn cgroup_paths(&self) -> BTreeMap<u64, BString> {
        match (&self.cgroups, self.sockets()) {
            (Some(cgroups), Ok(_)) => cgroups.paths(),
            _ => BTreeMap::new(),
        }
    }

    /// Returns a selection whose filter knows who holds the sockets that it asks for.
    ///
    /// Security: without the grant this is an error, so that a filter about processes admits nothing,
    /// whoever made it.
    fn with_holders<'s>(
        &self,
        selection: &'s Selection,
        interrupt: &dyn Interrupt,
    ) -> Result<Cow<'s, Selection>, Error> {
        if selection.filter.asks_for_holders() {
            self.processes()?;
        }
        if !selection.filter.lacks_holders() {
            return Ok(Cow::Borrowed(selection));
        }
        let owners = self.owners(&OwnerQuery::all(), interrupt)?;
        Ok(Cow::Owned(selection.with_owners(&owners)))
    }

    /// Looks for the holders of sockets, whether or not they are known, and returns a selection whose
    /// filter knows them.
    ///
    /// Security: what holds for a socket because nobody is known to hold it would hold for those of
    /// processes that are closed to this one. Where the policy hides sockets, it is not told whether
    /// there are such processes, so there it is always refused.
    fn with_sure_holders<'s>(
        &self,
        selection: &'s Selection,
        interrupt: &dyn Interrupt,
    ) -> Result<Cow<'s, Selection>, Error> {
        if !selection.filter.asks_for_holders() {
            return Ok(Cow::Borrowed(selection));
        }
        self.processes()?;
        let needs_all = selection.filter.admits_unknown_holders();
        if needs_all && self.policy.narrows() {
            return Err(Error::unknown_holders());
        }
        let query = OwnerQuery::all().with_threads(Threads::Joined);
        let owners = self.owners(&query, interrupt)?;
        if needs_all && !owners.is_complete() {
            return Err(Error::unknown_holders());
        }
        Ok(Cow::Owned(selection.with_owners(&owners)))
    }

    /// Returns the inodes of the sockets that the policy shows, or `None` when it shows all.
    fn shown_sockets(&self, interrupt: &dyn Interrupt) -> Result<Option<Vec<Inode>>, Error> {
        if !self.policy.narrows() {
            return Ok(None);
        }
        let policy = self.policy.clone().with_max_rows(None);
        let mut inodes = Inodes::default();
        let source = Source { policy: &policy, ..self.source()? };
        collect::collect(&source, &Selection::everything(), interrupt, &mut inodes)?;
        Ok(Some(inodes.0))
    }

    fn source(&self) -> Result<Source<'_>, Error> {
        Ok(Source { tables: self.sockets()?, policy: &self.policy, limits: &self.limits })
    }

    /// Returns the tables if what counts the whole machine may be told.
    fn counters(&self) -> Result<&SocketTables, Error> {
        let tables = self.sockets()?;
        if self.policy.narrows() { Err(Error::narrowed()) } else { Ok(tables) }
    }

    /// Returns the tables if sockets are granted at all: the one gate to them.
    fn sockets(&self) -> Result<&SocketTables, Error> {
        self.granted(Grant::Sockets)?;
        Ok(&self.tables)
    }

    /// Returns the event sockets if following is granted: the one gate to them.
    fn events(&self) -> Result<&EventSource, Error> {
        let tables = self.sockets()?;
        self.granted(Grant::Events)?;
        // Security: a fake root never makes anyone look at the live system.
        let events = self.events.as_deref().filter(|_| tables.is_live());
        events.ok_or_else(|| Error::no_means(Grant::Events))
    }

    /// Returns the way to destroy sockets if that is granted: the one gate to it.
    fn kill(&self) -> Result<Kill<'_>, Error> {
        let tables = self.sockets()?;
        self.granted(Grant::Kill)?;
        // Security: a fake root has no sock_diag.
        let means = tables.diag().zip(self.kill.as_ref());
        let kill = means.map(|(diag, right)| Kill { diag, right });
        kill.ok_or_else(|| Error::no_means(Grant::Kill))
    }

    /// Returns the way to processes if they are granted: the one gate to them.
    fn processes(&self) -> Result<&dyn OwnerSource, Error> {
        self.granted(Grant::Sockets)?;
        self.granted(Grant::Processes)?;
        Ok(self.owners.as_ref())
    }

    /// Checks that something is granted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`](crate::ErrorKind::NotGranted) when it is not.
    pub fn granted(&self, grant: Grant) -> Result<(), Error> {
        if self.grants().contains(grant) { Ok(()) } else { Err(Error::not_granted(grant)) }
    }
}

/// Keeps the inodes of sockets.
#[derive(Default)]
struct Inodes(Vec<Inode>);

impl Sink for Inodes {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.extend(socket.inode());
        ControlFlow::Continue(())
    }

    /// The listing itself tells of it.
    fn problem(&mut self, _: Problem<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

impl Machine for PolicyView {
    fn grants(&self) -> GrantSet {
        self.grants()
    }

    fn unix_names(&self) -> Visibility {
        self.policy.unix_names()
    }

    fn names(&self) -> &Names {
        self.names()
    }

    fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        self.interface_index(name)
    }

    fn cgroup_id(&self, path: &BStr) -> Option<u64> {
        self.cgroup_paths().into_iter().find(|(_, known)| known == path).map(|(id, _)| id)
    }

    fn addresses(
        &self,
        name: &str,
        interrupt: &dyn Interrupt,
    ) -> Result<Vec<IpAddr>, HostNameError> {
        let hosts = self.host_names().map_err(|_| HostNameError::NoResolver)?;
        hosts.addresses(name, interrupt)
    }
}

impl fmt::Debug for PolicyView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyView").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use procnetsocket::{OwnerReport, Uninterrupted, diag::EventAuthority};
    use rstest::rstest;
    use testkit::{FakeProc, Tcp};

    use super::*;
    use crate::{ErrorKind, OwnersError, Whose};

    /// Takes no socket.
    struct Nothing;

    impl Sink for Nothing {
        fn socket(&mut self, table: SocketTable, _: Socket<'_>) -> ControlFlow<()> {
            panic!("expected no socket, but found one of {table:?}")
        }

        fn problem(&mut self, problem: Problem<'_>) -> ControlFlow<()> {
            panic!("expected no problem, but found {problem:?}")
        }
    }

    impl EventSink for Nothing {
        fn event_over(&mut self) -> ControlFlow<()> {
            panic!("expected no event")
        }
    }

    fn token() -> cap_std::AmbientAuthority {
        #[expect(clippy::disallowed_methods, reason = "the test is its own host")]
        cap_std::ambient_authority()
    }

    /// A view of a fake root with every means, and these grants.
    fn view(grants: &[Grant]) -> PolicyView {
        let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80")).build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = Policy::new(grants.iter().copied().collect());
        let view = PolicyView::new(tables, policy, Names::default())
            .with_kill(KillAuthority::from_ambient(token()));
        match EventSource::open_ambient(&EventAuthority::from_ambient(token())) {
            Ok(events) => view.with_events(Arc::new(events)),
            // Without sock_diag there is nothing that could be looked at.
            Err(_) => view,
        }
    }

    #[rstest]
    #[case::nothing(&[], ErrorKind::NotGranted(Grant::Sockets))]
    #[case::without_events(&[Grant::Sockets, Grant::Kill], ErrorKind::NotGranted(Grant::Events))]
    #[case::without_sockets(&[Grant::Events], ErrorKind::NotGranted(Grant::Sockets))]
    #[case::a_fake_root(&Grant::ALL, ErrorKind::NoMeans(Grant::Events))]
    fn events_have_one_gate(#[case] grants: &[Grant], #[case] kind: ErrorKind) {
        let (selection, until) = (Selection::everything(), Until::default());
        let followed = view(grants).follow(&selection, &until, &Uninterrupted, &mut Nothing);
        assert_eq!(followed.unwrap_err().kind(), kind);
    }

    /// Knows no host.
    struct Nobody;

    impl HostNames for Nobody {
        fn addresses(&self, _: &str, _: &dyn Interrupt) -> Result<Vec<IpAddr>, HostNameError> {
            Err(HostNameError::Unknown)
        }

        fn name(&self, _: IpAddr, _: &dyn Interrupt) -> Option<BString> {
            None
        }
    }

    #[rstest]
    #[case::nothing(&[], Some(ErrorKind::NotGranted(Grant::Sockets)))]
    #[case::without_sockets(&[Grant::Resolve], Some(ErrorKind::NotGranted(Grant::Sockets)))]
    #[case::without_resolve(&[Grant::Sockets], Some(ErrorKind::NotGranted(Grant::Resolve)))]
    #[case::both(&[Grant::Sockets, Grant::Resolve], None)]
    fn resolving_has_one_gate(#[case] grants: &[Grant], #[case] kind: Option<ErrorKind>) {
        let view = view(grants);
        let without = view.host_names().err().map(|error| error.kind());
        assert_eq!(without, kind.or(Some(ErrorKind::NoMeans(Grant::Resolve))));
        let with = view.with_host_names(Arc::new(Nobody));
        assert_eq!(with.host_names().err().map(|error| error.kind()), kind);
    }

    #[rstest]
    #[case::nothing(&[], ErrorKind::NotGranted(Grant::Sockets))]
    #[case::without_kill(&[Grant::Sockets, Grant::Events], ErrorKind::NotGranted(Grant::Kill))]
    #[case::without_sockets(&[Grant::Kill], ErrorKind::NotGranted(Grant::Sockets))]
    #[case::a_fake_root(&Grant::ALL, ErrorKind::NoMeans(Grant::Kill))]
    fn destroying_has_one_gate(#[case] grants: &[Grant], #[case] kind: ErrorKind) {
        let selection = Selection::everything();
        let destroyed = view(grants).destroy(&selection, &Uninterrupted, &mut Nothing);
        assert_eq!(destroyed.unwrap_err().kind(), kind);
    }

    /// Tells of processes that it may not look into.
    struct Closed(Mutex<Vec<u64>>);

    impl OwnerSource for Closed {
        fn owners(&self, _: &OwnerQuery, _: &dyn Interrupt) -> Result<OwnerReport, OwnersError> {
            let mut report = OwnerReport::default();
            report.closed = self.0.lock().unwrap().pop().unwrap_or_default();
            Ok(report)
        }

        fn process_name(&self, _: Pid) -> Option<BString> {
            None
        }
    }

    fn narrow(policy: Policy) -> Policy {
        policy.with_whose(Whose::User(0))
    }

    #[rstest]
    #[case::nothing_asked("sport = 80", 3, |policy| policy, true)]
    #[case::held("pid = 7", 3, |policy| policy, true)]
    #[case::not_held("not pid = 7", 0, |policy| policy, true)]
    #[case::not_held_and_closed("not pid = 7", 3, |policy| policy, false)]
    #[case::held_of_a_narrow_policy("pid = 7", 3, narrow, true)]
    #[case::not_held_of_a_narrow_policy("not pid = 7", 0, narrow, false)]
    #[case::closed_under_a_narrow_policy("not pid = 7", 3, narrow, false)]
    fn who_excludes_processes_has_to_know_all(
        #[case] text: &str,
        #[case] closed: u64,
        #[case] policy: fn(Policy) -> Policy,
        #[case] is_sure: bool,
    ) {
        let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80")).build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = policy(Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect()));
        let view = PolicyView::new(tables, policy, Names::default())
            .with_owners(Arc::new(Closed(Mutex::new(vec![closed]))));
        let text: FilterText = [text].into_iter().collect();
        let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
        let filter = view.filter(parsed.expr);
        let selection = Selection { filter, ..Selection::everything() };
        let sure = view.with_sure_holders(&selection, &Uninterrupted).map(drop);
        let expected = if is_sure { None } else { Some(ErrorKind::UnknownHolders) };
        assert_eq!(sure.err().map(|error| error.kind()), expected);
    }

    #[rstest]
    #[case::pid("pid = 7")]
    #[case::comm("sport = 80 or comm != a")]
    #[case::user("not user = 0")]
    fn events_are_not_selected_by_what_they_do_not_tell(#[case] text: &str) {
        let tables = match SocketTables::open_ambient(token()) {
            Ok(tables) if tables.diag().is_some() => tables,
            _ => return eprintln!("*** NOTHING IS TESTED: there is no sock_diag here. ***"),
        };
        let events = EventSource::open_ambient(&EventAuthority::from_ambient(token())).unwrap();
        let policy = Policy::new(Grant::ALL.into_iter().collect());
        let view = PolicyView::new(Arc::new(tables), policy, Names::default())
            .with_events(Arc::new(events));
        let text: FilterText = [text].into_iter().collect();
        let parsed = view.parse_filter(&text, TableSet::ALL, None, &Uninterrupted).unwrap();
        let filter = view.filter(parsed.expr);
        let selection = Selection { filter, ..Selection::everything() };
        let until = Until { deadline: None, count: Some(0) };
        let followed = view.follow(&selection, &until, &Uninterrupted, &mut Nothing);
        assert_eq!(followed.unwrap_err().kind(), ErrorKind::NoOwnersOfEvents);
    }

    #[rstest]
    #[case::neither(None, None, None, None)]
    #[case::of_the_caller(Some(2), None, Some(2), None)]
    #[case::of_the_policy(None, Some(3), Some(3), Some(ErrorKind::MaxRows))]
    #[case::the_smaller(Some(2), Some(3), Some(2), None)]
    #[case::the_policy_is_smaller(Some(4), Some(3), Some(3), Some(ErrorKind::MaxRows))]
    fn a_policy_bounds_events(
        #[case] asked: Option<u64>,
        #[case] allowed: Option<u64>,
        #[case] count: Option<u64>,
        #[case] error: Option<ErrorKind>,
    ) {
        let root = FakeProc::new().build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = Policy::default().with_max_rows(allowed.and_then(NonZeroU64::new));
        let view = PolicyView::new(tables, policy, Names::default());
        let until = Until { deadline: None, count: asked };
        let bounds = view.bounds(&until);
        assert_eq!((bounds.count, bounds.deadline), (count, None));
        let end = FollowEnd::Count;
        let followed = Followed { rows: 0, problems: 0, end };
        let ended = view.ended(followed, &until, &bounds).map(drop);
        assert_eq!(ended.err().map(|error| error.kind()), error);
    }

    #[test]
    fn a_policy_bounds_the_time_of_events() {
        let root = FakeProc::new().build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = Policy::default().with_max_time(Some(Duration::from_secs(1)));
        let view = PolicyView::new(tables, policy, Names::default());
        let never = Until::default();
        let bounds = view.bounds(&never);
        assert!(bounds.deadline.is_some());
        let followed = Followed { rows: 0, problems: 0, end: FollowEnd::Deadline };
        let ended = view.ended(followed, &never, &bounds);
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::MaxTime);
        assert!(view.ended(followed, &bounds, &bounds).is_ok());
    }

    /// Answers when it is told to end.
    struct Endless;

    impl OwnerSource for Endless {
        fn owners(
            &self,
            _: &OwnerQuery,
            interrupt: &dyn Interrupt,
        ) -> Result<OwnerReport, OwnersError> {
            while !interrupt.is_interrupted() {
                std::thread::yield_now();
            }
            let kind = OwnersErrorKind::Interrupted;
            Err(OwnersError { kind, message: "interrupted".to_owned() })
        }

        fn process_name(&self, _: Pid) -> Option<BString> {
            None
        }
    }

    #[test]
    fn a_policy_bounds_the_search_for_owners() {
        let root = FakeProc::new().build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = Policy::new([Grant::Sockets, Grant::Processes].into_iter().collect())
            .with_max_time(Some(Duration::from_millis(1)));
        let view = PolicyView::new(tables, policy, Names::default()).with_owners(Arc::new(Endless));
        let error = view.owners(&OwnerQuery::all(), &Uninterrupted).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::MaxTime);
    }

    #[test]
    fn events_are_not_shown_where_one_users_sockets_are() {
        let tables = match SocketTables::open_ambient(token()) {
            Ok(tables) if tables.diag().is_some() => tables,
            _ => return eprintln!("*** NOTHING IS TESTED: there is no sock_diag here. ***"),
        };
        let events = EventSource::open_ambient(&EventAuthority::from_ambient(token())).unwrap();
        let policy = narrow(Policy::new(Grant::ALL.into_iter().collect()));
        let view = PolicyView::new(Arc::new(tables), policy, Names::default())
            .with_events(Arc::new(events));
        let until = Until { deadline: None, count: Some(0) };
        let followed = view.follow(&Selection::everything(), &until, &Uninterrupted, &mut Nothing);
        assert_eq!(followed.unwrap_err().kind(), ErrorKind::NoOwnersOfEvents);
    }
}
