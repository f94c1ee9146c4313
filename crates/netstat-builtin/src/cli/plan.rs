//! The sections that the choices select.

use socket_query::{AddressFamily, FamilySet, SocketTable};

use super::choice::{Choice, Choices};

/// The sockets of a table that are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Sockets with a peer, and unix sockets that do not listen.
    Connections,
    /// Sockets without a peer, and unix sockets that listen.
    Servers,
    All,
}

impl Shown {
    /// Returns its name in the headings.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Connections => "(w/o servers)",
            Self::Servers => "(only servers)",
            Self::All => "(servers and established)",
        }
    }
}

/// The sections to print, and their content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) inet: Option<InetPlan>,
    pub(crate) unix: bool,
    pub(crate) shown: Shown,
    pub(crate) choices: Choices,
}

/// The section of internet sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InetPlan {
    /// The tables, in the order in which they are printed.
    pub(crate) tables: Vec<SocketTable>,
    /// Whether options chose the tables.
    pub(crate) are_named: bool,
    pub(crate) families: FamilySet,
}

impl Plan {
    pub(crate) fn new(choices: Choices) -> Self {
        const TABLES: [(Choice, SocketTable); 3] = [
            (Choice::Tcp, SocketTable::Tcp),
            (Choice::Udp, SocketTable::Udp),
            (Choice::Raw, SocketTable::Raw),
        ];
        let has = |choice| choices.contains(choice);
        let families = [(Choice::Ipv4, AddressFamily::Inet), (Choice::Ipv6, AddressFamily::Inet6)]
            .into_iter()
            .filter(|(choice, _)| has(*choice))
            .fold(FamilySet::EMPTY, |set, (_, family)| set.union(FamilySet::of(family)));
        let tables: Vec<_> =
            TABLES.into_iter().filter(|(choice, _)| has(*choice)).map(|(_, table)| table).collect();
        let is_default = tables.is_empty() && families.is_empty() && !has(Choice::Unix);
        let is_inet = is_default || !tables.is_empty() || !families.is_empty();
        let inet = is_inet.then(|| InetPlan {
            are_named: !tables.is_empty(),
            tables: if tables.is_empty() {
                TABLES.into_iter().map(|(_, table)| table).collect()
            } else {
                tables
            },
            families: if families.is_empty() { FamilySet::ALL } else { families },
        });
        let unix = is_default || has(Choice::Unix);
        let shown = match (has(Choice::All), has(Choice::Listening)) {
            (true, _) => Shown::All,
            (false, true) => Shown::Servers,
            (false, false) => Shown::Connections,
        };
        Self { inet, unix, shown, choices }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use Choice::{All, Ipv4, Ipv6, Listening, Raw, Tcp, Udp, Unix};

    const EVERY: &[SocketTable] = &[SocketTable::Tcp, SocketTable::Udp, SocketTable::Raw];
    const V4: FamilySet = FamilySet::of(AddressFamily::Inet);
    const V6: FamilySet = FamilySet::of(AddressFamily::Inet6);

    #[rstest]
    #[case::nothing(&[], Some((EVERY, FamilySet::ALL)), true)]
    #[case::one_protocol(&[Tcp], Some((&EVERY[..1], FamilySet::ALL)), false)]
    #[case::order_is_fixed(&[Raw, Udp], Some((&EVERY[1..], FamilySet::ALL)), false)]
    #[case::one_family(&[Ipv6], Some((EVERY, V6)), false)]
    #[case::both_families(&[Ipv6, Ipv4], Some((EVERY, V4.union(V6))), false)]
    #[case::protocol_and_family(&[Ipv4, Tcp], Some((&EVERY[..1], V4)), false)]
    #[case::unix(&[Unix], None, true)]
    #[case::unix_and_protocol(&[Unix, Tcp], Some((&EVERY[..1], FamilySet::ALL)), true)]
    #[case::unix_and_family(&[Unix, Ipv6], Some((EVERY, V6)), true)]
    fn choices_select_sections(
        #[case] choices: &[Choice],
        #[case] inet: Option<(&[SocketTable], FamilySet)>,
        #[case] unix: bool,
    ) {
        let plan = Plan::new(choices.iter().copied().collect());
        let found = plan.inet.as_ref().map(|inet| (inet.tables.as_slice(), inet.families));
        assert_eq!((found, plan.unix), (inet, unix));
    }

    #[rstest]
    #[case::neither(&[], Shown::Connections)]
    #[case::servers(&[Listening], Shown::Servers)]
    #[case::all(&[All], Shown::All)]
    #[case::all_is_more(&[Listening, All], Shown::All)]
    fn choices_select_sockets(#[case] choices: &[Choice], #[case] shown: Shown) {
        assert_eq!(Plan::new(choices.iter().copied().collect()).shown, shown);
    }
}
