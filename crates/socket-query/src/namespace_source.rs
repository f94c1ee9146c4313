//! Where the network namespaces of the machine come from.

use std::fmt;

use procnetsocket::{
    Error, FoundNamespaces, Interrupt, NamespaceFinder, NetNamespace, OpenedNamespace,
};

/// Finds the network namespaces of the machine and opens their tables. A host may give another one
/// than a [`NamespaceFinder`], such as one that asks a process with the right to look into other
/// processes and to enter their namespaces.
pub trait NamespaceSource: fmt::Debug + Send + Sync {
    /// Looks for the namespaces.
    ///
    /// # Errors
    ///
    /// As [`NamespaceFinder::find`].
    fn find(&self, interrupt: &dyn Interrupt) -> Result<FoundNamespaces, Error>;

    /// Opens the tables of a namespace that was found, other than that of this process.
    ///
    /// # Errors
    ///
    /// As [`NamespaceFinder::tables`].
    fn tables(
        &self,
        namespace: &NetNamespace,
        interrupt: &dyn Interrupt,
    ) -> Result<OpenedNamespace, Error>;
}

impl NamespaceSource for NamespaceFinder {
    fn find(&self, interrupt: &dyn Interrupt) -> Result<FoundNamespaces, Error> {
        Self::find(self, interrupt)
    }

    fn tables(
        &self,
        namespace: &NetNamespace,
        _: &dyn Interrupt,
    ) -> Result<OpenedNamespace, Error> {
        Self::tables(self, namespace)
    }
}
