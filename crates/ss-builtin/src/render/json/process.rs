//! The key `processes` of a JSON object: the processes that have the socket open.

use std::fmt;

use bstr::{BString, ByteSlice};
use procnetsocket::{Fact, SocketProcess, model::Socket};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{cli::NameDisplay, render::row::RowRenderer};

/// A process or thread that has a socket open, with the descriptor.
///
/// What it lacks, and what the policy hides, is absent. `not_permitted` and `too_long` contain the
/// names of what exists and cannot be shown.
pub(super) struct ProcessForm<'a> {
    process: SocketProcess<'a>,
    /// The name of the user.
    user: Option<String>,
}

impl RowRenderer<'_> {
    /// Returns the processes of a socket, if they are shown.
    pub(super) fn processes_of(&self, socket: &Socket<'_>) -> Option<Vec<ProcessForm<'_>>> {
        let processes = self.users()?.of(socket);
        Some(processes.into_iter().map(|process| self.process(process)).collect())
    }

    pub(super) fn process<'a>(&self, process: SocketProcess<'a>) -> ProcessForm<'a> {
        let user = match (&process.task.uid, self.names) {
            (Fact::Known(uid), NameDisplay::Resolved) => self.user_names.name(*uid),
            _ => None,
        };
        ProcessForm { process, user: user.map(|name| name.to_str_lossy().into_owned()) }
    }
}

impl ProcessForm<'_> {
    /// Returns the keys of the facts for which `is_so` holds.
    fn keys(&self, is_so: fn(Fact<()>) -> bool) -> Vec<&'static str> {
        let task = self.process.task;
        let facts = [
            ("name", state(&task.name)),
            ("uid", state(&task.uid)),
            ("executable", state(&task.executable)),
            ("command_line", state(&task.command_line)),
        ];
        facts.into_iter().filter(|(_, fact)| is_so(*fact)).map(|(key, _)| key).collect()
    }
}

/// Returns whether something is known, and if not, why.
fn state<T>(fact: &Fact<T>) -> Fact<()> {
    match fact.as_ref() {
        Fact::Known(_) => Fact::Known(()),
        Fact::NotPermitted => Fact::NotPermitted,
        Fact::TooLong => Fact::TooLong,
        Fact::Absent => Fact::Absent,
        _ => Fact::NotAsked,
    }
}

impl Serialize for ProcessForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SocketProcess { task, fd, .. } = &self.process;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("pid", &task.pid)?;
        if let Some(tid) = task.tid {
            map.serialize_entry("tid", &tid)?;
        }
        map.serialize_entry("fd", fd)?;
        serialize_name(&mut map, ["name", "name_bytes"], &task.name)?;
        if let Fact::Known(uid) = task.uid {
            map.serialize_entry("uid", &uid)?;
        }
        if let Some(user) = &self.user {
            map.serialize_entry("user", user)?;
        }
        serialize_name(&mut map, ["executable", "executable_bytes"], &task.executable)?;
        serialize_arguments(&mut map, &task.command_line)?;
        serialize_keys(&mut map, "not_permitted", &self.keys(|fact| fact == Fact::NotPermitted))?;
        serialize_keys(&mut map, "too_long", &self.keys(|fact| fact == Fact::TooLong))?;
        map.end()
    }
}

/// Writes a name under its key, and its bytes under the other if it is not UTF-8.
fn serialize_name<M: SerializeMap>(
    map: &mut M,
    [key, bytes_key]: [&'static str; 2],
    name: &Fact<BString>,
) -> Result<(), M::Error> {
    let Fact::Known(name) = name else { return Ok(()) };
    map.serialize_entry(key, &name.to_str_lossy())?;
    if name.to_str().is_err() {
        map.serialize_entry(bytes_key, &HexDigits(name))?;
    }
    Ok(())
}

/// Writes arguments, and the bytes of all of them if one is not UTF-8.
fn serialize_arguments<M: SerializeMap>(
    map: &mut M,
    arguments: &Fact<Vec<BString>>,
) -> Result<(), M::Error> {
    let Fact::Known(arguments) = arguments else { return Ok(()) };
    let text: Vec<_> = arguments.iter().map(|argument| argument.to_str_lossy()).collect();
    map.serialize_entry("command_line", &text)?;
    if arguments.iter().any(|argument| argument.to_str().is_err()) {
        let bytes: Vec<_> = arguments.iter().map(|argument| HexDigits(argument)).collect();
        map.serialize_entry("command_line_bytes", &bytes)?;
    }
    Ok(())
}

fn serialize_keys<M: SerializeMap>(
    map: &mut M,
    key: &'static str,
    keys: &[&'static str],
) -> Result<(), M::Error> {
    if keys.is_empty() { Ok(()) } else { map.serialize_entry(key, keys) }
}

/// Bytes as hexadecimal digits, two for each.
struct HexDigits<'a>(&'a [u8]);

impl fmt::Display for HexDigits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for HexDigits<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
