//! Names of interfaces.

use std::{cell::RefCell, collections::BTreeMap, num::NonZeroU32};

use bstr::{BString, ByteSlice};
use socket_query::PolicyView;

/// Asks for each name once in a listing.
pub(super) struct InterfaceNames<'a> {
    view: &'a PolicyView,
    known: RefCell<BTreeMap<NonZeroU32, BString>>,
}

impl<'a> InterfaceNames<'a> {
    pub(super) fn new(view: &'a PolicyView) -> Self {
        Self { view, known: RefCell::default() }
    }

    /// Hands on the name of an interface: `if` and its index when it has none.
    pub(super) fn with_name(&self, index: NonZeroU32, print: impl FnOnce(&[u8])) {
        let mut known = self.known.borrow_mut();
        let name = known.entry(index).or_insert_with(|| {
            self.view.interface_name(index).unwrap_or_else(|| format!("if{index}").into())
        });
        print(name.as_bytes());
    }
}
