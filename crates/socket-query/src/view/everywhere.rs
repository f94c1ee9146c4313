//! Listings of all network namespaces of the machine.

use std::{num::NonZeroU64, ops::ControlFlow, sync::Arc, time::Instant};

use procnetsocket::{Interrupt, NetNamespace, SocketTables, model::Socket};

use crate::{
    collect::{self, BoundedTables},
    error::{Error, ErrorKind},
    namespace_source::NamespaceSource,
    policy::{Grant, NamespaceScope},
    select::{Selection, SocketTable},
    sink::{Collected, ListingProblem, Sink},
    view::{PolicyView, UsageCounter, found::LookNamespaces},
};

/// A network namespace whose sockets a listing contains.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ListedNamespace {
    /// The namespace. It has no processes where the policy hides them or some sockets.
    pub namespace: Arc<NetNamespace>,
    /// The view of this namespace, for the names of interfaces and the range of ports.
    pub view: PolicyView,
}

impl PolicyView {
    /// Returns the view of all network namespaces of the machine. It collects the sockets of one
    /// namespace after the other, and announces each by [`Sink::namespace`]. A filter for it has
    /// the keyword `netns`.
    ///
    /// It has no events and cannot destroy sockets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotGranted`] without the grants `sockets` and `namespaces`,
    /// [`ErrorKind::OneNamespace`] when the policy does not allow all of them,
    /// [`ErrorKind::NoMeans`] when the host has no way to find them.
    pub fn everywhere(&self) -> Result<Self, Error> {
        self.granted(Grant::Sockets)?;
        self.granted(Grant::Namespaces)?;
        if self.policy.namespaces() != NamespaceScope::All {
            return Err(Error::one_namespace());
        }
        // Security: with a fake root, the live system is never read.
        let finder = self.finder.clone().filter(|_| self.tables.is_live());
        let finder = finder.ok_or_else(|| Error::no_means(Grant::Namespaces))?;
        Ok(Self { everywhere: Some(finder), events: None, kill: None, ..self.clone() })
    }

    /// Returns whether this is the view of all network namespaces.
    pub fn is_everywhere(&self) -> bool {
        self.everywhere.is_some()
    }

    /// Returns the same view of one namespace.
    fn of_one(&self, tables: Arc<SocketTables>) -> Self {
        let visitor = tables.visiting_socket();
        Self { tables, everywhere: None, finder: None, ..self.clone() }.without_sockets(visitor)
    }

    /// Returns the redacted form of a namespace.
    ///
    /// Security: where sockets are hidden, a process may have only hidden ones open, so processes
    /// are hidden too.
    pub(super) fn shown_namespace(&self, namespace: NetNamespace) -> NetNamespace {
        let mut shown = namespace;
        if !self.grants().contains(Grant::Processes) || self.policy.narrows() {
            shown.pids.clear();
        }
        shown
    }
}

