//! The command line: one table for the parser and `--help`.

use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::PathBuf,
};

use bstr::{BStr, BString, ByteSlice as _};
use builtin_cli::{
    ArgError, Escaped, Flag, FlagDoc, RawArgs, Spelling, Typed, ValueDoc, ValueKind,
    help::{FlagLine, FlagUsage},
};
use host_confine::broker::BrokerKind;
use host_shell::{
    Allowed, ScriptLimits,
    limits::LEAST_MAX_MEMORY_BYTES,
    setup::{BROKER, Directory, GRANT_LIST, Setup, parse_grants},
};
use socket_query::GrantSet;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Script,
    AllowPath,
    AllowCommand,
    Grant,
    Policy,
    Timeout,
    MaxOutput,
    MaxMemory,
    MaxWrite,
    Namespace,
    ProcRoot,
    HostProc,
    NoConfine,
    Audit,
    Status,
    Check,
    Help,
    Version,
}

static FLAGS: &[Flag<Effect>] = &[
    Flag::new(FlagDoc::new(Some('c'), &[], "run this text"), Effect::Script)
        .with_value(ValueDoc::text("SCRIPT")),
    flag(&["allow-path"], "let scripts read (or write) a directory", Effect::AllowPath)
        .with_value(ValueDoc::new("DIR[:rw]", ValueKind::Directory))
        .with_long_help("Scripts see it at the same path. May be repeated."),
    flag(&["allow-command"], "allow only these commands", Effect::AllowCommand)
        .with_value(ValueDoc::text("NAME,..."))
        .with_long_help("May be repeated. Without it every command is allowed."),
    flag(&["grant"], "grants instead of `sockets`, or `none`", Effect::Grant)
        .with_value(ValueDoc::new("NAME,...", ValueKind::Words(&GRANT_LIST)))
        .with_long_help("Replaces the grants of the policy."),
    flag(&["policy"], "limit what builtins show (TOML); all files apply", Effect::Policy)
        .with_value(ValueDoc::new("FILE", ValueKind::File)),
    flag(&["timeout"], "end the script with status 124 (30s)", Effect::Timeout)
        .with_value(ValueDoc::text("DURATION"))
        .with_long_help("At the prompt it applies to each line."),
    flag(&["max-output"], "end the script with an error (67108864)", Effect::MaxOutput)
        .with_value(ValueDoc::text("BYTES")),
    flag(&["max-memory"], "end the script with an error (1073741824)", Effect::MaxMemory)
        .with_value(ValueDoc::text("BYTES"))
        .with_long_help("It limits the process in which scripts run."),
    flag(&["max-write"], "end the script with an error (1073741824)", Effect::MaxWrite)
        .with_value(ValueDoc::text("BYTES"))
        .with_long_help("It limits what one script writes into granted directories."),
    flag(&["namespace"], "let `ss -N` list a network namespace", Effect::Namespace)
        .with_value(ValueDoc::text("NAME[=PATH]"))
        .with_long_help(
            "Without PATH it is /run/netns/NAME. May be repeated. `all` lets `--all-namespaces` list \
             every one of the machine.",
        ),
    flag(&["proc-root"], "list the sockets of a fake proc root", Effect::ProcRoot)
        .with_value(ValueDoc::new("DIR", ValueKind::Directory)),
    flag(&["host-proc"], "list the sockets of a procfs's process 1", Effect::HostProc)
        .with_value(ValueDoc::new("DIR", ValueKind::Directory))
        .with_long_help("It is that of the host, mounted into a container."),
    flag(&["no-confine"], "do not confine the process", Effect::NoConfine),
    flag(&["audit"], "append a line of JSON for each script", Effect::Audit)
        .with_value(ValueDoc::new("FILE", ValueKind::File))
        .with_long_help("It must be outside of the directories of --allow-path."),
    flag(&["status"], "print what is in force, and exit", Effect::Status),
    flag(&["check"], "explain the policy in words, and exit", Effect::Check),
    flag(&["help"], "print this", Effect::Help),
    flag(&["version"], "print the version", Effect::Version),
];

