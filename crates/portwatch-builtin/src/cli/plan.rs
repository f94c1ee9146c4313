//! What the command line means.

use std::time::Duration;

use bstr::{BString, ByteSlice as _};
use builtin_cli::{MAX_DURATION, parse_duration};
use port_monitor::{Attribution, Protocol};
use socket_query::{AddressFamily, FamilySet, expr::FilterText};

use super::{
    CliError, RawArgs,
    flags::{Effect, WatchVerb},
    raw::Typed,
};

/// The time between two looks unless another is asked for: 50 ms. A person takes it for at once, and
/// it costs less than a hundredth of a core.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(50);

/// What a call does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Help,
    Version,
    Watch(Watch),
}

/// Which ports are watched, and for what.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(crate) task: WatchTask,
    pub(crate) which: WatchedPorts,
    pub(crate) interval: Duration,
    /// Whether processes are shown.
    pub(crate) processes: Attribution,
}

/// What is done with the ports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum WatchTask {
    /// Wait until ports are as they are wanted.
    Wait { wanted: Wanted, timeout: Option<Duration> },
    /// Print what is open.
    List(EventFormat),
    /// Print what opens and closes.
    Follow(Follow),
}

/// How ports are wanted to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// At least one is open.
    Open,
    /// None is.
    Gone,
}

/// How ports are followed, and until when.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Follow {
    pub(crate) form: EventFormat,
    pub(crate) first: First,
    /// After this time it has succeeded.
    pub(crate) lasting: Option<Duration>,
    /// After so many events it has succeeded.
    pub(crate) count: Option<u64>,
    /// After this time it has failed.
    pub(crate) timeout: Option<Duration>,
}

impl Follow {
    /// Returns whether it ends by itself.
    pub(crate) fn has_end(&self) -> bool {
        self.lasting.is_some() || self.count.is_some() || self.timeout.is_some()
    }
}

/// Whether the ports that are open at first are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    Silent,
    Printed,
}

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventFormat {
    Text,
    Json,
}

/// Which ports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WatchedPorts {
    /// None stands for all.
    pub(crate) protocols: Vec<Protocol>,
    pub(crate) families: FamilySet,
    /// The last family that was chosen: that of words in the filter that name none.
    pub(crate) family: Option<AddressFamily>,
    pub(crate) filter: FilterText,
}

impl Plan {
    pub(crate) fn new(raw: &RawArgs) -> Result<Self, CliError> {
        if raw.has(Effect::Help) {
            return Ok(Self::Help);
        }
        if raw.has(Effect::Version) {
            return Ok(Self::Version);
        }
        let interval = duration(raw, Effect::Interval)?.unwrap_or(DEFAULT_INTERVAL);
        let has_processes = raw.has(Effect::Processes);
        let processes = if has_processes { Attribution::Wanted } else { Attribution::Unwanted };
        Ok(Self::Watch(Watch { task: task(raw)?, which: which(raw), interval, processes }))
    }
}

fn task(raw: &RawArgs) -> Result<WatchTask, CliError> {
    let timeout = duration(raw, Effect::Timeout)?;
    let Some((verb, name)) = verb(raw)? else { return follow(raw, timeout).map(WatchTask::Follow) };
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
    if raw.words.is_empty() {
        return Err(CliError::NoFilter(name));
    }
    let wanted = if verb == WatchVerb::Gone { Wanted::Gone } else { Wanted::Open };
    Ok(WatchTask::Wait { wanted, timeout })
}

