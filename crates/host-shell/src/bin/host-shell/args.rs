//! The command line: one table, from which the parser and `--help` come.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write as _,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::{Path, PathBuf},
};

use bstr::{BStr, BString, ByteSlice as _};
use builtin_api::{Access, parse_duration};
use host_confine::broker::Kind;
use host_shell::{Allowed, ScriptLimits};

use socket_query::GrantSet;

use crate::grant::parse_grants;

/// One option.
struct Flag {
    name: &'static str,
    /// What stands for the value in the help; empty for an option without one.
    value: &'static str,
    help: &'static str,
    effect: Effect,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Script,
    AllowPath,
    AllowCommand,
    Grant,
    Policy,
    Timeout,
    MaxOutput,
    Namespace,
    ProcRoot,
    NoConfine,
    Audit,
    Status,
    Check,
    Help,
    Version,
    /// The option is planned, and this version does not have it.
    Later,
}

const FLAGS: &[Flag] = &[
    flag("-c", "SCRIPT", "run this text", Effect::Script),
    flag("--allow-path", "DIR[:rw]", "let scripts read (or write) a directory", Effect::AllowPath),
    flag("--allow-command", "NAME,...", "allow these commands alone", Effect::AllowCommand),
    flag("--grant", "NAME,...", "instead of `sockets`; `none` takes all away", Effect::Grant),
    flag("--policy", "FILE", "what builtins may show, in TOML; several: all hold", Effect::Policy),
    flag("--timeout", "DURATION", "end the script with status 124 (30s)", Effect::Timeout),
    flag("--max-output", "BYTES", "end the script with an error (67108864)", Effect::MaxOutput),
    flag("--namespace", "NAME[=PATH]", "let `ss -N` list a network namespace", Effect::Namespace),
    flag("--proc-root", "DIR", "list the sockets of a fake proc root", Effect::ProcRoot),
    flag("--no-confine", "", "do not confine the process", Effect::NoConfine),
    flag("--audit", "FILE", "append a line of JSON for each script", Effect::Audit),
    flag("--status", "", "print what is in force, and end", Effect::Status),
    flag("--check", "", "explain the policy in words, and end", Effect::Check),
    flag("--help", "", "print this", Effect::Help),
    flag("--version", "", "print the version", Effect::Version),
];

const fn flag(name: &'static str, value: &'static str, help: &'static str, effect: Effect) -> Flag {
    Flag { name, value, help, effect }
}

/// The first word of the command line of a broker; the second one is its kind.
pub(crate) const BROKER: &str = "--broker";

/// Where `ip netns` keeps network namespaces, by name.
const NAMESPACES: &str = "/run/netns";

/// The line that stands below every error of usage.
pub(crate) const USAGE: &str = "usage: host-shell [OPTIONS] [-c SCRIPT | FILE]";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Run(Box<Plan>),
    /// Be a broker; for the program itself, which starts one.
    Broker(Kind),
    /// Print what would be in force for that plan's scripts.
    Status(Box<Plan>),
    /// Explain the policy of that plan.
    Check(Box<Plan>),
    Help,
    Version,
}

/// Which script to run, and what it may do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) source: ScriptSource,
    pub(crate) directories: Vec<Directory>,
    pub(crate) allowed: Allowed,
    /// The files of the policies, all of which hold; none for the default.
    pub(crate) policies: Vec<PathBuf>,
    /// The grants that replace those of the policy.
    pub(crate) grants: Option<GrantSet>,
    pub(crate) limits: ScriptLimits,
    /// The network namespaces that `ss -N` may list.
    pub(crate) namespaces: Vec<Namespace>,
    pub(crate) proc_root: Option<PathBuf>,
    /// The file of the audit.
    pub(crate) audit: Option<PathBuf>,
    pub(crate) confine: Confine,
}

/// A network namespace, and what scripts call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) name: BString,
    pub(crate) path: PathBuf,
}

/// Whether the process confines itself before scripts run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confine {
    Yes,
    No,
}

/// Where the script comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ScriptSource {
    Text(String),
    File(PathBuf),
    /// Standard input, or a prompt when it is a terminal.
    Input,
}

/// A directory that scripts may see, at the same path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    pub(crate) access: Access,
}

