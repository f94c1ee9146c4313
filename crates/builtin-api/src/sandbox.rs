//! The directories that a script was granted.

mod error;
mod listing;
mod path;
mod read;
mod remove;
mod write;

use std::{fmt, sync::Arc};

use bstr::{BStr, BString};
use cap_std::fs::Dir;

use self::{
    error::Repr,
    path::{Beneath, ScriptPath},
};
pub use self::{
    error::{MAX_PATH_BYTES, SandboxError, SandboxErrorKind},
    listing::{DirEntry, ReadDir},
    remove::MAX_TREE_DEPTH,
};

/// What a script may do in a granted directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Look and read.
    Read,
    /// Look, read, and change all that is inside.
    ReadWrite,
}

/// The directories that a script was granted, each at the path that the script sees.
///
/// The host opens the directories and hands them over with [`Sandbox::grant`]. A script names files
/// by absolute paths; the grant with the longest matching path serves them. Clones are cheap and
/// share the open directories; a later grant to one clone is not seen by the others.
///
/// # Paths
///
/// Paths are bytes, absolute, and at most [`MAX_PATH_BYTES`] long. Repeated slashes and `.` are
/// dropped. `..` is looked up in the file system, because what it means depends on the links
/// before it; a path with more `..` than names before them is refused at once. What lies outside
/// every grant, the parents of a granted directory included, does not exist for a script.
///
/// # Confinement
///
/// Every path is looked up beneath its open directory (`openat2` with `RESOLVE_BENEATH` and
/// `RESOLVE_NO_MAGICLINKS`, or a walk component by component where the kernel lacks it), so that
/// `..`, absolute paths, symbolic links, the magic links of procfs, and renames under way cannot
/// leave it. A link that points out of its grant is an error, even when it points into another
/// grant.
///
/// Only regular files can be opened. A FIFO, a device or a socket is refused, so that one planted
/// in a granted directory can neither hang a script nor reach hardware. The kind is checked before
/// the opening, which never waits for a peer, and again on the opened file.
///
/// The granted directory itself belongs to the host: it cannot be removed, renamed, or have its
/// mode changed.
///
/// # Trust
///
/// The host should know what a grant does not stop:
///
/// - A file system that is mounted below a granted directory is part of the grant.
/// - A hard link in a granted directory is that file, wherever else it has a name.
/// - Access belongs to the handle. When the host grants two overlapping directories under two
///   paths, each path has its own access, and the wider one counts in effect.
/// - A process outside the sandbox that can change the directory can exchange a regular file for a
///   device between the check and the opening. The device is then opened and closed again, and not
///   handed out.
///
/// # Examples
///
/// ```
/// use builtin_api::{Access, Sandbox, SandboxErrorKind};
/// use cap_std::fs::Dir;
///
/// # #[expect(clippy::disallowed_methods, reason = "the example plays the host")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let temporary = tempfile::tempdir()?;
/// # let directory = temporary.path();
/// let mut sandbox = Sandbox::empty();
/// let dir = Dir::open_ambient_dir(directory, cap_std::ambient_authority())?;
/// sandbox.grant("/srv/data", dir, Access::Read)?;
///
/// let error = sandbox.open("/srv/data/../../etc/passwd").unwrap_err();
/// assert_eq!(error.kind(), SandboxErrorKind::Escapes);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Sandbox {
    /// Sorted by path.
    grants: Arc<Vec<Arc<DirGrant>>>,
}

/// One granted directory.
struct DirGrant {
    /// The normalised path that scripts see.
    mount: BString,
    dir: Dir,
    access: Access,
}

/// A location that a script named: a grant, and a path beneath it.
struct GrantedPath<'a> {
    script_path: &'a [u8],
    grant: &'a DirGrant,
    beneath: Beneath,
}

impl Sandbox {
    /// Returns a sandbox that grants nothing.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Grants a directory at the path that scripts shall see.
    ///
    /// `mount` is absolute and has no `..`; repeated slashes, `.` and a slash at the end are
    /// dropped. A path inside another grant is fine, and the longer one wins there.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::InvalidPath`] for a mount that is not such a path,
    /// [`SandboxErrorKind::Exists`] for one that is taken, and [`SandboxErrorKind::Conflict`] for a
    /// read-only grant inside a read-write one: a link or a `..` in the outer would reach the inner
    /// with the access of the outer.
    pub fn grant(
        &mut self,
        mount: impl AsRef<[u8]>,
        dir: Dir,
        access: Access,
    ) -> Result<(), SandboxError> {
        let mount = ScriptPath::parse(mount.as_ref())?.into_mount()?;
        let Err(position) = self.grants.binary_search_by(|grant| grant.mount.cmp(&mount)) else {
            return Err(Repr::Granted { mount: mount.into() }.into());
        };
        for other in self.grants.iter() {
            refuse_narrowing((&other.mount, other.access), (&mount, access))?;
            refuse_narrowing((&mount, access), (&other.mount, other.access))?;
        }
        // OK because the search returned a position of at most the length.
        Arc::make_mut(&mut self.grants).insert(position, Arc::new(DirGrant { mount, dir, access }));
        Ok(())
    }

    /// Returns the path and the access of every grant, sorted by path.
    pub fn grants(&self) -> impl Iterator<Item = (&BStr, Access)> {
        self.grants.iter().map(|grant| (BStr::new(&grant.mount), grant.access))
    }

    /// Finds the grant that serves a path.
    fn place<'a>(&'a self, script_path: &'a [u8]) -> Result<GrantedPath<'a>, SandboxError> {
        let path = ScriptPath::parse(script_path)?;
        let (grant, beneath) = self
            .grants
            .iter()
            .filter_map(|grant| Some((&**grant, path.beneath(&grant.mount)?)))
            .max_by_key(|(grant, _)| grant.mount.len())
            .ok_or_else(|| Repr::NotGranted { path: script_path.into() })?;
        if beneath.leaves() {
            return Err(Repr::escapes(script_path, &grant.mount).into());
        }
        Ok(GrantedPath { script_path, grant, beneath })
    }

    /// Finds the grant that serves a path, and refuses one that is for reading only.
    fn writable<'a>(&'a self, script_path: &'a [u8]) -> Result<GrantedPath<'a>, SandboxError> {
        let place = self.place(script_path)?;
        match place.grant.access {
            Access::ReadWrite => Ok(place),
            Access::Read => Err(Repr::ReadOnly {
                path: script_path.into(),
                mount: place.grant.mount.as_slice().into(),
            }
            .into()),
        }
    }
}

impl fmt::Debug for Sandbox {
    /// Shows paths and access, not the handles.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.grants()).finish()
    }
}

/// Refuses a read-only grant inside a read-write one.
fn refuse_narrowing(
    (outer, outer_access): (&BString, Access),
    (inner, inner_access): (&BString, Access),
) -> Result<(), SandboxError> {
    let narrows = (outer_access, inner_access) == (Access::ReadWrite, Access::Read);
    if narrows && path::is_beneath(inner, outer) {
        let (inner, outer) = (inner.as_slice().into(), outer.as_slice().into());
        return Err(Repr::Narrows { inner, outer }.into());
    }
    Ok(())
}
