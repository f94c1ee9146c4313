//! Upper layer protocols on a TCP socket: kernel TLS, MPTCP.

use super::congestion::ShortName;
#[cfg(feature = "serde")]
use super::form;

/// The upper layer protocol of a TCP socket.
#[doc(alias = "INET_DIAG_ULP_INFO")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ulp {
    /// Its name, such as `tls` or `mptcp`.
    #[doc(alias = "INET_ULP_INFO_NAME")]
    #[cfg_attr(feature = "serde", serde(flatten, with = "form::ulp_name"))]
    pub name: ShortName,
    /// Its details; needs `CAP_NET_ADMIN`.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "form::is_default"))]
    pub info: Option<UlpInfo>,
}

/// The details of an upper layer protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum UlpInfo {
    /// TLS.
    #[doc(alias = "INET_ULP_INFO_TLS")]
    Tls(TlsInfo),
    /// The socket is a subflow of Multipath TCP.
    #[doc(alias = "INET_ULP_INFO_MPTCP")]
    Mptcp(MptcpSubflow),
}

/// Kernel TLS; `None` for what the kernel did not report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct TlsInfo {
    /// The version: 0x0303 is TLS 1.2, 0x0304 is TLS 1.3.
    #[doc(alias = "TLS_INFO_VERSION")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub version: Option<u16>,
    /// The cipher: 51 AES-GCM-128, 52 AES-GCM-256, 53 AES-CCM-128, 54 ChaCha20-Poly1305, ...
    #[doc(alias = "TLS_INFO_CIPHER")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cipher: Option<u16>,
    /// How sent data is encrypted.
    #[doc(alias = "TLS_INFO_TXCONF")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub transmit: Option<TlsMode>,
    /// How received data is decrypted.
    #[doc(alias = "TLS_INFO_RXCONF")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub receive: Option<TlsMode>,
    /// Files are sent without a copy, even if they change while they are sent.
    #[doc(alias = "TLS_INFO_ZC_RO_TX")]
    pub zero_copy_send: bool,
    /// The remote side promised to send no padding.
    #[doc(alias = "TLS_INFO_RX_NO_PAD")]
    pub receive_no_padding: bool,
}

/// How one direction of a TLS socket is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsMode {
    /// Number 1: not at all.
    #[doc(alias = "TLS_CONF_BASE")]
    None,
    /// Number 2: in the kernel.
    #[doc(alias = "TLS_CONF_SW")]
    Software,
    /// Number 3: in the interface.
    #[doc(alias = "TLS_CONF_HW")]
    Hardware,
    /// Number 4: whole records in the interface.
    #[doc(alias = "TLS_CONF_HW_RECORD")]
    HardwareRecord,
    /// An unknown number.
    Other(u16),
}

impl TlsMode {
    /// Returns the mode of that kernel number.
    pub const fn from_number(number: u16) -> Self {
        match number {
            1 => Self::None,
            2 => Self::Software,
            3 => Self::Hardware,
            4 => Self::HardwareRecord,
            other => Self::Other(other),
        }
    }
}

/// A subflow of Multipath TCP; `None` for a number that the kernel did not report. Without
/// `CAP_NET_ADMIN` it reports no sequence numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default))]
pub struct MptcpSubflow {
    /// Flags of the subflow.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_FLAGS")]
    pub flags: MptcpSubflowFlags,
    /// The token of the remote side.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_TOKEN_REM")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub remote_token: Option<u32>,
    /// The token of this side.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_TOKEN_LOC")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub local_token: Option<u32>,
    /// The address id of the remote side.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_ID_REM")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub remote_id: Option<u8>,
    /// The address id of this side.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_ID_LOC")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub local_id: Option<u8>,
    /// The next sequence number to write, relative to the first of the subflow.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_RELWRITE_SEQ")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub relative_write_seq: Option<u32>,
    /// The sequence number of the data with which the current mapping begins.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_MAP_SEQ")]
    #[cfg_attr(
        feature = "serde",
        serde(with = "form::optional_decimal", skip_serializing_if = "Option::is_none")
    )]
    pub map_seq: Option<u64>,
    /// The sequence number of the subflow with which it begins.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_MAP_SFSEQ")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub map_subflow_seq: Option<u32>,
    /// The first sequence number of the subflow.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_SSN_OFFSET")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub ssn_offset: Option<u32>,
    /// Bytes of the current mapping.
    #[doc(alias = "MPTCP_SUBFLOW_ATTR_MAP_DATALEN")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub map_length: Option<u16>,
}

/// Flags of a subflow of Multipath TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MptcpSubflowFlags(u32);

impl MptcpSubflowFlags {
    /// The remote side sent `MP_CAPABLE`.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_MCAP_REM")]
    pub const CAPABLE_REMOTE: Self = Self(1);
    /// This side sent `MP_CAPABLE`.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_MCAP_LOC")]
    pub const CAPABLE_LOCAL: Self = Self(1 << 1);
    /// The remote side sent `MP_JOIN`.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_JOIN_REM")]
    pub const JOIN_REMOTE: Self = Self(1 << 2);
    /// This side sent `MP_JOIN`.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_JOIN_LOC")]
    pub const JOIN_LOCAL: Self = Self(1 << 3);
    /// The remote side wants it as a backup.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_BKUP_REM")]
    pub const BACKUP_REMOTE: Self = Self(1 << 4);
    /// This side wants it as a backup.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_BKUP_LOC")]
    pub const BACKUP_LOCAL: Self = Self(1 << 5);
    /// Fully established.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_FULLY_ESTABLISHED")]
    pub const FULLY_ESTABLISHED: Self = Self(1 << 6);
    /// Connected.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_CONNECTED")]
    pub const CONNECTED: Self = Self(1 << 7);
    /// A mapping is valid.
    #[doc(alias = "MPTCP_SUBFLOW_FLAG_MAPVALID")]
    pub const MAP_VALID: Self = Self(1 << 8);
}

kernel_bits!(MptcpSubflowFlags, u32);
