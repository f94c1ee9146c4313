//! Packet sockets.

use std::num::NonZeroU32;

#[cfg(feature = "serde")]
use super::form;
use super::{
    id::{Cookie, Inode, KernelPointer},
    memory::SocketMemory,
    source::Source,
};

/// A packet socket (`packet(7)`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PacketSocket {
    /// The source of the row.
    #[cfg_attr(feature = "serde", serde(default))]
    pub source: Source,
    /// With or without the link header.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: PacketKind,
    /// The ethertype that it receives, in host order; 3 (`ETH_P_ALL`) is every one, 0 none yet.
    #[cfg_attr(feature = "serde", serde(rename = "ethertype"))]
    pub protocol: u16,
    /// The index of the interface that it is bound to, or `None` for all.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub interface: Option<NonZeroU32>,
    /// Whether it receives.
    pub running: bool,
    /// Unread bytes.
    #[cfg_attr(feature = "serde", serde(rename = "recv_q"))]
    pub recv: u32,
    /// The uid of the socket.
    pub uid: u32,
    /// The inode.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub inode: Option<Inode>,
    /// The kernel's reference count; 0 from sock_diag, which does not report it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub references: i32,
    /// The kernel object; 0 from sock_diag, which reports the cookie instead.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub pointer: KernelPointer,
    /// The cookie; from sock_diag only.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub cookie: Option<Cookie>,
    /// Details that only sock_diag reports.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub detail: PacketDetail,
}

impl PacketSocket {
    /// Returns an empty row.
    pub(crate) fn blank(source: Source) -> Self {
        Self {
            source,
            kind: PacketKind::Raw,
            protocol: 0,
            interface: None,
            running: false,
            recv: 0,
            uid: 0,
            inode: None,
            references: 0,
            pointer: KernelPointer(0),
            cookie: None,
            detail: PacketDetail::default(),
        }
    }
}

/// Details of a packet socket that only sock_diag reports. Each is absent when it was not asked
/// for, when the socket does not have it, and in the text table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct PacketDetail {
    /// Settings.
    #[doc(alias = "PACKET_DIAG_INFO")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub info: Option<PacketInfo>,
    /// The link layer multicast addresses that it receives.
    #[doc(alias = "PACKET_DIAG_MCLIST")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub multicast: Vec<PacketMulticast>,
    /// The receive ring.
    #[doc(alias = "PACKET_DIAG_RX_RING")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub receive_ring: Option<PacketRing>,
    /// The transmit ring.
    #[doc(alias = "PACKET_DIAG_TX_RING")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub transmit_ring: Option<PacketRing>,
    /// How it shares packets with other sockets.
    #[doc(alias = "PACKET_DIAG_FANOUT")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub fanout: Option<Fanout>,
    /// The memory.
    #[doc(alias = "PACKET_DIAG_MEMINFO")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub memory: Option<SocketMemory>,
    /// The filter; empty for one that may not be shown without `CAP_NET_ADMIN`.
    #[doc(alias = "PACKET_DIAG_FILTER")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "form::is_default"))]
    pub filter: Option<Vec<FilterInstruction>>,
}

/// Settings of a packet socket.
#[doc(alias = "packet_diag_info")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PacketInfo {
    /// The version of the ring's headers: 0 to 2 for `TPACKET_V1` to `TPACKET_V3`.
    #[doc(alias = "pdi_version")]
    pub version: u32,
    /// Bytes that the kernel reserves before each packet of a ring.
    #[doc(alias = "pdi_reserve")]
    pub reserve: u32,
    /// The size in bytes from which packets are copied into the socket, too; 0 for never.
    #[doc(alias = "pdi_copy_thresh")]
    pub copy_threshold: u32,
    /// The source of timestamps (`PACKET_TIMESTAMP`).
    #[doc(alias = "pdi_tstamp")]
    pub timestamp: u32,
    /// Flags of the socket.
    #[doc(alias = "pdi_flags")]
    pub flags: PacketFlags,
}

/// Flags of a packet socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PacketFlags(u32);