/// Returns an option without a short form, whose name cannot be abbreviated.
const fn flag(name: &'static [&'static str], help: &'static str, effect: Effect) -> Flag<Effect> {
    Flag::new(FlagDoc::new(None, name, help).exact(), effect)
}

/// The line after every usage error.
pub(crate) const USAGE: &str = "usage: host-shell [OPTIONS] [-c SCRIPT | FILE]";

/// The action of a command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Run(Box<Plan>),
    /// Run as a broker. The program starts itself this way.
    Broker(BrokerKind),
    /// Print what would be in force for the scripts of the plan.
    Status(Box<Plan>),
    /// Explain the policy of that plan.
    Check(Box<Plan>),
    Help,
    Version,
}

/// The script to run, and its set-up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) source: ScriptSource,
    pub(crate) setup: Setup,
}

/// The source of the script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ScriptSource {
    Text(String),
    File(PathBuf),
    /// Standard input, or a prompt when it is a terminal.
    Input,
}

/// The error of a command line.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Arg(#[from] ArgError),
    #[error("{0} is given twice")]
    Twice(Spelling),
    #[error("--host-proc and --proc-root exclude each other")]
    TwoProcs,
    #[error("expected one script, but found \"{}\" too", Escaped::new(.0))]
    Operand(BString),
}

impl CliError {
    /// Returns the name of the most similar option.
    pub(crate) fn suggestion(&self) -> Option<&'static str> {
        match self {
            Self::Arg(error) => error.suggestion(),
            Self::Twice(_) | Self::TwoProcs | Self::Operand(_) => None,
        }
    }
}

/// Parses the command line; `words` exclude the name of the program.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Command, CliError> {
    let words: Vec<BString> = words.into_iter().map(|word| word.into_vec().into()).collect();
    if let Some(kind) = broker(&words) {
        return Ok(Command::Broker(kind));
    }
    let raw = RawArgs::parse(FLAGS, &words)?;
    for typed in &raw.typed {
        if !may_repeat(typed.flag.effect) && raw.all(typed.flag.effect).count() > 1 {
            return Err(CliError::Twice(typed.flag.doc.brief()));
        }
    }
    if raw.has(Effect::Help) {
        return Ok(Command::Help);
    }
    if raw.has(Effect::Version) {
        return Ok(Command::Version);
    }
    let plan = Box::new(Plan::new(&raw)?);
    Ok(if raw.has(Effect::Check) {
        Command::Check(plan)
    } else if raw.has(Effect::Status) {
        Command::Status(plan)
    } else {
        Command::Run(plan)
    })
}

fn may_repeat(effect: Effect) -> bool {
    matches!(effect, Effect::AllowPath | Effect::AllowCommand | Effect::Namespace | Effect::Policy)
}

/// Parses the command line of a broker. It is not a documented option, because only the program
/// itself uses it.
fn broker(words: &[BString]) -> Option<BrokerKind> {
    match words {
        [first, kind @ ..] if first == BROKER => {
            let words: Vec<_> =
                kind.iter().map(|word| word.to_str().ok()).collect::<Option<_>>()?;
            BrokerKind::from_words(&words)
        }
        _ => None,
    }
}

impl Plan {
    fn new(raw: &RawArgs<'_, Effect>) -> Result<Self, CliError> {
        let mut setup = Setup::default();
        setup.directories = raw.all(Effect::AllowPath).map(directory).collect::<Result<_, _>>()?;
        setup.allowed = allowed(raw)?;
        setup.policies = raw.all(Effect::Policy).map(|typed| path(typed.text())).collect();
        setup.grants = raw.last(Effect::Grant).map(grants).transpose()?;
        setup.limits = limits(raw)?;
        for typed in raw.all(Effect::Namespace) {
            setup.allow_namespace(typed.text()).map_err(|expected| typed.mismatch(expected))?;
        }
        setup.proc_root = raw.last(Effect::ProcRoot).map(|typed| path(typed.text()));
        setup.host_proc = raw.last(Effect::HostProc).map(|typed| path(typed.text()));
        if setup.proc_root.is_some() && setup.host_proc.is_some() {
            return Err(CliError::TwoProcs);
        }
        setup.audit = raw.last(Effect::Audit).map(|typed| path(typed.text()));
        setup.confine = !raw.has(Effect::NoConfine);
        Ok(Self { source: source(raw)?, setup })
    }
}

