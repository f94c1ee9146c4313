//! Redacts rows by a policy.

use procnetsocket::model::{OwnedSocket, Socket, UnixName};

use super::{Policy, Visibility, VisibleUsers};
use crate::select::{AddressFamily, FamilySet};

/// Redacts rows between the tables and everything else that reads them.
///
/// Security: rows are redacted before states, filters, orders, counts and limits are applied, so
/// that hidden data cannot be inferred from any of these.
#[derive(Clone, Copy)]
pub(crate) struct Redaction<'a> {
    policy: &'a Policy,
    hides_objects: bool,
}

impl<'a> Redaction<'a> {
    /// Security: the kernel numbers sockets when it first lists them, and allocates them side by
    /// side. So cookies and pointers reveal how many sockets there are between two that are shown.
    pub(crate) fn new(policy: &'a Policy) -> Self {
        Self { policy, hides_objects: policy.narrows() }
    }

    /// Returns the redaction that keeps cookies and pointers, which destroying sockets needs. Such
    /// a row is redacted again before it is shown.
    pub(crate) fn with_objects(self) -> Self {
        Self { hides_objects: false, ..self }
    }

    /// Calls `see` with the redacted row, or with `None` if the row is hidden.
    pub(crate) fn redact<R>(
        self,
        socket: Socket<'_>,
        see: impl FnOnce(Socket<'_>) -> R,
    ) -> Option<R> {
        if !self.shows(&socket) {
            return None;
        }
        if !self.hides_objects && !self.hides_fields(&socket) {
            return Some(see(socket));
        }
        let mut seen = OwnedSocket::from(socket);
        self.redact_fields(&mut seen);
        Some(see(seen.as_socket()))
    }

    /// Returns whether a malformed row may be reported. Its user is unknown.
    pub(crate) fn shows_malformed(self) -> bool {
        self.policy.users == VisibleUsers::All
    }

    /// Returns whether some fields of this socket are hidden.
    fn hides_fields(self, socket: &Socket<'_>) -> bool {
        match socket {
            Socket::Inet(inet) => {
                self.policy.secrets == Visibility::Hidden && !inet.detail.md5_keys.is_empty()
            }
            Socket::Unix(unix) => {
                self.policy.unix_names == Visibility::Hidden
                    || self.policy.users != VisibleUsers::All
                        && (unix.detail.peer.is_some() || !unix.detail.pending.is_empty())
            }
            _ => false,
        }
    }

    /// Hides fields, including the file of a hidden name, and the sockets at the other end if they
    /// may be another user's.
    fn redact_fields(self, seen: &mut OwnedSocket) {
        // Security: unix sockets are first listed, and so numbered, by a hash of their names.
        let is_unnamed =
            matches!(seen, OwnedSocket::Unix(_)) && self.policy.unix_names == Visibility::Hidden;
        if self.hides_objects || is_unnamed {
            seen.clear_objects();
        }
        match seen {
            OwnedSocket::Inet(inet)
                if self.policy.secrets == Visibility::Hidden
                    && !inet.detail.md5_keys.is_empty() =>
            {
                inet.detail.md5_keys.clear();
            }
            OwnedSocket::Unix(unix) => {
                if self.policy.unix_names == Visibility::Hidden {
                    unix.name = UnixName::Unnamed;
                    unix.detail.file = None;
                }
                if self.policy.users != VisibleUsers::All {
                    unix.detail.peer = None;
                    unix.detail.pending.clear();
                }
            }
            _ => {}
        }
    }

    /// Returns whether a row is shown at all.
    pub(crate) fn shows(self, socket: &Socket<'_>) -> bool {
        let Some(family) = family_of(socket) else { return !self.policy.narrows() };
        let is_visible_user = match self.policy.users {
            VisibleUsers::All => true,
            VisibleUsers::Uid(uid) => socket.uid() == Some(uid),
        };
        is_visible_user && self.policy.families.intersects(FamilySet::of(family))
    }
}

fn family_of(socket: &Socket<'_>) -> Option<AddressFamily> {
    Some(match socket {
        Socket::Inet(inet) if inet.local.is_ipv4() => AddressFamily::Inet,
        Socket::Inet(_) => AddressFamily::Inet6,
        Socket::Unix(_) => AddressFamily::Unix,
        Socket::Packet(_) => AddressFamily::Packet,
        Socket::Netlink(_) => AddressFamily::Netlink,
        Socket::Vsock(_) => AddressFamily::Vsock,
        Socket::Xdp(_) => AddressFamily::Xdp,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, ops::ControlFlow};

    use bstr::ByteSlice as _;
    use procnetsocket::{
        Query, RowError, SocketTables, Source, Table, Visitor,
        model::{Md5Key, UnixName, UnixSocket},
    };
    use rstest::rstest;
    use testkit::{Datagram, FakeProc, Netlink, Packet, Tcp, Unix};

    use super::*;

    /// Reads every row of a root through a redaction, and records a word for each.
    struct SeenRows<'a> {
        redaction: Redaction<'a>,
        seen: RefCell<Vec<String>>,
    }

    impl Visitor for SeenRows<'_> {
        fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
            let word = self.redaction.redact(socket, |socket| match socket {
                Socket::Inet(inet) => inet.local.to_string(),
                Socket::Unix(UnixSocket { name: UnixName::Unnamed, .. }) => "unix".to_owned(),
                Socket::Unix(unix) => unix.name.bytes().unwrap_or_default().to_str_lossy().into(),
                Socket::Packet(_) => "packet".to_owned(),
                _ => "netlink".to_owned(),
            });
            self.seen.borrow_mut().extend(word);
            ControlFlow::Continue(())
        }

