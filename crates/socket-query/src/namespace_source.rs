//! The source of the network namespaces of the machine.

use std::fmt;

use procnetsocket::{
    Error, FoundNamespaces, Interrupt, NamespaceFinder, NetNamespace, OpenedNamespace,
};

/// Finds the network namespaces of the machine and opens their tables. A host may give another one
/// than a [`NamespaceFinder`], such as a client of a process with the right to inspect other
/// processes and to enter their namespaces.
pub trait NamespaceSource: fmt::Debug + Send + Sync {
    /// Finds the namespaces.
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

    /// Calls `work` with the tables of several of them, in turn. An implementation may open the
    /// next ones while `work` processes one.
    fn tables_in_turn(
        &self,
        namespaces: &[&NetNamespace],
        interrupt: &dyn Interrupt,
        work: &mut dyn FnMut(OpenedInTurn<'_>),
    ) {
        work(&mut namespaces.iter().map(|namespace| self.tables(namespace, interrupt)));
    }
}

/// The tables of namespaces, each as [`NamespaceSource::tables`] opens it.
pub type OpenedInTurn<'a> = &'a mut dyn Iterator<Item = Result<OpenedNamespace, Error>>;

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

    fn tables_in_turn(
        &self,
        namespaces: &[&NetNamespace],
        _: &dyn Interrupt,
        work: &mut dyn FnMut(OpenedInTurn<'_>),
    ) {
        Self::tables_in_turn(self, namespaces, |opened| work(opened));
    }
}
