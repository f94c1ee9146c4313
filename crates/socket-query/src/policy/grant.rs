//! The grants by which a host allows things.

use crate::word::words;

/// One thing that a host may grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Grant {
    /// To list sockets.
    Sockets,
    /// To learn which processes have them open.
    Processes,
    /// To resolve addresses to host names.
    Resolve,
    /// To receive destroy events of sockets.
    Events,
    /// To close sockets of other programs.
    Kill,
    /// To list the sockets of other network namespaces.
    Namespaces,
}

impl Grant {
    /// Returns the activity that it allows, for messages.
    pub(crate) const fn activity(self) -> &'static str {
        match self {
            Self::Sockets => "listing sockets",
            Self::Processes => "listing processes",
            Self::Resolve => "resolving addresses",
            Self::Events => "following events",
            Self::Kill => "destroying sockets",
            Self::Namespaces => "listing other namespaces",
        }
    }
}

words! {
    Grant {
        Sockets = 0 "sockets",
        Processes = 1 "processes",
        Resolve = 2 "resolve",
        Events = 3 "events",
        Kill = 4 "kill",
        Namespaces = 5 "namespaces",
    }
    /// A set of grants.
    GrantSet(u8)
}

impl GrantSet {
    /// Returns the empty set.
    pub const fn empty() -> Self {
        Self::EMPTY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_grants_are_parsed() {
        for grant in Grant::ALL {
            assert_eq!(grant.name().parse(), Ok(grant));
            assert!(GrantSet::empty().with(grant).contains(grant));
            assert_eq!(GrantSet::empty().with(grant).iter().count(), 1);
        }
        for word in ["", "Sockets", "socket", "all", "none", "sockets "] {
            assert_eq!(
                word.parse::<Grant>(),
                Err(crate::UnknownWord::new(&Grant::WORDS)),
                "{word:?}"
            );
        }
    }
}
