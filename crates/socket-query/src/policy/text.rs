//! The form in which a policy is written down.
//!
//! ```toml
//! grants = ["sockets", "processes"]
//! families = ["inet", "inet6", "unix"]
//! uid = 1000
//! processes = "full"
//! unix-names = "hidden"
//! secrets = "hidden"
//! max-rows = 100000
//! max-time-ms = 10000
//! ```
//!
//! Each may be left out. A word that is not known is an error, so that a policy never means less
//! than its writer thought.

use std::{num::NonZeroU64, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Grant, GrantSet, Policy, ProcessVisibility, Visibility, VisibleUsers};
use crate::{AddressFamily, FamilySet};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(super) struct PolicyText {
    grants: Vec<Grant>,
    families: Vec<AddressFamily>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    processes: ProcessVisibility,
    unix_names: Visibility,
    secrets: Visibility,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_rows: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_time_ms: Option<NonZeroU64>,
}

impl Default for PolicyText {
    fn default() -> Self {
        Policy::default().into()
    }
}

impl From<PolicyText> for Policy {
    fn from(text: PolicyText) -> Self {
        let families = text.families.into_iter().map(FamilySet::of);
        let grants: GrantSet = text.grants.into_iter().collect();
        Self::new(grants)
            .with_families(families.fold(FamilySet::EMPTY, FamilySet::union))
            .with_users(text.uid.map_or(VisibleUsers::All, VisibleUsers::Uid))
            .with_processes(text.processes)
            .with_unix_names(text.unix_names)
            .with_secrets(text.secrets)
            .with_max_rows(text.max_rows)
            .with_max_time(text.max_time_ms.map(|time| Duration::from_millis(time.get())))
    }
}

impl From<Policy> for PolicyText {
    fn from(policy: Policy) -> Self {
        let milliseconds =
            |time: Duration| NonZeroU64::new(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        Self {
            grants: policy.grants.iter().collect(),
            families: policy.families.iter().collect(),
            uid: match policy.users {
                VisibleUsers::All => None,
                VisibleUsers::Uid(uid) => Some(uid),
            },
            processes: policy.processes,
            unix_names: policy.unix_names,
            secrets: policy.secrets,
            max_rows: policy.max_rows,
            max_time_ms: policy.max_time.and_then(milliseconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(text: &str) -> Result<Policy, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn nothing_written_is_the_default() {
        assert_eq!(read(""), Ok(Policy::default()));
    }

    #[test]
    fn everything_written_is_read() {
        let policy = read(
            r#"
            grants = ["sockets", "processes"]
            families = ["inet", "unix"]
            uid = 1000
            processes = "full"
            unix-names = "hidden"
            secrets = "shown"
            max-rows = 5
            max-time-ms = 1500
            "#,
        );
        let grants = [Grant::Sockets, Grant::Processes].into_iter().collect();
        let families = FamilySet::of(AddressFamily::Inet).union(FamilySet::of(AddressFamily::Unix));
        let expected = Policy::new(grants)
            .with_families(families)
            .with_users(VisibleUsers::Uid(1000))
            .with_processes(ProcessVisibility::Full)
            .with_unix_names(Visibility::Hidden)
            .with_secrets(Visibility::Shown)
            .with_max_rows(NonZeroU64::new(5))
            .with_max_time(Some(Duration::from_millis(1500)));
        assert_eq!(policy, Ok(expected));
    }

    #[test]
    fn policy_text_round_trips() {
        let all = Grant::ALL.into_iter().collect();
        let policies = [
            Policy::default(),
            Policy::nothing().with_families(FamilySet::EMPTY),
            Policy::new(all).with_users(VisibleUsers::Uid(0)).with_max_rows(NonZeroU64::new(1)),
        ];
        for policy in policies {
            let text = toml::to_string(&policy).unwrap();
            assert_eq!(read(&text), Ok(policy), "{text}");
        }
    }

    #[rstest]
    #[case::unknown_key("grant = []", "unknown field `grant`")]
    #[case::unknown_grant("grants = [\"socket\"]", "unknown variant `socket`")]
    #[case::unknown_family("families = [\"ipv4\"]", "unknown variant `ipv4`")]
    #[case::unknown_word("secrets = \"maybe\"", "unknown variant `maybe`")]
    #[case::a_name_is_no_user_id("uid = \"root\"", "invalid type: string")]
    #[case::negative("uid = -1", "invalid value: integer")]
    #[case::zero_rows("max-rows = 0", "invalid value: integer `0`")]
    fn unknown_policy_text_is_an_error(#[case] text: &str, #[case] message: &str) {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
}
