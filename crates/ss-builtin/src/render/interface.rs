//! Names of interfaces.

use std::{cell::RefCell, collections::BTreeMap, num::NonZeroU32};

use bstr::{BStr, BString, ByteSlice};
use socket_query::PolicyView;

/// Looks each name up once per listing.
pub(super) struct InterfaceNames {
    view: PolicyView,
    known: RefCell<BTreeMap<NonZeroU32, Option<BString>>>,
}

impl InterfaceNames {
    pub(super) fn new(view: &PolicyView) -> Self {
        Self { view: view.clone(), known: RefCell::default() }
    }

    /// Calls `print` with the name of an interface, or with `if` and the index if it has none.
    pub(super) fn with_name(&self, index: NonZeroU32, mut print: impl FnMut(&[u8])) {
        if self.known_name(index, |name| print(name)).is_none() {
            print(format!("if{index}").as_bytes());
        }
    }

    /// Calls `make` with the name of an interface. Returns `None` if it has none.
    pub(super) fn known_name<T>(
        &self,
        index: NonZeroU32,
        make: impl FnOnce(&BStr) -> T,
    ) -> Option<T> {
        let mut known = self.known.borrow_mut();
        let name = known.entry(index).or_insert_with(|| self.view.interface_name(index));
        name.as_ref().map(|name| make(name.as_bstr()))
    }
}
