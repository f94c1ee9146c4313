//! The words of a command line, by the rules of GNU `getopt_long`.
//!
//! Options may follow operands, short ones may share a word, long ones may be abbreviated as long
//! as one remains, and `--` ends them. Compat: operands are accepted and mean nothing.

use bstr::{BStr, BString, ByteSlice};
use builtin_api::Escaped;

use super::{
    Choices, CliError,
    flag::{Effect, FAMILIES, FLAGS, Flag},
};

/// What a command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    Help,
    Version,
    List(Choices),
}

/// Returns what a command line asks for.
///
/// Compat: the first wrong option, or the first that asks for help or the version, is the last
/// that is looked at.
pub(crate) fn parse(args: &[BString]) -> Result<Parsed, CliError> {
    let mut words = args.iter().map(|word| word.as_bstr());
    let mut choices = Choices::default();
    while let Some(word) = words.next() {
        let done = match word.as_bytes() {
            b"--" => break,
            [b'-', b'-', long @ ..] => apply_long(BStr::new(long), &mut words, &mut choices)?,
            [b'-', cluster @ ..] if !cluster.is_empty() => {
                apply_cluster(cluster, &mut words, &mut choices)?
            }
            _ => None,
        };
        if let Some(parsed) = done {
            return Ok(parsed);
        }
    }
    Ok(Parsed::List(choices))
}

fn apply_cluster<'a>(
    mut cluster: &'a [u8],
    words: &mut impl Iterator<Item = &'a BStr>,
    choices: &mut Choices,
) -> Result<Option<Parsed>, CliError> {
    while let [short, rest @ ..] = cluster {
        let flag = FLAGS
            .iter()
            .find(|flag| flag.short == Some(*short))
            .ok_or(CliError::UnknownShort(*short))?;
        let typed = || format!("-{}", Escaped(&[*short]));
        cluster = rest;
        let value = match flag.effect {
            Effect::Families if rest.is_empty() => words.next(),
            Effect::Families => Some(BStr::new(std::mem::take(&mut cluster))),
            _ => None,
        };
        if let Some(parsed) = apply(flag, value, typed, choices)? {
            return Ok(Some(parsed));
        }
    }
    Ok(None)
}

fn apply_long<'a>(
    word: &'a BStr,
    words: &mut impl Iterator<Item = &'a BStr>,
    choices: &mut Choices,
) -> Result<Option<Parsed>, CliError> {
    let (name, mut value) = match word.split_once_str("=") {
        Some((name, value)) => (BStr::new(name), Some(BStr::new(value))),
        None => (word, None),
    };
    let (flag, name) = find_long(name)?;
    if matches!(flag.effect, Effect::Families) {
        value = value.or_else(|| words.next());
    } else if value.is_some() {
        return Err(CliError::UnwantedValue(name));
    }
    apply(flag, value, || format!("--{name}"), choices)
}

/// Returns the option of that name, or the only one whose name begins so.
fn find_long(typed: &BStr) -> Result<(&'static Flag, &'static str), CliError> {
    let names = || FLAGS.iter().flat_map(|flag| flag.long.iter().map(move |name| (flag, *name)));
    if let Some(found) = names().find(|(_, name)| typed == name.as_bytes()) {
        return Ok(found);
    }
    let begun: Vec<_> =
        names().filter(|(_, name)| name.as_bytes().starts_with(typed.as_bytes())).collect();
    match begun.as_slice() {
        [] => Err(CliError::UnknownLong(typed.to_owned())),
        [found] => Ok(*found),
        many => {
            let names = many.iter().map(|(_, name)| *name).collect();
            Err(CliError::Ambiguous(typed.to_owned(), names))
        }
    }
}