        fn malformed(&mut self, _: &RowError) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }

    fn seen(policy: &Policy) -> Vec<String> {
        let root = FakeProc::new()
            .tcp(Tcp::listen("127.0.0.1:80").uid(7).inode(1))
            .tcp(Tcp::listen("[::1]:80").uid(0).inode(2))
            .tcp(Tcp::listen("127.0.0.1:81").uid(0).inode(0))
            .udp(Datagram::bound("127.0.0.1:53").uid(7).inode(3))
            .unix(Unix::stream().path("/run/a"))
            .packet(Packet::raw(3).inode(4))
            .netlink(Netlink::new(0, 7))
            .build();
        let tables = SocketTables::from_dir(root.dir());
        let mut look = SeenRows { redaction: Redaction::new(policy), seen: RefCell::default() };
        for table in
            [Table::Tcp4, Table::Tcp6, Table::Udp4, Table::Unix, Table::Packet, Table::Netlink]
        {
            let limits = procnetsocket::Limits::default();
            tables
                .visit_with(
                    &Query::new(table).with_source(Source::ProcText).with_limits(limits),
                    &mut look,
                )
                .unwrap();
        }
        look.seen.into_inner()
    }

    const ALL: [&str; 7] =
        ["127.0.0.1:80", "127.0.0.1:81", "[::1]:80", "127.0.0.1:53", "/run/a", "packet", "netlink"];

    #[rstest]
    #[case::all_users(VisibleUsers::All, true)]
    #[case::of_one_user(VisibleUsers::Uid(7), false)]
    fn peers_are_shown_where_all_users_are(#[case] users: VisibleUsers, #[case] is_shown: bool) {
        let root = FakeProc::new().unix(Unix::stream().path("/run/a").inode(3)).build();
        let tables = SocketTables::from_dir(root.dir());
        let mut rows = tables.list(&Query::unix()).unwrap().rows;
        let mut unix = rows.remove(0);
        unix.detail.uid = Some(7);
        unix.detail.peer = procnetsocket::model::Inode::new(4);
        unix.detail.pending = vec![procnetsocket::model::Inode::new(5), None];
        let policy = Policy::default().with_users(users);
        let sides = Redaction::new(&policy).redact(Socket::Unix(&unix), |socket| match socket {
            Socket::Unix(seen) => (seen.detail.peer.is_some(), !seen.detail.pending.is_empty()),
            other => panic!("{other:?}"),
        });
        assert_eq!(sides, Some((is_shown, is_shown)));
    }

    #[rstest]
    #[case::hidden(Visibility::Hidden, 0)]
    #[case::shown(Visibility::Shown, 1)]
    fn keys_are_shown_where_secrets_are(#[case] secrets: Visibility, #[case] shown: usize) {
        let root = FakeProc::new().tcp(Tcp::listen("127.0.0.1:80").inode(1)).build();
        let tables = SocketTables::from_dir(root.dir());
        let mut tcp = tables.list(&Query::tcp()).unwrap().rows.remove(0);
        tcp.detail.md5_keys.extend(Md5Key::new([127, 0, 0, 1].into(), 32, b"secret"));
        let policy = Policy::default().with_secrets(secrets);
        let keys = Redaction::new(&policy).redact(Socket::Inet(&tcp), |socket| match socket {
            Socket::Inet(seen) => seen.detail.md5_keys.len(),
            other => panic!("{other:?}"),
        });
        assert_eq!(keys, Some(shown));
    }

    #[rstest]
    #[case::everything(Policy::default(), &ALL)]
    #[case::one_family(
        Policy::default().with_families(FamilySet::of(AddressFamily::Inet6)),
        &["[::1]:80"]
    )]
    #[case::no_family(Policy::default().with_families(FamilySet::EMPTY), &[])]
    #[case::one_user(
        Policy::default().with_users(VisibleUsers::Uid(7)),
        &["127.0.0.1:80", "127.0.0.1:53"]
    )]
    #[case::root_has_no_sockets_without_process(
        Policy::default().with_users(VisibleUsers::Uid(0)),
        &["[::1]:80", "packet"]
    )]
    #[case::names_hidden(
        Policy::default()
            .with_families(FamilySet::of(AddressFamily::Unix))
            .with_unix_names(Visibility::Hidden),
        &["unix"]
    )]
    fn rows_are_redacted_by_policy(#[case] policy: Policy, #[case] rows: &[&str]) {
        assert_eq!(seen(&policy), rows);
    }
}
