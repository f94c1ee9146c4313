//! A search for network namespaces: what processes and names lead to.

use std::{
    collections::BTreeMap,
    os::fd::{AsFd as _, OwnedFd},
};

use bstr::{BString, ByteVec as _};
use cap_std::fs::Dir;
use rustix::fs::FsWord;

use super::{id_of_this_thread, inside_each, nsfs_inode};
use crate::{
    error::{Error, ErrorKind, Repr},
    model::Inode,
    proc::root::{Pid, ProcRoot, RootError, RootErrorKind, TaskDir},
    visit::Interrupt,
};

/// Network namespaces of one search: 4 096.
///
/// A machine full of containers has hundreds.
pub const MAX_NAMESPACES: usize = 4_096;

/// Kernel: `NSFS_MAGIC`.
const NSFS_MAGIC: FsWord = 0x6e73_6673;

/// Number of processes after which the interrupt is polled.
pub(super) const PATIENCE: usize = 100;

/// A network namespace that existed during the search.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct NetNamespace {
    /// The inode of its `net/tcp`.
    pub id: Inode,
    /// Its inode in nsfs, if this process may read it.
    pub inode: Option<Inode>,
    /// Its names in `/run/netns`, in order.
    pub names: Vec<BString>,
    /// The processes in it, in the order of the kernel.
    pub pids: Vec<Pid>,
    /// Whether it is the namespace of the process that searched.
    pub is_own: bool,
}

/// A namespace that has a name and cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnreadableNamespace {
    /// Its name in `/run/netns`.
    pub name: BString,
    /// The error of reading it.
    pub error: Error,
}

/// Result of one search.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct FoundNamespaces {
    /// The namespaces: that of this process first, then those with names by name, then the others
    /// by identity.
    pub namespaces: Vec<NetNamespace>,
    /// Named ones that cannot be entered. If a process is in one, it may also be among the others
    /// without its name.
    pub unreadable: Vec<UnreadableNamespace>,
    /// Number of processes whose namespace is unknown (`hidepid=1`).
    pub closed: u64,
}

impl UnreadableNamespace {
    /// Returns the report on a named namespace.
    pub fn new(name: BString, error: Error) -> Self {
        Self { name, error }
    }
}

impl NetNamespace {
    /// Returns its name in a listing: its first name, its inode in nsfs, or its identity.
    pub fn label(&self) -> String {
        match (self.names.first(), self.inode) {
            (Some(name), _) => name.escape_ascii().to_string(),
            (None, inode) => inode.unwrap_or(self.id).to_string(),
        }
    }

    /// Returns whether a word is one of its names or the number of one of its inodes.
    ///
    /// Kernel: both numbers come from one sequence (`proc_alloc_inum`), so no number identifies two
    /// namespaces.
    pub fn answers_to(&self, word: &[u8]) -> bool {
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok());
        let inode = number.and_then(Inode::new);
        self.names.iter().any(|name| name == word)
            || (inode.is_some() && (inode == Some(self.id) || inode == self.inode))
    }
}

/// A named namespace without a known process.
struct NamedNamespace {
    name: BString,
    inode: Option<Inode>,
    file: OwnedFd,
}

/// The state of a search.
#[derive(Default)]
pub(super) struct Search {
    found: BTreeMap<Inode, NetNamespace>,
    unreadable: Vec<UnreadableNamespace>,
    closed: u64,
}

impl Search {
    /// Finds the namespace of a process.
    pub(super) fn process(&mut self, root: &ProcRoot, pid: Pid) -> Result<(), Error> {
        let dir = match root.open_process(pid) {
            Ok(dir) => dir,
            Err(error) => return self.closed_to(error),
        };
        match dir.network_namespace_id() {
            Ok(id) => {
                let namespace = self.namespace(id)?;
                namespace.pids.push(pid);
                if namespace.inode.is_none() {
                    namespace.inode = nsfs_inode_of(&dir);
                }
                Ok(())
            }
            Err(error) => self.closed_to(error),
        }
    }

    fn closed_to(&mut self, error: RootError) -> Result<(), Error> {
        match error.kind() {
            // Kernel: a zombie is in no network namespace.
            RootErrorKind::Vanished | RootErrorKind::Missing => Ok(()),
            RootErrorKind::Denied | RootErrorKind::Hidden => {
                self.closed += 1;
                Ok(())
            }
            _ => Err(Repr::Root(error).into()),
        }
    }

    /// Marks the namespace of this process.
    pub(super) fn own(&mut self, id: Inode) -> Result<(), Error> {
        self.namespace(id)?.is_own = true;
        Ok(())
    }

