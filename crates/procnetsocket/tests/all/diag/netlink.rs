//! Messages about netlink sockets, and each attribute of them.

use procnetsocket::{
    Table,
    diag::Decoder,
    model::{NetlinkFlags, NetlinkSocket, Socket},
};
use rstest::rstest;

use crate::diag::{
    bytes::{attribute, fault, hex},
    fixture::{NETLINK, netlink_attributes},
};

#[track_caller]
fn netlink(body: &[u8]) -> NetlinkSocket {
    match Decoder::new(Table::Netlink).decode(body).unwrap() {
        Socket::Netlink(socket) => socket.clone(),
        other => panic!("expected a netlink socket, but found {other:?}"),
    }
}

#[test]
fn every_field_is_decoded() {
    let row = netlink(&[hex(NETLINK), netlink_attributes()].concat());
    assert_eq!((row.protocol, row.port_id, row.groups), (0, 1234, 5));
    assert_eq!((row.recv, row.send, row.dump, row.drops), (1, 3, 1, 9));
    assert_eq!((row.inode.unwrap().get(), row.cookie.unwrap().get()), (123, 19));
    let detail = row.detail.unwrap();
    assert_eq!((detail.kind, detail.state), (3, 1));
    assert_eq!((detail.remote_port_id, detail.remote_group), (2, 3));
    assert_eq!(detail.groups.iter().collect::<Vec<_>>(), [1, 3, 64, 65]);
    assert!(detail.flags.contains(NetlinkFlags::PACKET_INFO));
}

#[rstest]
#[case::none("", &[])]
#[case::a_word_of_32_bits("01000080", &[1, 32])]
#[case::three_words_of_32_bits("01000000 01000000 01000000", &[1, 33, 65])]
fn groups_are_words_of_the_kernel(#[case] words: &str, #[case] expected: &[u32]) {
    let row = netlink(&[hex(NETLINK), attribute(1, &hex(words))].concat());
    let groups = row.detail.unwrap().groups;
    assert_eq!(groups.iter().collect::<Vec<_>>(), expected);
    assert!(!groups.contains(0) && !groups.contains(u32::MAX));
}

#[test]
fn fields_of_an_earlier_row_are_cleared() {
    let mut decoder = Decoder::new(Table::Netlink);
    decoder.decode(&[hex(NETLINK), netlink_attributes()].concat()).unwrap();
    let plain = hex(NETLINK);
    let again = format!("{:?}", decoder.decode(&plain).unwrap());
    assert_eq!(again, format!("Netlink({:?})", netlink(&plain)));
}

#[rstest]
#[case::memory(0, 4, "memory of 7 numbers (SK_MEMINFO)")]
#[case::groups(1, 6, "groups in words of 4 or 8 bytes (NETLINK_DIAG_GROUPS)")]
#[case::flags(4, 3, "4 bytes (NETLINK_DIAG_FLAGS)")]
fn attribute_of_another_length_is_a_fault(
    #[case] kind: u16,
    #[case] length: usize,
    #[case] expected: &str,
) {
    let message = [hex(NETLINK), attribute(kind, &vec![0; length])].concat();
    let expected = format!("byte 29: expected {expected}, but found {length} bytes");
    assert_eq!(fault(Table::Netlink, &message), expected);
}
