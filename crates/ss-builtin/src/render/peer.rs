//! The other end of a connection: `peer:(("postgres",pid=7,fd=9))`.
//!
//! ```text
//! peer   := " peer:(" socket ("," "netns=" QUOTED)? ")"
//! socket := process ("," process)*       with -p, where some are known
//!         | "ino=" NUMBER                otherwise; 0 where no process can hold it
//! ```
//!
//! The namespace is printed if it is not the namespace of the row.

use procnetsocket::{
    Peer, PeerSocket,
    model::{Inode, Socket},
};

use super::{
    column::ColumnId,
    field::{push_number, push_text},
    row::RowRenderer,
    table::Cells,
    users::push_quoted,
};

impl RowRenderer<'_> {
    /// Fills the cell with the processes of a socket and of its other end, as far as they are
    /// shown.
    pub(super) fn fill_both_ends(&self, cells: &mut Cells<'_>, socket: &Socket<'_>) {
        match self.peer_of(socket) {
            Peer::Known(peer) => cells.push(ColumnId::Process, |out| {
                if let (Some(users), Some(inode)) = (self.users(), socket.inode()) {
                    users.push(out, inode);
                }
                self.push_peer(out, &peer);
            }),
            _ => self.fill_users(cells, socket.inode()),
        }
    }

    /// Returns the other end of a socket, if it is shown.
    pub(super) fn peer_of(&self, socket: &Socket<'_>) -> Peer<'_> {
        let Some(peers) = &self.peers else { return Peer::Unknown };
        peers.peer_of(self.namespace.as_ref().map(|namespace| namespace.id), socket)
    }

    fn push_peer(&self, out: &mut Vec<u8>, peer: &PeerSocket<'_>) {
        push_text(out, " peer:(");
        let (users, inode) = (self.users(), peer.inode);
        let has_processes =
            users.zip(inode).is_some_and(|(users, inode)| users.push_peer(out, inode));
        if !has_processes {
            push_number(out, "ino=", inode.map_or(0, Inode::get));
        }
        if let Some(there) = peer.namespace
            && self.namespace.as_ref().is_none_or(|here| here.id != there.id)
        {
            push_text(out, ",netns=");
            push_quoted(out, there.label().as_bytes());
        }
        out.push(b')');
    }
}