impl PacketFlags {
    /// It receives.
    #[doc(alias = "PDI_RUNNING")]
    pub const RUNNING: Self = Self(1);
    /// Packets come with auxiliary data.
    #[doc(alias = "PDI_AUXDATA")]
    pub const AUXILIARY_DATA: Self = Self(1 << 1);
    /// Packets come with the index of the first interface.
    #[doc(alias = "PDI_ORIGDEV")]
    pub const ORIGINAL_DEVICE: Self = Self(1 << 2);
    /// Packets come with the header of a virtual interface.
    #[doc(alias = "PDI_VNETHDR")]
    pub const VIRTUAL_HEADER: Self = Self(1 << 3);
    /// Malformed packets of the transmit ring are skipped.
    #[doc(alias = "PDI_LOSS")]
    pub const LOSS: Self = Self(1 << 4);
}

kernel_bits!(PacketFlags, u32);

/// A link layer multicast address.
#[doc(alias = "packet_diag_mclist")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PacketMulticast {
    /// The index of the interface.
    #[doc(alias = "pdmc_index")]
    pub interface: u32,
    /// How often it was added.
    #[doc(alias = "pdmc_count")]
    pub count: u32,
    /// The kind: 0 an address, 1 promiscuous, 2 all multicast, 3 a unicast address.
    #[doc(alias = "pdmc_type")]
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: u16,
    /// The length of the address; never more than 32.
    #[doc(alias = "pdmc_alen")]
    pub address_bytes: u16,
    /// The address, followed by zeros.
    #[doc(alias = "pdmc_addr")]
    #[cfg_attr(feature = "serde", serde(with = "form::link_address"))]
    pub address: [u8; 32],
}

/// A ring of a packet socket; sizes in bytes.
#[doc(alias = "packet_diag_ring")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PacketRing {
    /// The size of a block.
    #[doc(alias = "pdr_block_size")]
    pub block_size: u32,
    /// The number of blocks.
    #[doc(alias = "pdr_block_nr")]
    pub blocks: u32,
    /// The size of a frame.
    #[doc(alias = "pdr_frame_size")]
    pub frame_size: u32,
    /// The number of frames.
    #[doc(alias = "pdr_frame_nr")]
    pub frames: u32,
    /// The time after which a block is handed over even if it is not full; `TPACKET_V3` only.
    #[doc(alias = "pdr_retire_tmo")]
    pub retire_timeout_ms: u32,
    /// Bytes of each block for private use; `TPACKET_V3` only.
    #[doc(alias = "pdr_sizeof_priv")]
    pub private_size: u32,
    /// Features, as the kernel's bits; `TPACKET_V3` only.
    #[doc(alias = "pdr_features")]
    pub features: u32,
}

/// How packet sockets share packets (`PACKET_FANOUT`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Fanout {
    /// The id of the group.
    pub id: u16,
    /// How one of them is chosen for a packet: 0 hash, 1 round robin, 2 CPU, 3 first with room, 4
    /// random, 5 queue, 6 and 7 by a program; the bits above 7 are flags.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: u16,
}

/// An instruction of a socket filter (classic BPF).
#[doc(alias = "sock_filter")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FilterInstruction {
    /// The operation.
    pub code: u16,
    /// Instructions to skip when a comparison holds.
    #[doc(alias = "jt")]
    pub jump_true: u8,
    /// Instructions to skip when it does not.
    #[doc(alias = "jf")]
    pub jump_false: u8,
    /// The operand.
    #[doc(alias = "k")]
    pub operand: u32,
}

/// The type of a packet socket (`SOCK_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PacketKind {
    /// `SOCK_RAW`, 3: with the link header.
    Raw,
    /// `SOCK_DGRAM`, 2: without it.
    Datagram,
    /// `SOCK_PACKET`, 10 (obsolete), or a number that packet sockets do not have on a known kernel.
    Other(u16),
}

impl PacketKind {
    /// Returns the type of that `SOCK_*` number.
    pub const fn from_number(number: u16) -> Self {
        match number {
            3 => Self::Raw,
            2 => Self::Datagram,
            other => Self::Other(other),
        }
    }
}
