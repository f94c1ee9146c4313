//! What a program is asked to set up, as plain data.

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

/// Where `ip netns` keeps network namespaces, by name.
const NAMESPACES: &str = "/run/netns";

/// What scripts are granted, and how they run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setup {
    /// The directories that scripts see.
    pub directories: Vec<Directory>,
    /// The commands that scripts may run.
    pub allowed: Allowed,
    /// The files of the policies, all of which hold; none for the default.
    pub policies: Vec<PathBuf>,
    /// The grants that replace those of the policy.
    pub grants: Option<GrantSet>,
    /// What each script may take.
    pub limits: ScriptLimits,
    /// The network namespaces that `ss -N` may list.
    pub namespaces: Vec<Namespace>,
    /// Whether `--all-namespaces` may list every network namespace of the machine, whatever the
    /// policies say of it; it takes the grant.
    pub every_namespace: bool,
    /// A directory whose sockets are listed instead of the system's.
    pub proc_root: Option<PathBuf>,
    /// A procfs whose process 1 lives in the network namespace that is listed, such as that of the
    /// host of a container. Without a fake proc root.
    pub host_proc: Option<PathBuf>,
    /// The file of the audit.
    pub audit: Option<PathBuf>,
    /// What scripts read and print.
    pub streams: Streams,
    /// Whether processes confine themselves before scripts run.
    pub confine: bool,
}

impl Default for Setup {
    /// Returns the default policy and limits, every command, no directory, and confinement.
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
    /// Adds the network namespace that a word of `--namespace` names: `NAME`, `NAME=PATH`, or `all`
    /// for every one of the machine. One called "all" is `all=PATH`.
    ///
    /// # Errors
    ///
    /// What was expected instead of the word.
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

/// What scripts read and print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// The standard streams of the program.
    Program,
    /// The same, and each script is a line of a prompt.
    Prompt,
    /// What comes with a request, and goes with its answer. Each script has a process to itself,
    /// and the standard input and output of the program are out of its reach.
    Captured,
}

/// A directory that scripts may see, at the same path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// The path.
    pub path: PathBuf,
    /// What scripts may do there.
    pub access: Access,
}

impl Directory {
    /// Reads `DIR[:rw]`.
    pub fn from_word(word: &[u8]) -> Option<Self> {
        let (directory, access) = match word.strip_suffix(b":rw") {
            Some(directory) => (directory, Access::ReadWrite),
            None => (word, Access::Read),
        };
        (!directory.is_empty()).then(|| Self { path: path(directory), access })
    }
}

/// A network namespace, and what scripts call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// What scripts call it.
    pub name: BString,
    /// Where it is mounted.
    pub path: PathBuf,
}

impl Namespace {
    /// Reads `NAME[=PATH]`. Without a path it is where `ip netns` keeps the namespace of that name.
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
