//! What is done with sockets, and until when.

use std::time::Duration;

use rstest::rstest;
use socket_query::GrantSet;

use super::{plan_with, powerful};
use crate::cli::{Action, End, Plan};

fn action(line: &str) -> Action {
    match powerful(line) {
        Ok(Plan::Show(show)) => show.action,
        other => panic!("{line:?} gives {other:?}"),
    }
}

#[rstest]
#[case::without_end("-E", None, None)]
#[case::twice("-tE --events", None, None)]
#[case::time("-E --for 10", Some(10_000), None)]
#[case::time_before("--for=500ms -E", Some(500), None)]
#[case::count("-E --count 3", None, Some(3))]
#[case::both("--count=3 -E --for 1m", Some(60_000), Some(3))]
#[case::last_counts("-E --for 1 --for 2 --count 3 --count 4", Some(2_000), Some(4))]
fn events_end_at_their_limit(
    #[case] line: &str,
    #[case] milliseconds: Option<u64>,
    #[case] count: Option<u64>,
) {
    let after = milliseconds.map(Duration::from_millis);
    assert_eq!(action(line), Action::Follow(End { after, count }));
}

#[rstest]
#[case::no_number("-E --count", "--count expects with -E a number of events above 0")]
#[case::zero("-E --count 0", "--count expects with -E a number of events above 0, but found \"0\"")]
#[case::too_large(
    "-E --count 18446744073709551616",
    "--count expects with -E a number of events above 0, but found \"18446744073709551616\""
)]
#[case::no_duration(
    "-E --for soon",
    "--for expects a duration such as 30s, 500ms, 5m or 1h, at most 720h, but found \"soon\""
)]
#[case::too_long(
    "-E --for 2592001",
    "--for expects a duration such as 30s, 500ms, 5m or 1h, at most 720h, but found \"2592001\""
)]
#[case::hostile(
    "-E --for \u{1b}[2J",
    "--for expects a duration such as 30s, 500ms, 5m or 1h, at most 720h, but found \"\\x1b[2J\""
)]
#[case::no_time(
    "-E --for=",
    "--for expects a duration such as 30s, 500ms, 5m or 1h, at most 720h, but found \"\""
)]
#[case::no_events("-t --for 1", "option --for says nothing without -E")]
fn ends_that_make_no_sense_show_the_usage(#[case] line: &str, #[case] message: &str) {
    let error = powerful(line).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!((error.status(), error.shows_usage()), (255, true));
}

#[rstest]
#[case::events("-E --limit 3", "--sort and --limit do nothing beside -E")]
#[case::kill("-K --sort port", "--sort and --limit do nothing beside -K")]
fn options_without_listing_refuse_an_order(#[case] line: &str, #[case] message: &str) {
    let error = powerful(line).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!((error.status(), error.shows_usage()), (255, true));
}

#[rstest]
#[case::no_filter(
    "-K",
    "-K is refused: without a filter expression it would close every socket there is"
)]
#[case::tables_are_no_filter(
    "-tunK4",
    "-K is refused: without a filter expression it would close every socket there is"
)]
#[case::with_events("-KE", "-K with -E is refused: what has ended cannot be closed again")]
#[case::events_with_it("-EK", "-K with -E is refused: what has ended cannot be closed again")]
fn nothing_is_closed_without_saying_what(#[case] line: &str, #[case] message: &str) {
    let error = powerful(line).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!((error.status(), error.shows_usage()), (1, false));
}

#[test]
fn a_number_behind_count_is_for_events() {
    let error = plan_with("--count 3 -t", GrantSet::empty()).unwrap_err();
    let message = "--count takes a number with -E only; --limit=N prints N sockets at most";
    assert_eq!((error.to_string().as_str(), error.status()), (message, 255));
}
