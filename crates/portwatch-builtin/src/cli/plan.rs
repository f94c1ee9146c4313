//! The plan of a call, from its command line.

use std::{fmt, time::Duration};

use bstr::{BString, ByteSlice as _};
use builtin_cli::{ArgError, Escaped, RawArgs, Typed};
use port_monitor::Protocol;
use socket_query::{AddressFamily, FamilySet, expr::FilterText};

use super::{
    error::CliError,
    flag::{Effect, FLAGS, WatchVerb},
};

/// The raw arguments.
type Raw<'a> = RawArgs<'a, Effect>;

/// Default time between two looks. It is short enough to seem immediate, and takes less than a
/// hundredth of a core.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(50);

/// The work of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Help,
    Version,
    Watch(Watch),
}

/// The watched ports, and the task.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) task: WatchTask,
    /// One condition; for waiting, one or more.
    pub(crate) conditions: Vec<WaitCondition>,
    pub(crate) interval: Duration,
    /// Whether processes are shown.
    pub(crate) has_processes: bool,
    /// Whether every network namespace is watched instead of the host's.
    pub(crate) is_everywhere: bool,
}

/// The task of a call that watches ports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WatchTask {
    /// Wait until the conditions hold.
    Wait { enough: Enough, timeout: Option<Duration> },
    /// Print the open ports.
    List(EventFormat),
    /// Print openings and closings.
    Follow(Follow),
}

/// How many of the conditions have to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Enough {
    All,
    Any,
}

/// Ports, and the state to wait for, which is ignored when they are listed or followed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WaitCondition {
    pub(crate) wanted: Wanted,
    pub(crate) which: WatchedPorts,
}

/// The state to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// At least one port is open.
    Open,
    /// No port is open.
    Gone,
}

/// The options of following.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Follow {
    pub(crate) form: EventFormat,
    /// Whether the ports that are open at first are printed.
    pub(crate) has_initial: bool,
    /// Time after which the call succeeds.
    pub(crate) lasting: Option<Duration>,
    /// Number of events after which the call succeeds.
    pub(crate) count: Option<u64>,
    /// Time after which the call fails.
    pub(crate) timeout: Option<Duration>,
}

impl Follow {
    /// Returns whether following has an end.
    pub(crate) fn has_end(&self) -> bool {
        self.lasting.is_some() || self.count.is_some() || self.timeout.is_some()
    }
}

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventFormat {
    Text,
    Json,
}

/// A choice of ports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WatchedPorts {
    /// Empty for the protocols of the target.
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) families: FamilySet,
    /// The last chosen family, which applies to values in the filter without one.
    pub(crate) family: Option<AddressFamily>,
    pub(crate) target: Target,
}

/// The choice among the ports of the protocols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Ports that match a filter.
    Filter(FilterText),
    /// Unix sockets with exactly this name, as `ss -x` prints it.
    UnixName(BString),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Filter(text) => Escaped::new(text.as_bstr()).fmt(f),
            Self::UnixName(name) => write!(f, "unix:{}", Escaped::new(name)),
        }
    }
}

impl Plan {
    pub(crate) fn parse(args: &[BString]) -> Result<Self, CliError> {
        let raw = &RawArgs::parse(FLAGS, args)?;
        if raw.has(Effect::Help) {
            return Ok(Self::Help);
        }
        if raw.has(Effect::Version) {
            return Ok(Self::Version);
        }
        let interval = duration(raw, Effect::Interval)?.unwrap_or(DEFAULT_INTERVAL);
        let has_processes = raw.has(Effect::Processes);
        let task = task(raw)?;
        let conditions = conditions(raw)?;
        let is_everywhere = raw.has(Effect::EveryNamespace);
        Ok(Self::Watch(Watch { task, conditions, interval, has_processes, is_everywhere }))
    }
}

