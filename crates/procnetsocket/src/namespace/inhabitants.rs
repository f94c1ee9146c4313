//! Processes of another network namespace, through which its text tables are read.

use std::{fs::File, io, os::unix::fs::MetadataExt};

use crate::{
    error::{Error, Repr},
    model::Inode,
    proc::root::{Pid, ProcFile, ProcRoot},
};

/// The processes that lived in a network namespace when it was found: their text tables show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inhabitants {
    pub(super) id: Inode,
    pub(super) pids: Vec<Pid>,
}

impl Inhabitants {
    /// Opens a table of the first process that still lives there.
    ///
    /// Trust: a process may leave the namespace at any time, so its identity is read again after
    /// the table was opened. One that goes away and comes back in between is not noticed.
    pub(crate) fn open(&self, root: &ProcRoot, file: ProcFile) -> Result<File, Error> {
        const TRIES: usize = 64;
        for pid in self.pids.iter().take(TRIES) {
            let base = root.pid(*pid);
            let opened = base.open(file);
            let lives_there = base.open(ProcFile::NetTcp).ok().and_then(|tcp| id_of(&tcp).ok());
            if lives_there == Some(self.id) {
                return opened.map_err(|error| Error::from_root(file, error));
            }
        }
        Err(Repr::Deserted.into())
    }
}

/// Returns the identity of the network namespace of an opened `net/tcp`.
pub(super) fn id_of(file: &File) -> Result<Inode, Error> {
    let read = |source| Repr::Read { file: ProcFile::NetTcp, source };
    let inode = file.metadata().map_err(read)?.ino();
    // OK because procfs gives no file the inode 0.
    Inode::new(inode).ok_or_else(|| read(io::ErrorKind::InvalidData.into()).into())
}