/// The error of a command line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("unknown option {0:?}")]
    Unknown(OsString),
    #[error("{0}: this version does not have it")]
    Later(&'static str),
    #[error("{0} is given twice")]
    Twice(&'static str),
    #[error("{0} takes no value")]
    NoValue(&'static str),
    #[error("{name} expects {expected}, but found {found}")]
    Value { name: &'static str, expected: &'static str, found: String },
    #[error("expected one script, but found {0:?} too")]
    Operand(OsString),
}

/// What was typed.
#[derive(Default)]
struct RawArgs {
    given: Vec<(Effect, OsString)>,
    operands: Vec<OsString>,
}

/// Reads the command line; `words` come without the name of the program.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let words: Vec<OsString> = words.into_iter().collect();
    if let Some(kind) = broker(&words) {
        return Ok(Command::Broker(kind));
    }
    let raw = RawArgs::parse(words)?;
    if raw.last(Effect::Help).is_some() {
        return Ok(Command::Help);
    }
    if raw.last(Effect::Version).is_some() {
        return Ok(Command::Version);
    }
    let plan = Box::new(raw.plan()?);
    Ok(if raw.last(Effect::Check).is_some() {
        Command::Check(plan)
    } else if raw.last(Effect::Status).is_some() {
        Command::Status(plan)
    } else {
        Command::Run(plan)
    })
}

/// Reads the command line of a broker. It is no option: nobody has a use for it but the program.
fn broker(words: &[OsString]) -> Option<Kind> {
    match words {
        [first, kind @ ..] if first == BROKER => {
            let words: Vec<_> = kind.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
            Kind::from_words(&words)
        }
        _ => None,
    }
}

impl RawArgs {
    fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        let mut raw = Self::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            if word == "--" {
                raw.operands.extend(words.by_ref());
            } else if word == "-" || !word.as_bytes().starts_with(b"-") {
                raw.operands.push(word);
            } else {
                raw.option(&word, &mut words)?;
            }
        }
        Ok(raw)
    }

    fn option(
        &mut self,
        word: &OsStr,
        words: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), UsageError> {
        let (name, attached) = split_attached(word);
        let flag = FLAGS
            .iter()
            .find(|flag| flag.name.as_bytes() == name)
            .ok_or_else(|| UsageError::Unknown(word.to_owned()))?;
        if flag.effect == Effect::Later {
            return Err(UsageError::Later(flag.name));
        }
        if !flag.may_repeat() && self.last(flag.effect).is_some() {
            return Err(UsageError::Twice(flag.name));
        }
        let value = match (flag.value.is_empty(), attached) {
            (true, Some(_)) => return Err(UsageError::NoValue(flag.name)),
            (true, None) => OsString::new(),
            (false, Some(value)) => value,
            (false, None) => words.next().ok_or_else(|| flag.wants("a value", "none"))?,
        };
        self.given.push((flag.effect, value));
        Ok(())
    }

    fn all(&self, effect: Effect) -> impl Iterator<Item = &OsString> {
        self.given.iter().filter(move |(given, _)| *given == effect).map(|(_, value)| value)
    }

    fn last(&self, effect: Effect) -> Option<&OsString> {
        self.all(effect).last()
    }

    fn plan(&self) -> Result<Plan, UsageError> {
        let mut limits = ScriptLimits::default();
        if let Some(value) = self.last(Effect::Timeout) {
            limits.timeout = parse_duration(value.as_bytes().into())
                .ok_or_else(|| wanted("--timeout", "a duration such as 30s, 500ms or 2m", value))?;
        }
        if let Some(value) = self.last(Effect::MaxOutput) {
            limits.max_output_bytes = text("--max-output", value)?
                .parse()
                .map_err(|_| wanted("--max-output", "a number of bytes", value))?;
        }
        Ok(Plan {
            source: self.source()?,
            directories: self
                .all(Effect::AllowPath)
                .map(|v| parse_directory(v))
                .collect::<Result<_, _>>()?,
            allowed: self.allowed()?,
            policies: self.all(Effect::Policy).map(PathBuf::from).collect(),
            grants: self.grants()?,
            limits,
            namespaces: self.namespaces()?,
            proc_root: self.last(Effect::ProcRoot).map(PathBuf::from),
            audit: self.last(Effect::Audit).map(PathBuf::from),
            confine: self.last(Effect::NoConfine).map_or(Confine::Yes, |_| Confine::No),
        })
    }

    fn source(&self) -> Result<ScriptSource, UsageError> {
        let script = self.last(Effect::Script);
        match (script, self.operands.as_slice()) {
            (None, []) => Ok(ScriptSource::Input),
            (None, [file]) if file == "-" => Ok(ScriptSource::Input),
            (None, [file]) => Ok(ScriptSource::File(file.into())),
            (Some(script), []) => Ok(ScriptSource::Text(text("-c", script)?.to_owned())),
            (None, [_, second, ..]) => Err(UsageError::Operand(second.clone())),
            (Some(_), [first, ..]) => Err(UsageError::Operand(first.clone())),
        }
    }

    fn allowed(&self) -> Result<Allowed, UsageError> {
        if self.last(Effect::AllowCommand).is_none() {
            return Ok(Allowed::All);
        }
        let mut names = std::collections::BTreeSet::new();
        for value in self.all(Effect::AllowCommand) {
            for name in text("--allow-command", value)?.split(',') {
                if name.is_empty() {
                    return Err(wanted("--allow-command", "names of commands", value));
                }
                names.insert(name.to_owned());
            }
        }
        Ok(Allowed::Only(names))
    }

    fn namespaces(&self) -> Result<Vec<Namespace>, UsageError> {
        let mut namespaces: Vec<Namespace> = Vec::new();
        for value in self.all(Effect::Namespace) {
            let namespace = parse_namespace(value)?;
            if namespaces.iter().any(|other| other.name == namespace.name) {
                return Err(wanted("--namespace", "each name once", value));
            }
            namespaces.push(namespace);
        }
        Ok(namespaces)
    }

    fn grants(&self) -> Result<Option<GrantSet>, UsageError> {
        let Some(value) = self.last(Effect::Grant) else { return Ok(None) };
        parse_grants(text("--grant", value)?)
            .ok_or_else(|| wanted("--grant", crate::grant::EXPECTED, value))
            .map(Some)
    }
}