fn limits(raw: &RawArgs<'_, Effect>) -> Result<ScriptLimits, ArgError> {
    let mut limits = ScriptLimits::default();
    if let Some(typed) = raw.last(Effect::Timeout) {
        limits.timeout = typed.duration()?;
    }
    let bytes = |typed: &Typed<'_, Effect>| {
        typed.number(0..=u64::MAX).ok_or_else(|| typed.mismatch("a number of bytes"))
    };
    if let Some(typed) = raw.last(Effect::MaxOutput) {
        limits.max_output_bytes = bytes(typed)?;
    }
    if let Some(typed) = raw.last(Effect::MaxWrite) {
        limits.max_write_bytes = bytes(typed)?;
    }
    if let Some(typed) = raw.last(Effect::MaxMemory) {
        let bytes = typed.number(LEAST_MAX_MEMORY_BYTES..=u64::MAX);
        let expected = || typed.mismatch(format!("{LEAST_MAX_MEMORY_BYTES} bytes or more"));
        limits.max_memory_bytes = bytes.ok_or_else(expected)?;
    }
    Ok(limits)
}

fn source(raw: &RawArgs<'_, Effect>) -> Result<ScriptSource, CliError> {
    match (raw.last(Effect::Script), raw.words.as_slice()) {
        (None, []) => Ok(ScriptSource::Input),
        (None, [file]) if file == "-" => Ok(ScriptSource::Input),
        (None, [file]) => Ok(ScriptSource::File(path(file.as_bstr()))),
        (Some(script), []) => Ok(ScriptSource::Text(text(script)?.to_owned())),
        (None, [_, word, ..]) | (Some(_), [word, ..]) => Err(CliError::Operand(word.clone())),
    }
}

fn allowed(raw: &RawArgs<'_, Effect>) -> Result<Allowed, ArgError> {
    if !raw.has(Effect::AllowCommand) {
        return Ok(Allowed::All);
    }
    let mut names = std::collections::BTreeSet::new();
    for typed in raw.all(Effect::AllowCommand) {
        for name in text(typed)?.split(',') {
            if name.is_empty() {
                return Err(typed.mismatch("names of commands"));
            }
            names.insert(name.to_owned());
        }
    }
    Ok(Allowed::Only(names))
}

fn grants(typed: &Typed<'_, Effect>) -> Result<GrantSet, ArgError> {
    parse_grants(text(typed)?).ok_or_else(|| {
        let known = GRANT_LIST.alternatives();
        typed.mismatch(format!("names out of {known}"))
    })
}

fn text<'a>(typed: &'a Typed<'_, Effect>) -> Result<&'a str, ArgError> {
    typed.text().to_str().map_err(|_| typed.mismatch("UTF-8 text"))
}

fn path(word: &BStr) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(word))
}

fn directory(typed: &Typed<'_, Effect>) -> Result<Directory, ArgError> {
    Directory::from_word(typed.text()).ok_or_else(|| typed.mismatch("a directory"))
}

/// Returns the text of `--help`.
pub(crate) fn help() -> String {
    let width = options().map(|doc| FlagUsage(doc).to_string().len()).max().unwrap_or(0);
    let lines = options().map(|doc| format!("{}\n", FlagLine { doc, indent: 2, width: width + 1 }));
    format!(
        "{USAGE}\n\nRun a script in a restricted shell. Without SCRIPT and FILE it is read from \
         standard input;\nat a terminal there is a prompt.\n\n{}",
        lines.collect::<String>()
    )
}

