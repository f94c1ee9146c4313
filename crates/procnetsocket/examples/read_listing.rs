//! Reads a captured listing, and counts connections by their remote address.
//!
//! ```text
//! ss --json-lines -tan > listing.jsonl
//! cargo run -p procnetsocket --features serde --example read_listing < listing.jsonl
//! ```
//!
//! Each line of `ss --json-lines` is a row of the model with a few more fields; serde ignores
//! those.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, Write},
    net::IpAddr,
};

use procnetsocket::model::{InetProtocol, OwnedSocket, TcpState};

#[expect(clippy::disallowed_methods, reason = "this program is its own host")]
fn main() -> io::Result<()> {
    summarize(io::stdin().lock(), &mut io::stdout().lock())
}

/// Writes a line for each remote address: connections, those in CLOSE-WAIT, and bytes that the
/// program has not read yet.
pub(crate) fn summarize(listing: impl BufRead, out: &mut dyn Write) -> io::Result<()> {
    let mut peers: BTreeMap<IpAddr, [u64; 3]> = BTreeMap::new();
    for line in listing.lines() {
        let OwnedSocket::Inet(socket) = serde_json::from_str(&line?)? else { continue };
        if socket.protocol != InetProtocol::Tcp || socket.state == TcpState::Listen {
            continue;
        }
        let [connections, close_wait, unread] = peers.entry(socket.remote.ip()).or_default();
        *connections += 1;
        *close_wait += u64::from(socket.state == TcpState::CloseWait);
        *unread += u64::from(socket.queues.recv);
    }
    for (peer, [connections, close_wait, unread]) in peers {
        writeln!(
            out,
            "{peer} {connections} connections, {close_wait} in CLOSE-WAIT, {unread} bytes unread"
        )?;
    }
    Ok(())
}
