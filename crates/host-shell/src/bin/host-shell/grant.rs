//! The grants of the command line.

use socket_query::{Grant, GrantSet};

/// What a list of grants is, for messages.
pub(crate) const EXPECTED: &str =
    "names out of sockets, processes, resolve, events, kill and namespaces, or none";

/// Reads `NAME,...`; `none` stands alone and is the empty set.
pub(crate) fn parse_grants(list: &str) -> Option<GrantSet> {
    if list == "none" {
        return Some(GrantSet::empty());
    }
    list.split(',').map(|name| name.parse::<Grant>().ok()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one("sockets", &[Grant::Sockets])]
    #[case::all("sockets,processes,resolve,events,kill,namespaces", &Grant::ALL)]
    #[case::twice_is_once("kill,kill", &[Grant::Kill])]
    #[case::none("none", &[])]
    fn reads_names(#[case] list: &str, #[case] grants: &[Grant]) {
        assert_eq!(parse_grants(list), Some(grants.iter().copied().collect()));
    }

    #[rstest]
    #[case::empty("")]
    #[case::unknown("root")]
    #[case::none_with_another("none,sockets")]
    #[case::empty_name("sockets,")]
    #[case::capitals("Sockets")]
    fn refuses(#[case] list: &str) {
        assert_eq!(parse_grants(list), None);
    }
}
