//! The words of values and operands.

use builtin_cli::{Word, WordList, WordTable};
use procnetsocket::model::TcpState;
use socket_query::{AddressFamily as Family, SocketTable as Table, StateSet, TableSet};

use super::output::SortKey;

/// The words of `-f`; `None` prints the help.
pub(super) const FAMILIES: WordTable<Option<Family>> = WordTable(&[
    Word::new(Family::Inet.name(), Some(Family::Inet)),
    Word::new(Family::Inet6.name(), Some(Family::Inet6)),
    Word::new("link", Some(Family::Packet)),
    Word::new(Family::Unix.name(), Some(Family::Unix)),
    Word::new(Family::Netlink.name(), Some(Family::Netlink)),
    Word::new(Family::Vsock.name(), Some(Family::Vsock)),
    Word::new(Family::Xdp.name(), Some(Family::Xdp)),
    Word::new(Family::Tipc.name(), Some(Family::Tipc)).unlisted(),
    Word::new("help", None),
]);

pub(super) static FAMILY_LIST: WordList = WordList::new("FAMILY", || FAMILIES.names());

/// The words of `-A`.
pub(super) const TABLES: WordTable<TableSet> = WordTable(&[
    Word::new("all", READABLE),
    Word::new(
        "inet",
        of(Table::Raw)
            .union(of(Table::Udp))
            .union(of(Table::Tcp))
            .union(of(Table::Dccp))
            .union(of(Table::Sctp))
            .union(of(Table::Mptcp)),
    ),
    Word::new(Table::Tcp.name(), of(Table::Tcp)),
    Word::new(Table::Mptcp.name(), of(Table::Mptcp)),
    Word::new(Table::Udp.name(), of(Table::Udp)),
    Word::new(Table::Sctp.name(), of(Table::Sctp)),
    Word::new(Table::Dccp.name(), of(Table::Dccp)),
    Word::new(Table::Raw.name(), of(Table::Raw)),
    Word::new(
        "unix",
        of(Table::UnixStream).union(of(Table::UnixDatagram)).union(of(Table::UnixSeqPacket)),
    ),
    Word::new(Table::UnixStream.name(), of(Table::UnixStream)).or(&["u_str"]),
    Word::new(Table::UnixDatagram.name(), of(Table::UnixDatagram)).or(&["u_dgr"]),
    Word::new(Table::UnixSeqPacket.name(), of(Table::UnixSeqPacket)).or(&["u_seq"]),
    Word::new("packet", of(Table::PacketRaw).union(of(Table::PacketDatagram))),
    Word::new(Table::PacketRaw.name(), of(Table::PacketRaw)).or(&["p_raw"]),
    Word::new(Table::PacketDatagram.name(), of(Table::PacketDatagram)).or(&["p_dgr"]),
    Word::new(Table::Netlink.name(), of(Table::Netlink)),
    Word::new("vsock", of(Table::VsockStream).union(of(Table::VsockDatagram))),
    Word::new(Table::VsockStream.name(), of(Table::VsockStream)).or(&["v_str"]),
    Word::new(Table::VsockDatagram.name(), of(Table::VsockDatagram)).or(&["v_dgr"]),
    Word::new(Table::Xdp.name(), of(Table::Xdp)),
    Word::new(Table::Tipc.name(), of(Table::Tipc)).unlisted(),
]);

pub(super) static TABLE_LIST: WordList =
    WordList::new("TABLE", || TABLES.names()).with_prefix('!', "removes its sockets");

/// The words of `--sort`.
pub(super) const SORT_KEYS: WordTable<SortKey> = WordTable(&[
    Word::new("recv-q", SortKey::RecvQ),
    Word::new("send-q", SortKey::SendQ),
    Word::new("local", SortKey::Local),
    Word::new("peer", SortKey::Peer),
    Word::new("port", SortKey::Port),
    Word::new("uid", SortKey::Uid),
    Word::new("inode", SortKey::Inode),
    Word::new("state", SortKey::State),
]);

pub(super) static SORT_KEY_LIST: WordList =
    WordList::new("KEY", || SORT_KEYS.names()).with_prefix('-', "reverses its order");

/// The words after `state` and `exclude`, in lower case.
pub(super) const STATES: WordTable<StateSet> = WordTable(&[
    Word::new("established", StateSet::of(TcpState::Established)),
    Word::new("syn-sent", StateSet::of(TcpState::SynSent)),
    Word::new("syn-recv", StateSet::of(TcpState::SynRecv)).or(&["syn-rcv"]),
    Word::new("fin-wait-1", StateSet::of(TcpState::FinWait1)),
    Word::new("fin-wait-2", StateSet::of(TcpState::FinWait2)),
    Word::new("time-wait", StateSet::of(TcpState::TimeWait)),
    Word::new("unconnected", StateSet::of(TcpState::Close)).or(&["closed", "close"]),
    Word::new("close-wait", StateSet::of(TcpState::CloseWait)),
    Word::new("last-ack", StateSet::of(TcpState::LastAck)),
    Word::new("listening", StateSet::of(TcpState::Listen)),
    Word::new("closing", StateSet::of(TcpState::Closing)),
    Word::new("bound-inactive", StateSet::of(TcpState::BoundInactive)),
    Word::new("all", StateSet::ALL),
    Word::new("connected", CONNECTED),
    Word::new("synchronized", CONNECTED.without(StateSet::of(TcpState::SynSent))),
    Word::new("bucket", BUCKET),
    Word::new("big", StateSet::ALL.without(BUCKET)),
    // Compat: iproute2's name for bit 0, which is not a state of the kernel.
    Word::new("unknown", StateSet::UNKNOWN).unlisted(),
]);

pub(super) static STATE_LIST: WordList = WordList::new("STATE", || STATES.names());

/// Every state but LISTEN and UNCONN. A listing without options leaves TIME-WAIT and SYN-RECV out,
/// too.
const CONNECTED: StateSet = StateSet::ALL.without(StateSet::LISTENING);

/// The states in which the kernel keeps only a small structure (a minisock).
const BUCKET: StateSet = StateSet::of(TcpState::SynRecv).union(StateSet::of(TcpState::TimeWait));

/// The tables that can be listed.
pub(super) const READABLE: TableSet = TableSet::ALL.without(of(Table::Tipc));

/// The tables that `/proc` can list.
pub(super) const READABLE_AS_TEXT: TableSet = READABLE
    .without(of(Table::Dccp))
    .without(of(Table::Sctp))
    .without(of(Table::VsockStream))
    .without(of(Table::VsockDatagram))
    .without(of(Table::Xdp))
    .without(of(Table::Mptcp));

const fn of(table: Table) -> TableSet {
    TableSet::of(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_family_and_table_has_a_word() {
        let states = STATES.0.iter().map(|word| word.value);
        // Kernel: a transitional state of a socket after SYN-RECV, which has no word in iproute2
        // either.
        for state in TcpState::ALL.into_iter().filter(|state| *state != TcpState::NewSynRecv) {
            assert!(states.clone().any(|set| set == StateSet::of(state)), "{state:?}");
        }
        for family in Family::ALL {
            assert!(FAMILIES.0.iter().any(|word| word.value == Some(family)), "{family}");
        }
        for table in Table::ALL {
            assert_eq!(TABLES.find(table.name().as_bytes()), Some(TableSet::of(table)));
        }
    }
}
