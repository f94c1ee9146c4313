//! The directories that the tests grant, and others that must not be reached.
#![expect(clippy::disallowed_methods, reason = "a test plays the host and its file system")]

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    os::unix::{
        fs::{MetadataExt as _, symlink},
        net::UnixListener,
    },
    path::{Path, PathBuf},
};

use builtin_api::{Access, Sandbox, SandboxError};
use cap_std::fs::Dir;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

/// The content of files that no test may read.
pub(crate) const SECRET: &str = "outside";

/// Links in the read-write grant, with their targets; `@` is replaced by the top of the tree.
const LINKS: [(&str, &str); 22] = [
    ("inside", "sub/inner"),
    ("insidedir", "sub"),
    ("around", "sub/../sub/inner"),
    ("self", "."),
    ("dangling_in", "sub/new"),
    ("loop", "loop"),
    ("abs", "@/outside/secret"),
    ("absdir", "@/outside"),
    ("abs_into_grant", "@/data/file"),
    ("up", "../outside/secret"),
    ("updir", "../outside"),
    ("parent", ".."),
    ("up_and_back", "../data/file"),
    ("chain", "chain2"),
    ("chain2", "sub/chain3"),
    ("sub/chain3", "../up"),
    ("sub/deep", "../../outside/secret"),
    ("to_other_grant", "../ro/file"),
    ("dangling_out", "../outside/new"),
    ("abs_dangling_out", "@/outside/new"),
    ("proc_root", "/proc/self/root"),
    ("proc_fd", "/proc/self/fd"),
];

/// `data` is granted at `/srv/data` for writing, `ro` at `/srv/ro` for reading, `outside` not.
pub(crate) struct TestTree {
    top: TempDir,
    pub(crate) sandbox: Sandbox,
    /// Keeps the file system's socket alive.
    _listener: UnixListener,
}

impl TestTree {
    pub(crate) fn new() -> Self {
        let top = TempDir::new().unwrap();
        let at = |path: &str| top.path().join(path);
        for dir in ["data/sub", "data/empty", "ro/sub", "ro/empty", "outside/dir"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        for (file, text) in [
            ("data/file", "data"),
            ("data/sub/inner", "inner"),
            ("ro/file", "ro"),
            ("ro/sub/inner", "ro inner"),
            ("outside/secret", SECRET),
            ("outside/dir/secret", SECRET),
            ("secret", SECRET),
        ] {
            fs::write(at(file), text).unwrap();
        }
        for (link, target) in LINKS {
            let target = target.replace('@', top.path().to_str().unwrap());
            symlink(target, at("data").join(link)).unwrap();
        }
        mknodat(CWD, at("data/fifo"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let listener = UnixListener::bind(at("data/socket")).unwrap();

        let mut sandbox = Sandbox::empty();
        sandbox.grant("/srv/data", open_dir(at("data")), Access::ReadWrite).unwrap();
        sandbox.grant("/srv/ro", open_dir(at("ro")), Access::Read).unwrap();
        Self { top, sandbox, _listener: listener }
    }

    /// Returns a path of the host.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.top.path().join(path)
    }

    /// Returns a handle on a directory of the tree.
    pub(crate) fn dir(&self, path: &str) -> Dir {
        open_dir(self.at(path))
    }

    pub(crate) fn make_dir(&self, path: &str) {
        fs::create_dir_all(self.at(path)).unwrap();
    }

    pub(crate) fn make_link(&self, target: &str, path: &str) {
        symlink(target, self.at(path)).unwrap();
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.at(path), text).unwrap();
    }

    /// Returns the content of a file of the host.
    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        fs::symlink_metadata(self.at(path)).is_ok()
    }

    pub(crate) fn mode(&self, path: &str) -> u32 {
        fs::symlink_metadata(self.at(path)).unwrap().mode() & 0o7777
    }

    /// Returns everything that a script may not change: paths with their mode and content.
    pub(crate) fn beyond_reach(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        for path in ["outside", "ro", "secret"] {
            record(&self.at(path), &mut found);
        }
        let names = fs::read_dir(self.top.path()).unwrap();
        found.extend(names.map(|entry| (entry.unwrap().path(), (0, Vec::new()))));
        found
    }
}

