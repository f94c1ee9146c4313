//! Finds rows that a live inet table repeats.
//!
//! Kernel: a table is printed page by page, with the locks dropped in between, and the position is
//! found again by counting rows. When sockets open and close meanwhile, rows are repeated or left
//! out.

use std::net::SocketAddr;

use crate::model::{InetSocket, Inode};

/// Rows that are remembered: 4 096, about 300 KiB. Repeated rows are in neighbouring pages of about
/// 30 rows each.
const WINDOW_ROWS: u16 = 4 << 10;

/// What identifies a socket. The kernel may reuse an inode as soon as the old socket is gone, so
/// addresses and ports are part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RowIdentity {
    inode: Inode,
    local: SocketAddr,
    remote: SocketAddr,
}

/// The sockets that were seen recently.
///
/// Each inode has one slot, chosen by the last bits of its number, with the last socket that had
/// these bits. A collision can only make a repeated row pass; whole identities are compared, so no
/// other row is dropped.
pub(crate) struct Window {
    slots: Vec<Option<RowIdentity>>,
}

impl Window {
    /// Returns an empty window.
    pub(crate) fn new() -> Self {
        Self { slots: vec![None; usize::from(WINDOW_ROWS)] }
    }

    /// Returns whether the socket was seen recently, and remembers it. A socket without inode has
    /// no identity: many TIME-WAIT rows may be equal.
    pub(crate) fn is_repeated(&mut self, row: &InetSocket) -> bool {
        let Some(inode) = row.inode else { return false };
        let identity = Some(RowIdentity { inode, local: row.local, remote: row.remote });
        // OK because the index is below the length, so the slot always exists.
        let Some(slot) = self.slots.get_mut(slot_of(inode)) else { return false };
        std::mem::replace(slot, identity) == identity
    }
}

fn slot_of(inode: Inode) -> usize {
    usize::try_from(inode.get() % u64::from(WINDOW_ROWS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        model::{Family, InetProtocol, Socket},
        proc::text::{RowParser, inet::InetRows, number::Endian},
    };

    fn row(port: u16, inode: u64) -> InetSocket {
        let line = format!(
            "0: 0100007F:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 {inode}"
        );
        let mut rows = InetRows::new(InetProtocol::Tcp, Family::V4, Endian::Little);
        match rows.parse(line.as_bytes()) {
            Ok(Socket::Inet(row)) => row.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case::the_same_socket((80, 7), (80, 7), true)]
    #[case::another_inode((80, 7), (80, 8), false)]
    #[case::an_inode_that_was_given_again((80, 7), (81, 7), false)]
    #[case::no_inode((80, 0), (80, 0), false)]
    #[case::a_collision((80, 7), (80, 7 + 4096), false)]
    #[case::the_largest_inode((80, u64::MAX), (80, u64::MAX), true)]
    fn recognises(#[case] first: (u16, u64), #[case] second: (u16, u64), #[case] repeated: bool) {
        let mut window = Window::new();
        assert!(!window.is_repeated(&row(first.0, first.1)));
        assert_eq!(window.is_repeated(&row(second.0, second.1)), repeated);
    }

    #[test]
    fn remembers_four_thousand_rows() {
        let mut window = Window::new();
        for inode in 1..=4096 {
            assert!(!window.is_repeated(&row(80, inode)));
        }
        assert!(window.is_repeated(&row(80, 1)));
        assert!(window.is_repeated(&row(80, 4096)));
    }
}
