//! The effects of options on the plan.

use procnetsocket::Threads;
use socket_query::{AddressFamily, Grant, SocketTable, StateSet};

use super::{
    detail::Detail,
    output::{OptionalColumn, OutputFormat},
    word::READABLE_AS_TEXT,
};

/// The effect of an option on the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Help,
    Version,
    Summary,
    Numeric,
    /// Prints names of hosts.
    Resolve,
    Hide(OptionalColumn),
    Detail(Detail),
    /// Chooses states; the last such option counts.
    States(StateSet),
    /// Chooses bound TCP sockets that are idle, as [`Effect::States`] does.
    BoundInactive,
    Family(AddressFamily),
    FamilyWord,
    Table(SocketTable),
    TableList,
    FilterFile,
    /// Chooses the network namespace; the last such option counts.
    Namespace,
    /// Chooses every network namespace of the machine.
    EveryNamespace,
    OneLine,
    /// Lists sockets when they are destroyed.
    Events,
    /// Lists at each tick.
    Every,
    /// Destroys the selected sockets.
    Kill,
    Count,
    For,
    /// Shows the processes that have a socket open, or their threads one by one.
    Processes(Threads),
    /// Shows the other end of each connection.
    Peers,
    /// Chooses the form of the output; the last such option counts.
    Output(OutputFormat),
    Sort,
    Limit,
    /// Is refused in every host, for this reason.
    Refused(&'static str),
}

impl Effect {
    /// Returns the grant that the option needs to work, or, for one that
    /// [degrades](Self::degrades), to show anything.
    pub(super) const fn grant(self) -> Option<Grant> {
        match self {
            Self::Resolve => Some(Grant::Resolve),
            Self::Namespace | Self::EveryNamespace => Some(Grant::Namespaces),
            Self::Events => Some(Grant::Events),
            Self::Kill => Some(Grant::Kill),
            Self::Processes(_) => Some(Grant::Processes),
            Self::Help
            | Self::Version
            | Self::Summary
            | Self::Numeric
            | Self::Hide(_)
            | Self::Detail(_)
            | Self::States(_)
            | Self::BoundInactive
            | Self::Family(_)
            | Self::FamilyWord
            | Self::Table(_)
            | Self::TableList
            | Self::FilterFile
            | Self::OneLine
            | Self::Count
            | Self::For
            | Self::Every
            | Self::Output(_)
            | Self::Peers
            | Self::Sort
            | Self::Limit
            | Self::Refused(_) => None,
        }
    }

    /// Returns whether the option is accepted without its grant. It adds a column or names, and
    /// without the grant these are missing, as for a user without permission.
    pub(super) const fn degrades(self) -> bool {
        matches!(self, Self::Resolve | Self::Processes(_))
    }

    /// Returns whether the option is refused without sock_diag, because `/proc` lacks the
    /// information.
    pub(super) const fn needs_sock_diag(self) -> bool {
        match self {
            Self::BoundInactive | Self::Events | Self::Kill => true,
            Self::Detail(detail) => matches!(detail, Detail::Filters),
            Self::Table(table) => !READABLE_AS_TEXT.contains(table),
            Self::Family(family) => !is_shown_as_text(family),
            Self::Help
            | Self::Version
            | Self::Summary
            | Self::Numeric
            | Self::Resolve
            | Self::Hide(_)
            | Self::States(_)
            | Self::FamilyWord
            | Self::TableList
            | Self::FilterFile
            | Self::Namespace
            | Self::EveryNamespace
            | Self::OneLine
            | Self::Count
            | Self::For
            | Self::Every
            | Self::Processes(_)
            | Self::Output(_)
            | Self::Peers
            | Self::Sort
            | Self::Limit
            | Self::Refused(_) => false,
        }
    }
}

/// Returns whether `/proc` shows sockets of the family.
const fn is_shown_as_text(family: AddressFamily) -> bool {
    !matches!(family, AddressFamily::Vsock | AddressFamily::Xdp | AddressFamily::Tipc)
}

#[cfg(test)]
mod tests {
    use socket_query::TableSet;

    use super::*;

    #[test]
    fn families_are_shown_as_text_when_one_of_their_tables_is() {
        for family in AddressFamily::ALL {
            let has_table = TableSet::of_family(family).intersects(READABLE_AS_TEXT);
            assert_eq!(is_shown_as_text(family), has_table, "{family}");
        }
    }
}
