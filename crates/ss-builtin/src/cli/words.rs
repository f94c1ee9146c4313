//! The words behind the options: states, then a filter.
//!
//! ```text
//! words := (("state" | "exclude" | "excl") STATE)* filter?
//! ```
//!
//! Each stands in an argument of its own. The first `state` begins with no states, the first
//! `exclude` with all of them.

use bstr::{BStr, BString, ByteSlice as _};
use procnetsocket::model::TcpState;
use socket_query::StateSet;

use super::CliError;

/// What the words say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Operands<'a> {
    /// The states that words chose, if any did.
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
            let states = states_of_word(name.as_bstr())
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

/// Returns the states that a word stands for, in upper or lower case.
fn states_of_word(word: &BStr) -> Option<StateSet> {
    Some(match word.to_ascii_lowercase().as_slice() {
        b"all" => StateSet::ALL,
        b"connected" => CONNECTED,
        b"synchronized" => CONNECTED.without(StateSet::of(TcpState::SynSent)),
        b"bucket" => BUCKET,
        b"big" => StateSet::ALL.without(BUCKET),
        // Compat: iproute2's name for the bit that stands for no state.
        b"unknown" => StateSet::UNKNOWN,
        name => StateSet::of(state_of_word(name)?),
    })
}

/// Every state but LISTEN and UNCONN. It is not what is listed without options, which leaves
/// TIME-WAIT and SYN-RECV out, too.
const CONNECTED: StateSet = StateSet::ALL.without(StateSet::LISTENING);

/// The states that are no sockets of their own in the kernel.
const BUCKET: StateSet = StateSet::of(TcpState::SynRecv).union(StateSet::of(TcpState::TimeWait));

fn state_of_word(name: &[u8]) -> Option<TcpState> {
    Some(match name {
        b"established" => TcpState::Established,
        b"syn-sent" => TcpState::SynSent,
        b"syn-recv" | b"syn-rcv" => TcpState::SynRecv,
        b"fin-wait-1" => TcpState::FinWait1,
        b"fin-wait-2" => TcpState::FinWait2,
        b"time-wait" => TcpState::TimeWait,
        b"unconnected" | b"closed" | b"close" => TcpState::Close,
        b"close-wait" => TcpState::CloseWait,
        b"last-ack" => TcpState::LastAck,
        b"listening" => TcpState::Listen,
        b"closing" => TcpState::Closing,
        b"bound-inactive" => TcpState::BoundInactive,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn every_state_has_a_word() {
        let names = "established syn-sent syn-recv fin-wait-1 fin-wait-2 time-wait unconnected \
                     close-wait last-ack listening closing bound-inactive";
        for name in names.split(' ') {
            assert!(state_of_word(name.as_bytes()).is_some(), "{name}");
        }
        assert_eq!(state_of_word(b"syn-rcv"), state_of_word(b"syn-recv"));
        assert_eq!(state_of_word(b"close"), state_of_word(b"closed"));
    }

    #[rstest]
    #[case::behind_states("state listening sport = 22", "sport = 22")]
    #[case::alone("sport = 22", "sport = 22")]
    #[case::states_behind_it_are_part_of_it("sport 22 state all", "sport 22 state all")]
    #[case::case_matters("STATE all", "STATE all")]
    fn the_filter_is_the_rest(#[case] line: &str, #[case] filter: &str) {
        let words = words(line);
        assert_eq!(bstr::join(" ", Operands::parse(&words).unwrap().filter), filter.as_bytes());
    }

    #[rstest]
    #[case::no_name("state", "expected the name of a state behind \"state\"")]
    #[case::no_second_name("state all excl", "expected the name of a state behind \"exclude\"")]
    #[case::unknown(
        "state listen",
        "\"listen\" is no state; expected established, syn-sent, syn-recv, fin-wait-1, fin-wait-2, \
         time-wait, unconnected, close-wait, last-ack, listening, closing, bound-inactive, all, \
         connected, synchronized, bucket or big"
    )]
    fn wrong_states_are_named(#[case] line: &str, #[case] message: &str) {
        let error = Operands::parse(&words(line)).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!((error.status(), error.shows_usage()), (255, false));
    }
}
