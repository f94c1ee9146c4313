//! The audit: one line of JSON for each script or tool call.
//!
//! ```text
//! {"time":"2026-11-27T12:00:00.000000000Z","duration_ms":12,"status":0,
//!  "commands":{"ss":2,"unknown":1},"grants_used":["sockets"],"grants_refused":[],"rows":40}
//! ```
//!
//! The line of a tool call has a field such as `"tool":"list_sockets"` after the time.
//!
//! Security: a line contains only numbers, and names that are constants of this program, but no
//! text of a script or its output. The reports of the process in which scripts run have a type that
//! can contain nothing else.

use std::{
    fmt,
    fs::File,
    io::{self, Write as _},
    sync::Arc,
    time::{Duration, SystemTime},
};

use builtin_api::{ExitCode, Rfc3339};
use serde::{Deserialize, Serialize};
use socket_query::{Grant, GrantSet, Usage};

use crate::CommandCounts;

/// The commands that are counted by name: the registered builtins.
const COMMANDS: [&str; 7] = ["ss", "netstat", "portwatch", "fuser", "ip", "lsof", "nstat"];

/// Counts of what a script did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptUsage {
    /// How often each of [`COMMANDS`] was called.
    commands: [u64; COMMANDS.len()],
    unknown: u64,
    used: Vec<Grant>,
    refused: Vec<Grant>,
    rows: u64,
}

impl ScriptUsage {
    /// Combines the counts of commands and sockets.
    pub fn new(counts: CommandCounts, usage: Usage) -> Self {
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

/// The file to which lines are appended; clones share it.
#[derive(Clone, Debug)]
pub struct Audit(Arc<File>);

/// The content of a line.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AuditRecord<'a> {
    /// The start time.
    pub time: SystemTime,
    /// The name of the called tool; `None` for a script.
    pub tool: Option<&'static str>,
    /// How long it took.
    pub duration: Duration,
    /// The exit status.
    pub status: ExitCode,
    /// The counts; `None` if they are not known, because the process was lost.
    pub usage: Option<&'a ScriptUsage>,
}

impl<'a> AuditRecord<'a> {
    /// Returns the record of a script.
    pub fn new(
        time: SystemTime,
        duration: Duration,
        status: ExitCode,
        usage: Option<&'a ScriptUsage>,
    ) -> Self {
        Self { time, tool: None, duration, status, usage }
    }

    /// Returns the record of a tool call.
    #[must_use]
    pub fn of_tool(self, tool: &'static str) -> Self {
        Self { tool: Some(tool), ..self }
    }
}

impl Audit {
    /// Returns the audit in a file that is open for appending.
    pub(super) fn new(file: File) -> Self {
        Self(Arc::new(file))
    }

    /// Appends the line of a record.
    ///
    /// # Errors
    ///
    /// Those of the file, and [`WriteZero`](io::ErrorKind::WriteZero) for a partly written line.
    pub fn record(&self, record: AuditRecord<'_>) -> io::Result<()> {
        let line = AuditLine(record).to_string();
        // Kernel: one write to a file in append mode is not interleaved with those of other shells.
        let written = (&*self.0).write(line.as_bytes())?;
        if written == line.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}

struct AuditLine<'a>(AuditRecord<'a>);

impl fmt::Display for AuditLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AuditRecord { time, tool, duration, status, usage } = self.0;
        write!(f, r#"{{"time":"{}""#, Rfc3339(time))?;
        if let Some(tool) = tool {
            write!(f, r#","tool":"{tool}""#)?;
        }
        write!(f, r#","duration_ms":{}"#, duration.as_millis())?;
        write!(f, r#","status":{}"#, status.code())?;
        if let Some(ScriptUsage { commands, unknown, used, refused, rows }) = usage {
            let counts = COMMANDS.iter().zip(commands).chain([(&"unknown", unknown)]);
            let counts = counts.filter(|(_, count)| **count > 0);
            let counts: Vec<_> =
                counts.map(|(name, count)| format!(r#""{name}":{count}"#)).collect();
            write!(f, r#","commands":{{{}}}"#, counts.join(","))?;
            write!(
                f,
                r#","grants_used":{},"grants_refused":{}"#,
                GrantNames(used),
                GrantNames(refused)
            )?;
            write!(f, r#","rows":{rows}"#)?;
        }
        f.write_str("}\n")
    }
}

/// Displays grants as a JSON array, each once.
struct GrantNames<'a>(&'a [Grant]);

impl fmt::Display for GrantNames<'_> {
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
        AuditLine(AuditRecord::new(time, duration, ExitCode::new(3), usage)).to_string()
    }

    #[test]
    fn line_of_tool_call_contains_tool() {
        let record =
            AuditRecord::new(SystemTime::UNIX_EPOCH, Duration::ZERO, ExitCode::SUCCESS, None);
        insta::assert_snapshot!(
            AuditLine(record.of_tool("policy")),
            @r#"{"time":"1970-01-01T00:00:00.000000000Z","tool":"policy","duration_ms":0,"status":0}"#
        );
    }

    #[test]
    fn line_contains_only_numbers_and_constants() {
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
    fn unknown_usage_is_absent() {
        insta::assert_snapshot!(
            line(None),
            @r#"{"time":"1970-01-01T00:00:00.000000000Z","duration_ms":12,"status":3}"#
        );
    }

    #[test]
    fn every_builtin_is_counted_by_name() {
        assert!(Tool::ALL.iter().all(|tool| COMMANDS.contains(&tool.name())));
    }

    #[test]
    fn partly_written_line_is_an_error() {
        let (mut reader, writer) = io::pipe().unwrap();
        rustix::pipe::fcntl_setpipe_size(&writer, 4096).unwrap();
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let audit = Audit::new(File::from(OwnedFd::from(writer)));
        let (time, duration) = (SystemTime::UNIX_EPOCH, Duration::ZERO);
        let record = || audit.record(AuditRecord::new(time, duration, ExitCode::SUCCESS, None));
        while record().is_ok() {}
        record().unwrap_err();
        assert!(reader.read(&mut [0; 4096]).unwrap() > 0);
        record().unwrap();
    }
}
