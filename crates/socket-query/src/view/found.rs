//! The network namespaces of one look: they are found once, and some of them stay open.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use procnetsocket::{
    Error, FoundNamespaces, Interrupt, NetNamespace, OpenedNamespace, SocketTables, model::Inode,
};

use super::PolicyView;
use crate::namespace_source::NamespaceSource;

/// Namespaces that stay open until the look ends: 64. Each takes a descriptor; the others are
/// opened each time.
const MAX_OPEN: usize = 64;

/// The network namespaces that a look found.
#[derive(Debug, Default)]
pub(super) struct LookNamespaces {
    found: OnceLock<FoundNamespaces>,
    open: Mutex<BTreeMap<Inode, NamespaceTables>>,
}

/// The tables of a namespace.
#[derive(Clone, Debug)]
pub(super) struct NamespaceTables {
    pub(super) tables: Arc<SocketTables>,
    /// Whether they are text tables, because the namespace may not be entered.
    pub(super) is_refused: bool,
}

/// Receives a namespace and its tables, or why they cannot be opened.
pub(super) type EachNamespace<'a> =
    dyn FnMut(&NetNamespace, Result<NamespaceTables, Error>) -> ControlFlow<()> + 'a;

impl LookNamespaces {
    /// Returns the namespaces, which the first call searches for.
    pub(super) fn find(
        &self,
        finder: &dyn NamespaceSource,
        interrupt: &dyn Interrupt,
    ) -> Result<&FoundNamespaces, Error> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let found = finder.find(interrupt)?;
        Ok(self.found.get_or_init(|| found))
    }

    /// Calls `each` with the namespaces and their tables, or why they cannot be opened, until it
    /// breaks. A namespace that is gone is left out.
    pub(super) fn each(
        &self,
        view: &PolicyView,
        finder: &dyn NamespaceSource,
        interrupt: &dyn Interrupt,
        each: &mut EachNamespace<'_>,
    ) -> Result<(), Error> {
        let found = self.find(finder, interrupt)?;
        let known = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_wanted =
            |namespace: &&NetNamespace| !namespace.is_own && !known.contains_key(&namespace.id);
        let wanted: Vec<_> = found.namespaces.iter().filter(is_wanted).collect();
        finder.tables_in_turn(&wanted, interrupt, &mut |opened| {
            for namespace in &found.namespaces {
                let tables = if namespace.is_own {
                    Ok(NamespaceTables { tables: Arc::clone(&view.tables), is_refused: false })
                } else if let Some(known) = known.get(&namespace.id) {
                    Ok(known.clone())
                } else {
                    match opened.next() {
                        Some(Ok(OpenedNamespace::Full(tables))) => {
                            Ok(self.keep(namespace.id, tables))
                        }
                        Some(Ok(OpenedNamespace::Text(tables, why))) => {
                            let (tables, is_refused) = (Arc::new(tables), why.is_some());
                            Ok(NamespaceTables { tables, is_refused })
                        }
                        Some(Ok(_)) => continue,
                        Some(Err(error)) => Err(error),
                        None => return,
                    }
                };
                if each(namespace, tables).is_break() {
                    return;
                }
            }
        });
        Ok(())
    }

    /// Keeps a namespace open, up to the limit. One with only text tables cannot be kept, because
    /// it exists only as long as its processes.
    fn keep(&self, id: Inode, tables: SocketTables) -> NamespaceTables {
        let tables = NamespaceTables { tables: Arc::new(tables), is_refused: false };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() < MAX_OPEN {
            open.insert(id, tables.clone());
        }
        tables
    }
}