fn task(raw: &Raw<'_>) -> Result<WatchTask, CliError> {
    let timeout = duration(raw, Effect::Timeout)?;
    let verb = verb(raw)?;
    let waits = matches!(verb, Some((WatchVerb::Wait | WatchVerb::Gone, _)));
    if raw.has(Effect::Any) && !waits {
        return Err(CliError::Needs("any", "--wait or --gone"));
    }
    let Some((verb, name)) = verb else { return follow(raw, timeout).map(WatchTask::Follow) };
    for (effect, option) in
        [(Effect::For, "for"), (Effect::Count, "count"), (Effect::Initial, "initial")]
    {
        if raw.has(effect) {
            return Err(CliError::Exclusive(option, name));
        }
    }
    if verb == WatchVerb::List {
        let list = WatchTask::List(form(raw));
        return timeout.map_or(Ok(list), |_| Err(CliError::Exclusive("timeout", name)));
    }
    for (effect, option) in [(Effect::JsonLines, "json-lines"), (Effect::Processes, "processes")] {
        if raw.has(effect) {
            return Err(CliError::Exclusive(option, name));
        }
    }
    let enough = if raw.has(Effect::Any) { Enough::Any } else { Enough::All };
    Ok(WatchTask::Wait { enough, timeout })
}

/// Returns the task, with the name of its option.
fn verb(raw: &Raw<'_>) -> Result<Option<(WatchVerb, &'static str)>, CliError> {
    let mut verbs = verbs(raw).map(|(verb, typed)| (verb, typed.flag.doc.name()));
    let Some((verb, name)) = verbs.next() else { return Ok(None) };
    let is_list = |verb| verb == WatchVerb::List;
    match verbs.find(|(other, _)| is_list(*other) != is_list(verb)) {
        Some((_, other)) => Err(CliError::Exclusive(name, other)),
        None => Ok(Some((verb, name))),
    }
}

fn verbs<'a>(raw: &'a Raw<'a>) -> impl Iterator<Item = (WatchVerb, &'a Typed<'a, Effect>)> {
    raw.typed.iter().filter_map(|typed| match typed.flag.effect {
        Effect::Verb(verb) => Some((verb, typed)),
        _ => None,
    })
}

/// Returns the conditions. For waiting, each `--wait` and `--gone` gets the words up to the next
/// one, and the first one also the words before it. If each of its words names a socket, they are
/// separate conditions.
fn conditions(raw: &Raw<'_>) -> Result<Vec<WaitCondition>, CliError> {
    let condition = |wanted, words: &[BString]| WaitCondition { wanted, which: which(raw, words) };
    let mut verbs = verbs(raw).peekable();
    let mut conditions = Vec::new();
    let mut begin = 0;
    while let Some((verb, typed)) = verbs.next() {
        let wanted = match verb {
            WatchVerb::List => break,
            WatchVerb::Wait => Wanted::Open,
            WatchVerb::Gone => Wanted::Gone,
        };
        let end = verbs.peek().map_or(raw.words.len(), |(_, next)| next.words_before);
        let words = raw.words.get(begin..end).unwrap_or_default();
        if words.iter().all(|word| word.trim_ascii().is_empty()) {
            // An empty shell variable must not match every port.
            if !words.is_empty() {
                return Err(CliError::NoFilter(typed.flag.doc.name()));
            }
            // A repeated option has no effect.
            if verbs.peek().is_some_and(|(next, _)| *next == verb) {
                continue;
            }
            return Err(CliError::NoFilter(typed.flag.doc.name()));
        }
        begin = end;
        let are_sockets = words.iter().all(|word| socket(word).is_some());
        let chunk = if are_sockets { 1 } else { words.len() };
        conditions.extend(words.chunks(chunk).map(|words| condition(wanted, words)));
    }
    if conditions.is_empty() {
        conditions.push(condition(Wanted::Open, &raw.words));
    }
    Ok(conditions)
}

