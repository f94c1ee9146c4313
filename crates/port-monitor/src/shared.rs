//! The state that a monitor and its thread share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use procnetsocket::diag::EventAuthority;

use crate::{ledger::Ledger, pace::Pace, scope::Scope, source::PortSource};

/// The state that a monitor and its thread share.
pub(crate) struct Shared {
    pub(crate) source: Box<dyn PortSource>,
    pub(crate) scope: Scope,
    pub(crate) pace: Pace,
    pub(crate) has_processes: bool,
    pub(crate) right: Option<EventAuthority>,
    pub(crate) ledger: Mutex<Ledger>,
}

impl Shared {
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // OK because a panic cannot leave half of a change: changes are computed first.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
