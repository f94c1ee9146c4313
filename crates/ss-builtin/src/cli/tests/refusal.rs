//! Refusals and their reasons.

use rstest::rstest;
use socket_query::{Grant, GrantSet};

use super::{live, plan_in, plan_with, powerful};
use crate::cli::{HostFeatures, flags};

#[rstest]
#[case::events("-E", Grant::Events)]
#[case::kill("-K", Grant::Kill)]
fn option_is_refused_without_sock_diag_despite_its_grant(#[case] line: &str, #[case] grant: Grant) {
    let error = plan_with(line, GrantSet::empty().with(grant)).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{line} is refused: the /proc tables do not show it, and there is no sock_diag here"
        )
    );
}

#[rstest]
#[case::family("-f tipc", "-f tipc is refused: TIPC sockets are not supported")]
#[case::table("-A tipc", "-A tipc is refused: TIPC sockets are not supported")]
#[case::option("--tipc", "--tipc is refused: TIPC sockets are not supported")]
fn tipc_is_refused_everywhere(#[case] line: &str, #[case] message: &str) {
    let host = HostFeatures { grants: GrantSet::empty(), has_sock_diag: true };
    assert_eq!(plan_in(line, host).unwrap_err().to_string(), message);
}

#[test]
fn options_that_need_sock_diag_are_refused_without_it() {
    for doc in flags().filter(|doc| doc.source.is_some() && doc.grant.is_none()) {
        let line = format!("--{}", doc.name());
        assert_eq!(plan_with(&line, GrantSet::empty()).unwrap_err().status(), 1, "{line}");
        assert!(live(&line).selection.is_ok(), "{line}");
    }
}

#[rstest]
#[case::kill("-K", "-K is refused: it needs the grant \"kill\", which this host does not give")]
#[case::events("-E", "-E is refused: it needs the grant \"events\", which this host does not give")]
#[case::namespace(
    "-N x",
    "-N is refused: it needs the grant \"namespaces\", which this host does not give"
)]
#[case::long(
    "--vsock",
    "--vsock is refused: the /proc tables do not show it, and there is no sock_diag here"
)]
#[case::dump("-D /tmp/x", "-D is refused: it writes raw kernel records to a file of the system")]
#[case::family("-f vsock", "-f vsock is refused: the /proc tables do not show its sockets")]
#[case::table("-A sctp", "-A sctp is refused: the /proc tables do not show its sockets")]
#[case::first_of_several("-ZpK", "-Z is refused: security contexts are not listed here")]
fn refusals_name_the_grant_or_the_reason(#[case] line: &str, #[case] message: &str) {
    let error = plan_with(line, GrantSet::empty()).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!((error.status(), error.shows_usage()), (1, false));
}

#[rstest]
#[case::counters(
    "-stN blue",
    "-s with -N is refused: the counters are in /proc, which shows only the host's namespace"
)]
#[case::counters_alone(
    "-N blue -s",
    "-s with -N is refused: the counters are in /proc, which shows only the host's namespace"
)]
#[case::events("-EN blue", "-E with -N is refused: the host follows events only in its namespace")]
#[case::counters_of_every_one(
    "-s --all-namespaces",
    "-s with --all-namespaces is refused: the counters are in /proc, which shows only the host's namespace"
)]
#[case::events_of_every_one(
    "--all-namespaces -E",
    "-E with --all-namespaces is refused: the host follows events only in its namespace"
)]
#[case::kill_everywhere(
    "-K --all-namespaces sport = 7",
    "-K with --all-namespaces is refused: sockets are closed in one network namespace, which -N names"
)]
#[case::one_and_every_one(
    "--all-namespaces -N blue",
    "-N with --all-namespaces is refused: one of them says which network namespaces are listed"
)]
#[case::every_one_and_one(
    "-N blue --all-namespaces",
    "-N with --all-namespaces is refused: one of them says which network namespaces are listed"
)]
fn options_that_do_not_work_in_another_namespace_are_refused(
    #[case] line: &str,
    #[case] message: &str,
) {
    let error = powerful(line).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!((error.status(), error.shows_usage()), (1, false));
}

#[rstest]
#[case::events("-tE --peers", "-E")]
#[case::kill("--peers -tK sport = 7", "-K")]
fn other_ends_need_a_listing(#[case] line: &str, #[case] option: &str) {
    assert_eq!(
        powerful(line).unwrap_err().to_string(),
        format!(
            "{option} with --peers is refused: the other ends of connections are looked for in \
             listings only"
        )
    );
}

#[test]
fn every_refused_option_of_the_table_is_refused() {
    for doc in flags().filter(|doc| doc.refusal.is_some()) {
        let line = format!("--{}{}", doc.name(), if doc.value.is_some() { "=x" } else { "" });
        assert_eq!(powerful(&line).unwrap_err().status(), 1, "{line}");
    }
}
