//! Sources of rows.

/// The source of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Source {
    /// A text table of `/proc/net`, or of a fake root. Names of unix sockets in it can be forged,
    /// see [`UnixSocket`](crate::model::UnixSocket).
    #[default]
    #[cfg_attr(feature = "serde", serde(rename = "proc"))]
    ProcText,
    /// The kernel's netlink interface, sock_diag.
    #[doc(alias = "NETLINK_SOCK_DIAG")]
    #[cfg_attr(feature = "serde", serde(rename = "sock_diag"))]
    SockDiag,
}
