//! Listing, following, destroying and repeating, and when it ends.

use std::time::{Duration, Instant};

use rstest::rstest;
use socket_query::GrantSet;

use super::{plan_with, powerful, show};
use crate::cli::{Action, End, ListingKind, Plan, Ticks};

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
#[case::without_end("--json-lines --every 60", 60_000, End::default())]
#[case::count("--count 3 --every=500ms --json-lines", 500, End { after: None, count: Some(3) })]
#[case::time(
    "--json-lines --every 1s --for 1m -tan",
    1_000,
    End { after: Some(Duration::from_mins(1)), count: None }
)]
fn listing_is_repeated_until_its_end(
    #[case] line: &str,
    #[case] milliseconds: u64,
    #[case] end: End,
) {
    let period = Duration::from_millis(milliseconds);
    assert_eq!(action(line), Action::Repeat(Ticks { period, end }));
    assert_eq!(show(line).answer, ListingKind::Sockets);
}

#[rstest]
#[case::counters("-s", "a pass lists sockets, and the counters are of the whole machine")]
#[case::events("-E", "events are printed as they come")]
#[case::kill("-K", "sockets are closed once, not at each tick")]
fn options_that_cannot_repeat_are_refused(#[case] option: &str, #[case] reason: &str) {
    let error = powerful(&format!("--json-lines --every 1 {option} sport = 22")).unwrap_err();
    assert_eq!(error.to_string(), format!("{option} with --every is refused: {reason}"));
    assert_eq!((error.status(), error.shows_usage()), (1, false));
}

#[rstest]
// A pass that is over before the next tick, just at it, and after one or more.
#[case::in_time(0, 1_000)]
#[case::late_by_almost_a_period(999, 1_000)]
#[case::at_the_tick(1_000, 2_000)]
#[case::after_several(3_500, 4_000)]
fn missed_ticks_are_skipped(#[case] now: u64, #[case] next: u64) {
    let ticks = Ticks { period: Duration::from_secs(1), end: End::default() };
    let (tick, after) = (Instant::now(), Duration::from_millis);
    assert_eq!(ticks.next(tick, tick + after(now)), tick + after(next));
}

#[rstest]
#[case::text("--every 1", "option --every needs --json-lines")]
#[case::array("--json --every 1", "option --every needs --json-lines")]
#[case::no_passes(
    "--json-lines --every 1 --count",
    "--count expects with --every a number of passes above 0"
)]
#[case::never(
    "--json-lines --every 0",
    "--every expects a duration such as 30s, 500ms, 5m or 1h, at most 720h, but found \"0\""
)]
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
#[case::no_events("-t --for 1", "option --for needs -E or --every")]
fn invalid_ends_show_the_usage(#[case] line: &str, #[case] message: &str) {
    let error = powerful(line).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!((error.status(), error.shows_usage()), (255, true));
}

#[rstest]
#[case::events("-E --limit 3", "--sort and --limit have no effect with -E")]
#[case::kill("-K --sort port", "--sort and --limit have no effect with -K")]
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
fn close_without_filter_is_refused(#[case] line: &str, #[case] message: &str) {
    let error = powerful(line).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!((error.status(), error.shows_usage()), (1, false));
}

#[test]
fn number_after_count_is_for_events() {
    let error = plan_with("--count 3 -t", GrantSet::empty()).unwrap_err();
    let message =
        "--count takes a number with -E and --every only; --limit=N prints at most N sockets";
    assert_eq!((error.to_string().as_str(), error.status()), (message, 255));
}