fn follow(raw: &Raw<'_>, timeout: Option<Duration>) -> Result<Follow, CliError> {
    let count = raw.last(Effect::Count).map(count).transpose()?;
    if timeout.is_some() && count.is_none() {
        return Err(CliError::Needs("timeout", "--wait, --gone or --count"));
    }
    let lasting = duration(raw, Effect::For)?;
    Ok(Follow { form: form(raw), has_initial: raw.has(Effect::Initial), lasting, count, timeout })
}

fn form(raw: &Raw<'_>) -> EventFormat {
    if raw.has(Effect::JsonLines) { EventFormat::Json } else { EventFormat::Text }
}

fn which(raw: &Raw<'_>, words: &[BString]) -> WatchedPorts {
    let effects = || raw.typed.iter().map(|typed| typed.flag.effect);
    let protocols = effects().filter_map(|effect| match effect {
        Effect::Protocol(protocol) => Some(protocol),
        _ => None,
    });
    let families = effects().filter_map(|effect| match effect {
        Effect::Family(family) => Some(family),
        _ => None,
    });
    let family = families.clone().next_back();
    let chosen = families.map(FamilySet::of).reduce(FamilySet::union);
    let (protocol, target) = target(words);
    WatchedPorts {
        protocols: protocol.map_or_else(|| protocols.collect(), |protocol| vec![protocol]),
        families: chosen.unwrap_or(PORTS),
        family,
        target,
    }
}

/// The families whose sockets have ports.
pub(crate) const PORTS: FamilySet =
    FamilySet::of(AddressFamily::Inet).union(FamilySet::of(AddressFamily::Inet6));

/// Returns the target of words, and the protocol if they name one.
fn target(words: &[BString]) -> (Option<Protocol>, Target) {
    match words {
        [word] => {
            socket(word).unwrap_or_else(|| (None, Target::Filter(FilterText::from_iter([word]))))
        }
        words => (None, Target::Filter(words.iter().collect())),
    }
}

/// Returns the socket that a single word names: `:PORT` or a number, `ADDRESS:PORT` or these after
/// `tcp:` or `udp:`, a path, or `unix:NAME`.
fn socket(word: &[u8]) -> Option<(Option<Protocol>, Target)> {
    let filter = |text: &[&[u8]]| Target::Filter(FilterText::from_iter([bstr::concat(text)]));
    let port = |word: &[u8]| {
        let port = word.strip_prefix(b":").unwrap_or(word);
        is_bare_port(word).then(|| filter(&[b"sport = :", port]))
    };
    for protocol in Protocol::INET {
        let prefix = word.strip_prefix(protocol.name().as_bytes());
        if let Some(place) =
            prefix.and_then(|rest| rest.strip_prefix(b":")).filter(|p| !p.is_empty())
        {
            let target = port(place).unwrap_or_else(|| filter(&[b"src ", place]));
            return Some((Some(protocol), target));
        }
    }
    if let Some(target) = port(word) {
        return Some((None, target));
    }
    let name = word.strip_prefix(b"unix:").filter(|name| !name.is_empty());
    let name = name.or_else(|| word.starts_with(b"/").then_some(word))?;
    Some((None, Target::UnixName(name.into())))
}

fn is_bare_port(word: &[u8]) -> bool {
    let is_name = |name: &[u8]| !name.is_empty() && !name.contains_str(" ");
    let is_number = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    is_number || word.strip_prefix(b":").is_some_and(is_name)
}

fn duration(raw: &Raw<'_>, effect: Effect) -> Result<Option<Duration>, ArgError> {
    raw.last(effect).map(Typed::bounded_duration).transpose()
}

