//! The details and the form of a listing.

use bstr::BString;
use procnetsocket::{Details, Threads};
use rstest::rstest;
use socket_query::{Grant, GrantSet};

use super::{live, plan_with, powerful, show};
use crate::cli::{
    CounterDisplay, Detail, Direction, ListingKind, NameDisplay, NamespaceChoice, OptionalColumn,
    Order, OutputFormat, Plan, SortKey,
};

#[rstest]
#[case::alone("-s", CounterDisplay::Only)]
#[case::with_views_and_details("-sane", CounterDisplay::Only)]
#[case::with_a_table("-st", CounterDisplay::Before)]
#[case::with_a_family("-s4", CounterDisplay::Before)]
#[case::with_a_query("-sA tcp", CounterDisplay::Before)]
#[case::without("-t", CounterDisplay::None)]
fn summary_precedes_a_chosen_listing(#[case] line: &str, #[case] summary: CounterDisplay) {
    assert_eq!(show(line).summary, summary);
}

#[rstest]
#[case::timer("-to", [true, false, false])]
#[case::extended_shows_timers("-te", [true, true, false])]
#[case::info("-ti", [false, false, true])]
#[case::others("-tmO --tos --cgroup --inet-sockopt", [false, false, false])]
fn details_depend_on_the_tables(#[case] line: &str, #[case] expected: [bool; 3]) {
    let details = show(line).details;
    let seen = [Detail::Timer, Detail::Extended, Detail::Info].map(|d| details.contains(d));
    assert_eq!(seen, expected);
}

#[rstest]
#[case::nothing("-t", Details::NONE)]
#[case::timers_come_always("-to --cgroup --inet-sockopt", Details::NONE)]
#[case::memory("-tm", Details::MEMORY)]
#[case::info("-ti", Details::INFO)]
#[case::service("-t --tos", Details::TRAFFIC_CLASS)]
#[case::filter("-0b", Details::FILTER)]
fn only_shown_details_are_requested(#[case] line: &str, #[case] details: Details) {
    assert_eq!(live(line).selection.unwrap().details, details);
}

#[test]
fn extended_requests_neither_statistics_nor_memory() {
    let details = live("-ae").selection.unwrap().details;
    assert!(details.contains(Details::PENDING.union(Details::RINGS).union(Details::UMEM)));
    for left_out in [Details::INFO, Details::MEMORY, Details::TRAFFIC_CLASS, Details::FILTER] {
        assert!(!details.contains(left_out), "{left_out:?}");
    }
}

#[rstest]
#[case::filters("-b", Detail::Filters, true)]
#[case::filters_show_timers("-b", Detail::Timer, true)]
#[case::memory("-m", Detail::Memory, true)]
#[case::service("--tos", Detail::TypeOfService, true)]
#[case::cgroup("--cgroup", Detail::Cgroup, true)]
#[case::options("--inet-sockopt", Detail::SocketOptions, true)]
#[case::nothing_else("-m", Detail::Timer, false)]
fn each_option_shows_its_detail(
    #[case] line: &str,
    #[case] detail: Detail,
    #[case] is_shown: bool,
) {
    assert_eq!(live(line).details.contains(detail), is_shown);
}

#[test]
fn option_o_puts_a_socket_on_one_line() {
    assert!(live("-tO").layout.one_line && !live("-t").layout.one_line);
}

#[test]
fn parts_of_the_listing_are_hidden_on_request() {
    assert_eq!(show("-HQ").layout.hidden, [OptionalColumn::Header, OptionalColumn::Queues]);
    assert_eq!(show("-n").names, NameDisplay::Numeric);
    assert_eq!(show("").names, NameDisplay::Resolved);
}

#[rstest]
#[case::text("-t", OutputFormat::Text, ListingKind::Sockets)]
#[case::json("--json", OutputFormat::Json, ListingKind::Sockets)]
#[case::last_form_counts("--json --json-lines", OutputFormat::JsonLines, ListingKind::Sockets)]
#[case::number("--count", OutputFormat::Text, ListingKind::Number)]
#[case::number_as_json("--json --count -t", OutputFormat::Json, ListingKind::Number)]
fn options_choose_what_is_printed(
    #[case] line: &str,
    #[case] output: OutputFormat,
    #[case] answer: ListingKind,
) {
    let show = show(line);
    assert_eq!((show.output, show.answer), (output, answer));
}

#[test]
fn options_choose_the_order() {
    let order = show("--sort uid --sort -port,state --limit=3").order;
    let keys = vec![(SortKey::Port, Direction::Down), (SortKey::State, Direction::Up)];
    assert_eq!(order, Order { keys, limit: Some(3) });
    assert_eq!(show("-t").order, Order::default());
}

#[test]
fn number_of_sockets_needs_no_details() {
    assert_eq!(live("-tim --count").selection.unwrap().details, Details::NONE);
}

#[rstest]
#[case::short("-h")]
#[case::word("-f help")]
#[case::before_a_refused_option("-K -h")]
#[case::before_a_wrong_family("-h -f nonsense")]
fn help_ends_parsing(#[case] line: &str) {
    assert_eq!(plan_with(line, GrantSet::empty()), Ok(Plan::Help));
}

#[rstest]
#[case::none("-t", None)]
#[case::one("-tN blue", Some("blue"))]
#[case::attached("-tNblue", Some("blue"))]
#[case::long("--net=blue -t", Some("blue"))]
#[case::last_counts("-N red -N blue", Some("blue"))]
#[case::empty("--net=", Some(""))]
fn namespace_is_chosen_by_name(#[case] line: &str, #[case] namespace: Option<&str>) {
    match powerful(line) {
        Ok(Plan::Show(show)) => {
            let chosen = namespace.map(BString::from).map(NamespaceChoice::Named);
            assert_eq!(show.namespace, chosen.unwrap_or_default());
        }
        other => panic!("{line:?} gives {other:?}"),
    }
}

#[rstest]
#[case::processes("-tp", Some(Threads::Together), "-p")]
#[case::long("-t --processes", Some(Threads::Together), "-p")]
#[case::threads_have_no_column("-tT", None, "-T")]
#[case::both("-tpT", Some(Threads::Together), "-p")]
#[case::both_the_other_way("-tTp", Some(Threads::Together), "-T")]
fn ungranted_processes_have_an_empty_column(
    #[case] line: &str,
    #[case] processes: Option<Threads>,
    #[case] option: &str,
) {
    let show = show(line);
    assert_eq!(show.processes, processes);
    assert_eq!(show.ungranted_processes.unwrap().to_string(), option);
}

#[rstest]
#[case::nobody("-t", None)]
#[case::processes("-tp", Some(Threads::Together))]
#[case::threads("-tT", Some(Threads::Apart))]
#[case::both("-tpT", Some(Threads::Apart))]
#[case::both_the_other_way("-tTp", Some(Threads::Apart))]
#[case::long("--processes", Some(Threads::Together))]
fn processes_are_shown_with_their_grant(#[case] line: &str, #[case] processes: Option<Threads>) {
    match plan_with(line, GrantSet::empty().with(Grant::Processes)) {
        Ok(Plan::Show(show)) => assert_eq!(show.processes, processes),
        other => panic!("{line:?} gives {other:?}"),
    }
}
