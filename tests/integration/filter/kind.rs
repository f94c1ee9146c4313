//! The kinds of conditions in a filter.

/// The kinds of conditions; a filter may contain several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// `state listening`, `exclude established`
    State,
    /// `src 192.0.2.1`
    Ipv4,
    /// `src [2001:db8::1]`
    Ipv6,
    /// `src [::ffff:192.0.2.1]`
    Mapped,
    /// `src 10/8`, `src [fe80::/10]`
    Prefix,
    /// `src 10.0.0.0/255.0.0.0`
    Netmask,
    /// `src *`, `src any`
    AnyHost,
    /// `src 192.0.2.1:22`
    HostAndPort,
    /// `src :22`
    PortOfAnyHost,
    /// `src inet6:*`: restricts the listing.
    WordFamily,
    /// `sport = 22`
    Port,
    /// `sport >= 1024` and the other orders
    PortOrder,
    /// `sport = ssh`
    PortName,
    /// `sport = *`
    AnyPort,
    /// `src /run/*`
    UnixGlob,
    /// `src arp:lo`
    Link,
    /// `src rtnl:714`
    Netlink,
    /// `src vsock:2`
    Vsock,
    /// `dev lo`
    Device,
    /// `fwmark 1/3`
    Mark,
    /// `cgroup /`
    Cgroup,
    /// `autobound`
    Autobound,
    /// `not`, `!`
    Not,
    /// `and`, `&`, `&&`, or nothing between conditions
    And,
    /// `or`, `|`, `||`
    Or,
    /// `( ... )`
    Brackets,
}

impl Kind {
    pub(crate) const ALL: [Self; 26] = [
        Self::State,
        Self::Ipv4,
        Self::Ipv6,
        Self::Mapped,
        Self::Prefix,
        Self::Netmask,
        Self::AnyHost,
        Self::HostAndPort,
        Self::PortOfAnyHost,
        Self::WordFamily,
        Self::Port,
        Self::PortOrder,
        Self::PortName,
        Self::AnyPort,
        Self::UnixGlob,
        Self::Link,
        Self::Netlink,
        Self::Vsock,
        Self::Device,
        Self::Mark,
        Self::Cgroup,
        Self::Autobound,
        Self::Not,
        Self::And,
        Self::Or,
        Self::Brackets,
    ];
}
