//! A socket as an object: the keys of the listing, and then everything that the kernel reported, in
//! the form of the model.

use procnetsocket::{
    Peer,
    model::{InetInfo, InetSocket, Socket, Source, TcpState},
};
use serde::Serialize;
use socket_query::{SocketTable, shown_state_of};

use super::{
    name::NamesForm,
    namespace::NamespaceForm,
    peer::{PeerForm, SocketKeys},
    process::ProcessForm,
};
use crate::render::{
    row::{RowRenderer, netid_word, state_word},
    tcp_info::sending_rate,
};

/// One socket. Without the keys before `socket` it is the serde form of a row of the model.
#[derive(Serialize)]
pub(crate) struct SocketObject<'a> {
    /// In a listing of every network namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<NamespaceForm<'a>>,
    /// As in the text listing.
    netid: &'static str,
    /// As in the text listing.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<bool>,
    #[serde(skip_serializing_if = "NamesForm::is_empty")]
    names: NamesForm,
    #[serde(flatten)]
    listener: ListenerForm,
    /// What `-i` prints as `send`, but in bytes per second, as other rates of the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_rate: Option<f64>,
    /// The processes that have it open, if they are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<Vec<ProcessForm<'a>>>,
    /// Whether the other end may be any of several sockets.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_ambiguous: Option<bool>,
    /// The other end of a unix socket; that of an internet socket is in its `peer`.
    #[serde(rename = "peer", skip_serializing_if = "Option::is_none")]
    unix_peer: Option<PeerForm<'a>>,
    #[serde(flatten)]
    socket: SocketKeys<'a>,
}

/// The queues of a listener by what they count, as far as the source reports them.
#[derive(Default, Serialize)]
struct ListenerForm {
    /// Connections that wait to be accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    accept_queue: Option<u32>,
    /// The most connections that may wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    backlog: Option<u32>,
}

impl ListenerForm {
    fn of(socket: &Socket<'_>) -> Self {
        if shown_state_of(socket) != TcpState::Listen {
            return Self::default();
        }
        let (queues, has_backlog) = match socket {
            Socket::Inet(row) => (Some(row.queues), row.source == Source::SockDiag),
            Socket::Unix(row) => (row.detail.queues, true),
            _ => (None, false),
        };
        Self {
            accept_queue: queues.map(|queues| queues.recv),
            // Kernel: the text table always contains 0.
            backlog: queues.filter(|_| has_backlog).map(|queues| queues.send),
        }
    }
}

/// Returns the rate that the congestion window of a connection allows, in bytes per second.
fn send_rate(socket: &Socket<'_>) -> Option<f64> {
    let Socket::Inet(InetSocket { detail, .. }) = socket else { return None };
    match &detail.info {
        Some(InetInfo::Tcp(info)) => {
            sending_rate(info, detail.congestion_info.as_ref()).map(|bits| bits / 8.0)
        }
        _ => None,
    }
}

impl RowRenderer<'_> {
    /// Returns the object of a socket.
    pub(crate) fn form<'a>(&'a self, table: SocketTable, socket: Socket<'a>) -> SocketObject<'a> {
        let found = self.peer_of(&socket);
        let peer = match &found {
            Peer::Known(peer) => Some(self.peer(peer)),
            _ => None,
        };
        let (unix_peer, keys) = match (&socket, peer) {
            (Socket::Inet(_), Some(peer)) => (None, SocketKeys::with_peer(socket, &peer)),
            (_, peer) => (peer, SocketKeys::Alone(socket)),
        };
        SocketObject {
            namespace: self.namespace.as_deref().map(NamespaceForm),
            netid: netid_word(table, &socket),
            state: state_word(&socket),
            untrusted_text: is_untrusted(&socket).then_some(true),
            names: self.names_of(&socket),
            listener: ListenerForm::of(&socket),
            send_rate: send_rate(&socket),
            processes: self.processes_of(&socket),
            peer_ambiguous: (found == Peer::Ambiguous).then_some(true),
            unix_peer,
            socket: keys,
        }
    }
}

/// Security: a name with a newline forges rows of the text table of unix sockets, so its rows prove
/// nothing.
fn is_untrusted(socket: &Socket<'_>) -> bool {
    matches!(socket, Socket::Unix(row) if row.source == Source::ProcText)
}
