//! Names of processes, for the rows that name one by its number.

use bstr::BString;
use procnetsocket::Pid;
use socket_query::PolicyView;

/// The processes that a view lets be seen.
pub(super) struct ProcessNames<'a> {
    view: &'a PolicyView,
}

impl<'a> ProcessNames<'a> {
    pub(super) fn new(view: &'a PolicyView) -> Self {
        Self { view }
    }

    /// Returns the name of a process, if it is granted and there is one of that number and it has a
    /// name.
    pub(super) fn name(&self, number: i32) -> Option<BString> {
        let pid = Pid::new(u32::try_from(number).ok()?)?;
        self.view.processes().ok()?.name(pid).filter(|name| !name.is_empty())
    }
}