pub(crate) fn open_dir(path: impl AsRef<Path>) -> Dir {
    Dir::open_ambient_dir(path, cap_std::ambient_authority()).unwrap()
}

fn record(path: &Path, found: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    let metadata = fs::symlink_metadata(path).unwrap();
    let mut content = Vec::new();
    if metadata.is_file() {
        content = fs::read(path).unwrap();
    } else if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            content.extend_from_slice(entry.file_name().as_encoded_bytes());
            record(&entry.path(), found);
        }
        content.sort_unstable();
    }
    found.insert(path.to_owned(), (metadata.mode(), content));
}

/// The operations of the sandbox on one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Open,
    ReadDir,
    Metadata,
    SymlinkMetadata,
    ReadLink,
    Create,
    Append,
    CreateDir,
    CreateDirAll,
    RemoveFile,
    RemoveDir,
    RemoveDirAll,
    RenameFrom,
    RenameTo,
    SetPermissions,
    Symlink,
}

impl Op {
    pub(crate) const READING: [Self; 5] =
        [Self::Open, Self::ReadDir, Self::Metadata, Self::SymlinkMetadata, Self::ReadLink];

    pub(crate) const WRITING: [Self; 11] = [
        Self::Create,
        Self::Append,
        Self::CreateDir,
        Self::CreateDirAll,
        Self::RemoveFile,
        Self::RemoveDir,
        Self::RemoveDirAll,
        Self::RenameFrom,
        Self::RenameTo,
        Self::SetPermissions,
        Self::Symlink,
    ];

    /// Returns whether the operation follows a link at the end of its path.
    pub(crate) fn follows(self) -> bool {
        matches!(
            self,
            Self::Open
                | Self::ReadDir
                | Self::Metadata
                | Self::Create
                | Self::Append
                | Self::CreateDirAll
                | Self::SetPermissions
        )
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::READING.into_iter().chain(Self::WRITING)
    }

    /// Runs the operation; an opened file is read or written.
    pub(crate) fn run(self, sandbox: &Sandbox, path: &[u8]) -> Result<(), SandboxError> {
        match self {
            Self::Open => read(sandbox, path).map(|text| assert_ne!(text, SECRET)),
            Self::ReadDir => sandbox.read_dir(path).map(|entries| {
                let names: Vec<_> = entries.map(|entry| entry.unwrap().name().to_owned()).collect();
                assert!(!names.iter().any(|name| name == "secret"), "{names:?}");
            }),
            Self::Metadata => sandbox.metadata(path).map(|_| ()),
            Self::SymlinkMetadata => sandbox.symlink_metadata(path).map(|_| ()),
            Self::ReadLink => sandbox.read_link(path).map(|_| ()),
            Self::Create => sandbox.create(path).map(|mut file| file.write_all(b"x").unwrap()),
            Self::Append => sandbox.append(path).map(|mut file| file.write_all(b"x").unwrap()),
            Self::CreateDir => sandbox.create_dir(path),
            Self::CreateDirAll => sandbox.create_dir_all(path),
            Self::RemoveFile => sandbox.remove_file(path),
            Self::RemoveDir => sandbox.remove_dir(path),
            Self::RemoveDirAll => sandbox.remove_dir_all(path),
            Self::RenameFrom => sandbox.rename(path, "/srv/data/renamed"),
            Self::RenameTo => sandbox.rename("/srv/data/file", path),
            Self::SetPermissions => sandbox.set_permissions(path, 0o700),
            Self::Symlink => sandbox.symlink("file", path),
        }
    }
}

/// Reads a file through the sandbox.
pub(crate) fn read(sandbox: &Sandbox, path: impl AsRef<[u8]>) -> Result<String, SandboxError> {
    let mut text = String::new();
    sandbox.open(path)?.read_to_string(&mut text).unwrap();
    Ok(text)
}
