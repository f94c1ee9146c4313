//! The text form of a policy.
//!
//! ```toml
//! grants = ["sockets", "processes"]
//! families = ["inet", "inet6", "unix"]
//! uid = 1000
//! processes = "full"
//! unix-names = "hidden"
//! secrets = "hidden"
//! namespaces = "all"
//! net-admin = true
//! max-rows = 100000
//! max-time-ms = 10000
//! ```
//!
//! Every key is optional. An unknown word is an error, so that a policy never allows more than
//! intended.
//!
//! Several policies are combined into one: a missing key restricts nothing, and an empty list
//! allows nothing ([`PolicyLayer::intersection`]).

use std::{num::NonZeroU64, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Grant, NamespaceScope, Policy, ProcessVisibility, Visibility, VisibleUsers};
use crate::select::{AddressFamily, FamilySet};

/// The content of one policy text. A [`Policy`] can also be parsed from one text; layers are for
/// combining several texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PolicyLayer {
    #[serde(skip_serializing_if = "Option::is_none")]
    grants: Option<Vec<Grant>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    families: Option<Vec<AddressFamily>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<ProcessVisibility>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unix_names: Option<Visibility>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secrets: Option<Visibility>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<NamespaceScope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    net_admin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_rows: Option<NonZeroU64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_time_ms: Option<NonZeroU64>,
}

impl PolicyLayer {
    /// Returns what both layers allow. A key of only one layer applies unchanged.
    ///
    /// | key | of two |
    /// | --- | --- |
    /// | `grants`, `families` | what is in both lists |
    /// | `uid` | the same one; with two different ones no family is left, so that nothing is shown |
    /// | `processes` | `names` before `full` |
    /// | `unix-names`, `secrets` | `hidden` before `shown` |
    /// | `namespaces` | `named` before `all` |
    /// | `net-admin` | `false` before `true` |
    /// | `max-rows`, `max-time-ms` | the smaller one |
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        let has_one_user = !matches!((self.uid, other.uid), (Some(one), Some(two)) if one != two);
        let families = merge(self.families, other.families, |one, two| common(one, &two));
        Self {
            grants: merge(self.grants, other.grants, |one, two| common(one, &two)),
            families: if has_one_user { families } else { Some(Vec::new()) },
            uid: self.uid.or(other.uid),
            processes: merge(self.processes, other.processes, Ord::min),
            unix_names: merge(self.unix_names, other.unix_names, stricter),
            secrets: merge(self.secrets, other.secrets, stricter),
            namespaces: merge(self.namespaces, other.namespaces, Ord::min),
            net_admin: merge(self.net_admin, other.net_admin, Ord::min),
            max_rows: merge(self.max_rows, other.max_rows, Ord::min),
            max_time_ms: merge(self.max_time_ms, other.max_time_ms, Ord::min),
        }
    }
}

fn merge<T>(one: Option<T>, two: Option<T>, both: impl FnOnce(T, T) -> T) -> Option<T> {
    match (one, two) {
        (Some(one), Some(two)) => Some(both(one, two)),
        (one, two) => one.or(two),
    }
}

fn common<T: PartialEq>(mut one: Vec<T>, two: &[T]) -> Vec<T> {
    one.retain(|member| two.contains(member));
    one
}

fn stricter(one: Visibility, two: Visibility) -> Visibility {
    if one == Visibility::Hidden { one } else { two }
}

impl From<PolicyLayer> for Policy {
    fn from(layer: PolicyLayer) -> Self {
        let default = Self::default();
        let grants = layer.grants.map_or(default.grants, |grants| grants.into_iter().collect());
        let families = layer.families.map_or(default.families, |families| {
            families.into_iter().map(FamilySet::of).fold(FamilySet::EMPTY, FamilySet::union)
        });
        Self::new(grants)
            .with_families(families)
            .with_users(layer.uid.map_or(default.users, VisibleUsers::Uid))
            .with_processes(layer.processes.unwrap_or(default.processes))
            .with_unix_names(layer.unix_names.unwrap_or(default.unix_names))
            .with_secrets(layer.secrets.unwrap_or(default.secrets))
            .with_namespaces(layer.namespaces.unwrap_or(default.namespaces))
            .with_net_admin(layer.net_admin.unwrap_or(default.net_admin))
            .with_max_rows(layer.max_rows)
            .with_max_time(layer.max_time_ms.map(|time| Duration::from_millis(time.get())))
    }
}