fn count(typed: &Typed<'_, Effect>) -> Result<u64, ArgError> {
    typed.number(1..=u64::MAX).ok_or_else(|| typed.mismatch("a number from 1"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn plan(words: &[&str]) -> Result<Plan, CliError> {
        let args: Vec<_> = words.iter().map(|word| BString::from(*word)).collect();
        Plan::parse(&args)
    }

    fn watch(words: &[&str]) -> Watch {
        match plan(words) {
            Ok(Plan::Watch(watch)) => watch,
            other => panic!("{words:?} is {other:?}"),
        }
    }

    const SECOND: Duration = Duration::from_secs(1);

    const FOLLOW: Follow = Follow {
        form: EventFormat::Text,
        has_initial: false,
        lasting: None,
        count: None,
        timeout: None,
    };

    fn wait(enough: Enough, timeout: Option<Duration>) -> WatchTask {
        WatchTask::Wait { enough, timeout }
    }

    #[rstest]
    // usual
    #[case::follow(&[], WatchTask::Follow(FOLLOW))]
    #[case::for_a_time(&["--for", "1s"], WatchTask::Follow(Follow { lasting: Some(SECOND), ..FOLLOW }))]
    #[case::count(&["--count=3"], WatchTask::Follow(Follow { count: Some(3), ..FOLLOW }))]
    #[case::count_in_time(&["--count=3", "--timeout=1"], WatchTask::Follow(Follow { count: Some(3), timeout: Some(SECOND), ..FOLLOW }))]
    #[case::json(&["--json-lines", "--initial"], WatchTask::Follow(Follow { form: EventFormat::Json, has_initial: true, ..FOLLOW }))]
    #[case::wait(&["--wait", ":80"], wait(Enough::All, None))]
    #[case::wait_in_time(&["--wait", ":80", "--timeout", "1000ms"], wait(Enough::All, Some(SECOND)))]
    #[case::gone(&[":80", "-g"], wait(Enough::All, None))]
    #[case::any(&["--wait", ":80", ":90", "--any"], wait(Enough::Any, None))]
    #[case::list(&["-l"], WatchTask::List(EventFormat::Text))]
    #[case::list_json(&["--list", "--json-lines"], WatchTask::List(EventFormat::Json))]
    // boundary
    #[case::said_twice(&["-ww", ":80"], wait(Enough::All, None))]
    #[case::the_last_value_counts(&["--count=3", "--count", "4"], WatchTask::Follow(Follow { count: Some(4), ..FOLLOW }))]
    #[case::letters_together(&["-wt4", ":80"], wait(Enough::All, None))]
    #[case::words_behind_dashes(&["-w", "--", "--list"], wait(Enough::All, None))]
    fn options_choose_the_task(#[case] words: &[&str], #[case] task: WatchTask) {
        assert_eq!(watch(words).task, task);
    }

    /// Returns a line for each condition: `+` or `-`, and the target.
    fn conditions(words: &[&str]) -> String {
        let line = |WaitCondition { wanted, which }: &WaitCondition| {
            let sign = if *wanted == Wanted::Open { '+' } else { '-' };
            format!("{sign}{}", which.target)
        };
        watch(words).conditions.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[rstest]
    // usual
    #[case::none(&[], "+")]
    #[case::a_port(&[":8080"], "+sport = :8080")]
    #[case::a_number(&["8080"], "+sport = :8080")]
    #[case::a_service(&[":http"], "+sport = :http")]
    #[case::a_filter(&["sport = :8080"], "+sport = :8080")]
    #[case::a_filter_in_words(&["sport", "=", ":8080"], "+sport = :8080")]
    #[case::a_path(&["-w", "/run/x.sock"], "+unix:/run/x.sock")]
    #[case::an_abstract_name(&["-g", "unix:@x"], "-unix:@x")]
    #[case::words_are_conditions(&["-w", ":1", "/x", "unix:y"], "+sport = :1\n+unix:/x\n+unix:y")]
    #[case::a_condition_each(&["-w", "sport", "=", ":1", "-g", ":2"], "+sport = :1\n-sport = :2")]
    // boundary
    #[case::a_colon(&[":"], "+:")]
    #[case::no_name(&["unix:"], "+unix:")]
    #[case::two_ports_are_followed_by_a_filter(&[":1", ":2"], "+:1 :2")]
    #[case::an_address(&["127.0.0.1:80"], "+127.0.0.1:80")]
    #[case::words_before_the_first(&[":1", "-w", "-g", ":2"], "+sport = :1\n-sport = :2")]
    #[case::a_word_that_is_part_of_a_filter(&["-w", "src", "/x"], "+src /x")]
    // hostile
    #[case::more_behind_a_port(&[":80 or sport = :90"], "+:80 or sport = :90")]
    #[case::empty(&[""], "+")]
    #[case::terminal(&["-w", "/x\u{1b}"], "+unix:/x\\x1b")]
    fn word_names_a_socket(#[case] words: &[&str], #[case] expected: &str) {
        assert_eq!(conditions(words).replace("+ ", "+"), expected);
    }

    #[test]
    fn options_choose_the_ports() {
        let watched = |words: &[&str]| watch(words).conditions.remove(0).which;
        let which = watched(&["-t", "-u", "-6", "-4"]);
        assert_eq!(which.protocols, [Protocol::Tcp, Protocol::Udp]);
        assert_eq!((which.families, which.family), (PORTS, Some(AddressFamily::Inet)));
        let which = watched(&["-6"]);
        assert_eq!(which.families, FamilySet::of(AddressFamily::Inet6));
        assert_eq!(watch(&[]).interval, DEFAULT_INTERVAL);
        assert_eq!(watch(&["--interval=1s"]).interval, SECOND);
    }

    #[test]
    fn help_and_version_take_precedence() {
        assert_eq!(plan(&["--wait", "--list", "--help"]), Ok(Plan::Help));
        assert_eq!(plan(&["--count=x", "-V"]), Ok(Plan::Version));
    }

    #[test]
    fn every_invalid_line_has_its_message() {
        let lines: &[&[&str]] = &[
            &["-q"],
            &["--bogus\u{1b}[2J"],
            &["--wai", ":80"],
            &["--for"],
            &["--list=1"],
            &["--for=0"],
            &["--for=721h"],
            &["--count", "0"],
            &["--count", "-1"],
            &["--interval", "soon"],
            &["--wait", "--gone", ":80"],
            &["--wait", ":80", "--list"],
            &["--list", "--any"],
            &["--wait", ":80", "--for", "1s"],
            &["--gone", ":80", "--count", "1"],
            &["--list", "--initial"],
            &["--list", "--timeout=1"],
            &["--wait", ":80", "--json-lines"],
            &["--gone", ":80", "-p"],
            &["--wait"],
            &["--wait", ""],
            &["--gone", " ", "\t"],
            &["--timeout", "1s"],
        ];
        let messages: Vec<_> =
            lines.iter().map(|words| plan(words).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        invalid option -- 'q'
        unrecognized option '--bogus\x1b[2J'
        unrecognized option '--wai'
        option '--for' requires an argument
        option '--list' doesn't allow an argument
        --for expects a duration such as 30s, 500ms, 5m or 1h, at most 720h, but found "0"
        --for expects a duration such as 30s, 500ms, 5m or 1h, at most 720h, but found "721h"
        --count expects a number from 1, but found "0"
        --count expects a number from 1, but found "-1"
        --interval expects a duration such as 30s, 500ms, 5m or 1h, at most 720h, but found "soon"
        --wait needs a FILTER, such as :8080
        --wait and --list exclude each other
        --any goes with --wait or --gone
        --for and --wait exclude each other
        --count and --gone exclude each other
        --initial and --list exclude each other
        --timeout and --list exclude each other
        --json-lines and --wait exclude each other
        --processes and --gone exclude each other
        --wait needs a FILTER, such as :8080
        --wait needs a FILTER, such as :8080
        --gone needs a FILTER, such as :8080
        --timeout goes with --wait, --gone or --count
        "#);
    }
}
