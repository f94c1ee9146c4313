//! Paths of scripts.
//!
//! ```text
//! path      = "/" *( component "/" ) [ component ]     at most MAX_PATH_BYTES bytes
//! component = 1*( any byte but "/" and NUL )           "." and empty ones are dropped
//! ```

use std::{ffi::OsString, os::unix::ffi::OsStringExt as _, path::PathBuf};

use bstr::{BString, ByteSlice as _};

use super::error::{MAX_PATH_BYTES, Repr, SandboxError};

/// A checked path, before its grant is known.
pub(super) struct ScriptPath<'a> {
    text: &'a [u8],
    /// Without `.` and empty ones, but with `..`.
    components: Vec<&'a [u8]>,
    /// Whether the path ends with `/` or `/.`, which requires a directory.
    wants_directory: bool,
}

/// A path relative to a granted directory.
pub(super) struct Beneath {
    components: Vec<BString>,
    wants_directory: bool,
}

impl<'a> ScriptPath<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, SandboxError> {
        if text.len() > MAX_PATH_BYTES {
            return Err(Repr::TooLong { bytes: text.len() }.into());
        }
        if text.contains(&0) {
            return Err(Repr::Nul { path: text.into() }.into());
        }
        if text.is_empty() {
            return Err(Repr::Empty.into());
        }
        if !text.starts_with(b"/") {
            return Err(Repr::Relative { path: text.into() }.into());
        }
        let components =
            text.split_str("/").filter(|part| !part.is_empty() && *part != b".").collect();
        let wants_directory = text.ends_with(b"/") || text.ends_with(b"/.");
        Ok(Self { text, components, wants_directory })
    }

    /// Returns the normalised path of a grant.
    pub(super) fn into_mount(self) -> Result<BString, SandboxError> {
        if self.components.contains(&b"..".as_slice()) {
            return Err(Repr::MountParent { mount: self.text.into() }.into());
        }
        let mut mount = BString::from("/");
        mount.extend_from_slice(&bstr::join("/", &self.components));
        Ok(mount)
    }

    /// Returns the path after `mount`, or `None` if it does not begin with `mount`.
    pub(super) fn beneath(&self, mount: &[u8]) -> Option<Beneath> {
        let mut rest = self.components.iter();
        for expected in components(mount) {
            if *rest.next()? != expected {
                return None;
            }
        }
        Some(Beneath {
            components: rest.map(|part| BString::from(*part)).collect(),
            wants_directory: self.wants_directory,
        })
    }
}

impl Beneath {
    /// Returns whether `..` leads out of the directory in every file system.
    pub(super) fn leaves(&self) -> bool {
        let mut depth = 0_usize;
        self.components.iter().any(|part| {
            let next = if part == ".." { depth.checked_sub(1) } else { depth.checked_add(1) };
            depth = next.unwrap_or_default();
            next.is_none()
        })
    }

    /// Returns whether the path requires a directory.
    pub(super) fn wants_directory(&self) -> bool {
        self.wants_directory
    }

    /// Returns the path to look up, with a slash at the end if it was typed with one.
    pub(super) fn lookup(&self) -> PathBuf {
        let mut path = join(&self.components);
        if self.wants_directory && !self.components.is_empty() {
            path.push("");
        }
        path
    }

    /// Returns the parent directory and the name of the entry.
    ///
    /// `None` when the path names no entry: the granted directory itself, or one ending in `..`.
    pub(super) fn entry(&self) -> Option<EntryPath> {
        let (name, parent) = self.components.split_last()?;
        if name == ".." {
            return None;
        }
        let slash = if self.wants_directory { "/" } else { "" };
        Some(EntryPath { parent: join(parent), name: os(name.clone()), slash })
    }

    /// Returns each parent directory, the nearest to the grant first, and then the path.
    pub(super) fn steps(&self) -> impl Iterator<Item = PathBuf> {
        self.components.iter().scan(PathBuf::new(), |path, part| {
            path.push(os(part.clone()));
            Some(path.clone())
        })
    }
}

/// A name in a directory beneath a grant. The name is neither `.` nor `..`.
pub(super) struct EntryPath {
    /// `.` for the granted directory.
    pub(super) parent: PathBuf,
    pub(super) name: OsString,
    slash: &'static str,
}

impl EntryPath {
    /// Returns the path without a slash at the end.
    pub(super) fn path(&self) -> PathBuf {
        self.parent.join(&self.name)
    }

    /// Returns the path, with a slash at the end if it was typed with one.
    pub(super) fn path_as_typed(&self) -> PathBuf {
        let mut path = self.path().into_os_string();
        path.push(self.slash);
        path.into()
    }
}