impl From<Policy> for PolicyLayer {
    fn from(policy: Policy) -> Self {
        let milliseconds =
            |time: Duration| NonZeroU64::new(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        Self {
            grants: Some(policy.grants.iter().collect()),
            families: Some(policy.families.iter().collect()),
            uid: match policy.users {
                VisibleUsers::All => None,
                VisibleUsers::Uid(uid) => Some(uid),
            },
            processes: Some(policy.processes),
            unix_names: Some(policy.unix_names),
            secrets: Some(policy.secrets),
            namespaces: Some(policy.namespaces),
            net_admin: Some(policy.net_admin),
            max_rows: policy.max_rows,
            max_time_ms: policy.max_time.and_then(milliseconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc};

    use procnetsocket::{
        SocketTables, Uninterrupted,
        model::{OwnedSocket, Socket, UnixName, UnixSocket},
    };
    use rstest::rstest;
    use testkit::{FakeProc, Netlink, Packet, Tcp, Unix, Xorshift};

    use super::*;
    use crate::{names::Names, select::Selection, view::PolicyView};

    fn read(text: &str) -> Result<Policy, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn empty_text_is_default_policy() {
        assert_eq!(read(""), Ok(Policy::default()));
    }

    #[test]
    fn every_key_is_parsed() {
        let policy = read(
            r#"
            grants = ["sockets", "processes"]
            families = ["inet", "unix"]
            uid = 1000
            processes = "full"
            unix-names = "hidden"
            secrets = "shown"
            namespaces = "all"
            net-admin = true
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
            .with_namespaces(NamespaceScope::All)
            .with_net_admin(true)
            .with_max_rows(NonZeroU64::new(5))
            .with_max_time(Some(Duration::from_millis(1500)));
        assert_eq!(policy, Ok(expected));
    }

    #[test]
    fn policy_text_round_trips() {
        let all = Grant::ALL.into_iter().collect();
        let policies = [
            Policy::default(),
            Policy::nothing().with_families(FamilySet::EMPTY).with_net_admin(true),
            Policy::new(all).with_users(VisibleUsers::Uid(0)).with_max_rows(NonZeroU64::new(1)),
        ];
        for policy in policies {
            let text = toml::to_string(&policy).unwrap();
            assert_eq!(read(&text), Ok(policy), "{text}");
        }
    }

    fn layer(text: &str) -> PolicyLayer {
        toml::from_str(text).unwrap()
    }

    #[rstest]
    // usual
    #[case::grants(
        r#"grants = ["sockets", "kill"]"#,
        r#"grants = ["kill", "events"]"#,
        r#"grants = ["kill"]"#
    )]
    #[case::families(
        r#"families = ["inet", "unix"]"#,
        r#"families = ["unix"]"#,
        r#"families = ["unix"]"#
    )]
    #[case::processes(r#"processes = "full""#, r#"processes = "names""#, r#"processes = "names""#)]
    #[case::names(
        r#"unix-names = "shown""#,
        r#"unix-names = "hidden""#,
        r#"unix-names = "hidden""#
    )]
    #[case::secrets(r#"secrets = "hidden""#, r#"secrets = "shown""#, r#"secrets = "hidden""#)]
    #[case::net_admin("net-admin = true", "net-admin = false", "net-admin = false")]
    #[case::net_admin_left_out("net-admin = true", "", "net-admin = true")]
    #[case::limits(
        "max-rows = 5\nmax-time-ms = 9",
        "max-rows = 6\nmax-time-ms = 2",
        "max-rows = 5\nmax-time-ms = 2"
    )]
    // boundary
    #[case::absent_narrows_nothing(
        r#"grants = ["sockets", "processes"]"#,
        "uid = 7",
        "grants = [\"sockets\", \"processes\"]\nuid = 7"
    )]
    #[case::empty_allows_nothing("grants = []", r#"grants = ["sockets"]"#, "grants = []")]
    #[case::nothing_said("", "", "")]
    #[case::same_user("uid = 7", "uid = 7", "uid = 7")]
    // hostile
    #[case::two_users("uid = 7", "uid = 8\nfamilies = [\"inet\"]", "uid = 7\nfamilies = []")]
    fn layers_intersect(#[case] one: &str, #[case] two: &str, #[case] both: &str) {
        assert_eq!(layer(one).intersection(layer(two)), layer(both));
        let swapped = Policy::from(layer(two).intersection(layer(one)));
        assert_eq!(swapped.grants(), Policy::from(layer(both)).grants());
        assert_eq!(swapped.families(), Policy::from(layer(both)).families());
    }

    /// Returns a text with a random half of the keys.
    fn random_layer(random: &mut Xorshift) -> PolicyLayer {
        let mut some = |words: &[&str]| {
            let words: Vec<_> = words.iter().filter(|_| random.one_in(2)).collect();
            format!("{words:?}")
        };
        let grants = some(&["sockets", "processes", "kill"]);
        let families = some(&["unix", "inet", "inet6", "netlink", "packet"]);
        let visibility = ["hidden", "shown"];
        let keys = [
            format!("grants = {grants}"),
            format!("families = {families}"),
            format!("uid = {}", random.pick(&[0, 7])),
            format!("unix-names = {:?}", random.pick(&visibility)),
            format!("secrets = {:?}", random.pick(&visibility)),
            format!("processes = {:?}", random.pick(&["names", "full"])),
        ];
        let keys: Vec<_> = keys.into_iter().filter(|_| random.one_in(2)).collect();
        layer(&keys.join("\n"))
    }

    /// Returns a line for each row that a policy shows.
    fn rows(tables: &Arc<SocketTables>, policy: Policy) -> BTreeSet<String> {
        let view = PolicyView::new(Arc::clone(tables), policy, Names::default());
        let mut rows = BTreeSet::new();
        // OK because then nothing is granted, so nothing is listed.
        let _ = view.for_each(&Selection::everything(), &Uninterrupted, |socket| {
            rows.insert(match socket {
                Socket::Unix(unix) => format!("unix {:?}", unix.inode),
                other => {
                    // A narrower policy also hides the cookies and pointers of the sockets that it
                    // shows.
                    let mut row = OwnedSocket::from(other);
                    row.clear_objects();
                    format!("{row:?}")
                }
            });
            if let Socket::Unix(UnixSocket { name: UnixName::Pathname(name), .. }) = socket {
                rows.insert(name.to_string());
            }
        });
        rows
    }

    #[test]
    fn intersection_shows_no_row_that_a_layer_hides() {
        let root = FakeProc::new()
            .tcp(Tcp::listen("0.0.0.0:1").inode(1))
            .tcp(Tcp::listen("[::1]:2").inode(2).uid(7))
            .unix(Unix::stream().path("/run/x").inode(3))
            .packet(Packet::raw(3))
            .netlink(Netlink::new(0, 7))
            .build();
        let tables = Arc::new(SocketTables::from_dir(root.dir()));
        let mut shown = 0;
        for seed in 0..1_000 {
            let mut random = Xorshift::new(seed);
            let layers = [(); 3].map(|()| random_layer(&mut random));
            let all = layers.iter().cloned().reduce(PolicyLayer::intersection).unwrap();
            let listed = rows(&tables, all.clone().into());
            shown += listed.len();
            for layer in &layers {
                // A layer without grants leaves them to the others.
                let mut alone = Policy::from(layer.clone());
                if layer.grants.is_none() {
                    alone = alone.with_grants(Grant::ALL.into_iter().collect());
                }
                assert!(listed.is_subset(&rows(&tables, alone.clone())), "{layers:?}");
                let both = Policy::from(all.clone());
                assert!(
                    both.grants().iter().all(|grant| { alone.grants().contains(grant) }),
                    "{layers:?}"
                );
                // The result shows no more than any layer.
                assert!(
                    layer
                        .secrets
                        .is_none_or(|said| stricter(said, both.secrets()) == both.secrets())
                );
                assert!(layer.processes.is_none_or(|said| both.processes <= said));
                assert_eq!(all.clone().intersection(layer.clone()), all, "{layers:?}");
            }
        }
        assert!(shown > 100, "{shown}");
    }

    #[rstest]
    #[case::unknown_key("grant = []", "unknown field `grant`")]
    #[case::unknown_grant("grants = [\"socket\"]", "unknown variant `socket`")]
    #[case::unknown_family("families = [\"ipv4\"]", "unknown variant `ipv4`")]
    #[case::unknown_word("secrets = \"maybe\"", "unknown variant `maybe`")]
    #[case::name_instead_of_uid("uid = \"root\"", "invalid type: string")]
    #[case::negative("uid = -1", "invalid value: integer")]
    #[case::zero_rows("max-rows = 0", "invalid value: integer `0`")]
    fn unknown_policy_text_is_an_error(#[case] text: &str, #[case] message: &str) {
        let error = read(text).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
}
