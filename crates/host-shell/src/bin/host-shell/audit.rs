//! `--audit`: a line of JSON for each script.
//!
//! ```text
//! {"time":"2026-11-27T12:00:00.000000000Z","duration_ms":12,"status":0,
//!  "commands":{"ss":2,"unknown":1},"grants_used":["sockets"],"grants_refused":[],"rows":40}
//! ```
//!
//! Security: a line has numbers, and names that are in this program; nothing of what a script says or
//! sees. What is reported by the process in which scripts run is typed so that it can have nothing else.

use std::{
    fmt,
    fs::File,
    io::{self, Write as _},
    time::{Duration, SystemTime},
};

use builtin_api::{ExitCode, Rfc3339};
use host_shell::CommandCounts;
use serde::{Deserialize, Serialize};
use socket_query::{Grant, GrantSet, Usage};

/// The commands that are counted by name: those that the program registers.
const COMMANDS: [&str; 7] = ["ss", "netstat", "portwatch", "fuser", "ip", "lsof", "nstat"];

/// What a script did, as numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ScriptUsage {
    /// How often each of [`COMMANDS`] was called.
    commands: [u64; COMMANDS.len()],
    unknown: u64,
    used: Vec<Grant>,
    refused: Vec<Grant>,
    rows: u64,
}

impl ScriptUsage {
    pub(crate) fn new(counts: CommandCounts, usage: Usage) -> Self {
        let CommandCounts { mut registered, unknown } = counts;
        let commands = COMMANDS.map(|name| registered.remove(name).unwrap_or_default());
        let others = registered.values().fold(unknown, |sum, count| sum.saturating_add(*count));
        Self {
            commands,
            unknown: others,
            used: usage.used.iter().collect(),
            refused: usage.refused.iter().collect(),
            rows: usage.rows,
        }
    }
}

/// The file to which lines are appended.
#[derive(Debug)]
pub(crate) struct Audit(File);

impl Audit {
    /// Returns the audit in a file that is open for appending.
    pub(crate) fn new(file: File) -> Self {
        Self(file)
    }

    /// Appends the line of a script that has ended; what it did is not known where its process was
    /// lost.
    pub(crate) fn record(
        &mut self,
        time: SystemTime,
        duration: Duration,
        status: ExitCode,
        usage: Option<&ScriptUsage>,
    ) -> io::Result<()> {
        let line = AuditLine { time, duration, status, usage }.to_string();
        // Kernel: one write of a file that is appended to is not mixed with those of other shells.
        let written = self.0.write(line.as_bytes())?;
        if written == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}

struct AuditLine<'a> {
    time: SystemTime,
    duration: Duration,
    status: ExitCode,
    usage: Option<&'a ScriptUsage>,
}

impl fmt::Display for AuditLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, duration, status, usage } = self;
        write!(f, r#"{{"time":"{}","duration_ms":{}"#, Rfc3339(*time), duration.as_millis())?;
        write!(f, r#","status":{}"#, status.code())?;
        if let Some(ScriptUsage { commands, unknown, used, refused, rows }) = usage {
            let counts = COMMANDS.iter().zip(commands).chain([(&"unknown", unknown)]);
            let counts = counts.filter(|(_, count)| **count > 0);
            let counts: Vec<_> =
                counts.map(|(name, count)| format!(r#""{name}":{count}"#)).collect();
            write!(f, r#","commands":{{{}}}"#, counts.join(","))?;
            write!(f, r#","grants_used":{},"grants_refused":{}"#, Names(used), Names(refused))?;
            write!(f, r#","rows":{rows}"#)?;
        }
        f.write_str("}\n")
    }
}

/// Grants as an array, each once.
struct Names<'a>(&'a [Grant]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grants: GrantSet = self.0.iter().copied().collect();
        let names: Vec<_> = grants.iter().map(|grant| format!(r#""{}""#, grant.name())).collect();
        write!(f, "[{}]", names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, os::fd::OwnedFd};

    use netstat_builtin::Tool;

    use super::*;

    fn line(usage: Option<&ScriptUsage>) -> String {
        let (time, duration) = (SystemTime::UNIX_EPOCH, Duration::from_micros(12_345));
        AuditLine { time, duration, status: ExitCode::new(3), usage }.to_string()
    }

    #[test]
    fn a_line_has_numbers_and_names_of_this_program() {
        let registered = [("ss".to_owned(), 2), ("\"}\n".to_owned(), 4)].into();
        let counts = CommandCounts { registered, unknown: 1 };
        let mut usage = Usage::default();
        usage.rows = 40;
        usage.used = GrantSet::empty().with(Grant::Sockets);
        usage.refused = GrantSet::empty().with(Grant::Kill).with(Grant::Processes);
        insta::assert_snapshot!(
            line(Some(&ScriptUsage::new(counts, usage))),
            @r#"{"time":"1970-01-01T00:00:00.000000000Z","duration_ms":12,"status":3,"commands":{"ss":2,"unknown":5},"grants_used":["sockets"],"grants_refused":["processes","kill"],"rows":40}"#
        );
    }

    #[test]
    fn what_is_not_known_is_absent() {
        insta::assert_snapshot!(
            line(None),
            @r#"{"time":"1970-01-01T00:00:00.000000000Z","duration_ms":12,"status":3}"#
        );
    }

    #[test]
    fn every_tool_is_counted_by_its_name() {
        assert!(Tool::ALL.iter().all(|tool| COMMANDS.contains(&tool.name())));
    }

    #[test]
    fn a_line_that_is_not_written_whole_is_an_error() {
        let (mut reader, writer) = io::pipe().unwrap();
        rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let mut audit = Audit::new(File::from(OwnedFd::from(writer)));
        let time = SystemTime::UNIX_EPOCH;
        let mut record = || audit.record(time, Duration::ZERO, ExitCode::SUCCESS, None);
        while record().is_ok() {}
        record().unwrap_err();
        assert!(reader.read(&mut [0; 4096]).unwrap() > 0);
        record().unwrap();
    }
}