/// Returns every option, in the order of the help.
pub(crate) fn options() -> impl Iterator<Item = &'static FlagDoc> + Clone {
    FLAGS.iter().map(|flag| &flag.doc)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use builtin_api::Access;
    use host_confine::broker::{NamespaceDetails, ProcessBounds, Procfs, Reach};
    use host_shell::setup::Namespace;
    use procnetsocket::ProcessDetails;
    use rstest::rstest;

    use super::*;

    fn parse_words(line: &[&str]) -> Result<Command, CliError> {
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
    fn empty_command_line_has_defaults() {
        let plan = plan(&[]);
        assert_eq!(plan.source, ScriptSource::Input);
        assert_eq!(plan.setup.allowed, Allowed::All);
        assert_eq!((plan.setup.grants, plan.setup.policies), (None, Vec::new()));
        assert_eq!(plan.setup.limits, ScriptLimits::default());
        assert_eq!((plan.setup.directories, plan.setup.proc_root), (vec![], None));
        assert!(plan.setup.confine);
    }

    #[rstest]
    #[case::text(&["-c", "ss"], ScriptSource::Text("ss".to_owned()))]
    #[case::file(&["run.sh"], ScriptSource::File("run.sh".into()))]
    #[case::attached(&["-cls"], ScriptSource::Text("ls".to_owned()))]
    #[case::dash(&["-"], ScriptSource::Input)]
    #[case::after_dashes(&["--", "-c"], ScriptSource::File("-c".into()))]
    #[case::text_like_an_option(&["-c", "--help"], ScriptSource::Text("--help".to_owned()))]
    fn script_source_is_found(#[case] line: &[&str], #[case] source: ScriptSource) {
        assert_eq!(plan(line).source, source);
    }

    #[rstest]
    #[case::read("/srv", "/srv", Access::Read)]
    #[case::write("/srv:rw", "/srv", Access::ReadWrite)]
    #[case::other_suffix("/srv:ro", "/srv:ro", Access::Read)]
    #[case::only_the_last("/a:rw:rw", "/a:rw", Access::ReadWrite)]
    fn reads_directories(#[case] value: &str, #[case] path: &str, #[case] access: Access) {
        let directory = Directory { path: path.into(), access };
        assert_eq!(plan(&["--allow-path", value]).setup.directories, [directory]);
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
        assert_eq!(plan.setup.directories.len(), 2);
        let names = ["cat", "ss", "wc"].map(str::to_owned).into();
        assert_eq!(plan.setup.allowed, Allowed::Only(names));
    }

    #[test]
    fn namespaces_have_names_and_paths() {
        let namespaces = plan(&["--namespace", "blue", "--namespace=red=/a=b"]).setup.namespaces;
        let [blue, red] = [("blue", "/run/netns/blue"), ("red", "/a=b")]
            .map(|(name, path)| Namespace { name: name.into(), path: path.into() });
        assert_eq!(namespaces, [blue, red]);
    }

    #[rstest]
    #[case::named(&["--namespace", "blue"], false, &["blue"])]
    #[case::every_one(&["--namespace", "all", "--namespace", "blue"], true, &["blue"])]
    #[case::one_of_that_name(&["--namespace", "all=/run/netns/all"], false, &["all"])]
    fn word_all_allows_every_namespace(
        #[case] line: &[&str],
        #[case] every: bool,
        #[case] names: &[&str],
    ) {
        let setup = plan(line).setup;
        assert_eq!(setup.every_namespace, every);
        let found: Vec<_> = setup.namespaces.iter().map(|space| space.name.to_string()).collect();
        assert_eq!(found, names);
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
        let limits = plan(&["--timeout", value]).setup.limits;
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
    fn other_options_are_parsed() {
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
        assert_eq!(plan.setup.limits.max_output_bytes, 9);
        assert_eq!(plan.setup.proc_root, Some("/p".into()));
        assert_eq!(plan.setup.grants, Some(GrantSet::empty()));
        assert_eq!(plan.setup.policies, [PathBuf::from("/q"), "/r".into()]);
    }

    #[test]
    fn status_contains_plan() {
        let Ok(Command::Status(plan)) = parse_words(&["--status", "--no-confine"]) else {
            panic!("expected a status");
        };
        assert!(!plan.setup.confine);
    }

    #[rstest]
    #[case::processes(
        &["--broker", "processes", "user", "all", "system"],
        Some(BrokerKind::Processes(
            ProcessBounds { details: ProcessDetails::User, reach: Reach::All },
            Procfs::System
        ))
    )]
    #[case::bounded_processes(
        &["--broker", "processes", "full", "named", "here"],
        Some(BrokerKind::Processes(
            ProcessBounds { details: ProcessDetails::Full, reach: Reach::Named },
            Procfs::WorkingDirectory
        ))
    )]
    #[case::processes_without_bounds(&["--broker", "processes"], None)]
    #[case::unknown_details(&["--broker", "processes", "all", "all", "system"], None)]
    #[case::unknown_reach(&["--broker", "processes", "full", "full", "system"], None)]
    #[case::path_of_a_procfs(&["--broker", "processes", "full", "all", "/proc"], None)]
    #[case::namespaces(
        &["--broker", "namespaces", "full", "system"],
        Some(BrokerKind::Namespaces(NamespaceDetails::Full, Procfs::System))
    )]
    #[case::namespaces_of_a_host(
        &["--broker", "namespaces", "readable", "here"],
        Some(BrokerKind::Namespaces(NamespaceDetails::Readable, Procfs::WorkingDirectory))
    )]
    #[case::namespaces_without_details(&["--broker", "namespaces", "system"], None)]
    #[case::resolver(&["--broker", "resolver"], Some(BrokerKind::Resolver))]
    #[case::other(&["--broker", "files"], None)]
    #[case::alone(&["--broker"], None)]
    #[case::with_more(&["--broker", "resolver", "-c", ":"], None)]
    #[case::attached(&["--broker=processes"], None)]
    fn broker_command_line_is_parsed_strictly(
        #[case] line: &[&str],
        #[case] kind: Option<BrokerKind>,
    ) {
        let command = parse_words(line).ok();
        assert_eq!(command, kind.map(Command::Broker));
        if let Some(kind) = kind {
            assert_eq!(kind.words(), line[1..]);
        }
    }

    #[rstest]
    #[case::help(&["--help", "-c", "x"], Command::Help)]
    #[case::version(&["--version"], Command::Version)]
    fn help_and_version_take_precedence(#[case] line: &[&str], #[case] command: Command) {
        assert_eq!(parse_words(line).unwrap(), command);
    }

    #[rstest]
    #[case::unknown(&["--nope"], "unrecognized option '--nope'")]
    #[case::short(&["-x"], "invalid option -- 'x'")]
    #[case::letters_together(&["-cx", "ls"], "expected one script, but found \"ls\" too")]
    #[case::abbreviated(&["--stat"], "unrecognized option '--stat'")]
    #[case::twice(&["-c", "a", "-c", "b"], "-c is given twice")]
    #[case::value_for_none(&["--help=x"], "option '--help' doesn't allow an argument")]
    #[case::no_value(&["--timeout"], "option '--timeout' requires an argument")]
    #[case::two_procs(
        &["--host-proc", "/h", "--proc-root", "/p"],
        "--host-proc and --proc-root exclude each other"
    )]
    #[case::two_scripts(&["a", "b"], "expected one script, but found \"b\" too")]
    #[case::script_and_file(&["-c", "a", "b"], "expected one script, but found \"b\" too")]
    #[case::bytes(
        &["--max-output", "1k"],
        "--max-output expects a number of bytes, but found \"1k\""
    )]
    #[case::duration(
        &["--timeout", "0"],
        "--timeout expects a duration such as 30s, 500ms, 5m or 1h, but found \"0\""
    )]
    #[case::grant(
        &["--grant", "root"],
        "--grant expects names out of sockets, processes, resolve, events, kill, namespaces or none, \
         but found \"root\""
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
    fn script_that_is_not_utf8_is_rejected() {
        let word = OsString::from_vec(b"\xff".to_vec());
        let error = parse([OsString::from("-c"), word]).unwrap_err();
        assert_eq!(error.to_string(), "-c expects UTF-8 text, but found \"\\xff\"");
    }

    #[test]
    fn help_names_every_option() {
        let help = help();
        for doc in options() {
            assert!(help.contains(&FlagUsage(doc).to_string()), "{}", doc.name());
        }
    }

    #[test]
    fn help_lists_actual_defaults() {
        let limits = ScriptLimits::default();
        let help = help();
        assert!(help.contains(&format!("({:?})", limits.timeout)));
        assert!(help.contains(&format!("({})", limits.max_output_bytes)));
    }
}
