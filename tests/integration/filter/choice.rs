//! Which tables are listed with a filter, and in which family its words are read.

use procnetsocket::Table;

/// The family in which words of hosts and ports are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WordFamily {
    Inet,
    Inet6,
    Unix,
    Link,
    Netlink,
    Vsock,
}

impl WordFamily {
    /// Returns the prefix that chooses it.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Inet => "inet:",
            Self::Inet6 => "inet6:",
            Self::Unix => "unix:",
            Self::Link => "link:",
            Self::Netlink => "netlink:",
            Self::Vsock => "vsock:",
        }
    }
}

/// The protocols whose services have names in a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Services {
    None,
    Tcp,
    Udp,
    Both,
}

use Table::{
    Icmp4, Icmp6, Netlink, Packet, Raw4, Raw6, Tcp4, Tcp6, Udp4, Udp6, UdpLite4, UdpLite6, Unix,
};

const TCP: &[Table] = &[Tcp4, Tcp6];
const UDP: &[Table] = &[Udp4, Udp6, UdpLite4, UdpLite6];
const RAW: &[Table] = &[Raw4, Raw6, Icmp4, Icmp6];
const TCP_UDP: &[Table] = &[Tcp4, Tcp6, Udp4, Udp6, UdpLite4, UdpLite6];
const INET: &[Table] = &[Tcp4, Tcp6, Udp4, Udp6, UdpLite4, UdpLite6, Raw4, Raw6, Icmp4, Icmp6];
const INET4: &[Table] = &[Tcp4, Udp4, UdpLite4, Raw4, Icmp4];
const INET6: &[Table] = &[Tcp6, Udp6, UdpLite6, Raw6, Icmp6];
const TCP_UNIX: &[Table] = &[Tcp4, Tcp6, Unix];

/// Options beside a filter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OptionChoice {
    pub(crate) options: &'static str,
    /// The family that the options choose for words without a prefix.
    pub(crate) family: Option<WordFamily>,
    pub(crate) services: Services,
    /// The tables that are listed.
    pub(crate) tables: &'static [Table],
}

const fn choice(
    options: &'static str,
    family: Option<WordFamily>,
    services: Services,
    tables: &'static [Table],
) -> OptionChoice {
    OptionChoice { options, family, services, tables }
}

impl OptionChoice {
    /// The choices for the text tables.
    pub(crate) const TEXT: [Self; 36] = [
        choice("-tan", None, Services::Tcp, TCP),
        choice("-ta", None, Services::Tcp, TCP),
        choice("-t", None, Services::Tcp, TCP),
        choice("-tln", None, Services::Tcp, TCP),
        choice("-tanHO", None, Services::Tcp, TCP),
        choice("-taoi", None, Services::Tcp, TCP),
        choice("-uan", None, Services::Udp, UDP),
        choice("-ua", None, Services::Udp, UDP),
        choice("-ul", None, Services::Udp, UDP),
        choice("-wan", None, Services::None, RAW),
        choice("-wa", None, Services::None, RAW),
        choice("-tuan", None, Services::Both, TCP_UDP),
        choice("-tuwa", None, Services::Both, INET),
        choice("-tuwln", None, Services::Both, INET),
        choice("-an", None, Services::Both, &Table::TEXT),
        choice("-a", None, Services::Both, &Table::TEXT),
        choice("-l", None, Services::Both, &Table::TEXT),
        choice("-n", None, Services::Both, &Table::TEXT),
        choice("", None, Services::Both, &Table::TEXT),
        choice("-A inet -an", None, Services::Both, INET),
        choice("-A tcp,unix -an", None, Services::Tcp, TCP_UNIX),
        choice("-A all,!udp -a", None, Services::Tcp, &Table::TEXT),
        choice("-4an", Some(WordFamily::Inet), Services::Both, INET4),
        choice("-t4an", Some(WordFamily::Inet), Services::Tcp, &[Tcp4]),
        choice("-f inet -u -a", Some(WordFamily::Inet), Services::Udp, &[Udp4, UdpLite4]),
        choice("-6an", Some(WordFamily::Inet6), Services::Both, INET6),
        choice("-t6an", Some(WordFamily::Inet6), Services::Tcp, &[Tcp6]),
        choice("-f inet6 -ta", Some(WordFamily::Inet6), Services::Tcp, &[Tcp6]),
        choice("-xa", Some(WordFamily::Unix), Services::None, &[Unix]),
        choice("-xl", Some(WordFamily::Unix), Services::None, &[Unix]),
        choice("-f unix -an", Some(WordFamily::Unix), Services::None, &[Unix]),
        choice("-txan", Some(WordFamily::Unix), Services::Tcp, TCP_UNIX),
        choice("-0a", Some(WordFamily::Link), Services::None, &[Packet]),
        choice("-f link -an", Some(WordFamily::Link), Services::None, &[Packet]),
        choice("-f netlink -a", Some(WordFamily::Netlink), Services::None, &[Netlink]),
        choice("-f netlink -an", Some(WordFamily::Netlink), Services::None, &[Netlink]),
    ];

    /// The choices for live sockets: details contain figures that change by themselves, so there
    /// are few of them.
    pub(crate) const LIVE: [Self; 26] = [
        choice("-tan", None, Services::Tcp, TCP),
        choice("-ta", None, Services::Tcp, TCP),
        choice("-t", None, Services::Tcp, TCP),
        choice("-tln", None, Services::Tcp, TCP),
        choice("-tBn", None, Services::Tcp, TCP),
        choice("-tanO --cgroup", None, Services::Tcp, TCP),
        choice("-taeH", None, Services::Tcp, TCP),
        choice("-uan", None, Services::Udp, UDP),
        choice("-ua", None, Services::Udp, UDP),
        choice("-uane", None, Services::Udp, UDP),
        choice("-wan", None, Services::None, RAW),
        choice("-Man", None, Services::None, TCP),
        choice("-tuan", None, Services::Both, TCP_UDP),
        choice("-tuwa", None, Services::Both, INET),
        choice("-A all,!netlink -an", None, Services::Both, &Table::TEXT),
        choice("-A tcp,mptcp,unix -an", None, Services::Tcp, TCP_UNIX),
        choice("-t4an", Some(WordFamily::Inet), Services::Tcp, &[Tcp4]),
        choice("-u4an", Some(WordFamily::Inet), Services::Udp, &[Udp4, UdpLite4]),
        choice("-t6an", Some(WordFamily::Inet6), Services::Tcp, &[Tcp6]),
        choice("-u6an", Some(WordFamily::Inet6), Services::Udp, &[Udp6, UdpLite6]),
        choice("-xa", Some(WordFamily::Unix), Services::None, &[Unix]),
        choice("-xl", Some(WordFamily::Unix), Services::None, &[Unix]),
        choice("-txan", Some(WordFamily::Unix), Services::Tcp, TCP_UNIX),
        choice("-0a", Some(WordFamily::Link), Services::None, &[Packet]),
        choice("-f link -an", Some(WordFamily::Link), Services::None, &[Packet]),
        choice("-f netlink -an", Some(WordFamily::Netlink), Services::None, &[Netlink]),
    ];

    /// Returns the words of the options.
    pub(crate) fn words(self) -> Vec<String> {
        self.options.split_whitespace().map(String::from).collect()
    }
}
