//! The files below the directory of a process or thread.

use std::{fs::File, os::fd::OwnedFd};

use bstr::BString;
use cap_std::fs::Dir;
use rustix::fd::AsFd;

use super::{
    error::RootError,
    fake,
    live::{Live, OpenPurpose},
    name::{Pid, ProcFile},
    numbers::Numbers,
};
use crate::model::Inode;

/// The directory of a process or of a thread, kept open.
///
/// Security: each name below it is opened separately, beneath it and on the mount of the root, as
/// everything else of a live `/proc`. Descriptors are links of the kernel in a checked directory;
/// they are read and never followed.
#[derive(Debug)]
pub(crate) struct TaskDir<'a>(Handle<'a>);

#[derive(Debug)]
enum Handle<'a> {
    Live(&'a Live, OwnedFd),
    Fake(Dir),
}

impl<'a> TaskDir<'a> {
    pub(super) fn live(root: &'a Live, dir: OwnedFd) -> Self {
        Self(Handle::Live(root, dir))
    }

    pub(super) fn fake(dir: Dir) -> Self {
        Self(Handle::Fake(dir))
    }

    /// Opens the list of descriptors.
    pub(crate) fn descriptors(&self) -> Result<Numbers, RootError> {
        self.list("fd")
    }

    /// Opens the list of threads.
    pub(crate) fn threads(&self) -> Result<Numbers, RootError> {
        self.list("task")
    }

    fn list(&self, name: &str) -> Result<Numbers, RootError> {
        match &self.0 {
            Handle::Live(live, dir) => {
                live.open_below(dir.as_fd(), name, OpenPurpose::List).map(Numbers::new)
            }
            Handle::Fake(dir) => fake::open_list(dir, name).map(Numbers::new),
        }
    }

    /// Opens the directory of a thread.
    pub(crate) fn thread(&self, tid: Pid) -> Result<Self, RootError> {
        let name = format!("task/{tid}");
        match &self.0 {
            Handle::Live(live, dir) => {
                Ok(Self::live(live, live.open_below(dir.as_fd(), &name, OpenPurpose::Directory)?))
            }
            Handle::Fake(dir) => Ok(Self::fake(fake::open_dir(dir, &name)?)),
        }
    }

    /// Opens a file for reading.
    pub(crate) fn open(&self, file: ProcFile) -> Result<File, RootError> {
        match &self.0 {
            Handle::Live(live, dir) => {
                live.open_below(dir.as_fd(), file.name(), OpenPurpose::Read).map(File::from)
            }
            Handle::Fake(dir) => fake::open_below(dir, file),
        }
    }

    /// Reads the path of the executable: a path in the mount namespace of the process, followed by
    /// ` (deleted)` if the file is gone.
    pub(crate) fn executable(&self) -> Result<BString, RootError> {
        match &self.0 {
            Handle::Live(live, dir) => {
                let link = live.open_below(dir.as_fd(), "exe", OpenPurpose::Link)?;
                read_link(&link, "")
            }
            Handle::Fake(dir) => read_link(dir, "exe"),
        }
    }

    /// Returns the identity of the process's network namespace: the inode of its `net/tcp`. It
    /// needs no right to look into the process.
    pub(crate) fn network_namespace_id(&self) -> Result<Inode, RootError> {
        const NAME: &str = ProcFile::NetTcp.name();
        let Handle::Live(live, dir) = &self.0 else { return Err(RootError::hidden(NAME)) };
        let file = live.open_below(dir.as_fd(), NAME, OpenPurpose::Look)?;
        let stat = rustix::fs::fstat(&file).map_err(|errno| RootError::from_errno(NAME, errno))?;
        Inode::new(stat.st_ino).ok_or_else(|| RootError::hidden(NAME))
    }

    /// Reads the link to the network namespace, such as `net:[4026531840]`.
    pub(crate) fn network_namespace_link(&self) -> Result<BString, RootError> {
        const NAME: &str = "ns/net";
        let Handle::Live(live, dir) = &self.0 else { return Err(RootError::hidden(NAME)) };
        read_link(&live.open_below(dir.as_fd(), NAME, OpenPurpose::Link)?, "")
    }

    /// Opens the network namespace, to enter it. The caller has to check which namespace it is in
    /// then.
    pub(crate) fn network_namespace(&self) -> Result<OwnedFd, RootError> {
        let Handle::Live(live, dir) = &self.0 else { return Err(RootError::hidden("ns/net")) };
        live.open_network_namespace(dir.as_fd())
    }

    /// Opens the directory of its socket tables, without reading it.
    pub(crate) fn network_tables(&self) -> Result<OwnedFd, RootError> {
        let Handle::Live(live, dir) = &self.0 else { return Err(RootError::hidden("net")) };
        live.open_below(dir.as_fd(), "net", OpenPurpose::Directory)
    }

    /// Returns the number of descriptors, if this kernel reports it (Linux 6.2). It needs no right
    /// to look into the process.
    pub(crate) fn descriptor_count(&self) -> Option<u64> {
        let Handle::Live(live, dir) = &self.0 else { return None };
        let directory = live.open_below(dir.as_fd(), "fd", OpenPurpose::Directory).ok()?;
        // Kernel: `proc_fd_getattr` reports it as the size of the directory.
        u64::try_from(rustix::fs::fstat(&directory).ok()?.st_size).ok()
    }
}

#[expect(clippy::disallowed_methods, reason = "constant names, below the directory of a process")]
fn read_link(directory: impl AsFd, name: &str) -> Result<BString, RootError> {
    rustix::fs::readlinkat(directory, name, Vec::new())
        .map(|text| text.into_bytes().into())
        .map_err(|errno| RootError::from_link_errno("exe", errno))
}
