//! The policy of a host.

mod grant;
mod process;
mod row;
#[cfg(feature = "serde")]
mod text;

use std::{num::NonZeroU64, time::Duration};

pub use grant::{Grant, GrantSet};
pub(crate) use process::ProcessRedaction;
pub(crate) use row::Redaction;
#[cfg(feature = "serde")]
pub use text::PolicyLayer;

use crate::select::FamilySet;

/// What a builtin may learn about sockets.
///
/// | what | default |
/// | --- | --- |
/// | [`grants`](Policy::grants) | `sockets` alone |
/// | [`families`](Policy::families) | all |
/// | [`users`](Policy::users): whose sockets | everyone's |
/// | [`processes`](Policy::processes): what is shown of those that have a socket open | names and numbers |
/// | [`unix_names`](Policy::unix_names) | shown |
/// | [`secrets`](Policy::secrets): keys of TCP connections | hidden |
/// | [`namespaces`](Policy::namespaces): which, under the grant | those that are named |
/// | [`net_admin`](Policy::net_admin): whether the host keeps `CAP_NET_ADMIN` | no |
/// | [`max_rows`](Policy::max_rows) of one listing | no bound |
/// | [`max_time`](Policy::max_time) of one listing | no bound |
///
/// A policy is applied where rows are produced: hidden data affects no listing, filter, order,
/// count or message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(from = "PolicyLayer", into = "PolicyLayer"))]
pub struct Policy {
    grants: GrantSet,
    families: FamilySet,
    users: VisibleUsers,
    processes: ProcessVisibility,
    unix_names: Visibility,
    secrets: Visibility,
    max_rows: Option<NonZeroU64>,
    max_time: Option<Duration>,
    namespaces: NamespaceScope,
    net_admin: bool,
}

/// The users whose sockets are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VisibleUsers {
    /// Everyone's.
    #[default]
    All,
    /// Those with this uid. A socket is hidden if the source does not report its uid.
    Uid(u32),
}

/// What is shown of the processes that have a socket open, under the grant `processes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum ProcessVisibility {
    /// Their names and numbers, with the descriptor, and the users they run as.
    #[default]
    Names,
    /// Also executables and command lines, which may contain passwords.
    Full,
}

/// Which network namespaces may be listed, under the grant `namespaces`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum NamespaceScope {
    /// Those that the host names.
    #[default]
    Named,
    /// Every one of the machine.
    All,
}

/// Whether something is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Visibility {
    /// It is shown.
    Shown,
    /// It is absent, as if the kernel did not report it.
    Hidden,
}

impl Policy {
    /// Returns the policy with exactly `grants`, and the defaults otherwise.
    pub const fn new(grants: GrantSet) -> Self {
        Self {
            grants,
            families: FamilySet::ALL,
            users: VisibleUsers::All,
            processes: ProcessVisibility::Names,
            unix_names: Visibility::Shown,
            secrets: Visibility::Hidden,
            max_rows: None,
            max_time: None,
            namespaces: NamespaceScope::Named,
            net_admin: false,
        }
    }

    /// Returns the policy that allows nothing.
    pub const fn nothing() -> Self {
        Self::new(GrantSet::empty())
    }

    /// Returns the policy with other grants.
    #[must_use]
    pub const fn with_grants(self, grants: GrantSet) -> Self {
        Self { grants, ..self }
    }

    /// Returns the policy with sockets of these families only.
    #[must_use]
    pub const fn with_families(self, families: FamilySet) -> Self {
        Self { families, ..self }
    }

    /// Returns the policy with the sockets of these users only.
    #[must_use]
    pub const fn with_users(self, users: VisibleUsers) -> Self {
        Self { users, ..self }
    }

    /// Returns the policy with these details of processes.
    #[must_use]
    pub const fn with_processes(self, processes: ProcessVisibility) -> Self {
        Self { processes, ..self }
    }

    /// Returns the policy with the names of unix sockets shown or hidden.
    #[must_use]
    pub const fn with_unix_names(self, unix_names: Visibility) -> Self {
        Self { unix_names, ..self }
    }

    /// Returns the policy with keys of TCP connections shown or hidden.
    #[must_use]
    pub const fn with_secrets(self, secrets: Visibility) -> Self {
        Self { secrets, ..self }
    }

