//! Network namespaces that have a name in `/run/netns`.

use std::{fmt, io, os::fd::AsFd as _, sync::Arc};

use bstr::{BStr, ByteSlice as _};
use cap_std::{AmbientAuthority, fs::Dir};
use procnetsocket::SocketTables;

use crate::error::Error;

/// The directory in which `ip netns` mounts network namespaces by name.
///
/// A namespace is opened on demand, because they come and go while a host runs.
pub struct NetnsDir {
    dir: Dir,
    /// Entering a namespace uses the authority of the process.
    token: AmbientAuthority,
}

impl NetnsDir {
    /// Opens `/run/netns`; `None` where it does not exist or may not be read.
    ///
    /// # Ambient Authority
    ///
    /// It opens that directory, and `tables` enters the namespaces in it.
    #[expect(clippy::disallowed_methods, reason = "one fixed path, with the token of the host")]
    pub fn open_ambient(token: AmbientAuthority) -> Option<Self> {
        Dir::open_ambient_dir("/run/netns", token).ok().map(|dir| Self { dir, token })
    }

    /// Opens the tables of the namespace of that name. No name leads out of the directory.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownNamespace`](crate::ErrorKind::UnknownNamespace),
    /// [`ErrorKind::Namespace`](crate::ErrorKind::Namespace) when it may not be opened,
    /// [`ErrorKind::Source`](crate::ErrorKind::Source) when it may not be entered.
    pub(crate) fn tables(&self, name: &BStr) -> Result<Arc<SocketTables>, Error> {
        let unknown = || Error::unknown_namespace(name);
        let path = name.to_path().map_err(|_| unknown())?;
        // A name is a single component, because `ip netns` creates no directories.
        if path.components().count() != 1 {
            return Err(unknown());
        }
        let file = self.dir.open(path).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Error::namespace(name, error),
            _ => unknown(),
        })?;
        Ok(Arc::new(SocketTables::open_ambient_in(self.token, file.as_fd())?))
    }
}

impl fmt::Debug for NetnsDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetnsDir").field("dir", &self.dir).finish_non_exhaustive()
    }
}
