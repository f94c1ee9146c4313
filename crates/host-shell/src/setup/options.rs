//! The options of a set-up, as plain data.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use bstr::{BString, ByteSlice as _};
use builtin_api::Access;
use socket_query::GrantSet;

use crate::{Allowed, ScriptLimits};

/// The first word of the command line of a broker; the others are its kind.
pub const BROKER: &str = "--broker";

/// The directory in which `ip netns` mounts network namespaces, by name.
const NAMESPACES: &str = "/run/netns";

/// The grants of scripts, and how they run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setup {
    /// The directories that scripts see.
    pub directories: Vec<Directory>,
    /// The commands that scripts may run.
    pub allowed: Allowed,
    /// The policy files, all of which apply; none for the default policy.
    pub policies: Vec<PathBuf>,
    /// The grants that replace those of the policy.
    pub grants: Option<GrantSet>,
    /// The limits of each script.
    pub limits: ScriptLimits,
    /// The network namespaces that `ss -N` may list.
    pub namespaces: Vec<Namespace>,
    /// Whether `--all-namespaces` may list every network namespace of the machine, even if the
    /// policies do not allow it. The grant `namespaces` is still required.
    pub every_namespace: bool,
    /// A directory whose sockets are listed instead of the system's.
    pub proc_root: Option<PathBuf>,
    /// A procfs whose process 1 is in the network namespace to list, such as that of the host,
    /// mounted in a container. Excludes `proc_root`.
    pub host_proc: Option<PathBuf>,
    /// The file of the audit.
    pub audit: Option<PathBuf>,
    /// The standard streams of scripts.
    pub streams: Streams,
    /// Whether the processes confine themselves before scripts run.
    pub confine: bool,
}

impl Default for Setup {
    /// Returns the default policy and limits, all commands, no directories, and confinement.
    fn default() -> Self {
        Self {
            directories: Vec::new(),
            allowed: Allowed::All,
            policies: Vec::new(),
            grants: None,
            limits: ScriptLimits::default(),
            namespaces: Vec::new(),
            every_namespace: false,
            proc_root: None,
            host_proc: None,
            audit: None,
            streams: Streams::Program,
            confine: true,
        }
    }
}

impl Setup {
    /// Adds the network namespace of a `--namespace` value: `NAME`, `NAME=PATH`, or `all` for every
    /// one of the machine. A namespace with the name "all" is `all=PATH`.
    ///
    /// # Errors
    ///
    /// The text describes the expected value.
    pub fn allow_namespace(&mut self, word: &[u8]) -> Result<(), &'static str> {
        if word == b"all" {
            self.every_namespace = true;
            return Ok(());
        }
        let namespace = Namespace::from_word(word).ok_or("NAME or NAME=PATH")?;
        if self.namespaces.iter().any(|other| other.name == namespace.name) {
            return Err("each name once");
        }
        self.namespaces.push(namespace);
        Ok(())
    }
}

/// The standard streams of scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// The standard streams of the program.
    Program,
    /// The same, for a prompt: each script is one line.
    Prompt,
    /// The input is in the request, and the output in its answer. Each script has its own process,
    /// which cannot reach the standard input and output of the program.
    Captured,
}

/// A directory that scripts may see, at the same path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The path.
    pub path: PathBuf,
    /// The access of scripts.
    pub access: Access,
}

impl Directory {
    /// Parses `DIR[:rw]`.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        let (directory, access) = match word.strip_suffix(b":rw") {
            Some(directory) => (directory, Access::ReadWrite),
            None => (word, Access::Read),
        };
        (!directory.is_empty()).then(|| Self { path: path(directory), access })
    }
}

/// A network namespace and its name in scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// The name in scripts.
    pub name: BString,
    /// The path at which it is mounted.
    pub path: PathBuf,
}

impl Namespace {
    /// Parses `NAME[=PATH]`. The default path is where `ip netns` mounts the namespace with that
    /// name.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        let (name, path) = match word.split_once_str("=") {
            Some((name, file)) => (name, path(file)),
            None => (word, Path::new(NAMESPACES).join(path(word))),
        };
        let is_name = !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/');
        (is_name && !path.as_os_str().is_empty()).then(|| Self { name: name.into(), path })
    }
}

fn path(word: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(word))
}
