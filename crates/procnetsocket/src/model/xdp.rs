//! XDP sockets.

#[cfg(feature = "serde")]
use super::form;
use super::{
    id::{Cookie, Inode},
    memory::SocketMemory,
    source::Source,
};

/// An XDP socket (`AF_XDP`); sock_diag only.
#[doc(alias = "xdp_diag_msg")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct XdpSocket {
    /// The source of the row.
    #[cfg_attr(feature = "serde", serde(default))]
    pub source: Source,
    /// The type (`SOCK_*`): 3, raw, on every known kernel.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: u8,
    /// The inode.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub inode: Option<Inode>,
    /// The cookie.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub cookie: Option<Cookie>,
    /// Further details.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub detail: XdpDetail,
}

/// Details of an XDP socket. Each is absent when it was not asked for, or when the socket does not
/// have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct XdpDetail {
    /// The queue that it is bound to.
    #[doc(alias = "XDP_DIAG_INFO")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub queue: Option<XdpQueue>,
    /// The uid of the socket.
    #[doc(alias = "XDP_DIAG_UID")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub uid: Option<u32>,
    /// Entries of the receive ring.
    #[doc(alias = "XDP_DIAG_RX_RING")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub receive_entries: Option<u32>,
    /// Entries of the transmit ring.
    #[doc(alias = "XDP_DIAG_TX_RING")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub transmit_entries: Option<u32>,
    /// The memory that it shares with the kernel.
    #[doc(alias = "XDP_DIAG_UMEM")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub umem: Option<XdpUmem>,
    /// Entries of the fill ring, which passes chunks to the kernel.
    #[doc(alias = "XDP_DIAG_UMEM_FILL_RING")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub fill_entries: Option<u32>,
    /// Entries of the completion ring, which returns them.
    #[doc(alias = "XDP_DIAG_UMEM_COMPLETION_RING")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub completion_entries: Option<u32>,
    /// The memory.
    #[doc(alias = "XDP_DIAG_MEMINFO")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub memory: Option<SocketMemory>,
    /// Counters; Linux 5.9.
    #[doc(alias = "XDP_DIAG_STATS")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub statistics: Option<XdpStatistics>,
}

/// The queue of an interface.
#[doc(alias = "xdp_diag_info")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct XdpQueue {
    /// The index of the interface; 0 when the socket is not bound.
    #[doc(alias = "ifindex")]
    pub interface: u32,
    /// The number of the queue.
    #[doc(alias = "queue_id")]
    pub queue: u32,
}

/// The memory that an XDP socket shares with the kernel; sizes in bytes.
#[doc(alias = "xdp_diag_umem")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct XdpUmem {
    /// The size of the memory.
    pub size: u64,
    /// Its id.
    pub id: u32,
    /// Its number of pages.
    #[doc(alias = "num_pages")]
    pub pages: u32,
    /// The size of a chunk.
    pub chunk_size: u32,
    /// Free bytes before each packet.
    pub headroom: u32,
    /// The index of the interface.
    #[doc(alias = "ifindex")]
    pub interface: u32,
    /// The number of the queue.
    #[doc(alias = "queue_id")]
    pub queue: u32,
    /// Bit 0: the interface uses it without copies (`XDP_DU_F_ZEROCOPY`).
    pub flags: u32,
    /// Sockets that use it.
    #[doc(alias = "refs")]
    pub references: u32,
}

/// Counters of an XDP socket.
#[doc(alias = "xdp_diag_stats")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct XdpStatistics {
    /// Packets dropped for reasons other than those below.
    #[doc(alias = "n_rx_dropped")]
    pub receive_dropped: u64,
    /// Invalid descriptors of the fill ring.
    #[doc(alias = "n_rx_invalid")]
    pub receive_invalid: u64,
    /// Packets dropped because the ring was full.
    #[doc(alias = "n_rx_full")]
    pub receive_full: u64,
    /// How often the fill ring was empty.
    #[doc(alias = "n_fill_ring_empty")]
    pub fill_ring_empty: u64,
    /// Invalid descriptors of the transmit ring.
    #[doc(alias = "n_tx_invalid")]
    pub transmit_invalid: u64,
    /// How often the transmit ring was empty.
    #[doc(alias = "n_tx_ring_empty")]
    pub transmit_ring_empty: u64,
}