/// Returns what was chosen to be done, with the name of the option.
fn verb(raw: &RawArgs) -> Result<Option<(WatchVerb, &'static str)>, CliError> {
    let mut chosen: Option<(WatchVerb, &'static str)> = None;
    for Typed { flag, .. } in &raw.typed {
        let Effect::Verb(verb) = flag.effect else { continue };
        match chosen {
            Some((before, name)) if before != verb => {
                return Err(CliError::Exclusive(name, flag.long));
            }
            _ => chosen = Some((verb, flag.long)),
        }
    }
    Ok(chosen)
}

fn follow(raw: &RawArgs, timeout: Option<Duration>) -> Result<Follow, CliError> {
    let count = raw.value(Effect::Count).map(count).transpose()?;
    if timeout.is_some() && count.is_none() {
        return Err(CliError::Needs("timeout", "--wait, --gone or --count"));
    }
    let first = if raw.has(Effect::Initial) { First::Printed } else { First::Silent };
    let lasting = duration(raw, Effect::For)?;
    Ok(Follow { form: form(raw), first, lasting, count, timeout })
}

fn form(raw: &RawArgs) -> EventFormat {
    if raw.has(Effect::JsonLines) { EventFormat::Json } else { EventFormat::Text }
}

fn which(raw: &RawArgs) -> WatchedPorts {
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
    WatchedPorts {
        protocols: protocols.collect(),
        families: chosen.unwrap_or(PORTS),
        family,
        filter: filter(&raw.words),
    }
}

/// The families whose sockets have ports.
pub(crate) const PORTS: FamilySet =
    FamilySet::of(AddressFamily::Inet).union(FamilySet::of(AddressFamily::Inet6));

/// Returns the filter. A single word `:PORT`, or a number, is short for `sport = :PORT`.
fn filter(words: &[BString]) -> FilterText {
    let mut text = FilterText::new();
    match words {
        [port] if is_bare_port(port) => {
            let port = port.strip_prefix(b":").unwrap_or(port);
            text.push(bstr::concat([b"sport = :", port]));
        }
        words => words.iter().for_each(|word| text.push(word)),
    }
    text
}

fn is_bare_port(word: &[u8]) -> bool {
    let is_name = |name: &[u8]| !name.is_empty() && !name.contains_str(" ");
    let is_number = !word.is_empty() && word.iter().all(u8::is_ascii_digit);
    is_number || word.strip_prefix(b":").is_some_and(is_name)
}

fn duration(raw: &RawArgs, effect: Effect) -> Result<Option<Duration>, CliError> {
    let Some(Typed { flag, value }) = raw.value(effect) else { return Ok(None) };
    let expected = "a duration such as 30s, 500ms or 2m, at most 720h";
    let duration = parse_duration(value.as_bstr()).filter(|time| *time <= MAX_DURATION);
    let bad = || CliError::BadValue(flag.long, expected, value.clone());
    duration.ok_or_else(bad).map(Some)
}

fn count(typed: &Typed) -> Result<u64, CliError> {
    let number = typed.value.to_str().ok().and_then(|text| text.parse().ok());
    let bad = || CliError::BadValue(typed.flag.long, "a number from 1", typed.value.clone());
    number.filter(|&number| number > 0).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn plan(words: &[&str]) -> Result<Plan, CliError> {
        let args: Vec<_> = words.iter().map(|word| BString::from(*word)).collect();
        Plan::new(&RawArgs::parse(&args)?)
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
        first: First::Silent,
        lasting: None,
        count: None,
        timeout: None,
    };

    fn wait(wanted: Wanted, timeout: Option<Duration>) -> WatchTask {
        WatchTask::Wait { wanted, timeout }
    }

    #[rstest]
    // usual
    #[case::follow(&[], WatchTask::Follow(FOLLOW))]
    #[case::for_a_time(&["--for", "1s"], WatchTask::Follow(Follow { lasting: Some(SECOND), ..FOLLOW }))]
    #[case::count(&["--count=3"], WatchTask::Follow(Follow { count: Some(3), ..FOLLOW }))]
    #[case::count_in_time(&["--count=3", "--timeout=1"], WatchTask::Follow(Follow { count: Some(3), timeout: Some(SECOND), ..FOLLOW }))]
    #[case::json(&["--json-lines", "--initial"], WatchTask::Follow(Follow { form: EventFormat::Json, first: First::Printed, ..FOLLOW }))]
    #[case::wait(&["--wait", ":80"], wait(Wanted::Open, None))]
    #[case::wait_in_time(&["--wait", ":80", "--timeout", "1000ms"], wait(Wanted::Open, Some(SECOND)))]
    #[case::gone(&[":80", "-g"], wait(Wanted::Gone, None))]
    #[case::list(&["-l"], WatchTask::List(EventFormat::Text))]
    #[case::list_json(&["--list", "--json-lines"], WatchTask::List(EventFormat::Json))]
    // boundary
    #[case::said_twice(&["-ww", ":80"], wait(Wanted::Open, None))]
    #[case::the_last_value_counts(&["--count=3", "--count", "4"], WatchTask::Follow(Follow { count: Some(4), ..FOLLOW }))]
    #[case::letters_together(&["-wt4", ":80"], wait(Wanted::Open, None))]
    #[case::words_behind_dashes(&["-w", "--", "--list"], wait(Wanted::Open, None))]
    fn says_what_is_done(#[case] words: &[&str], #[case] task: WatchTask) {
        assert_eq!(watch(words).task, task);
    }

    #[rstest]
    // usual
    #[case::none(&[], "")]
    #[case::a_port(&[":8080"], "sport = :8080")]
    #[case::a_number(&["8080"], "sport = :8080")]
    #[case::a_service(&[":http"], "sport = :http")]
    #[case::a_filter(&["sport = :8080"], "sport = :8080")]
    #[case::a_filter_in_words(&["sport", "=", ":8080"], "sport = :8080")]
    // boundary
    #[case::a_colon(&[":"], ":")]
    #[case::two_ports(&[":1", ":2"], ":1 :2")]
    #[case::an_address(&["127.0.0.1:80"], "127.0.0.1:80")]
    // hostile
    #[case::more_behind_a_port(&[":80 or sport = :90"], ":80 or sport = :90")]
    #[case::empty(&[""], "")]
    fn a_bare_port_is_short_for_a_filter(#[case] words: &[&str], #[case] filter: &str) {
        assert_eq!(watch(words).which.filter.as_bstr().trim_ascii(), filter.as_bytes());
    }

    #[test]
    fn says_which_ports() {
        let which = watch(&["-t", "-u", "-6", "-4"]).which;
        assert_eq!(which.protocols, [Protocol::Tcp, Protocol::Udp]);
        assert_eq!((which.families, which.family), (PORTS, Some(AddressFamily::Inet)));
        let which = watch(&["-6"]).which;
        assert_eq!(which.families, FamilySet::of(AddressFamily::Inet6));
        assert_eq!(watch(&[]).interval, DEFAULT_INTERVAL);
        assert_eq!(watch(&["--interval=1s"]).interval, SECOND);
    }

    #[test]
    fn help_and_version_come_before_all_else() {
        assert_eq!(plan(&["--wait", "--list", "--help"]), Ok(Plan::Help));
        assert_eq!(plan(&["--count=x", "-V"]), Ok(Plan::Version));
    }

    #[test]
    fn every_wrong_line_has_its_message() {
        let lines: &[&[&str]] = &[
            &["-x"],
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
            &["--wait", ":80", "--for", "1s"],
            &["--gone", ":80", "--count", "1"],
            &["--list", "--initial"],
            &["--list", "--timeout=1"],
            &["--wait", ":80", "--json-lines"],
            &["--gone", ":80", "-p"],
            &["--wait"],
            &["--timeout", "1s"],
        ];
        let messages: Vec<_> =
            lines.iter().map(|words| plan(words).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        there is no option "-x"
        there is no option "--bogus\x1b[2J"
        there is no option "--wai"
        option --for needs a value
        option --list takes no value
        --for expects a duration such as 30s, 500ms or 2m, at most 720h, but found "0"
        --for expects a duration such as 30s, 500ms or 2m, at most 720h, but found "721h"
        --count expects a number from 1, but found "0"
        --count expects a number from 1, but found "-1"
        --interval expects a duration such as 30s, 500ms or 2m, at most 720h, but found "soon"
        --wait and --gone exclude each other
        --for and --wait exclude each other
        --count and --gone exclude each other
        --initial and --list exclude each other
        --timeout and --list exclude each other
        --json-lines and --wait exclude each other
        --processes and --gone exclude each other
        --wait needs a FILTER, such as :8080
        --timeout goes with --wait, --gone or --count
        "#);
    }
}
