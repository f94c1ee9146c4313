//! The source of the processes of sockets.

use std::{error::Error as _, fmt::Write};

use bstr::BString;
use procnetsocket::{
    ErrorKind, Interrupt, Pid, ProcessLimits, ProcessQuery, ProcessReport, SocketTables,
};

/// Finds the processes that have sockets open. A host may give another one than the tables
/// themselves to a [`PolicyView`](crate::PolicyView), such as a client of a process with the right
/// to inspect other processes.
///
/// Query and answer are plain data.
pub trait ProcessSource: Send + Sync {
    /// Finds processes.
    ///
    /// # Errors
    ///
    /// A [`ProcessSourceError`] if the processes cannot be listed. Processes that have ended or may
    /// not be read are not an error; the report counts them.
    fn processes(
        &self,
        query: &ProcessQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessReport, ProcessSourceError>;

    /// Returns the name of a process, or `None` when it is unknown.
    fn process_name(&self, pid: Pid) -> Option<BString>;
}

impl ProcessSource for SocketTables {
    /// Scans the processes of the same `/proc`, within the default [`ProcessLimits`].
    fn processes(
        &self,
        query: &ProcessQuery,
        interrupt: &dyn Interrupt,
    ) -> Result<ProcessReport, ProcessSourceError> {
        Ok(Self::processes(self, query, &ProcessLimits::default(), interrupt)?)
    }

    fn process_name(&self, pid: Pid) -> Option<BString> {
        Self::process_name(self, pid)
    }
}

/// The error of listing processes. It is plain data, because it may come from another process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProcessSourceError {
    /// The kind.
    pub kind: ProcessSourceErrorKind,
    /// The message for a person.
    pub message: String,
}

/// The kinds of [`ProcessSourceError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessSourceErrorKind {
    /// The caller interrupted the call.
    Interrupted,
    /// There are more processes, or more descriptors of sockets, than the limit.
    LimitExceeded,
    /// The processes cannot be read.
    Unavailable,
}

impl From<procnetsocket::Error> for ProcessSourceError {
    fn from(error: procnetsocket::Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Interrupted => ProcessSourceErrorKind::Interrupted,
            ErrorKind::LimitExceeded => ProcessSourceErrorKind::LimitExceeded,
            _ => ProcessSourceErrorKind::Unavailable,
        };
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            // OK because writing to a string cannot fail.
            let _ = write!(message, ": {error}");
            cause = error.source();
        }
        Self { kind, message }
    }
}

#[cfg(test)]
mod tests {
    use procnetsocket::{ProcessReport, ProcessTable, Uninterrupted, model::Inode};
    use rstest::rstest;
    use testkit::{FakeProc, Process};

    use super::*;
    use crate::{
        error::ErrorKind,
        names::Names,
        policy::{Grant, Policy},
        view::PolicyView,
    };
    use bstr::BString;
    use procnetsocket::{Interrupt, Pid, ProcessQuery, SocketTables};
    use std::sync::Arc;

    fn view(grants: &[Grant]) -> (testkit::FakeRoot, PolicyView) {
        let root = FakeProc::new().process(Process::new(7, "seven").socket(3, 70)).build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let policy = Policy::new(grants.iter().copied().collect());
        (root, PolicyView::new(tables, policy, Names::default()))
    }

    fn find(view: &PolicyView, interrupt: &dyn Interrupt) -> Result<ProcessTable, crate::Error> {
        view.processes()?.find(&ProcessQuery::all(), interrupt)
    }

    fn name(view: &PolicyView) -> Option<BString> {
        view.processes().ok()?.name(seven())
    }

    fn seven() -> Pid {
        Pid::new(7).unwrap()
    }

    #[rstest]
    #[case::nothing(&[], Grant::Sockets)]
    #[case::the_default(&[Grant::Sockets], Grant::Processes)]
    #[case::all_but_processes(
        &[Grant::Sockets, Grant::Resolve, Grant::Events, Grant::Kill, Grant::Namespaces],
        Grant::Processes
    )]
    #[case::without_sockets(&[Grant::Processes], Grant::Sockets)]
    fn processes_have_one_gate(#[case] grants: &[Grant], #[case] missing: Grant) {
        let (_root, view) = view(grants);
        let error = find(&view, &Uninterrupted).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotGranted(missing));
        assert_eq!(name(&view), None);
    }

    #[test]
    fn granted_processes_are_listed() {
        let (_root, view) = view(&[Grant::Sockets, Grant::Processes]);
        let table = find(&view, &Uninterrupted).unwrap();
        let pids: Vec<_> =
            table.of(Inode::new(70).unwrap()).map(|process| process.task.pid).collect();
        assert_eq!(pids, [seven()]);
        assert_eq!(name(&view).unwrap(), "seven");
    }

    /// Fails with the message of another process.
    struct FailingSource(ProcessSourceErrorKind);

    impl ProcessSource for FailingSource {
        fn processes(
            &self,
            _: &ProcessQuery,
            _: &dyn Interrupt,
        ) -> Result<ProcessReport, ProcessSourceError> {
            Err(ProcessSourceError { kind: self.0, message: "the broker is gone".to_owned() })
        }

        fn process_name(&self, _: Pid) -> Option<BString> {
            None
        }
    }

    #[rstest]
    #[case::interrupted(ProcessSourceErrorKind::Interrupted, ErrorKind::Interrupted)]
    #[case::gone(
        ProcessSourceErrorKind::Unavailable,
        ErrorKind::Processes(ProcessSourceErrorKind::Unavailable)
    )]
    fn message_of_another_source_is_kept(
        #[case] kind: ProcessSourceErrorKind,
        #[case] expected: ErrorKind,
    ) {
        let (_root, view) = view(&[Grant::Sockets, Grant::Processes]);
        let view = view.with_processes(Arc::new(FailingSource(kind)));
        let error = find(&view, &Uninterrupted).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (expected, "the broker is gone"));
        assert_eq!(name(&view), None);
    }

    #[test]
    fn interrupt_ends_the_search() {
        let (_root, view) = view(&[Grant::Sockets, Grant::Processes]);
        let error = find(&view, &|| true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
}
