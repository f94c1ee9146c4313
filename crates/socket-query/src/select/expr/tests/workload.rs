//! Conditions on containers and systemd units, which iproute2 lacks.

use rstest::rstest;

use super::*;
use crate::select::expr::{Expr, FilterErrorKind, Predicate};

#[rstest]
// usual
#[case::container("container = aaaa", "container = aaaa")]
#[case::no_operator("container aa", "container = aa")]
#[case::not_equal("container != aaaa", "not container = aaaa")]
#[case::unit("unit = nginx.service", "unit = nginx.service")]
#[case::pattern("unit eq n* and not container aa", "unit = n* and not container = aa")]
// boundary: they are values where iproute2 takes a value
#[case::names_of_sockets("src unix:unit", "src unix:unit")]
#[case::device("dev unit", "there is no interface \"unit\"")]
#[case::cgroup("cgroup container", "there is no control group \"container\"")]
// hostile
#[case::unknown_container("container = ab", "there is no container whose id begins with \"ab\"")]
#[case::unknown_unit("unit = apache*", "there is no systemd unit \"apache*\"")]
#[case::slice("unit = user.slice", "there is no systemd unit \"user.slice\"")]
#[case::upper_case("container = AA", "expected the first digits of a container's id")]
#[case::no_digits("container = web", "expected the first digits of a container's id")]
#[case::order("container > aa", "expected \"=\", \"!=\" or the id of a container")]
#[case::no_value("unit =", "expected the name of a unit, but found the end of the filter")]
fn workload_conditions_begin_with_separate_keywords(#[case] text: &str, #[case] expected: &str) {
    let found = printed(parse(text));
    assert!(found.starts_with(expected), "{found}");
}

#[rstest]
#[case::prefix_of_both("container = aa", &[1, 2])]
#[case::one("container = aabb", &[2])]
#[case::scopes_are_units("unit = *.scope", &[1, 2])]
#[case::innermost("unit = nginx.service", &[3])]
#[case::any("unit = *", &[1, 2, 3])]
fn groups_are_resolved_when_filter_is_parsed(#[case] text: &str, #[case] ids: &[u64]) {
    match parse(text).unwrap().expr {
        Some(Expr::Is(Predicate::Container(groups) | Predicate::Unit(groups))) => {
            assert_eq!(groups.ids, ids);
            assert!((0..9).all(|id| groups.contains(id) == ids.contains(&id)));
        }
        other => panic!("{text:?} gives {other:?}"),
    }
}

#[test]
fn workloads_are_unknown_without_control_groups() {
    let machine = FakeMachine { has_cgroups: false, ..FakeMachine::new() };
    for text in ["container = aa", "unit = nginx.service"] {
        let error = parse_on(&machine, text.as_bytes(), TableSet::ALL, None).unwrap_err();
        assert_eq!(error.kind(), FilterErrorKind::Value);
        assert!(error.to_string().starts_with("containers and units are not known here"));
    }
}