impl Flag {
    fn may_repeat(&self) -> bool {
        matches!(
            self.effect,
            Effect::AllowPath | Effect::AllowCommand | Effect::Namespace | Effect::Policy
        )
    }

    fn wants(&self, expected: &'static str, found: &str) -> UsageError {
        UsageError::Value { name: self.name, expected, found: found.to_owned() }
    }
}

/// Splits `--name=value`.
fn split_attached(word: &OsStr) -> (&[u8], Option<OsString>) {
    let bytes = word.as_bytes();
    match bytes.iter().position(|&byte| byte == b'=') {
        Some(end) if bytes.starts_with(b"--") => {
            let (name, value) = bytes.split_at(end);
            (name, value.get(1..).map(|value| OsString::from_vec(value.to_vec())))
        }
        _ => (bytes, None),
    }
}

fn wanted(name: &'static str, expected: &'static str, found: &OsStr) -> UsageError {
    UsageError::Value { name, expected, found: format!("{:?}", BStr::new(found.as_bytes())) }
}

fn text<'a>(name: &'static str, value: &'a OsStr) -> Result<&'a str, UsageError> {
    value.to_str().ok_or_else(|| wanted(name, "UTF-8 text", value))
}

/// Reads `DIR[:rw]`.
fn parse_directory(value: &OsStr) -> Result<Directory, UsageError> {
    let (path, access) = match value.as_bytes().strip_suffix(b":rw") {
        Some(path) => (path, Access::ReadWrite),
        None => (value.as_bytes(), Access::Read),
    };
    if path.is_empty() {
        return Err(wanted("--allow-path", "a directory", value));
    }
    Ok(Directory { path: PathBuf::from(OsStr::from_bytes(path)), access })
}

/// Reads `NAME[=PATH]`. Without a path it is where `ip netns` keeps the namespace of that name.
fn parse_namespace(value: &OsStr) -> Result<Namespace, UsageError> {
    let expected = || wanted("--namespace", "NAME or NAME=PATH", value);
    let bytes = BStr::new(value.as_bytes());
    let (name, path) = match bytes.split_once_str("=") {
        Some((name, path)) => (name, PathBuf::from(OsStr::from_bytes(path))),
        None => (value.as_bytes(), Path::new(NAMESPACES).join(value)),
    };
    if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || path.as_os_str().is_empty() {
        return Err(expected());
    }
    Ok(Namespace { name: name.into(), path })
}

/// Returns what `--help` prints.
pub(crate) fn help() -> String {
    let mut text = format!(
        "{USAGE}\n\nRun a script in a restricted shell. Without SCRIPT and FILE it is read from \
         standard input;\nat a terminal there is a prompt.\n\n"
    );
    let left = |flag: &Flag| format!("{} {}", flag.name, flag.value);
    let width = FLAGS.iter().map(|flag| left(flag).len()).max().unwrap_or(0);
    for flag in FLAGS {
        // OK because writing to a string cannot fail.
        let _ = writeln!(text, "  {:width$}  {}", left(flag), flag.help);
    }
    text
}