/// Returns whether `inner` is strictly inside `outer`; both are normalised.
pub(super) fn is_beneath(inner: &[u8], outer: &[u8]) -> bool {
    let mut parts = components(inner);
    components(outer).all(|part| parts.next() == Some(part)) && parts.next().is_some()
}

/// Returns the components of a normalised path.
fn components(normalised: &[u8]) -> impl Iterator<Item = &[u8]> {
    normalised.split_str("/").filter(|part| !part.is_empty())
}

fn join(components: &[BString]) -> PathBuf {
    if components.is_empty() {
        return PathBuf::from(".");
    }
    PathBuf::from(os(bstr::join("/", components).into()))
}

fn os(bytes: BString) -> OsString {
    OsString::from_vec(bytes.into())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::{MAX_PATH_BYTES, ScriptPath, is_beneath};

    fn mount(text: &[u8]) -> Result<Vec<u8>, String> {
        ScriptPath::parse(text)
            .and_then(ScriptPath::into_mount)
            .map(Into::into)
            .map_err(|error| error.to_string())
    }

    #[rstest]
    // usual
    #[case::plain("/srv/data", "/srv/data")]
    #[case::slash_at_the_end("/srv/data/", "/srv/data")]
    // boundary
    #[case::root("/", "/")]
    #[case::dots_and_slashes("//srv/./data//.", "/srv/data")]
    #[case::three_dots_are_a_name("/srv/...", "/srv/...")]
    fn normalises_mounts(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(mount(text.as_bytes()).as_deref(), Ok(expected.as_bytes()));
    }

    #[rstest]
    // boundary
    #[case::empty(b"", "expected a path, but found an empty one")]
    #[case::too_long(
        &[b'/'; MAX_PATH_BYTES + 1],
        "expected a path of at most 4095 bytes, but found one of 4096 bytes"
    )]
    // hostile
    #[case::relative(b"srv", "expected an absolute path, but found 'srv'")]
    #[case::parent(
        b"/srv/..",
        "expected a path without '..' for a granted directory, but found '/srv/..'"
    )]
    #[case::nul(b"/srv\0", r"expected a path without NUL bytes, but found '/srv\x00'")]
    fn refuses_mounts(#[case] text: &[u8], #[case] message: &str) {
        assert_eq!(mount(text), Err(message.to_owned()));
    }

    #[rstest]
    // usual
    #[case::file("/srv/a/b", "/srv", Some("a/b"))]
    #[case::elsewhere("/etc/passwd", "/srv", None)]
    // boundary
    #[case::itself("/srv", "/srv", Some("."))]
    #[case::itself_with_slash("/srv/", "/srv", Some("."))]
    #[case::directory("/srv/a/", "/srv", Some("a/"))]
    #[case::directory_with_dot("/srv/a/.", "/srv", Some("a/"))]
    #[case::root_serves_all("/srv/a", "/", Some("srv/a"))]
    #[case::parent_of_the_mount("/srv", "/srv/data", None)]
    // hostile
    #[case::same_beginning("/srvx/a", "/srv", None)]
    #[case::parent_stays_for_the_file_system("/srv/a/../b", "/srv", Some("a/../b"))]
    #[case::mount_spelled_with_parent("/x/../srv/a", "/srv", None)]
    fn looks_up_beneath_a_mount(
        #[case] text: &str,
        #[case] mount: &str,
        #[case] expected: Option<&str>,
    ) {
        let path = ScriptPath::parse(text.as_bytes()).unwrap();
        let found = path.beneath(mount.as_bytes()).map(|beneath| beneath.lookup().into_os_string());
        assert_eq!(found.as_deref(), expected.map(|path| Path::new(path).as_os_str()));
    }

    #[rstest]
    // usual
    #[case::plain("/srv/a/b", false)]
    // boundary
    #[case::back_to_the_grant("/srv/a/..", false)]
    #[case::down_and_up("/srv/a/../b/../c", false)]
    // hostile
    #[case::up("/srv/..", true)]
    #[case::up_and_back("/srv/../srv/a", true)]
    #[case::deep("/srv/a/../../srv/a", true)]
    fn detects_a_path_that_leaves(#[case] text: &str, #[case] leaves: bool) {
        let path = ScriptPath::parse(text.as_bytes()).unwrap();
        assert_eq!(path.beneath(b"/srv").unwrap().leaves(), leaves);
    }

    #[rstest]
    #[case::child("/a/b", "/a", true)]
    #[case::child_of_root("/a", "/", true)]
    #[case::itself("/a", "/a", false)]
    #[case::sibling("/ab", "/a", false)]
    #[case::parent("/a", "/a/b", false)]
    fn orders_mounts(#[case] inner: &str, #[case] outer: &str, #[case] beneath: bool) {
        assert_eq!(is_beneath(inner.as_bytes(), outer.as_bytes()), beneath);
    }
}
