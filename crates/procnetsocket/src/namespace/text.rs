//! Text tables of network namespaces other than that of this process.

use std::{
    fmt,
    fs::File,
    io,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    sync::Arc,
};

use rustix::{
    fs::{FileType, OFlags},
    io::{Errno, FdFlags},
};

use crate::{
    error::{Error, Repr},
    model::Inode,
    proc::root::{Pid, ProcFile, ProcRoot, is_procfs},
};

/// Opens the text tables of a network namespace other than that of this process.
pub trait TextTables: fmt::Debug + Send + Sync {
    /// Opens a file of the namespace ([`ProcFile::is_of_namespace`]).
    ///
    /// # Errors
    ///
    /// [`Missing`](crate::ErrorKind::Missing) if the kernel lacks the table,
    /// [`NotFound`](crate::ErrorKind::NotFound) if the namespace is gone, and any other kind.
    fn open(&self, file: ProcFile) -> Result<File, Error>;

    /// Returns handles to what the tables are read from; see [`SocketTables::reach`].
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root).
    ///
    /// [`SocketTables::reach`]: crate::SocketTables::reach
    fn reach(&self) -> Result<Vec<OwnedFd>, Error> {
        Ok(Vec::new())
    }
}

/// The processes that were in a network namespace when it was found, whose text tables show it.
#[derive(Clone, Debug)]
pub(super) struct Inhabitants {
    pub(super) root: Arc<ProcRoot>,
    pub(super) id: Inode,
    pub(super) pids: Vec<Pid>,
}

impl TextTables for Inhabitants {
    /// Opens a table of the first process that is still in it.
    ///
    /// Trust: a process may leave the namespace at any time, so its identity is read again after
    /// the table was opened. A process that leaves and returns in between is not noticed.
    fn open(&self, file: ProcFile) -> Result<File, Error> {
        const TRIES: usize = 64;
        for pid in self.pids.iter().take(TRIES) {
            let base = self.root.pid(*pid);
            let opened = base.open(file);
            let lives_there = base.open(ProcFile::NetTcp).ok().and_then(|tcp| id_of(&tcp).ok());
            if lives_there == Some(self.id) {
                return opened.map_err(|error| Error::from_root(file, error));
            }
        }
        Err(Repr::Deserted.into())
    }

    fn reach(&self) -> Result<Vec<OwnedFd>, Error> {
        let open = |pid: &Pid| self.root.open_process(*pid).and_then(|dir| dir.network_tables());
        Ok(self.pids.iter().map(open).collect::<Result<_, _>>().map_err(Repr::Root)?)
    }
}

/// Returns the identity of the network namespace of an opened `net/tcp`.
pub(super) fn id_of(file: &File) -> Result<Inode, Error> {
    let read = |source| Repr::Read { file: ProcFile::NetTcp, source };
    let inode = file.metadata().map_err(read)?.ino();
    // OK because no file of procfs has the inode 0.
    Inode::new(inode).ok_or_else(|| read(io::ErrorKind::InvalidData.into()).into())
}

/// Checks a text table that another process opened.
///
/// # Trust
///
/// Which file of which namespace it is cannot be checked. The check makes sure that reading it is
/// harmless: it is a regular file of a procfs, open for reading only, and closed on exec.
///
/// # Errors
///
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if it is anything else.
pub fn received_text_table(table: OwnedFd) -> Result<File, Error> {
    match is_text_table(&table) {
        Ok(true) => Ok(table.into()),
        Ok(false) | Err(_) => Err(Repr::ForeignTable.into()),
    }
}

fn is_text_table(table: &OwnedFd) -> Result<bool, Errno> {
    let kind = FileType::from_raw_mode(rustix::fs::fstat(table)?.st_mode);
    let access = rustix::fs::fcntl_getfl(table)? & (OFlags::RWMODE | OFlags::PATH);
    Ok(is_procfs(table)?
        && kind == FileType::RegularFile
        && access == OFlags::RDONLY
        && rustix::io::fcntl_getfd(table)?.contains(FdFlags::CLOEXEC))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use rstest::rstest;

    use super::*;
    use crate::error::ErrorKind;

    #[expect(clippy::disallowed_methods, reason = "files that are no tables")]
    fn open(path: &str) -> OwnedFd {
        File::open(path).unwrap().into()
    }

    #[rstest]
    #[case::table("/proc/self/net/tcp", true)]
    #[case::directory("/proc/self/net", false)]
    #[case::other_file_system("/etc/passwd", false)]
    #[case::device("/dev/null", false)]
    fn received_table_is_a_file_of_procfs(#[case] path: &str, #[case] is_table: bool) {
        let received = received_text_table(open(path));
        assert_eq!(received.map_err(|error| error.kind()).err(), (!is_table).then_some(REFUSED));
    }

    const REFUSED: ErrorKind = ErrorKind::InvalidRequest;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "descriptors that are no tables")]
    fn received_table_is_for_reading_only() {
        let (socket, _) = UnixStream::pair().unwrap();
        let write = File::options().write(true).open("/proc/self/comm").unwrap().into();
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let path =
            rustix::fs::open("/proc/self/net/tcp", flags, rustix::fs::Mode::empty()).unwrap();
        let inherited = open("/proc/self/net/tcp");
        rustix::io::fcntl_setfd(&inherited, FdFlags::empty()).unwrap();
        for other in [socket.into(), write, path, inherited] {
            assert_eq!(received_text_table(other).unwrap_err().kind(), REFUSED);
        }
    }
}