/// Returns the options: name, value and help.
#[cfg(test)]
pub(crate) fn options() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    FLAGS.iter().map(|flag| (flag.name, flag.value, flag.help))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use host_confine::broker::{Bounds, Reach};
    use procnetsocket::ProcessDetails;
    use rstest::rstest;

    use super::*;

    fn parse_words(line: &[&str]) -> Result<Command, UsageError> {
        parse(line.iter().map(OsString::from))
    }

    fn plan(line: &[&str]) -> Plan {
        match parse_words(line) {
            Ok(Command::Run(plan)) => *plan,
            other => panic!("{other:?}"),
        }
    }

    fn message(line: &[&str]) -> String {
        parse_words(line).unwrap_err().to_string()
    }

    #[test]
    fn nothing_typed_means_the_defaults() {
        let plan = plan(&[]);
        assert_eq!(plan.source, ScriptSource::Input);
        assert_eq!(plan.allowed, Allowed::All);
        assert_eq!((plan.grants, plan.policies), (None, Vec::new()));
        assert_eq!(plan.limits, ScriptLimits::default());
        assert_eq!((plan.directories, plan.proc_root), (vec![], None));
        assert_eq!(plan.confine, Confine::Yes);
    }

    #[rstest]
    #[case::text(&["-c", "ss"], ScriptSource::Text("ss".to_owned()))]
    #[case::file(&["run.sh"], ScriptSource::File("run.sh".into()))]
    #[case::dash(&["-"], ScriptSource::Input)]
    #[case::after_dashes(&["--", "-c"], ScriptSource::File("-c".into()))]
    #[case::text_like_an_option(&["-c", "--help"], ScriptSource::Text("--help".to_owned()))]
    fn finds_the_script(#[case] line: &[&str], #[case] source: ScriptSource) {
        assert_eq!(plan(line).source, source);
    }

    #[rstest]
    #[case::read("/srv", "/srv", Access::Read)]
    #[case::write("/srv:rw", "/srv", Access::ReadWrite)]
    #[case::other_suffix("/srv:ro", "/srv:ro", Access::Read)]
    #[case::only_the_last("/a:rw:rw", "/a:rw", Access::ReadWrite)]
    fn reads_directories(#[case] value: &str, #[case] path: &str, #[case] access: Access) {
        let directory = Directory { path: path.into(), access };
        assert_eq!(plan(&["--allow-path", value]).directories, [directory]);
    }

    #[test]
    fn directories_and_commands_may_be_repeated() {
        let plan = plan(&[
            "--allow-path",
            "/a",
            "--allow-path=/b:rw",
            "--allow-command",
            "ss,wc",
            "--allow-command=cat",
        ]);
        assert_eq!(plan.directories.len(), 2);
        let names = ["cat", "ss", "wc"].map(str::to_owned).into();
        assert_eq!(plan.allowed, Allowed::Only(names));
    }

    #[test]
    fn namespaces_have_names_and_places() {
        let namespaces = plan(&["--namespace", "blue", "--namespace=red=/a=b"]).namespaces;
        let [blue, red] = [("blue", "/run/netns/blue"), ("red", "/a=b")]
            .map(|(name, path)| Namespace { name: name.into(), path: path.into() });
        assert_eq!(namespaces, [blue, red]);
    }

    #[rstest]
    #[case::empty("", "NAME or NAME=PATH")]
    #[case::no_name("=/a", "NAME or NAME=PATH")]
    #[case::no_path("a=", "NAME or NAME=PATH")]
    #[case::path_for_a_name("../a", "NAME or NAME=PATH")]
    #[case::parent("..", "NAME or NAME=PATH")]
    #[case::twice("blue=/b", "each name once")]
    fn refuses_namespaces(#[case] value: &str, #[case] expected: &str) {
        let message = message(&["--namespace", "blue", "--namespace", value]);
        assert_eq!(message, format!("--namespace expects {expected}, but found {value:?}"));
    }

    #[rstest]
    #[case::seconds("30s", 30_000)]
    #[case::milliseconds("500ms", 500)]
    #[case::minutes("2m", 120_000)]
    #[case::hours("1h", 3_600_000)]
    #[case::plain("7", 7_000)]
    fn reads_durations(#[case] value: &str, #[case] milliseconds: u64) {
        let limits = plan(&["--timeout", value]).limits;
        assert_eq!(limits.timeout, Duration::from_millis(milliseconds));
    }

    #[rstest]
    #[case::zero("0")]
    #[case::empty("")]
    #[case::unit_alone("s")]
    #[case::unknown_unit("3d")]
    #[case::negative("-1")]
    #[case::fraction("1.5s")]
    #[case::too_large("99999999999999999999")]
    #[case::overflow("999999999999999999h")]
    #[case::blank("1 s")]
    fn refuses_durations(#[case] value: &str) {
        assert!(parse_words(&["--timeout", value]).is_err());
    }

    #[test]
    fn reads_the_rest() {
        let plan = plan(&[
            "--max-output",
            "9",
            "--proc-root=/p",
            "--grant",
            "none",
            "--policy",
            "/q",
            "--policy=/r",
        ]);
        assert_eq!(plan.limits.max_output_bytes, 9);
        assert_eq!(plan.proc_root, Some("/p".into()));
        assert_eq!(plan.grants, Some(GrantSet::empty()));
        assert_eq!(plan.policies, [PathBuf::from("/q"), "/r".into()]);
    }

    #[test]
    fn status_is_that_of_the_plan() {
        let Ok(Command::Status(plan)) = parse_words(&["--status", "--no-confine"]) else {
            panic!("expected a status");
        };
        assert_eq!(plan.confine, Confine::No);
    }

    #[rstest]
    #[case::processes(
        &["--broker", "processes", "user", "all"],
        Some(Kind::Processes(Bounds { details: ProcessDetails::User, reach: Reach::All }))
    )]
    #[case::bounded_processes(
        &["--broker", "processes", "full", "named"],
        Some(Kind::Processes(Bounds { details: ProcessDetails::Full, reach: Reach::Named }))
    )]
    #[case::processes_without_bounds(&["--broker", "processes"], None)]
    #[case::unknown_details(&["--broker", "processes", "all", "all"], None)]
    #[case::unknown_reach(&["--broker", "processes", "full", "full"], None)]
    #[case::resolver(&["--broker", "resolver"], Some(Kind::Resolver))]
    #[case::other(&["--broker", "files"], None)]
    #[case::alone(&["--broker"], None)]
    #[case::with_more(&["--broker", "resolver", "-c", ":"], None)]
    #[case::attached(&["--broker=processes"], None)]
    fn a_broker_is_asked_for_exactly(#[case] line: &[&str], #[case] kind: Option<Kind>) {
        let command = parse_words(line).ok();
        assert_eq!(command, kind.map(Command::Broker));
        if let Some(kind) = kind {
            assert_eq!(kind.words(), line[1..]);
        }
    }

    #[rstest]
    #[case::help(&["--help", "-c", "x"], Command::Help)]
    #[case::version(&["--version"], Command::Version)]
    fn help_and_version_win(#[case] line: &[&str], #[case] command: Command) {
        assert_eq!(parse_words(line).unwrap(), command);
    }

    #[rstest]
    #[case::unknown(&["--nope"], "unknown option \"--nope\"")]
    #[case::short(&["-x"], "unknown option \"-x\"")]
    #[case::attached_to_short(&["-cls"], "unknown option \"-cls\"")]
    #[case::twice(&["-c", "a", "-c", "b"], "-c is given twice")]
    #[case::value_for_none(&["--help=x"], "--help takes no value")]
    #[case::no_value(&["--timeout"], "--timeout expects a value, but found none")]
    #[case::two_scripts(&["a", "b"], "expected one script, but found \"b\" too")]
    #[case::script_and_file(&["-c", "a", "b"], "expected one script, but found \"b\" too")]
    #[case::bytes(
        &["--max-output", "1k"],
        "--max-output expects a number of bytes, but found \"1k\""
    )]
    #[case::duration(
        &["--timeout", "0"],
        "--timeout expects a duration such as 30s, 500ms or 2m, but found \"0\""
    )]
    #[case::grant(
        &["--grant", "root"],
        "--grant expects names out of sockets, processes, resolve, events, kill and namespaces, \
         or none, but found \"root\""
    )]
    #[case::no_directory(
        &["--allow-path", ":rw"],
        "--allow-path expects a directory, but found \":rw\""
    )]
    #[case::no_command(
        &["--allow-command", "a,,b"],
        "--allow-command expects names of commands, but found \"a,,b\""
    )]
    fn refuses(#[case] line: &[&str], #[case] expected: &str) {
        assert_eq!(message(line), expected);
    }

    #[test]
    fn refuses_a_script_that_is_not_text() {
        let word = OsString::from_vec(b"\xff".to_vec());
        let error = parse([OsString::from("-c"), word]).unwrap_err();
        assert_eq!(error.to_string(), "-c expects UTF-8 text, but found \"\\xff\"");
    }

    #[test]
    fn help_names_every_option() {
        let help = help();
        for flag in FLAGS {
            assert!(help.contains(flag.name), "{}", flag.name);
        }
    }

    #[test]
    fn help_lists_the_real_defaults() {
        let limits = ScriptLimits::default();
        let help = help();
        assert!(help.contains(&format!("({:?})", limits.timeout)));
        assert!(help.contains(&format!("({})", limits.max_output_bytes)));
    }
}
