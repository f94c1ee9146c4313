//! Sockets as the kernel reports them: one type per kernel concept, defined once.
//!
//! The types are filled by a source (sock_diag, or the text tables of `/proc/net`). What a source
//! cannot report is `None`, never a made-up value; the few fields that cannot be absent document
//! their value then.
//!
//! With the feature `serde` a [`Socket`] is written as data and an [`OwnedSocket`] is read back,
//! equal to what was written. The form is made for JSON; `docs/ss.schema.json` in the repository
//! describes it. The example `read_listing` reads the output of `ss --json-lines`.

#[macro_use]
mod bits;
#[macro_use]
mod words;
mod congestion;
#[cfg(feature = "serde")]
mod form;
mod id;
mod inet;
mod inet_detail;
mod memory;
mod mptcp_info;
mod netlink;
mod packet;
mod queue;
mod sctp_info;
mod shutdown;
mod socket;
mod source;
mod state;
mod state_mask;
mod table;
mod tcp_info;
mod timer;
mod ulp;
mod unix;
mod vsock;
mod xdp;

pub use congestion::{BbrInfo, CongestionInfo, DctcpInfo, ShortName, VegasInfo};
pub use id::{Cookie, Inode, KernelPointer};
pub use inet::{Family, InetProtocol, InetSocket, TcpDetail};
pub use inet_detail::{InetDetail, InetDetails, InetInfo, InetOptions, Md5Key};
pub use memory::{InetMemory, SocketMemory};
pub use mptcp_info::MptcpInfo;
pub use netlink::{NetlinkDetail, NetlinkFlags, NetlinkGroups, NetlinkSocket};
pub use packet::{
    Fanout, FilterInstruction, PacketDetail, PacketFlags, PacketInfo, PacketKind, PacketMulticast,
    PacketRing, PacketSocket,
};
pub use queue::Queues;
pub use sctp_info::{SctpCounters, SctpInfo, SctpPath, SctpState};
pub use shutdown::Shutdown;
pub use socket::{OwnedSocket, Socket};
pub use source::Source;
pub use state::TcpState;
pub use state_mask::StateMask;
pub(crate) use table::RowForm;
pub use table::Table;
pub use tcp_info::{AccurateEcn, TcpInfo, TcpOptions};
pub use timer::{Timer, TimerKind};
pub use ulp::{MptcpSubflow, MptcpSubflowFlags, TlsInfo, TlsMode, Ulp, UlpInfo};
pub use unix::{Device, UnixDetail, UnixFile, UnixKind, UnixName, UnixSocket, UnixState};
pub use vsock::{VsockAddr, VsockKind, VsockSocket};
pub use words::UnknownWord;
pub use xdp::{XdpDetail, XdpQueue, XdpSocket, XdpStatistics, XdpUmem};