/// Passes the sockets of every namespace to a sink.
pub(crate) fn collect(
    (view, finder): (&PolicyView, &dyn NamespaceSource),
    namespaces: &LookNamespaces,
    selection: &Selection,
    interrupt: &dyn Interrupt,
    sink: &mut dyn Sink,
) -> Result<Collected, Error> {
    let begin = Instant::now();
    let is_late = || view.policy.max_time().is_some_and(|time| begin.elapsed() >= time);
    let is_over = || interrupt.is_interrupted() || is_late();
    let over = |error: procnetsocket::Error| {
        if is_late() { Error::max_time(&view.policy) } else { error.into() }
    };
    let failed = |error: procnetsocket::Error| match error.kind() {
        procnetsocket::ErrorKind::Interrupted => over(error),
        _ => error.into(),
    };
    let mut listing = Everywhere { view, selection, sink, begin, collected: Collected::default() };
    let mut as_text = 0;
    let mut ended = Ok(());
    let visited = namespaces.each(view, finder, &is_over, &mut |namespace, tables| {
        if listing.collected.stopped {
            return ControlFlow::Break(());
        }
        let there = match tables {
            Ok(there) => there,
            Err(error) if error.kind() == procnetsocket::ErrorKind::Interrupted => {
                ended = Err(over(error));
                return ControlFlow::Break(());
            }
            Err(error) => {
                let name = namespace.label();
                listing.problem(ListingProblem::Namespace(&name, &error));
                return ControlFlow::Continue(());
            }
        };
        as_text += u64::from(there.is_refused);
        ended = listing.one(namespace.clone(), there.tables, interrupt);
        if ended.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    visited.map_err(failed)?;
    ended?;
    if listing.collected.stopped {
        return Ok(listing.collected);
    }
    let found = namespaces.find(finder, &is_over).map_err(failed)?;
    for unreadable in &found.unreadable {
        let name = unreadable.name.escape_ascii().to_string();
        listing.problem(ListingProblem::Namespace(&name, &unreadable.error));
    }
    if found.closed > 0 {
        listing.problem(ListingProblem::UnseenNamespaces(found.closed));
    }
    if as_text > 0 && !view.policy.narrows() {
        // OK because no socket is missing, so it does not count as a problem of the listing.
        let _ = listing.sink.problem(ListingProblem::NamespacesAsText(as_text));
    }
    Ok(listing.collected)
}

/// The state of a listing.
struct Everywhere<'a> {
    view: &'a PolicyView,
    selection: &'a Selection,
    sink: &'a mut dyn Sink,
    begin: Instant,
    collected: Collected,
}

impl Everywhere<'_> {
    /// Passes on the sockets of one namespace.
    fn one(
        &mut self,
        namespace: NetNamespace,
        tables: Arc<SocketTables>,
        interrupt: &dyn Interrupt,
    ) -> Result<(), Error> {
        let Self { view, selection, .. } = *self;
        let there = view.of_one(tables);
        let namespace = Arc::new(namespace);
        let filter = selection.filter.in_namespace(&namespace, there.local_port_range());
        let selection = Selection { filter, ..selection.clone() };
        let policy = &view.policy;
        let rows = policy.max_rows().map(|max| max.get().saturating_sub(self.collected.rows));
        let is_full = rows == Some(0);
        let rows = rows.map(|rows| NonZeroU64::new(rows).unwrap_or(NonZeroU64::MIN));
        let time = policy.max_time().map(|time| time.saturating_sub(self.begin.elapsed()));
        let left = policy.clone().with_max_rows(rows).with_max_time(time);
        let source = BoundedTables { policy: &left, ..there.source()? };
        if is_full {
            // No further row is allowed, but an omitted row has to be an error.
            let usage = UsageCounter::default();
            let source = BoundedTables { usage: &usage, ..source };
            let more = collect::collect(&source, &selection, interrupt, &mut Discard);
            let more = more.map_err(|error| self.bounded(error))?;
            return if more.rows > 0 { Err(Error::max_rows(policy)) } else { Ok(()) };
        }
        let shown = Arc::new(view.shown_namespace(Arc::unwrap_or_clone(namespace)));
        self.sink.namespace(&ListedNamespace { namespace: shown, view: there.clone() });
        let listed = collect::collect(&source, &selection, interrupt, self.sink)
            .map_err(|error| self.bounded(error))?;
        self.collected.rows += listed.rows;
        self.collected.problems += listed.problems;
        self.collected.stopped = listed.stopped;
        Ok(())
    }

    /// Returns the error with the limit of the policy instead of the remaining part of it.
    fn bounded(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::MaxRows => Error::max_rows(&self.view.policy),
            ErrorKind::MaxTime => Error::max_time(&self.view.policy),
            _ => error,
        }
    }

    /// Reports a namespace that is not listed.
    ///
    /// Security: where sockets are hidden, a namespace without a visible row is not mentioned.
    fn problem(&mut self, problem: ListingProblem<'_>) {
        if !self.view.policy.narrows() {
            self.collected.problems += 1;
            self.collected.stopped |= self.sink.problem(problem).is_break();
        }
    }
}

/// Receives one socket and nothing else.
struct Discard;

impl Sink for Discard {
    fn socket(&mut self, _: SocketTable, _: Socket<'_>) -> ControlFlow<()> {
        ControlFlow::Break(())
    }

    fn problem(&mut self, _: ListingProblem<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use testkit::FakeProc;

    use super::*;
    use crate::{Names, Policy};

    #[rstest]
    #[case::nothing(&[], NamespaceScope::All, ErrorKind::NotGranted(Grant::Sockets))]
    #[case::without_the_grant(
        &[Grant::Sockets],
        NamespaceScope::All,
        ErrorKind::NotGranted(Grant::Namespaces)
    )]
    #[case::named_ones_only(
        &[Grant::Sockets, Grant::Namespaces],
        NamespaceScope::Named,
        ErrorKind::OneNamespace
    )]
    #[case::fake_root(
        &[Grant::Sockets, Grant::Namespaces],
        NamespaceScope::All,
        ErrorKind::NoMeans(Grant::Namespaces)
    )]
    fn every_namespace_has_one_gate(
        #[case] grants: &[Grant],
        #[case] scope: NamespaceScope,
        #[case] expected: ErrorKind,
    ) {
        let root = FakeProc::new().build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = Policy::new(grants.iter().copied().collect()).with_namespaces(scope);
        let view = PolicyView::new(tables, policy, Names::default());
        assert_eq!(view.everywhere().unwrap_err().kind(), expected);
    }
}
