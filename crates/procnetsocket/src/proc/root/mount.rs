//! The mount of the verified root, and what is on it.

use std::os::fd::OwnedFd;

use rustix::{
    fd::{AsFd, BorrowedFd},
    fs::{AtFlags, PROC_SUPER_MAGIC, StatxFlags},
    io::Errno,
};

/// The root of a procfs, kept open, and the identity of its mount.
#[derive(Debug)]
pub(super) struct ProcMount {
    root: OwnedFd,
    device: u64,
    /// Compared with the mount of every file.
    ///
    /// OK because the open descriptor pins the mount, so that its id cannot be reused.
    id: Option<u64>,
}

impl ProcMount {
    /// Keeps a directory that was verified to be the root of a procfs on that device.
    pub(super) fn new(root: OwnedFd, device: u64) -> Result<Self, Errno> {
        let id = mount_id(root.as_fd())?;
        Ok(Self { root, device, id })
    }

    /// Returns whether a descriptor is on the mount of the root.
    pub(super) fn holds(&self, fd: BorrowedFd<'_>) -> Result<bool, Errno> {
        let device = rustix::fs::fstat(fd)?.st_dev;
        let mount = mount_id(fd)?;
        if self.id.is_some() && mount.is_none() {
            // A filter that forbids `statx` was installed meanwhile.
            return Err(Errno::NOSYS);
        }
        // Security: the file system is not enough: another file of the same procfs may be bound
        // over the wanted one (CVE-2025-52881). The mount differs then.
        Ok(is_procfs(fd)? && device == self.device && mount == self.id)
    }

    /// Returns whether the kernel reports mount ids, without which there is no walk.
    pub(super) fn has_mount_id(&self) -> bool {
        self.id.is_some()
    }
}

impl AsFd for ProcMount {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

/// Returns whether a descriptor is in a procfs.
pub(crate) fn is_procfs(fd: impl AsFd) -> Result<bool, Errno> {
    Ok(rustix::fs::fstatfs(fd)?.f_type == PROC_SUPER_MAGIC)
}

/// Returns the id of a descriptor's mount, if the kernel reports it (Linux 5.8).
///
/// # Errors
///
/// Fails for what is gone.
#[expect(clippy::disallowed_methods, reason = "a descriptor, by an empty path")]
fn mount_id(fd: BorrowedFd<'_>) -> Result<Option<u64>, Errno> {
    let stat = match rustix::fs::statx(fd, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID) {
        Ok(stat) => stat,
        Err(errno @ (Errno::NOENT | Errno::SRCH)) => return Err(errno),
        // OK because a kernel without the call reports none.
        Err(_) => return Ok(None),
    };
    let given = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::MNT_ID);
    Ok(given.then_some(stat.stx_mnt_id))
}
