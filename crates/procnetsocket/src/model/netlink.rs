//! Netlink sockets.

#[cfg(feature = "serde")]
use super::form;
use super::{
    id::{Cookie, Inode, KernelPointer},
    memory::SocketMemory,
    source::Source,
};

/// A netlink socket (`netlink(7)`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NetlinkSocket {
    /// The source of the row.
    #[cfg_attr(feature = "serde", serde(default))]
    pub source: Source,
    /// The netlink family (`NETLINK_ROUTE` is 0).
    pub protocol: u32,
    /// The port id: 0 is the kernel; by convention, not by rule, often the process id.
    pub port_id: u32,
    /// The first 32 multicast groups that it receives, group 1 in bit 0.
    pub groups: u32,
    /// Unread bytes; signed in the kernel.
    #[cfg_attr(feature = "serde", serde(rename = "recv_q"))]
    pub recv: i32,
    /// Bytes that wait to be sent; signed in the kernel.
    #[cfg_attr(feature = "serde", serde(rename = "send_q"))]
    pub send: i32,
    /// Whether a dump is running: not 0. Older kernels print a pointer here.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "form::is_default", with = "form::hex")
    )]
    pub dump: u64,
    /// The kernel's reference count (column `Locks`); 0 from sock_diag, which does not report it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub references: i32,
    /// Messages dropped.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub drops: u32,
    /// The inode; `None` for the kernel's own sockets.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub inode: Option<Inode>,
    /// The kernel object; 0 from sock_diag, which reports the cookie instead.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub pointer: KernelPointer,
    /// The cookie; from sock_diag only.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub cookie: Option<Cookie>,
    /// Details that only sock_diag reports; `None` in the text table.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub detail: Option<NetlinkDetail>,
}

impl NetlinkSocket {
    /// Returns an empty row.
    pub(crate) fn blank(source: Source) -> Self {
        Self {
            source,
            protocol: 0,
            port_id: 0,
            groups: 0,
            recv: 0,
            send: 0,
            dump: 0,
            references: 0,
            drops: 0,
            inode: None,
            pointer: KernelPointer(0),
            cookie: None,
            detail: None,
        }
    }
}

/// Details of a netlink socket that only sock_diag reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct NetlinkDetail {
    /// The type (`SOCK_*`): 2 datagram, 3 raw, which netlink treats alike.
    #[doc(alias = "ndiag_type")]
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: u8,
    /// The state: 1 when it is connected; 7 at first, and 0 after it was disconnected.
    #[doc(alias = "ndiag_state")]
    #[cfg_attr(feature = "serde", serde(rename = "kernel_state"))]
    pub state: u8,
    /// The port id that it is connected to; 0 is the kernel, or none.
    #[doc(alias = "ndiag_dst_portid")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub remote_port_id: u32,
    /// The multicast group that it is connected to; 0 is none.
    #[doc(alias = "ndiag_dst_group")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub remote_group: u32,
    /// Every multicast group that it receives.
    #[doc(alias = "NETLINK_DIAG_GROUPS")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "multicast_groups", default, skip_serializing_if = "form::is_default")
    )]
    pub groups: NetlinkGroups,
    /// The memory.
    #[doc(alias = "NETLINK_DIAG_MEMINFO")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub memory: Option<SocketMemory>,
    /// Flags of the socket.
    #[doc(alias = "NETLINK_DIAG_FLAGS")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub flags: NetlinkFlags,
}

impl NetlinkDetail {
    /// Returns whether the socket is connected to a port or a group.
    #[doc(alias = "NETLINK_CONNECTED")]
    pub const fn is_connected(&self) -> bool {
        self.state == 1
    }
}

/// A set of netlink multicast groups, of any number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetlinkGroups {
    /// Group 1 is bit 0 of the first word.
    words: Vec<u64>,
}

impl NetlinkGroups {
    /// Returns whether a group, counted from 1, is in the set.
    pub fn contains(&self, group: u32) -> bool {
        let Some(bit) = group.checked_sub(1) else { return false };
        let word = usize::try_from(bit / u64::BITS).ok().and_then(|index| self.words.get(index));
        word.is_some_and(|word| word >> (bit % u64::BITS) & 1 == 1)
    }

    /// Returns the groups in their order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        // OK because an attribute has less than 64 KiB, and so less than 2^19 groups.
        let bits = u32::try_from(self.words.len()).unwrap_or(u32::MAX).saturating_mul(u64::BITS);
        (1..=bits).filter(|group| self.contains(*group))
    }

    /// Returns the first 32 groups, group 1 in bit 0, as in the text table.
    pub fn first(&self) -> u32 {
        let first = self.words.first().copied().unwrap_or_default();
        u32::try_from(first & u64::from(u32::MAX)).unwrap_or_default()
    }

    /// Replaces the groups, and keeps the memory of the list.
    pub(crate) fn replace(&mut self, words: impl Iterator<Item = u64>) {
        self.words.clear();
        self.words.extend(words);
        self.trim();
    }

    /// Removes empty words at the end, so that equal sets are equal.
    fn trim(&mut self) {
        let used = self.words.iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
        self.words.truncate(used);
    }
}

#[cfg(feature = "serde")]
impl FromIterator<u32> for NetlinkGroups {
    fn from_iter<I: IntoIterator<Item = u32>>(groups: I) -> Self {
        let mut words = Vec::new();
        for bit in groups.into_iter().filter_map(|group| group.checked_sub(1)) {
            let Ok(index) = usize::try_from(bit / u64::BITS) else { continue };
            words.resize(words.len().max(index + 1), 0);
            if let Some(word) = words.get_mut(index) {
                *word |= 1_u64 << (bit % u64::BITS);
            }
        }
        Self { words }
    }
}

/// Flags of a netlink socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct NetlinkFlags(u32);

impl NetlinkFlags {
    /// A dump is running.
    #[doc(alias = "NDIAG_FLAG_CB_RUNNING")]
    pub const DUMP_RUNNING: Self = Self(1);
    /// Messages have their group attached (`NETLINK_PKTINFO`).
    #[doc(alias = "NDIAG_FLAG_PKTINFO")]
    pub const PACKET_INFO: Self = Self(1 << 1);
    /// Failures to broadcast are reported (`NETLINK_BROADCAST_ERROR`).
    #[doc(alias = "NDIAG_FLAG_BROADCAST_ERROR")]
    pub const BROADCAST_ERROR: Self = Self(1 << 2);
    /// Lost messages are not reported (`NETLINK_NO_ENOBUFS`).
    #[doc(alias = "NDIAG_FLAG_NO_ENOBUFS")]
    pub const NO_OVERRUN_ERROR: Self = Self(1 << 3);
    /// Messages of every network namespace are received (`NETLINK_LISTEN_ALL_NSID`).
    #[doc(alias = "NDIAG_FLAG_LISTEN_ALL_NSID")]
    pub const LISTEN_ALL_NAMESPACES: Self = Self(1 << 4);
    /// Acknowledgements do not repeat the request (`NETLINK_CAP_ACK`).
    #[doc(alias = "NDIAG_FLAG_CAP_ACK")]
    pub const SHORT_ACKNOWLEDGEMENT: Self = Self(1 << 5);
}

kernel_bits!(NetlinkFlags, u32);