    /// Returns the policy with a bound on the rows of one listing.
    #[must_use]
    pub const fn with_max_rows(self, max_rows: Option<NonZeroU64>) -> Self {
        Self { max_rows, ..self }
    }

    /// Returns the policy with a bound on the time of one listing.
    #[must_use]
    pub const fn with_max_time(self, max_time: Option<Duration>) -> Self {
        Self { max_time, ..self }
    }

    /// Returns the policy that allows these network namespaces.
    #[must_use]
    pub const fn with_namespaces(self, namespaces: NamespaceScope) -> Self {
        Self { namespaces, ..self }
    }

    /// Returns the policy that lets a privileged host keep `CAP_NET_ADMIN`.
    #[must_use]
    pub const fn with_net_admin(self, net_admin: bool) -> Self {
        Self { net_admin, ..self }
    }

    /// Returns the grants.
    pub const fn grants(&self) -> GrantSet {
        self.grants
    }

    /// Returns the families whose sockets are shown.
    pub const fn families(&self) -> FamilySet {
        self.families
    }

    /// Returns the users whose sockets are shown.
    pub const fn users(&self) -> VisibleUsers {
        self.users
    }

    /// Returns the details of processes that are shown, or `None` without the grant.
    pub const fn processes(&self) -> Option<ProcessVisibility> {
        if self.grants.contains(Grant::Processes) { Some(self.processes) } else { None }
    }

    /// Returns whether names of unix sockets are shown.
    pub const fn unix_names(&self) -> Visibility {
        self.unix_names
    }

    /// Returns whether keys of TCP connections are shown. The kernel reports them only to a process
    /// with `CAP_NET_ADMIN`.
    pub const fn secrets(&self) -> Visibility {
        self.secrets
    }

    /// Returns the rows that one listing may have; past it the listing ends with an error.
    pub const fn max_rows(&self) -> Option<NonZeroU64> {
        self.max_rows
    }

    /// Returns the time that one listing may take; past it the listing ends with an error.
    pub const fn max_time(&self) -> Option<Duration> {
        self.max_time
    }

    /// Returns which network namespaces may be listed, under the grant.
    pub const fn namespaces(&self) -> NamespaceScope {
        self.namespaces
    }

    /// Returns whether a privileged host keeps `CAP_NET_ADMIN`, without which the kernel hides
    /// firewall marks, packet filters and the keys of TCP connections. The grant `kill` also needs
    /// it.
    pub const fn net_admin(&self) -> bool {
        self.net_admin || self.grants.contains(Grant::Kill)
    }

    /// Returns whether some of the machine's sockets are hidden: then nothing that counts them may
    /// be shown.
    pub fn narrows(&self) -> bool {
        self.families != FamilySet::ALL || self.users != VisibleUsers::All
    }
}

impl Default for Policy {
    /// Sockets of all families; no processes, nothing that changes or leaves the system.
    fn default() -> Self {
        Self::new(GrantSet::empty().with(Grant::Sockets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::AddressFamily;

    #[test]
    fn default_grants_sockets_and_nothing_else() {
        let policy = Policy::default();
        assert_eq!(policy.grants().iter().collect::<Vec<_>>(), [Grant::Sockets]);
        assert_eq!(policy.processes(), None);
        assert_eq!(policy.secrets(), Visibility::Hidden);
        assert!(!policy.narrows());
        assert_eq!(Policy::nothing().grants().iter().count(), 0);
    }

    #[test]
    fn net_admin_is_kept_for_kill_or_by_policy() {
        let kill = Policy::new(GrantSet::empty().with(Grant::Sockets).with(Grant::Kill));
        assert!(!Policy::default().net_admin());
        assert!(Policy::default().with_net_admin(true).net_admin() && kill.net_admin());
    }

    #[test]
    fn policy_that_hides_sockets_narrows() {
        let unix = FamilySet::of(AddressFamily::Unix);
        assert!(Policy::default().with_families(unix).narrows());
        assert!(Policy::default().with_users(VisibleUsers::Uid(0)).narrows());
        assert!(!Policy::default().with_unix_names(Visibility::Hidden).narrows());
    }
}
