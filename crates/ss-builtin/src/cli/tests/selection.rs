//! The sockets that a command line selects.

use procnetsocket::model::TcpState;
use rstest::rstest;
use socket_query::{GrantSet, SocketTable, StateSet, TableSet};

use super::{live, plan_with, powerful, show};
use crate::cli::{NothingToShow, flag::FLAGS, word::TABLES};

fn tables(words: &str) -> TableSet {
    words.split(' ').flat_map(|word| TABLES.find(word.as_bytes()).unwrap().iter()).collect()
}

#[rstest]
#[case::nothing("-a", "")]
#[case::tables("-tM", "tcp mptcp")]
#[case::family("--vsock", "vsock")]
#[case::family_word("-f xdp", "xdp")]
#[case::families_of_many_protocols("-46", "")]
#[case::word("-A sctp,raw", "sctp raw")]
#[case::words_of_many_protocols("-A all", "")]
#[case::inet("-A inet", "")]
#[case::forgotten_by_query("-t -A udp", "udp")]
#[case::family_beside_query("-x -A udp", "unix udp")]
#[case::taken_away("-A sctp,!sctp,udp", "udp")]
fn tables_chosen_by_name_are_named(#[case] line: &str, #[case] named: &str) {
    let expected = if named.is_empty() { TableSet::EMPTY } else { tables(named) };
    assert_eq!(live(line).selection.unwrap().named, expected);
}

const UDP_DEFAULT: StateSet = StateSet::of(TcpState::Established);
const UNCONNECTED: StateSet = StateSet::of(TcpState::Close);

#[rstest]
#[case::nothing("", "all", StateSet::CONNECTED)]
#[case::tcp("-t", "tcp", StateSet::CONNECTED)]
#[case::udp_is_listed_when_connected("-u", "udp", UDP_DEFAULT)]
#[case::raw("-w", "raw", UDP_DEFAULT)]
#[case::tables_add_their_states("-ut", "udp tcp", StateSet::CONNECTED)]
#[case::packet("-0", "packet", UNCONNECTED)]
#[case::link_word("-f link", "packet", UNCONNECTED)]
#[case::netlink("-f netlink", "netlink", UNCONNECTED)]
#[case::unix("-x", "unix", StateSet::CONNECTED)]
#[case::family_brings_its_tables("-4", "inet", StateSet::CONNECTED)]
#[case::family_word("-f inet", "inet", StateSet::CONNECTED)]
#[case::family_keeps_its_table("-4u", "udp", StateSet::CONNECTED)]
#[case::table_and_other_family("-tx", "tcp unix", StateSet::CONNECTED)]
#[case::all("-ta", "tcp", StateSet::ALL)]
#[case::listening("-tl", "tcp", StateSet::LISTENING)]
#[case::last_view_counts("-tla", "tcp", StateSet::ALL)]
#[case::last_view_counts_the_other_way("-tal", "tcp", StateSet::LISTENING)]
#[case::query("-A udp", "udp", StateSet::CONNECTED)]
#[case::query_forgets_flags_before("-t -A udp", "udp", StateSet::CONNECTED)]
#[case::flags_behind_query_add("-A udp -t", "udp tcp", StateSet::CONNECTED)]
#[case::families_survive_query("-xA tcp", "tcp unix", StateSet::CONNECTED)]
#[case::queries_add("-A udp -A tcp", "udp tcp", StateSet::CONNECTED)]
#[case::query_keeps_a_view_before("-lA tcp", "tcp", StateSet::LISTENING)]
#[case::view_behind_query_counts("-A tcp -a", "tcp", StateSet::ALL)]
#[case::query_takes_away("-A inet,!mptcp,!sctp,!dccp,!raw", "udp tcp", StateSet::CONNECTED)]
#[case::query_of_all("-A all,!tcp -a", "all", StateSet::ALL)]
fn selects_tables_and_states(#[case] line: &str, #[case] words: &str, #[case] states: StateSet) {
    let selection = show(line).selection.unwrap();
    let mut expected = tables(words);
    if line.contains("all,!tcp") {
        expected = expected.without(TableSet::of(SocketTable::Tcp));
    }
    assert_eq!((selection.tables, selection.states), (expected, states));
}

#[rstest]
#[case::tcp("-t", "Inet Inet6")]
#[case::one_family("-t4", "Inet")]
#[case::both_families("-t46", "Inet Inet6")]
#[case::unix_with_tcp("-tx", "Unix Inet Inet6")]
#[case::unix_with_ipv6("-x6", "Unix Inet6")]
fn selects_families(#[case] line: &str, #[case] expected: &str) {
    let families = show(line).selection.unwrap().families;
    let names: Vec<_> = families.iter().map(|family| format!("{family:?}")).collect();
    assert_eq!(names.join(" "), expected);
}

#[test]
fn removing_every_table_leaves_nothing_to_show() {
    assert_eq!(show("-A !tcp").selection, Err(NothingToShow::Tables));
}

#[rstest]
#[case::mptcp("-M", "mptcp", StateSet::CONNECTED)]
#[case::sctp("-Sa", "sctp", StateSet::ALL)]
#[case::dccp("-dl", "dccp", StateSet::LISTENING)]
#[case::vsock("--vsock", "vsock_stream vsock_dgram", StateSet::CONNECTED)]
#[case::vsock_word("-f vsock", "vsock_stream vsock_dgram", StateSet::CONNECTED)]
#[case::xdp("--xdp", "xdp", UNCONNECTED)]
#[case::xdp_word("-f xdp", "xdp", UNCONNECTED)]
#[case::by_name("-A sctp,v_str -a", "sctp v_str", StateSet::ALL)]
#[case::bound_inactive("-tB", "tcp", StateSet::of(TcpState::BoundInactive))]
fn sock_diag_shows_more(#[case] line: &str, #[case] words: &str, #[case] states: StateSet) {
    let selection = live(line).selection.unwrap();
    assert_eq!((selection.tables, selection.states), (tables(words), states));
}

#[test]
fn every_option_word_is_accepted() {
    for doc in FLAGS.iter().map(|flag| &flag.doc) {
        let Some(list) = doc.value.and_then(|value| value.words()) else { continue };
        for word in list.names() {
            let plain = powerful(&format!("--{}={word}", doc.name()));
            assert!(plain.is_ok(), "--{}={word}: {plain:?}", doc.name());
            let Some((prefix, _)) = list.prefix else { continue };
            let changed = powerful(&format!("--{}={word},{prefix}{word}", doc.name()));
            assert!(changed.is_ok() && changed != plain, "{prefix}{word}");
        }
    }
}

#[rstest]
#[case::family(
    "-f nonsense",
    "\"nonsense\" is not a family; expected inet, inet6, link, unix, netlink, vsock, xdp or help"
)]
#[case::table("-A tcp,nonsense", "\"nonsense\" is not a socket table; the usage below names them")]
#[case::empty_table("-A tcp,", "\"\" is not a socket table; the usage below names them")]
#[case::escaped("-A \u{1b}[2J", "\"\\x1b[2J\" is not a socket table; the usage below names them")]
fn unknown_words_show_the_usage(#[case] line: &str, #[case] message: &str) {
    let error = plan_with(line, GrantSet::empty()).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!((error.status(), error.shows_usage()), (255, true));
}
