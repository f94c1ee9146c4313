//! Memory that the kernel has allocated for a socket.

#[cfg(feature = "serde")]
use super::form;

/// The memory of a socket, in bytes (`sk_get_meminfo`, `include/uapi/linux/sock_diag.h`).
///
/// The kernel counts whole buffers, so unread data is smaller than the memory for it.
#[doc(alias = "SK_MEMINFO")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SocketMemory {
    /// Allocated for received data.
    #[doc(alias = "SK_MEMINFO_RMEM_ALLOC")]
    pub receive_allocated: u32,
    /// Maximum for received data; twice the value of `SO_RCVBUF`.
    #[doc(alias = "SK_MEMINFO_RCVBUF")]
    pub receive_limit: u32,
    /// Allocated for data in the queues of the interface.
    #[doc(alias = "SK_MEMINFO_WMEM_ALLOC")]
    pub transmit_allocated: u32,
    /// Maximum for sent data; twice the value of `SO_SNDBUF`.
    #[doc(alias = "SK_MEMINFO_SNDBUF")]
    pub send_limit: u32,
    /// Allocated in advance and not used yet; signed in the kernel, and briefly negative.
    #[doc(alias = "SK_MEMINFO_FWD_ALLOC")]
    pub forward_allocated: i32,
    /// Allocated for data that waits to be sent.
    #[doc(alias = "SK_MEMINFO_WMEM_QUEUED")]
    pub send_queued: u32,
    /// Allocated for socket options, such as filters.
    #[doc(alias = "SK_MEMINFO_OPTMEM")]
    pub options: u32,
    /// Allocated for data that arrived while the socket was locked; `None` before Linux 2.6.39.
    #[doc(alias = "SK_MEMINFO_BACKLOG")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub backlog: Option<u32>,
    /// Packets that were dropped, a number and not bytes; `None` before Linux 4.7.
    #[doc(alias = "SK_MEMINFO_DROPS")]
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub drops: Option<u32>,
}

/// The older and shorter figures of the memory of an internet socket, in bytes.
#[doc(alias = "inet_diag_meminfo")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InetMemory {
    /// Allocated for received data.
    #[doc(alias = "idiag_rmem")]
    pub receive_allocated: u32,
    /// Allocated for data that waits to be sent.
    #[doc(alias = "idiag_wmem")]
    pub send_queued: u32,
    /// Allocated in advance and not used yet; signed in the kernel.
    #[doc(alias = "idiag_fmem")]
    pub forward_allocated: i32,
    /// Allocated for data in the queues of the interface.
    #[doc(alias = "idiag_tmem")]
    pub transmit_allocated: u32,
}
