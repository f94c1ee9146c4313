//! Redacts processes by a policy.

use procnetsocket::{
    Fact, ProcVisibility, ProcessDetails, ProcessQuery, ProcessReport, ProcessSocket, Task,
    WantedSockets, model::Inode,
};

use super::{Policy, ProcessVisibility};

/// Applies the policy to processes before anything sees them.
///
/// Security: the query is reduced to what is allowed, so that the rest is never read, and the
/// answer is filtered again, so that this does not depend on the source.
#[derive(Clone, Copy)]
pub(crate) struct ProcessRedaction<'a> {
    policy: &'a Policy,
}

impl<'a> ProcessRedaction<'a> {
    pub(crate) const fn new(policy: &'a Policy) -> Self {
        Self { policy }
    }

    /// Returns the query as far as it is allowed. `shown` are the sockets that the policy shows;
    /// `None` means all.
    pub(crate) fn query(self, query: &ProcessQuery, shown: Option<Vec<Inode>>) -> ProcessQuery {
        let details = query.details.min(self.most_details());
        let mut allowed = query.clone().with_details(details);
        if let Some(shown) = shown {
            allowed.sockets = WantedSockets::These(wanted_of(shown, &query.sockets));
        }
        allowed
    }

    /// Returns the allowed part of the answer to an allowed query.
    pub(crate) fn redact(self, mut report: ProcessReport, query: &ProcessQuery) -> ProcessReport {
        for task in &mut report.tasks {
            self.redact_task(task);
        }
        if self.policy.narrows() {
            keep_sockets(&mut report.tasks, &query.sockets);
            report.closed = 0;
            report.visibility = ProcVisibility::Withheld;
        }
        report
    }

    fn redact_task(self, task: &mut Task) {
        if self.most_details() < ProcessDetails::Full {
            task.executable = Fact::NotAsked;
            task.command_line = Fact::NotAsked;
        }
    }

    fn most_details(self) -> ProcessDetails {
        match self.policy.processes {
            ProcessVisibility::Full => ProcessDetails::Full,
            ProcessVisibility::Names => ProcessDetails::User,
        }
    }
}

/// Returns the shown sockets that were asked for, in order.
fn wanted_of(mut shown: Vec<Inode>, wanted: &WantedSockets) -> Vec<Inode> {
    shown.sort_unstable();
    shown.dedup();
    if let WantedSockets::These(these) = wanted {
        let mut these = these.clone();
        these.sort_unstable();
        shown.retain(|inode| these.binary_search(inode).is_ok());
    }
    shown
}

