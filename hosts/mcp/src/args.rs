//! The command line.

use std::{path::PathBuf, time::Duration};

use builtin_api::Access;
use builtin_cli::parse_duration;
use clap::Parser;
use socket_query::{Grant, GrantSet};

/// Answers AI agents about the sockets of this machine, over standard input and output (Model Context
/// Protocol).
#[derive(Debug, Parser)]
#[command(name = "ss-mcp", version)]
pub(crate) struct Args {
    /// What may be shown, as a policy of host-shell; several hold together
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Vec<PathBuf>,
    /// Instead of `sockets`; `none` takes all away
    #[arg(long, value_name = "NAME,...", value_parser = parse_grants)]
    pub(crate) grant: Option<GrantSet>,
    /// Let `run_script` read (or write) a directory
    #[arg(long, value_name = "DIR[:rw]", value_parser = parse_directory)]
    pub(crate) allow_path: Vec<Directory>,
    /// Allow `run_script` these commands alone
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) allow_command: Vec<String>,
    /// The longest that one call may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_time)]
    pub(crate) timeout: Duration,
    /// Rows of one answer
    #[arg(long, value_name = "N", default_value = "200")]
    pub(crate) max_rows: usize,
    /// Bytes of one answer
    #[arg(long, value_name = "BYTES", default_value = "65536")]
    pub(crate) max_output: usize,
    /// Bytes that this process may take; past it the server ends, and the client starts it again
    #[arg(long, value_name = "BYTES", default_value = "1073741824")]
    pub(crate) max_memory: u64,
    /// Append one JSON line a call, without its content
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,
    /// List the sockets of a fake proc root
    #[arg(long, value_name = "DIR")]
    pub(crate) proc_root: Option<PathBuf>,
    /// Do not confine the process
    #[arg(long)]
    pub(crate) no_confine: bool,
}

/// A directory that scripts may see, at the same path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
}

fn parse_grants(list: &str) -> Result<GrantSet, String> {
    if list == "none" {
        return Ok(GrantSet::empty());
    }
    list.split(',').map(|name| name.parse::<Grant>().map_err(|error| error.to_string())).collect()
}

fn parse_directory(value: &str) -> Result<Directory, String> {
    let (path, access) = match value.strip_suffix(":rw") {
        Some(path) => (path, Access::ReadWrite),
        None => (value, Access::Read),
    };
    if path.is_empty() {
        return Err("expected a directory".to_owned());
    }
    Ok(Directory { path: path.into(), access })
}

fn parse_time(value: &str) -> Result<Duration, String> {
    parse_duration(value.into())
        .ok_or_else(|| "expected a duration such as 30s, 500ms or 2m".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_read() {
        let words = ["ss-mcp", "--grant", "sockets,kill", "--allow-path", "/a:rw", "--timeout=2m"];
        let args = Args::try_parse_from(words).unwrap();
        assert_eq!(args.grant, Some([Grant::Sockets, Grant::Kill].into_iter().collect()));
        let directory = Directory { path: "/a".into(), access: Access::ReadWrite };
        assert_eq!((args.allow_path, args.timeout), (vec![directory], Duration::from_mins(2)));
        assert_eq!((args.max_rows, args.max_output), (200, 65536));
        for wrong in ["--grant=root", "--allow-path=:rw", "--timeout=soon", "--max-rows=-1", "x"] {
            assert!(Args::try_parse_from(["ss-mcp", wrong]).is_err(), "{wrong}");
        }
    }
}
