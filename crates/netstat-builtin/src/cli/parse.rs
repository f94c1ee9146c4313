//! Parses the command line. Compat: words that are not options are accepted and ignored.

use bstr::{BString, ByteSlice as _};
use builtin_cli::{Arg, Args, Typed};

use super::{
    choice::{Choice, Choices},
    error::CliError,
    flag::{Effect, FAMILIES, FLAGS},
};

/// A parsed command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParsedArgs {
    Help,
    Version,
    List(Choices),
}

/// Parses a command line.
///
/// Compat: parsing ends at the first invalid option, and at the first that prints the help or the
/// version.
pub(crate) fn parse(args: &[BString]) -> Result<ParsedArgs, CliError> {
    let mut choices = Choices::default();
    for arg in Args::new(FLAGS, args) {
        let Arg::Flag(typed) = arg? else { continue };
        match typed.flag.effect {
            Effect::Choose(chosen) => choices.extend(chosen.iter().copied()),
            Effect::Families => choices.extend(families(&typed)?),
            Effect::Nothing => {}
            Effect::Help => return Ok(ParsedArgs::Help),
            Effect::Version => return Ok(ParsedArgs::Version),
            Effect::Refuse(reason) => {
                return Err(CliError::Refused(typed.spelling.to_string(), reason));
            }
        }
    }
    Ok(ParsedArgs::List(choices))
}

fn families(typed: &Typed<'_, Effect>) -> Result<Vec<Choice>, CliError> {
    let family =
        |name: &[u8]| FAMILIES.find(name).ok_or_else(|| CliError::UnknownFamily(name.into()));
    typed.text().split_str(",").map(family).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::cli::Choice::{
        self, All, Extended, Ipv4, Ipv6, Listening, NumericHosts, NumericPorts, NumericUsers,
        Programs, Tcp, Timers, Udp, Unix, Wide,
    };

    fn parse_line(line: &str) -> Result<ParsedArgs, CliError> {
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
    fn options_make_choices(#[case] line: &str, #[case] choices: &[Choice]) {
        assert_eq!(parse_line(line), Ok(ParsedArgs::List(choices.iter().copied().collect())));
    }

    #[rstest]
    #[case::help("-th", ParsedArgs::Help)]
    #[case::help_ends_all("--help -Q", ParsedArgs::Help)]
    #[case::version("-V", ParsedArgs::Version)]
    fn help_and_version_end_parsing(#[case] line: &str, #[case] parsed: ParsedArgs) {
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
    #[case::missing("-A", "option requires an argument -- 'A'", 3)]
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
    fn invalid_options_are_rejected(#[case] line: &str, #[case] message: &str, #[case] status: u8) {
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
