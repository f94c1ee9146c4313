//! Names of processes, for rows that contain a process id.

use bstr::BString;
use procnetsocket::Pid;
use socket_query::PolicyView;

/// The processes that a view shows.
pub(super) struct ProcessNames<'a> {
    view: &'a PolicyView,
}

impl<'a> ProcessNames<'a> {
    pub(super) fn new(view: &'a PolicyView) -> Self {
        Self { view }
    }

    /// Returns the name of a process, if processes are granted and it has one.
    pub(super) fn name(&self, number: i32) -> Option<BString> {
        let pid = Pid::new(u32::try_from(number).ok()?)?;
        self.view.processes().ok()?.name(pid).filter(|name| !name.is_empty())
    }
}
