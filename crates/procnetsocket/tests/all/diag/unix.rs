//! Messages about unix sockets, and each attribute of them.

use procnetsocket::{
    Table,
    diag::Decoder,
    model::{Inode, Socket, UnixKind, UnixName, UnixSocket, UnixState},
};
use rstest::rstest;

use crate::diag::{
    bytes::{attribute, fault, hex},
    fixture::{MEMORY, UNIX, unix_attributes},
};

#[track_caller]
fn unix(body: &[u8]) -> UnixSocket {
    match Decoder::new(Table::Unix).decode(body).unwrap() {
        Socket::Unix(socket) => socket.clone(),
        other => panic!("expected a unix socket, but found {other:?}"),
    }
}

#[test]
fn every_field_of_a_listener_is_decoded() {
    let row = unix(&[hex(UNIX), unix_attributes()].concat());
    assert_eq!(
        (row.kind, row.state, row.flags),
        (UnixKind::Stream, UnixState::Listening, 0x1_0000)
    );
    assert_eq!((row.inode.unwrap().get(), row.cookie.unwrap().get()), (123, 17));
    assert_eq!(row.name, UnixName::Pathname("/run/app.sock".into()));
    let detail = row.detail;
    assert_eq!(detail.peer.unwrap().get(), 124);
    let file = detail.file.unwrap();
    assert_eq!((file.inode, file.device.major(), file.device.minor()), (12345, 254, 1));
    let pending: Vec<_> = detail.pending.iter().map(|inode| inode.map(Inode::get)).collect();
    assert_eq!(pending, [Some(125), None, Some(126)]);
    let queues = detail.queues.unwrap();
    assert_eq!((queues.recv, queues.send), (2, 128));
    assert_eq!(detail.memory.unwrap().drops, Some(9));
    assert_eq!(format!("{:?}", detail.shutdown), "Some(SEND)");
    assert_eq!(detail.uid, Some(1000));
}

#[rstest]
#[case::unnamed(&[], UnixName::Unnamed)]
#[case::path(b"/run/a", UnixName::Pathname("/run/a".into()))]
#[case::path_with_its_end(b"/run/a\0", UnixName::Pathname("/run/a".into()))]
#[case::path_with_blanks(b"/run/a b\0", UnixName::Pathname("/run/a b".into()))]
#[case::path_with_a_newline(b"/run/a\nb\0", UnixName::Pathname("/run/a\nb".into()))]
#[case::a_path_that_looks_abstract(b"@a\0", UnixName::Pathname("@a".into()))]
#[case::abstract_name(b"\0bus", UnixName::Abstract("bus".into()))]
#[case::abstract_of_nothing(b"\0", UnixName::Abstract("".into()))]
#[case::abstract_with_nul(b"\0a\0b\0", UnixName::Abstract("a\0b\0".into()))]
#[case::not_text(b"\0\xff", UnixName::Abstract(b"\xff".into()))]
fn names_are_complete(#[case] bytes: &[u8], #[case] expected: UnixName) {
    assert_eq!(unix(&[hex(UNIX), attribute(0, bytes)].concat()).name, expected);
}

#[rstest]
#[case::connected(1, UnixState::Connected)]
#[case::connecting(2, UnixState::Connecting)]
#[case::unconnected(7, UnixState::Unconnected)]
#[case::closing(11, UnixState::Disconnecting)]
#[case::unknown(200, UnixState::Other(200))]
fn states_are_numbered_as_those_of_tcp(#[case] number: u8, #[case] expected: UnixState) {
    let mut message = hex(UNIX);
    message[2] = number;
    let row = unix(&message);
    assert_eq!((row.state, row.flags), (expected, 0));
}

#[rstest]
#[case::file(1, 7, "8 bytes (UNIX_DIAG_VFS)")]
#[case::peer(2, 3, "4 bytes (UNIX_DIAG_PEER)")]
#[case::pending(3, 6, "inodes of 4 bytes (UNIX_DIAG_ICONS)")]
#[case::queues(4, 7, "8 bytes (UNIX_DIAG_RQLEN)")]
#[case::memory(5, 20, "memory of 7 numbers (SK_MEMINFO)")]
#[case::shutdown(6, 0, "1 byte (UNIX_DIAG_SHUTDOWN)")]
#[case::uid(7, 2, "4 bytes (UNIX_DIAG_UID)")]
fn attribute_of_another_length_is_a_fault(
    #[case] kind: u16,
    #[case] length: usize,
    #[case] expected: &str,
) {
    let message = [hex(UNIX), attribute(kind, &vec![0; length])].concat();
    let expected = format!("byte 17: expected {expected}, but found {length} bytes");
    assert_eq!(fault(Table::Unix, &message), expected);
}

#[test]
fn fields_of_an_earlier_row_are_cleared() {
    let mut decoder = Decoder::new(Table::Unix);
    decoder.decode(&[hex(UNIX), unix_attributes()].concat()).unwrap();
    let plain = hex(UNIX);
    let again = format!("{:?}", decoder.decode(&plain).unwrap());
    assert_eq!(again, format!("Unix({:?})", unix(&plain)));
    assert!(unix(&[plain, attribute(5, &hex(MEMORY))].concat()).detail.memory.is_some());
}

#[test]
fn another_family_is_a_fault() {
    let mut message = hex(UNIX);
    message[0] = 2;
    assert_eq!(fault(Table::Unix, &message), "byte 1: expected a unix socket, but found 2");
}