    /// Adds the names in a directory.
    pub(super) fn names(
        &mut self,
        root: &ProcRoot,
        dir: &Dir,
        interrupt: &dyn Interrupt,
    ) -> Result<(), Error> {
        let list = |source| Repr::List { what: "/run/netns", source };
        let mut unknown = Vec::new();
        for (index, entry) in dir.entries().map_err(list)?.enumerate() {
            if index % PATIENCE == 0 {
                self.enter_named(root, &mut unknown)?;
                if interrupt.is_interrupted() {
                    return Err(Repr::NamespaceScanInterrupted.into());
                }
            }
            if index >= MAX_NAMESPACES {
                return Err(too_many());
            }
            let entry = entry.map_err(list)?;
            let name = BString::from(Vec::from_os_string(entry.file_name()).unwrap_or_default());
            // OK because a name that was removed, or that is not a namespace, has no sockets.
            let Ok(file) = entry.open() else { continue };
            if !rustix::fs::fstatfs(&file).is_ok_and(|found| found.f_type == NSFS_MAGIC) {
                continue;
            }
            let inode = nsfs_inode(&file);
            let mut found = self.found.values_mut();
            match found.find(|known| known.inode.is_some() && known.inode == inode) {
                Some(known) => known.names.push(name),
                None => unknown.push(NamedNamespace { name, inode, file: file.into_std().into() }),
            }
        }
        self.enter_named(root, &mut unknown)
    }

    /// Enters named namespaces to find out their identities.
    fn enter_named(
        &mut self,
        root: &ProcRoot,
        unknown: &mut Vec<NamedNamespace>,
    ) -> Result<(), Error> {
        if unknown.is_empty() {
            return Ok(());
        }
        let files: Vec<_> = unknown.iter().map(|named| named.file.as_fd()).collect();
        let ids = inside_each(&files, || id_of_this_thread(root))?;
        for (NamedNamespace { name, inode, .. }, id) in unknown.drain(..).zip(ids) {
            match id {
                Ok(id) => {
                    let namespace = self.namespace(id)?;
                    namespace.inode = inode;
                    namespace.names.push(name);
                }
                // Another kind of namespace.
                Err(error) if error.kind() == ErrorKind::InvalidRequest => {}
                Err(error) => self.unreadable.push(UnreadableNamespace { name, error }),
            }
        }
        Ok(())
    }

    fn namespace(&mut self, id: Inode) -> Result<&mut NetNamespace, Error> {
        if self.found.len() >= MAX_NAMESPACES && !self.found.contains_key(&id) {
            return Err(too_many());
        }
        Ok(self.found.entry(id).or_insert_with(|| NetNamespace {
            id,
            inode: None,
            names: Vec::new(),
            pids: Vec::new(),
            is_own: false,
        }))
    }

    pub(super) fn finish(mut self) -> FoundNamespaces {
        let mut namespaces: Vec<_> = self.found.into_values().collect();
        for namespace in &mut namespaces {
            namespace.names.sort_unstable();
        }
        namespaces.sort_by(|one, two| {
            let key = |namespace: &NetNamespace| (!namespace.is_own, namespace.names.is_empty());
            key(one)
                .cmp(&key(two))
                .then_with(|| one.names.cmp(&two.names))
                .then_with(|| one.id.cmp(&two.id))
        });
        self.unreadable.sort_by(|one, two| one.name.cmp(&two.name));
        FoundNamespaces { namespaces, unreadable: self.unreadable, closed: self.closed }
    }
}

fn too_many() -> Error {
    let limit = MAX_NAMESPACES.try_into().unwrap_or(u64::MAX);
    Repr::TooManyProcesses { what: "network namespaces", limit, bound: "MAX_NAMESPACES" }.into()
}

/// Returns the inode in nsfs of a process's namespace, if this process may read it.
fn nsfs_inode_of(dir: &TaskDir<'_>) -> Option<Inode> {
    let text = dir.network_namespace_link().ok()?;
    let number = text.strip_prefix(b"net:[")?.strip_suffix(b"]")?;
    Inode::new(std::str::from_utf8(number).ok()?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_namespaces_than_the_bound_are_an_error() {
        let mut search = Search::default();
        let ids = || (1..).filter_map(Inode::new);
        for id in ids().take(MAX_NAMESPACES) {
            search.namespace(id).unwrap();
        }
        // A known one does not count again.
        assert!(search.namespace(Inode::new(1).unwrap()).is_ok());
        let error = search.namespace(ids().nth(MAX_NAMESPACES).unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert_eq!(
            error.to_string(),
            "expected at most 4096 network namespaces (MAX_NAMESPACES), but there are more"
        );
        assert_eq!(search.finish().namespaces.len(), MAX_NAMESPACES);
    }
}