/// Keeps the sockets that were asked for, and the processes that have one of them open.
fn keep_sockets(tasks: &mut Vec<Task>, wanted: &WantedSockets) {
    let WantedSockets::These(these) = wanted else { return };
    for task in tasks.iter_mut() {
        task.sockets.retain(|ProcessSocket { inode, .. }| these.binary_search(inode).is_ok());
    }
    tasks.retain(|task| !task.sockets.is_empty());
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use bstr::BString;
    use procnetsocket::{Interrupt, Pid, ProcessLimits, ProcessTable, SocketTables, Uninterrupted};
    use rstest::rstest;
    use testkit::{FakeProc, FakeRoot, Netlink, Process, Tcp};

    use super::*;
    use crate::{
        names::Names,
        policy::{Grant, GrantSet, VisibleUsers},
        process_source::{ProcessSource, ProcessSourceError},
        select::{AddressFamily, FamilySet},
        view::PolicyView,
    };

    /// A source that reports more than requested, and records the query.
    struct Talkative {
        tables: Arc<SocketTables>,
        asked: Mutex<Option<ProcessQuery>>,
    }

    impl ProcessSource for Talkative {
        fn processes(
            &self,
            query: &ProcessQuery,
            _: &dyn Interrupt,
        ) -> Result<ProcessReport, ProcessSourceError> {
            *self.asked.lock().unwrap() = Some(query.clone());
            let all = ProcessQuery::all().with_details(ProcessDetails::Full);
            let mut report =
                self.tables.processes(&all, &ProcessLimits::default(), &Uninterrupted)?;
            report.closed = 3;
            report.visibility = ProcVisibility::Some;
            Ok(report)
        }

        fn process_name(&self, _: Pid) -> Option<BString> {
            Some("anyone".into())
        }
    }

    /// A socket of uid 7 and one of uid 8, each with a process, and a process that has both open.
    fn root() -> FakeRoot {
        FakeProc::new()
            .tcp(Tcp::listen("127.0.0.1:70").uid(7).inode(70))
            .tcp(Tcp::listen("[::1]:80").uid(8).inode(80))
            .netlink(Netlink::new(0, 2).inode(90))
            .process(Process::new(1, "seven").socket(3, 70).arguments("seven\0--password\0"))
            .process(Process::new(2, "eight").socket(3, 80))
            .process(Process::new(3, "both").socket(3, 80).socket(4, 70))
            .build()
    }

    fn policy() -> Policy {
        Policy::new(GrantSet::empty().with(Grant::Sockets).with(Grant::Processes))
    }

    /// Asks such a source for everything under a policy.
    fn ask(policy: Policy) -> (ProcessTable, ProcessQuery, Option<BString>) {
        let root = root();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let source = Arc::new(Talkative { tables: Arc::clone(&tables), asked: Mutex::default() });
        let view = PolicyView::new(tables, policy, Names::default())
            .with_processes(Arc::<Talkative>::clone(&source));
        let query = ProcessQuery::all().with_details(ProcessDetails::Full);
        let table = view.processes().unwrap().find(&query, &Uninterrupted).unwrap();
        let asked = source.asked.lock().unwrap().take().unwrap();
        (table, asked, view.processes().unwrap().name(Pid::new(2).unwrap()))
    }

    #[rstest]
    #[case::names(ProcessVisibility::Names, ProcessDetails::User)]
    #[case::full(ProcessVisibility::Full, ProcessDetails::Full)]
    fn command_lines_are_listed_under_full_visibility(
        #[case] processes: ProcessVisibility,
        #[case] asked: ProcessDetails,
    ) {
        let (table, query, _) = ask(policy().with_processes(processes));
        assert_eq!(query.details, asked);
        for task in table.tasks() {
            let is_full = asked == ProcessDetails::Full;
            assert_eq!(task.command_line != Fact::NotAsked, is_full, "{task:?}");
            assert_eq!(task.executable != Fact::NotAsked, is_full, "{task:?}");
            assert_eq!(task.uid, Fact::Known(0));
        }
    }

    #[rstest]
    #[case::everything(policy(), "1:70 2:80 3:70 3:80", 3, true)]
    #[case::user(policy().with_users(VisibleUsers::Uid(7)), "1:70 3:70", 0, false)]
    #[case::another(policy().with_users(VisibleUsers::Uid(8)), "2:80 3:80", 0, false)]
    #[case::nobody(policy().with_users(VisibleUsers::Uid(9)), "", 0, false)]
    #[case::family(policy().with_families(FamilySet::of(AddressFamily::Inet)), "1:70 3:70", 0, false)]
    fn processes_of_hidden_sockets_are_not_listed(
        #[case] policy: Policy,
        #[case] held: &str,
        #[case] closed: u64,
        #[case] names_of_others: bool,
    ) {
        let (table, _, name) = ask(policy);
        let tasks = table.tasks().iter();
        let mut found: Vec<_> = tasks
            .flat_map(|task| task.sockets.iter().map(move |held| (task.pid, held.inode.get())))
            .map(|(pid, inode)| format!("{pid}:{inode}"))
            .collect();
        found.sort();
        assert_eq!(found.join(" "), held);
        assert_eq!((table.closed(), name.is_some()), (closed, names_of_others));
        let shown = if closed == 0 { ProcVisibility::Withheld } else { ProcVisibility::Some };
        assert_eq!(table.visibility(), shown);
    }

    #[test]
    fn query_excludes_hidden_sockets() {
        let policy = policy().with_users(VisibleUsers::Uid(7));
        let inode = |number| Inode::new(number).unwrap();
        let query = ProcessQuery::of(vec![inode(80), inode(70)]);
        let shown = Some(vec![inode(90), inode(70), inode(70)]);
        let allowed = ProcessRedaction::new(&policy).query(&query, shown);
        assert_eq!(allowed.sockets, WantedSockets::These(vec![inode(70)]));
    }
}