/// Applies an option; returns what is asked for when nothing more counts.
fn apply(
    flag: &Flag,
    value: Option<&BStr>,
    typed: impl Fn() -> String,
    choices: &mut Choices,
) -> Result<Option<Parsed>, CliError> {
    match flag.effect {
        Effect::Choose(chosen) => choices.extend(chosen.iter().copied()),
        Effect::Families => {
            let value = value.ok_or_else(|| CliError::MissingValue(typed()))?;
            for name in value.split_str(",") {
                let (_, choice) = FAMILIES
                    .iter()
                    .find(|(known, _)| name == known.as_bytes())
                    .ok_or_else(|| CliError::UnknownFamily(name.into()))?;
                choices.extend([*choice]);
            }
        }
        Effect::Nothing => {}
        Effect::Help => return Ok(Some(Parsed::Help)),
        Effect::Version => return Ok(Some(Parsed::Version)),
        Effect::Refuse(reason) => return Err(CliError::Refused(typed(), reason)),
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::cli::Choice::{
        self, All, Extended, Ipv4, Ipv6, Listening, NumericHosts, NumericPorts, NumericUsers,
        Programs, Tcp, Timers, Udp, Unix, Wide,
    };

    fn parse_line(line: &str) -> Result<Parsed, CliError> {
        parse(&line.split_whitespace().map(BString::from).collect::<Vec<_>>())
    }

    #[rstest]
    // usual
    #[case::nothing("", &[])]
    #[case::what_people_type("-tulpn", &[Tcp, Udp, Listening, Programs, NumericHosts, NumericPorts, NumericUsers])]
    #[case::everything_with_processes("-anp", &[All, Programs, NumericHosts, NumericPorts, NumericUsers])]
    #[case::separate("-t -e -o -W", &[Tcp, Extended, Timers, Wide])]
    #[case::long("--tcp --listening --numeric-ports", &[Tcp, Listening, NumericPorts])]
    #[case::families("--inet --inet6 --unix", &[Ipv4, Ipv6, Unix])]
    #[case::digits("-46", &[Ipv4, Ipv6])]
    #[case::family_list("-A inet,unix", &[Ipv4, Unix])]
    #[case::family_attached("-Ainet6 -a", &[Ipv6, All])]
    #[case::family_long("--protocol=ip", &[Ipv4])]
    #[case::family_long_apart("--protocol ip", &[Ipv4])]
    #[case::abbreviated("--list --prog", &[Listening, Programs])]
    #[case::exact_among_longer("--numeric", &[NumericHosts, NumericPorts, NumericUsers])]
    // boundary
    #[case::operands_mean_nothing("foo -t bar", &[Tcp])]
    #[case::end_of_options("-t -- -u", &[Tcp])]
    #[case::single_dash("- -t", &[Tcp])]
    #[case::twice("-tt --tcp", &[Tcp])]
    #[case::without_effect("-vNFC --verbose --symbolic --fib --cache", &[])]
    fn options_choose(#[case] line: &str, #[case] choices: &[Choice]) {
        assert_eq!(parse_line(line), Ok(Parsed::List(choices.iter().copied().collect())));
    }

    #[rstest]
    #[case::help("-th", Parsed::Help)]
    #[case::help_ends_all("--help -Q", Parsed::Help)]
    #[case::version("-V", Parsed::Version)]
    fn help_and_version_end_all(#[case] line: &str, #[case] parsed: Parsed) {
        assert_eq!(parse_line(line), Ok(parsed));
    }

    #[rstest]
    #[case::short("-tQ", "invalid option -- 'Q'", 3)]
    #[case::hostile("-\u{1b}", "invalid option -- '\\x1b'", 3)]
    #[case::long("--foo", "unrecognized option '--foo'", 3)]
    #[case::ambiguous(
        "--num",
        "option '--num' is ambiguous; possibilities: '--numeric' '--numeric-hosts' \
         '--numeric-ports' '--numeric-users'",
        3
    )]
    #[case::unwanted("--tcp=3", "option '--tcp' doesn't allow an argument", 3)]
    #[case::missing("-A", "option '-A' requires an argument", 3)]
    #[case::family("-A foo", "unknown address family 'foo'", 1)]
    #[case::empty_family("-A inet,", "unknown address family ''", 1)]
    #[case::routes(
        "-rn",
        "-r is not available: it prints routes, and no command of this shell does",
        3
    )]
    #[case::counters(
        "--stat",
        "--statistics is not available: it prints counters of protocols; `ss -s` prints those of \
         sockets",
        3
    )]
    #[case::continuous(
        "-tc",
        "-c is not available: it never ends; use `while sleep 1; do netstat; done`",
        3
    )]
    fn wrong_options(#[case] line: &str, #[case] message: &str, #[case] status: u8) {
        let error = parse_line(line).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.status().code()), (message, status));
    }

    #[rstest]
    #[case::route("-r", "--route")]
    #[case::interfaces("-i", "--interfaces")]
    #[case::groups("-g", "--groups")]
    #[case::statistics("-s", "--statistics")]
    #[case::masquerade("-M", "--masquerade")]
    #[case::continuous("-c", "--continuous")]
    #[case::udplite("-U", "--udplite")]
    #[case::sctp("-S", "--sctp")]
    #[case::context("-Z", "--context")]
    fn other_listings_are_refused_without_usage(#[case] short: &str, #[case] long: &str) {
        for option in [short, long] {
            let error = parse_line(option).unwrap_err();
            assert!(matches!(&error, CliError::Refused(typed, _) if typed == option), "{error}");
            assert!(!error.shows_usage());
        }
    }
}
