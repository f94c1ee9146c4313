//! The grants of the command line.

use builtin_cli::WordList;
use socket_query::{Grant, GrantSet};

/// The word for the empty set.
const NONE: &str = "none";

/// The words of a list of grants.
pub static GRANT_LIST: WordList =
    WordList::new("NAME", || Grant::WORDS.into_iter().chain([NONE]).collect());

/// Parses `NAME,...`, or `none` for the empty set.
pub fn parse_grants(list: &str) -> Option<GrantSet> {
    if list == NONE {
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
