//! The output of `--status`.

use std::{fmt, os::unix::ffi::OsStrExt as _};

use builtin_api::Access;
use builtin_cli::Escaped;
use host_confine::broker::ConfinementReport;
use host_shell::{
    Allowed,
    setup::{AnsweredBy, Directory, InForce, Setup, TableOrigin},
};
use socket_query::{FamilySet, Grant, Policy, Visibility, VisibleUsers};

/// Displays what is in force, one property per line.
pub(crate) struct Status<'a> {
    pub(crate) setup: &'a Setup,
    pub(crate) policy: &'a Policy,
    pub(crate) in_force: InForce,
    /// The report of the parent; `None` when nothing is confined.
    pub(crate) own: Option<ConfinementReport>,
}

impl fmt::Display for Status<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setup, policy, in_force, own } = self;
        let InForce { tables, processes, hosts, namespaces, reports } = in_force;
        let grants = policy.grants().iter().map(|grant| grant.name().to_owned());
        writeln!(f, "grants: {}", listed(grants))?;
        writeln!(f, "sockets: {}", ShownSockets(policy))?;
        writeln!(f, "tables: {}", Origin(*tables))?;
        writeln!(f, "processes: {}", Whence(*processes, Grant::Processes))?;
        writeln!(f, "host names: {}", Whence(*hosts, Grant::Resolve))?;
        let names = setup.namespaces.iter().map(|space| Escaped::new(&space.name).to_string());
        let every = match namespaces {
            AnsweredBy::Nowhere => None,
            _ => Some(format!("every one {}", Whence(*namespaces, Grant::Namespaces))),
        };
        writeln!(f, "namespaces: {}", listed(names.chain(every)))?;
        writeln!(f, "directories: {}", listed(setup.directories.iter().map(shown)))?;
        let commands = match &setup.allowed {
            Allowed::All => "all".to_owned(),
            Allowed::Only(names) => listed(names.iter().cloned()),
        };
        writeln!(f, "commands: {commands}")?;
        let limits = setup.limits;
        write!(f, "limits: {:?}, {} bytes of output", limits.timeout, limits.max_output_bytes)?;
        write!(f, ", {} bytes of memory", limits.max_memory_bytes)?;
        writeln!(f, ", {} bytes written into directories", limits.max_write_bytes)?;
        let Some(own) = own else {
            return writeln!(f, "confinement: NOT IN FORCE (--no-confine)");
        };
        Reported("parent", Ok(own)).fmt(f)?;
        reports.iter().try_for_each(|(name, report)| Reported(name, report.as_ref()).fmt(f))
    }
}

/// Displays the report of a process: one layer per line. Security: a compromised process may have
/// written it.
struct Reported<'a>(&'a str, Result<&'a ConfinementReport, &'a String>);

impl fmt::Display for Reported<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(name, report) = self;
        match report {
            Ok(ConfinementReport { pid, text }) => {
                writeln!(f, "{name}, process {pid}:")?;
                let lines = text.lines();
                lines
                    .map(|line| Escaped::new(line.as_bytes()))
                    .try_for_each(|line| writeln!(f, "  {line}"))
            }
            Err(error) => writeln!(f, "{name}: no answer: {}", Escaped::new(error.as_bytes())),
        }
    }
}

/// Displays which sockets a policy shows, and which of their fields.
struct ShownSockets<'a>(&'a Policy);

impl fmt::Display for ShownSockets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = self.0;
        if policy.families() == FamilySet::ALL {
            f.write_str("of every family")?;
        } else {
            let families = policy.families().iter().map(|family| format!("{family:?}"));
            write!(f, "of the families {}", listed(families).to_lowercase())?;
        }
        match policy.users() {
            VisibleUsers::Uid(uid) => write!(f, ", only of user {uid}")?,
            _ => f.write_str(", of every user")?,
        }
        if policy.unix_names() == Visibility::Hidden {
            f.write_str(", without unix names")?;
        }
        if policy.secrets() == Visibility::Shown {
            f.write_str(", with keys")?;
        }
        if let Some(rows) = policy.max_rows() {
            write!(f, ", at most {rows} at a time")?;
        }
        match policy.max_time() {
            Some(time) => write!(f, ", for at most {time:?}"),
            None => Ok(()),
        }
    }
}

/// Displays where the tables come from.
struct Origin(TableOrigin);

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            TableOrigin::Nowhere => "none, without the grant `sockets`",
            TableOrigin::Diag => "the system's, from sock_diag, or else from the verified /proc",
            TableOrigin::Proc => "the system's, from the verified /proc; there is no sock_diag",
            TableOrigin::Fake => "a directory in place of /proc",
            TableOrigin::Host => "the text tables of process 1 of the procfs of --host-proc",
        })
    }
}

/// Displays which process provides something, and the grant that it needs.
struct Whence(AnsweredBy, Grant);

impl fmt::Display for Whence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(AnsweredBy::Nowhere, grant) => write!(f, "none, without the grant `{grant}`"),
            Self(AnsweredBy::Here, _) => write!(f, "from this process"),
            Self(AnsweredBy::Broker, _) => write!(f, "from a broker"),
        }
    }
}

/// Joins words by commas, or returns `none`.
fn listed(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn shown(directory: &Directory) -> String {
    let access = match directory.access {
        Access::Read => "read",
        Access::ReadWrite => "read and write",
    };
    format!("{} ({access})", Escaped::new(directory.path.as_os_str().as_bytes()))
}
