//! The words after the options: states, then a filter.
//!
//! ```text
//! words := (("state" | "exclude" | "excl") STATE)* filter?
//! ```
//!
//! Each word is an argument. The first `state` begins with no states, the first `exclude` with all
//! of them.

use bstr::{BStr, BString, ByteSlice as _};
use socket_query::StateSet;

use super::{error::CliError, word::STATES};

/// The states and the filter.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operands<'a> {
    /// The states that words chose; `None` without such words.
    pub(super) states: Option<StateSet>,
    /// The words of the filter.
    pub(super) filter: &'a [BString],
}

impl<'a> Operands<'a> {
    pub(super) fn parse(words: &'a [BString]) -> Result<Self, CliError> {
        let mut parsed = Self { states: None, filter: words };
        while let [verb, rest @ ..] = parsed.filter {
            let Some(verb) = StateVerb::of(verb.as_bstr()) else { break };
            let [name, rest @ ..] = rest else { return Err(CliError::NoState(verb.word())) };
            let states = STATES
                .find_ignoring_case(name)
                .ok_or_else(|| CliError::UnknownState(name.clone()))?;
            parsed.states = Some(verb.apply(parsed.states, states));
            parsed.filter = rest;
        }
        Ok(parsed)
    }
}

#[derive(Clone, Copy, Debug)]
enum StateVerb {
    State,
    Exclude,
}

impl StateVerb {
    fn of(word: &BStr) -> Option<Self> {
        match word.as_bytes() {
            b"state" => Some(Self::State),
            b"exclude" | b"excl" => Some(Self::Exclude),
            _ => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Exclude => "exclude",
        }
    }

    fn apply(self, chosen: Option<StateSet>, states: StateSet) -> StateSet {
        match self {
            Self::State => chosen.unwrap_or(StateSet::EMPTY).union(states),
            Self::Exclude => chosen.unwrap_or(StateSet::ALL).without(states),
        }
    }
}

#[cfg(test)]
mod tests {
    use procnetsocket::model::TcpState;
    use rstest::rstest;

    use super::*;

    fn words(line: &str) -> Vec<BString> {
        line.split_whitespace().map(BString::from).collect()
    }

    const ESTABLISHED: StateSet = StateSet::of(TcpState::Established);
    const LISTEN: StateSet = StateSet::of(TcpState::Listen);

    #[rstest]
    #[case::none("", None)]
    #[case::one("state established", Some(ESTABLISHED))]
    #[case::case_does_not_matter("state LiSTENING", Some(LISTEN))]
    #[case::two("state established state listening", Some(ESTABLISHED.union(LISTEN)))]
    #[case::excluded("exclude listening", Some(StateSet::ALL.without(LISTEN)))]
    #[case::short_word("excl listening", Some(StateSet::ALL.without(LISTEN)))]
    #[case::taken_away_again("state all exclude listening", Some(StateSet::ALL.without(LISTEN)))]
    #[case::and_back("exclude listening state listening", Some(StateSet::ALL))]
    #[case::nothing_left("state listening exclude listening", Some(StateSet::EMPTY))]
    #[case::listening_is_not_connected("exclude connected", Some(StateSet::LISTENING))]
    #[case::synchronized(
        "state synchronized state syn-sent state close state listening",
        Some(StateSet::ALL)
    )]
    #[case::bucket_and_big("state bucket state big", Some(StateSet::ALL))]
    #[case::unknown("state UNKNOWN", Some(StateSet::UNKNOWN))]
    fn states_come_first(#[case] line: &str, #[case] states: Option<StateSet>) {
        let words = words(line);
        assert_eq!(Operands::parse(&words), Ok(Operands { states, filter: &[] }));
    }

    #[rstest]
    #[case::behind_states("state listening sport = 22", "sport = 22")]
    #[case::alone("sport = 22", "sport = 22")]
    #[case::states_behind_it_are_part_of_it("sport 22 state all", "sport 22 state all")]
    #[case::case_matters("STATE all", "STATE all")]
    fn filter_is_the_rest(#[case] line: &str, #[case] filter: &str) {
        let words = words(line);
        assert_eq!(bstr::join(" ", Operands::parse(&words).unwrap().filter), filter.as_bytes());
    }

    #[rstest]
    #[case::no_name("state", "expected the name of a state after \"state\"")]
    #[case::no_second_name("state all excl", "expected the name of a state after \"exclude\"")]
    #[case::unknown(
        "state listen",
        "\"listen\" is not a state; expected established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, \
         time-wait, unconnected, close-wait, last-ack, listening, closing, bound-inactive, all, \
         connected, synchronized, bucket or big"
    )]
    fn wrong_states_are_named(#[case] line: &str, #[case] message: &str) {
        let error = Operands::parse(&words(line)).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.shows_usage()), (255, false));
    }
}
