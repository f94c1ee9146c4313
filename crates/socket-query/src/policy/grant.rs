//! The words in which a host allows things.

use std::{fmt, str::FromStr};

/// One thing that a host may grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Grant {
    /// To list sockets.
    Sockets,
    /// To learn which processes hold them.
    Processes,
    /// To resolve addresses to host names.
    Resolve,
    /// To follow sockets as they close.
    Events,
    /// To close other programs' sockets.
    Kill,
    /// To list the sockets of other network namespaces.
    Namespaces,
}

impl Grant {
    /// Every grant, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::Sockets, Self::Processes, Self::Resolve, Self::Events, Self::Kill, Self::Namespaces];

    /// Returns the word that stands for it on command lines and in messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sockets => "sockets",
            Self::Processes => "processes",
            Self::Resolve => "resolve",
            Self::Events => "events",
            Self::Kill => "kill",
            Self::Namespaces => "namespaces",
        }
    }

    /// Returns whether this version can do what the grant allows, with the means that a host gives.
    pub const fn is_built(self) -> bool {
        matches!(
            self,
            Self::Sockets
                | Self::Processes
                | Self::Resolve
                | Self::Events
                | Self::Kill
                | Self::Namespaces
        )
    }

    /// Returns what a builtin does by it, for messages.
    pub(crate) const fn activity(self) -> &'static str {
        match self {
            Self::Sockets => "listing sockets",
            Self::Processes => "telling processes",
            Self::Resolve => "resolving addresses",
            Self::Events => "following events",
            Self::Kill => "destroying sockets",
            Self::Namespaces => "listing other namespaces",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Sockets => 1,
            Self::Processes => 1 << 1,
            Self::Resolve => 1 << 2,
            Self::Events => 1 << 3,
            Self::Kill => 1 << 4,
            Self::Namespaces => 1 << 5,
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The error of a word that names no grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of sockets, processes, resolve, events, kill and namespaces")]
pub struct UnknownGrant;

impl FromStr for Grant {
    type Err = UnknownGrant;

    fn from_str(word: &str) -> Result<Self, UnknownGrant> {
        Self::ALL.into_iter().find(|grant| grant.name() == word).ok_or(UnknownGrant)
    }
}

/// A set of grants.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct GrantSet(u8);

impl GrantSet {
    /// Returns the set that holds nothing.
    pub const fn empty() -> Self {
        Self(0)
    }

    /// Returns the set with `grant` in it.
    #[must_use]
    pub const fn with(self, grant: Grant) -> Self {
        Self(self.0 | grant.bit())
    }

    /// Returns whether `grant` is in the set.
    pub const fn contains(self, grant: Grant) -> bool {
        self.0 & grant.bit() != 0
    }

    /// Returns the grants of the set, in the order of [`Grant::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Grant> {
        Grant::ALL.into_iter().filter(move |grant| self.contains(*grant))
    }
}

impl FromIterator<Grant> for GrantSet {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        grants.into_iter().fold(Self::empty(), Self::with)
    }
}

impl fmt::Debug for GrantSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_grant_is_found_by_its_name_and_no_other_word_is_one() {
        for grant in Grant::ALL {
            assert_eq!(grant.name().parse(), Ok(grant));
            assert!(GrantSet::empty().with(grant).contains(grant));
            assert_eq!(GrantSet::empty().with(grant).iter().count(), 1);
        }
        for word in ["", "Sockets", "socket", "all", "none", "sockets "] {
            assert_eq!(word.parse::<Grant>(), Err(UnknownGrant), "{word:?}");
        }
    }
}
