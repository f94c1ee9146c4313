//! The socket at the other end.
//!
//! For an internet socket the keys are added to `peer`, which has the address and the port.

use procnetsocket::{
    PeerSocket,
    model::{Inode, Socket},
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{namespace::NamespaceForm, process::ProcessForm};
use crate::render::row::RowRenderer;

/// The socket at the other end.
#[derive(Serialize)]
pub(super) struct PeerForm<'a> {
    /// `null` where no process can have it open.
    inode: Option<Inode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<Vec<ProcessForm<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<NamespaceForm<'a>>,
}

/// The keys of a socket, and those of the socket at its other end if they were added.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum SocketKeys<'a> {
    Alone(Socket<'a>),
    WithPeer(Map<String, Value>),
}

impl RowRenderer<'_> {
    pub(super) fn peer<'a>(&'a self, peer: &PeerSocket<'a>) -> PeerForm<'a> {
        let processes = self.users().map(|users| {
            let processes = peer.inode.map(|inode| users.of_peer(inode)).unwrap_or_default();
            processes.into_iter().map(|process| self.process(process)).collect()
        });
        let namespace = peer.namespace.map(|namespace| NamespaceForm(namespace));
        PeerForm { inode: peer.inode, processes, namespace }
    }
}

impl<'a> SocketKeys<'a> {
    /// Returns the keys of a socket with those of its other end in `peer`.
    pub(super) fn with_peer(socket: Socket<'a>, peer: &PeerForm<'_>) -> Self {
        let keys = (serde_json::to_value(socket), serde_json::to_value(peer));
        let (Ok(Value::Object(mut keys)), Ok(Value::Object(peer))) = keys else {
            return Self::Alone(socket);
        };
        if let Some(Value::Object(end)) = keys.get_mut("peer") {
            end.extend(peer);
        }
        Self::WithPeer(keys)
    }
}
