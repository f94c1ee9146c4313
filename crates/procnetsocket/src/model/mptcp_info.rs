//! The statistics of Multipath TCP connections.

#[cfg(feature = "serde")]
use super::form;

/// The statistics of a Multipath TCP connection (`struct mptcp_info`, `mptcp_diag_fill_info`).
///
/// A field that the running kernel lacks is zero; [`MptcpInfo::kernel_bytes`] shows which these
/// are. Sequence numbers are those of the data, not of a subflow.
#[doc(alias = "mptcp_info")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct MptcpInfo {
    /// The length of the kernel's structure, in bytes.
    pub kernel_bytes: u16,
    /// Subflows beside the first.
    #[doc(alias = "mptcpi_subflows")]
    pub subflows: u8,
    /// Addresses that were announced.
    #[doc(alias = "mptcpi_add_addr_signal")]
    pub add_addr_signal: u8,
    /// Announced addresses that were accepted.
    #[doc(alias = "mptcpi_add_addr_accepted")]
    pub add_addr_accepted: u8,
    /// The limit of subflows.
    #[doc(alias = "mptcpi_subflows_max")]
    pub subflows_max: u8,
    /// The limit of announcements.
    #[doc(alias = "mptcpi_add_addr_signal_max")]
    pub add_addr_signal_max: u8,
    /// The limit of accepted announcements.
    #[doc(alias = "mptcpi_add_addr_accepted_max")]
    pub add_addr_accepted_max: u8,
    /// Bit 0: fell back to TCP. Bit 1: the remote side's key is known.
    #[doc(alias = "mptcpi_flags")]
    pub flags: u32,
    /// The token that identifies the connection.
    #[doc(alias = "mptcpi_token")]
    pub token: u32,
    /// The next sequence number to write.
    #[doc(alias = "mptcpi_write_seq")]
    #[cfg_attr(feature = "serde", serde(deserialize_with = "form::decimal::deserialize"))]
    pub write_seq: u64,
    /// The first unacknowledged sequence number.
    #[doc(alias = "mptcpi_snd_una")]
    #[cfg_attr(feature = "serde", serde(deserialize_with = "form::decimal::deserialize"))]
    pub send_unacked: u64,
    /// The next sequence number to receive.
    #[doc(alias = "mptcpi_rcv_nxt")]
    #[cfg_attr(feature = "serde", serde(deserialize_with = "form::decimal::deserialize"))]
    pub receive_next: u64,
    /// Local addresses in use.
    #[doc(alias = "mptcpi_local_addr_used")]
    pub local_addr_used: u8,
    /// The limit of local addresses.
    #[doc(alias = "mptcpi_local_addr_max")]
    pub local_addr_max: u8,
    /// Whether data has checksums.
    #[doc(alias = "mptcpi_csum_enabled")]
    pub checksum_enabled: bool,
    /// Retransmissions; Linux 6.5, as the next five.
    #[doc(alias = "mptcpi_retransmits")]
    pub retransmits: u32,
    /// Bytes that were retransmitted.
    #[doc(alias = "mptcpi_bytes_retrans")]
    pub bytes_retransmitted: u64,
    /// Bytes that were sent.
    #[doc(alias = "mptcpi_bytes_sent")]
    pub bytes_sent: u64,
    /// Bytes that were received.
    #[doc(alias = "mptcpi_bytes_received")]
    pub bytes_received: u64,
    /// Bytes that were acknowledged.
    #[doc(alias = "mptcpi_bytes_acked")]
    pub bytes_acked: u64,
    /// Subflows, the first included; Linux 6.8.
    #[doc(alias = "mptcpi_subflows_total")]
    pub subflows_total: u8,
    /// The limit of endpoints of the kind laminar; Linux 6.18.
    #[doc(alias = "mptcpi_endp_laminar_max")]
    pub laminar_max: u8,
    /// The limit of endpoints of the kind fullmesh; Linux 6.19.
    #[doc(alias = "mptcpi_endp_fullmesh_max")]
    pub fullmesh_max: u8,
    /// Time since data was sent; Linux 6.10, as the next two.
    #[doc(alias = "mptcpi_last_data_sent")]
    pub last_data_sent_ms: u32,
    /// Time since data was received.
    #[doc(alias = "mptcpi_last_data_recv")]
    pub last_data_received_ms: u32,
    /// Time since an acknowledgement was received.
    #[doc(alias = "mptcpi_last_ack_recv")]
    pub last_ack_received_ms: u32,
}

impl MptcpInfo {
    /// Returns whether the connection fell back to TCP.
    #[doc(alias = "MPTCP_INFO_FLAG_FALLBACK")]
    pub const fn is_fallback(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Returns whether the remote side's key is known.
    #[doc(alias = "MPTCP_INFO_FLAG_REMOTE_KEY_RECEIVED")]
    pub const fn has_remote_key(&self) -> bool {
        self.flags & 2 != 0
    }
}
