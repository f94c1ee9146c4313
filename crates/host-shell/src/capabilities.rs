//! The only file of this workspace's shell that mints ambient authority.
//!
//! Everything that the process takes from the system by name is opened here, once, before any script
//! runs and before any thread starts: the directories that the command line names, the script file,
//! and the names of services and protocols, which are read whole and handed on as bytes. After that
//! nothing in this program opens a path.
//!
//! # Ambient Authority
//!
//! [`open`] and [`read_script`] use the authority of the user who started the program.

use std::{
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use builtin_api::{Registry, RegistryError, Sandbox, SandboxError};
use cap_std::{ambient_authority, fs::Dir};
use host_shell::limits::MAX_SCRIPT_BYTES;
use portwatch_builtin::PortWatch;
use procnetsocket::{CgroupTree, SocketTables};
use socket_query::{Names, Policy, PolicyView};
use ss_builtin::Ss;

use crate::args::{Directory, Plan};

/// Bytes of `/etc/services` and of `/etc/protocols`: ten times what distributions ship. What is
/// larger is an error.
const MAX_NAMES_BYTES: u64 = 1024 * 1024;

/// What scripts and builtins are given.
#[derive(Debug)]
pub(crate) struct Capabilities {
    pub(crate) sandbox: Sandbox,
    pub(crate) registry: Registry,
}

/// Why something that the command line names cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CapabilityError {
    #[error("cannot open the directory {path:?}")]
    Directory { path: PathBuf, source: io::Error },
    #[error("expected a directory without `..`, but found {0:?}")]
    Parent(PathBuf),
    #[error("cannot grant the directory {path:?}")]
    Grant { path: PathBuf, source: SandboxError },
    #[error("cannot read {path}")]
    Names { path: &'static str, source: io::Error },
    #[error("cannot list the system's sockets")]
    Tables(#[source] procnetsocket::Error),
    #[error("cannot register a builtin")]
    Register(#[from] RegistryError),
}

/// Opens all that the plan names.
///
/// # Ambient Authority
///
/// It opens the directories of `--allow-path` and `--proc-root`, `/etc/services` and
/// `/etc/protocols`, and without `--proc-root` the system's `/proc`, sock_diag and `/sys/fs/cgroup`.
pub(crate) fn open(plan: &Plan) -> Result<Capabilities, CapabilityError> {
    let mut sandbox = Sandbox::empty();
    for directory in &plan.directories {
        grant(&mut sandbox, directory)?;
    }
    let mut registry = Registry::new();
    let view = socket_view(plan)?;
    registry.register(Box::new(Ss::new(view.clone())))?;
    registry.register(Box::new(PortWatch::new(view)))?;
    Ok(Capabilities { sandbox, registry })
}

/// Returns what `ss` and `portwatch` may see of which tables.
fn socket_view(plan: &Plan) -> Result<PolicyView, CapabilityError> {
    let names = Names::new(&read_names("/etc/services")?, &read_names("/etc/protocols")?);
    let policy = Policy::new(plan.grants);
    if let Some(path) = &plan.proc_root {
        let tables = SocketTables::from_dir(open_directory(path)?);
        return Ok(PolicyView::new(Arc::new(tables), policy, names));
    }
    let (tables, cgroups) = system_tables()?;
    let view = PolicyView::new(Arc::new(tables), policy, names);
    Ok(match cgroups {
        Some(cgroups) => view.with_cgroups(Arc::new(cgroups)),
        None => view,
    })
}

#[expect(clippy::disallowed_methods, reason = "the one place that mints ambient authority")]
fn system_tables() -> Result<(SocketTables, Option<CgroupTree>), CapabilityError> {
    let tables =
        SocketTables::open_ambient(ambient_authority()).map_err(CapabilityError::Tables)?;
    Ok((tables, CgroupTree::open_ambient(ambient_authority())))
}

fn grant(sandbox: &mut Sandbox, directory: &Directory) -> Result<(), CapabilityError> {
    let path = directory.path.clone();
    // Scripts see the directory at the path that was typed, links and all, so it is made absolute
    // and not resolved. What `..` means depends on links, so there is no such path to see.
    let mount = std::path::absolute(&directory.path)
        .map_err(|source| CapabilityError::Directory { path: path.clone(), source })?;
    if mount.components().any(|part| part == Component::ParentDir) {
        return Err(CapabilityError::Parent(path));
    }
    let dir = open_directory(&directory.path)?;
    sandbox
        .grant(mount.as_os_str().as_encoded_bytes(), dir, directory.access)
        .map_err(|source| CapabilityError::Grant { path, source })
}

#[expect(clippy::disallowed_methods, reason = "the one place that mints ambient authority")]
fn open_directory(path: &Path) -> Result<Dir, CapabilityError> {
    Dir::open_ambient_dir(path, ambient_authority())
        .map_err(|source| CapabilityError::Directory { path: path.to_owned(), source })
}

#[expect(clippy::disallowed_methods, reason = "two fixed files, read once before scripts run")]
fn read_names(path: &'static str) -> Result<Vec<u8>, CapabilityError> {
    let failed = |source| CapabilityError::Names { path, source };
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        // OK because a system without the file has no names.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    read_bounded(file, MAX_NAMES_BYTES).map_err(failed)
}

/// Reads the script that the command line names.
///
/// # Ambient Authority
///
/// It opens that path, whatever it is.
#[expect(clippy::disallowed_methods, reason = "the path that the user typed, once")]
pub(crate) fn read_script(path: &Path) -> io::Result<Vec<u8>> {
    let limit = u64::try_from(MAX_SCRIPT_BYTES).unwrap_or(u64::MAX);
    read_bounded(std::fs::File::open(path)?, limit)
}

/// Reads to the end; more than `limit` bytes are an error.
pub(crate) fn read_bounded(stream: impl io::Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than the limit of {limit} bytes"),
        ));
    }
    Ok(bytes)
}
