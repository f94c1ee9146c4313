//! Messages about packet sockets, and each attribute of them.

use procnetsocket::{
    Table,
    diag::Decoder,
    model::{PacketKind, PacketSocket, Socket},
};
use rstest::rstest;

use crate::diag::{
    bytes::{attribute, fault, hex},
    fixture::{PACKET, packet_attributes},
};

#[track_caller]
fn packet(body: &[u8]) -> PacketSocket {
    match Decoder::new(Table::Packet).decode(body).unwrap() {
        Socket::Packet(socket) => socket.clone(),
        other => panic!("expected a packet socket, but found {other:?}"),
    }
}

#[test]
fn every_field_is_decoded() {
    let row = packet(&[hex(PACKET), packet_attributes()].concat());
    assert_eq!((row.kind, row.protocol, row.running), (PacketKind::Raw, 3, true));
    assert_eq!((row.interface.unwrap().get(), row.recv, row.uid), (2, 1, 1000));
    assert_eq!((row.inode.unwrap().get(), row.cookie.unwrap().get()), (123, 18));
    insta::assert_snapshot!(format!("{:?}", row.detail).replace(" }, ", " },\n"), @r"
    PacketDetail { info: Some(PacketInfo { version: 2, reserve: 0, copy_threshold: 256, timestamp: 0, flags: PacketFlags(19) }), multicast: [PacketMulticast { interface: 2, count: 1, kind: 0, address_bytes: 6, address: [1, 0, 94, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }], receive_ring: Some(PacketRing { block_size: 4096, blocks: 4, frame_size: 2048, frames: 8, retire_timeout_ms: 64, private_size: 0, features: 1 }), transmit_ring: Some(PacketRing { block_size: 4096, blocks: 4, frame_size: 2048, frames: 8, retire_timeout_ms: 64, private_size: 0, features: 1 }), fanout: Some(Fanout { id: 7, kind: 4097 }), memory: Some(SocketMemory { receive_allocated: 1, receive_limit: 2, transmit_allocated: 3, send_limit: 4, forward_allocated: -1, send_queued: 6, options: 7, backlog: Some(8), drops: Some(9) }), filter: Some([FilterInstruction { code: 40, jump_true: 0, jump_false: 0, operand: 12 },
    FilterInstruction { code: 21, jump_true: 0, jump_false: 1, operand: 2048 },
    FilterInstruction { code: 6, jump_true: 0, jump_false: 0, operand: 0 }]) }
    ");
}

#[test]
fn filter_that_may_not_be_read_is_empty() {
    let row = packet(&[hex(PACKET), attribute(7, &[])].concat());
    assert_eq!(row.detail.filter, Some(Vec::new()));
    assert_eq!(packet(&hex(PACKET)).detail.filter, None);
}

#[rstest]
#[case::info(0, 23, "24 bytes (PACKET_DIAG_INFO)")]
#[case::multicast(1, 43, "addresses of 44 bytes (PACKET_DIAG_MCLIST)")]
#[case::receive_ring(2, 27, "28 bytes (PACKET_DIAG_RX_RING, _TX_RING)")]
#[case::transmit_ring(3, 27, "28 bytes (PACKET_DIAG_RX_RING, _TX_RING)")]
#[case::fanout(4, 3, "4 bytes (PACKET_DIAG_FANOUT)")]
#[case::uid(5, 3, "4 bytes (PACKET_DIAG_UID)")]
#[case::memory(6, 3, "memory of 7 numbers (SK_MEMINFO)")]
#[case::filter(7, 9, "instructions of 8 bytes (PACKET_DIAG_FILTER)")]
fn attribute_of_another_length_is_a_fault(
    #[case] kind: u16,
    #[case] length: usize,
    #[case] expected: &str,
) {
    let message = [hex(PACKET), attribute(kind, &vec![0; length])].concat();
    let expected = format!("byte 17: expected {expected}, but found {length} bytes");
    assert_eq!(fault(Table::Packet, &message), expected);
}

#[test]
fn address_is_never_longer_than_its_place() {
    let list = [hex("02000000 01000000 0000 ffff"), vec![1; 32]].concat();
    let row = packet(&[hex(PACKET), attribute(1, &list)].concat());
    assert_eq!(row.detail.multicast[0].address_bytes, 32);
}
