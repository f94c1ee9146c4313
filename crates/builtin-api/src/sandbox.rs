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

/// The access of a script to a granted directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Read files, and list and examine entries.
    Read,
    /// The same, and create, write and remove entries.
    ReadWrite,
}

/// The directories that a script was granted, with the paths by which it names them.
///
/// The host opens the directories and passes them to [`Sandbox::grant`]. A script names files by
/// absolute paths; the grant with the longest matching path is used. Clones are cheap and share the
/// open directories; a later grant to one clone does not affect the others.
///
/// # Paths
///
/// Paths are bytes, absolute, and at most [`MAX_PATH_BYTES`] long. Repeated slashes and `.` are
/// dropped. `..` is looked up in the file system, because its meaning depends on the links before
/// it; a path with more `..` than names before them is refused at once. For a script, everything
/// outside its grants, including the parents of a granted directory, does not exist.
///
/// # Confinement
///
/// Every path is looked up beneath its open directory (`openat2` with `RESOLVE_BENEATH` and
/// `RESOLVE_NO_MAGICLINKS`, or a walk component by component where the kernel lacks it), so that
/// `..`, absolute paths, symbolic links, the magic links of procfs and concurrent renames cannot
/// leave it. A link that leads out of its grant is an error, even if it leads into another grant.
///
/// Only regular files can be opened. A FIFO, a device or a socket is refused, so that one in a
/// granted directory can neither block a script nor reach hardware. The kind is checked before the
/// file is opened, and again on the opened file; opening never blocks.
///
/// The granted directory itself belongs to the host: it cannot be removed, renamed, or have its
/// mode changed.
///
/// # Trust
///
/// A grant does not prevent everything:
///
/// - A file system that is mounted below a granted directory is part of the grant.
/// - A hard link in a granted directory gives access to the file, whatever other names it has.
/// - Access belongs to the handle. When the host grants two overlapping directories at two paths,
///   each path has its own access, so the wider access is possible for both.
/// - A process outside the sandbox that can change the directory can replace a regular file by a
///   device between the check and the opening. The device is then opened and closed again, but the
///   script cannot use it.
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

/// A path of a script, as a grant and a path beneath it.
struct GrantedPath<'a> {
    script_path: &'a [u8],
    grant: &'a DirGrant,
    beneath: Beneath,
}

impl Sandbox {
    /// Returns a sandbox without grants.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Grants a directory at a path for scripts.
    ///
    /// `mount` is absolute and has no `..`; repeated slashes, `.` and a slash at the end are
    /// dropped. A grant may be inside another one, and takes precedence there.
    ///
    /// # Errors
    ///
    /// [`SandboxErrorKind::InvalidPath`] for an invalid mount, [`SandboxErrorKind::Exists`] for one
    /// that is taken, and [`SandboxErrorKind::Conflict`] for a read-only grant inside a read-write
    /// one: a link or a `..` in the outer one would reach the inner one with the access of the
    /// outer one.
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

    /// Returns the grant that a path is in, and the path below it.
    fn locate<'a>(&'a self, script_path: &'a [u8]) -> Result<GrantedPath<'a>, SandboxError> {
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

    /// Returns the grant of a path, and refuses a read-only one.
    fn writable<'a>(&'a self, script_path: &'a [u8]) -> Result<GrantedPath<'a>, SandboxError> {
        let granted = self.locate(script_path)?;
        match granted.grant.access {
            Access::ReadWrite => Ok(granted),
            Access::Read => Err(Repr::ReadOnly {
                path: script_path.into(),
                mount: granted.grant.mount.as_slice().into(),
            }
            .into()),
        }
    }
}

impl fmt::Debug for Sandbox {
    /// Shows paths and access, without the handles.
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
