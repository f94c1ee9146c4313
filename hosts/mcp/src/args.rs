//! The command line.

use std::{path::PathBuf, time::Duration};

use builtin_cli::{Escaped, parse_duration};
use clap::{Parser, value_parser};
use host_shell::{
    Allowed,
    limits::LEAST_MAX_MEMORY_BYTES,
    setup::{Directory, GRANT_LIST, Setup, Streams},
};
use socket_query::GrantSet;

/// Answers AI agents about the sockets of this machine, over standard input and output (Model
/// Context Protocol).
#[derive(Debug, Parser)]
#[command(name = "ss-mcp", version)]
pub(crate) struct Cli {
    /// Limit what is shown, by a policy of host-shell; all files apply
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,
    /// Grants instead of `sockets`, or `none`
    #[arg(long, value_name = "NAME,...", value_parser = parse_grants)]
    pub(crate) grant: Option<GrantSet>,
    /// Let `run_script` read (or write) a directory
    #[arg(long, value_name = "DIR[:rw]", value_parser = parse_directory)]
    pub(crate) allow_path: Vec<Directory>,
    /// Allow `run_script` only these commands
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) allow_command: Vec<String>,
    /// Time limit of one call
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_time)]
    pub(crate) timeout: Duration,
    /// Maximum rows of one answer
    #[arg(long, value_name = "N", default_value = "200")]
    pub(crate) max_rows: usize,
    /// Maximum bytes of one answer
    #[arg(long, value_name = "BYTES", default_value = "65536", value_parser = parse_output)]
    pub(crate) max_output: usize,
    /// Bytes of memory of a script, and of the server
    #[arg(long, value_name = "BYTES", default_value = "1073741824",
        value_parser = value_parser!(u64).range(LEAST_MAX_MEMORY_BYTES..))]
    pub(crate) max_memory: u64,
    /// Append one JSON line per call, without its content; must be outside of --allow-path
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,
    /// Let a script list another network namespace, with the grant `namespaces`; `all`: allow
    /// listings of all namespaces of the machine
    #[arg(long, value_name = "NAME[=PATH]")]
    pub(crate) namespace: Vec<String>,
    /// List the sockets of a host whose /proc is mounted into this container
    #[arg(long, value_name = "DIR", conflicts_with = "proc_root")]
    pub(crate) host_proc: Option<PathBuf>,
    /// List the sockets of a fake proc root
    #[arg(long, value_name = "DIR")]
    pub(crate) proc_root: Option<PathBuf>,
    /// Do not confine the process
    #[arg(long)]
    pub(crate) no_confine: bool,
}

/// Largest value of `--max-output`: half of the longest answer of a process that runs a script.
const MAX_OUTPUT_BYTES: usize = 64 * 1024 * 1024;

impl Cli {
    /// Returns the setup of scripts.
    ///
    /// # Errors
    ///
    /// For an unknown word of `--namespace`.
    pub(crate) fn setup(&self) -> Result<Setup, String> {
        let mut setup = Setup::default();
        setup.directories.clone_from(&self.allow_path);
        setup.allowed = match &*self.allow_command {
            [] => Allowed::All,
            names => Allowed::Only(names.iter().cloned().collect()),
        };
        setup.policies.clone_from(&self.policy);
        setup.grants = self.grant;
        setup.limits.timeout = self.timeout;
        setup.limits.max_memory_bytes = self.max_memory;
        // The answer is truncated; the shell's limit would end the script with an error.
        setup.limits.max_output_bytes = u64::MAX;
        for word in &self.namespace {
            setup.allow_namespace(word.as_bytes()).map_err(|expected| {
                format!(
                    "--namespace expects {expected}, but found \"{}\"",
                    Escaped::new(word.as_bytes())
                )
            })?;
        }
        setup.host_proc.clone_from(&self.host_proc);
        setup.proc_root.clone_from(&self.proc_root);
        setup.audit.clone_from(&self.audit);
        setup.streams = Streams::Captured;
        setup.confine = !self.no_confine;
        Ok(setup)
    }
}

fn parse_grants(list: &str) -> Result<GrantSet, String> {
    let expected = || format!("expected names out of {}", GRANT_LIST.alternatives());
    host_shell::setup::parse_grants(list).ok_or_else(expected)
}

fn parse_directory(value: &str) -> Result<Directory, String> {
    Directory::from_word(value.as_bytes()).ok_or_else(|| "expected a directory".to_owned())
}

fn parse_output(value: &str) -> Result<usize, String> {
    let bytes = value.parse().ok().filter(|bytes| *bytes <= MAX_OUTPUT_BYTES);
    bytes.ok_or_else(|| format!("expected at most {MAX_OUTPUT_BYTES} bytes"))
}

fn parse_time(value: &str) -> Result<Duration, String> {
    parse_duration(value.into())
        .ok_or_else(|| "expected a duration such as 30s, 500ms or 2m".to_owned())
}

#[cfg(test)]
mod tests {
    use builtin_api::Access;
    use socket_query::Grant;

    use super::*;

    #[test]
    fn command_line_is_read() {
        let words = ["ss-mcp", "--grant", "sockets,kill", "--allow-path", "/a:rw", "--timeout=2m"];
        let args = Cli::try_parse_from(words).unwrap();
        assert_eq!(args.grant, Some([Grant::Sockets, Grant::Kill].into_iter().collect()));
        let directory = Directory { path: "/a".into(), access: Access::ReadWrite };
        assert_eq!((args.allow_path, args.timeout), (vec![directory], Duration::from_mins(2)));
        assert_eq!((args.max_rows, args.max_output), (200, 65536));
        for wrong in [
            "--grant=root",
            "--allow-path=:rw",
            "--timeout=soon",
            "--max-rows=-1",
            "--max-output=67108865",
            "--max-memory=1",
            "x",
        ] {
            assert!(Cli::try_parse_from(["ss-mcp", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn namespaces_are_those_of_host_shell() {
        let setup = |words: &[&str]| {
            let words = ["ss-mcp"].iter().chain(words);
            Cli::try_parse_from(words).unwrap().setup()
        };
        let every = setup(&["--namespace", "all", "--host-proc", "/host/proc"]).unwrap();
        assert!(every.every_namespace && every.namespaces.is_empty());
        assert_eq!(every.host_proc, Some("/host/proc".into()));
        let named = setup(&["--namespace", "blue", "--namespace=red=/r"]).unwrap();
        assert_eq!((named.every_namespace, named.namespaces.len()), (false, 2));
        let twice = setup(&["--namespace", "blue", "--namespace", "blue"]).unwrap_err();
        assert_eq!(twice, "--namespace expects each name once, but found \"blue\"");
        let both = ["ss-mcp", "--host-proc", "/p", "--proc-root", "/p"];
        assert!(Cli::try_parse_from(both).is_err());
    }
}
