//! Messages about XDP sockets, and each attribute of them.

use procnetsocket::{
    Table,
    diag::Decoder,
    model::{Socket, XdpSocket},
};
use rstest::rstest;

use crate::diag::{
    bytes::{attribute, fault, hex},
    fixture::{XDP, xdp_attributes},
};

#[track_caller]
fn xdp(body: &[u8]) -> XdpSocket {
    match Decoder::new(Table::Xdp).decode(body).unwrap() {
        Socket::Xdp(socket) => socket.clone(),
        other => panic!("expected an XDP socket, but found {other:?}"),
    }
}

#[test]
fn every_field_is_decoded() {
    let row = xdp(&[hex(XDP), xdp_attributes()].concat());
    assert_eq!((row.kind, row.inode.unwrap().get(), row.cookie.unwrap().get()), (3, 123, 21));
    let detail = row.detail;
    let queue = detail.queue.unwrap();
    assert_eq!((queue.interface, queue.queue, detail.uid), (2, 5, Some(1000)));
    assert_eq!((detail.receive_entries, detail.transmit_entries), (Some(2048), Some(1024)));
    assert_eq!((detail.fill_entries, detail.completion_entries), (Some(4096), Some(8192)));
    assert_eq!(detail.memory.unwrap().drops, Some(9));
    let umem = detail.umem.unwrap();
    // Each field has the bytes that count up to it.
    assert_eq!(umem.size, 0x0706_0504_0302_0100);
    assert_eq!([umem.id, umem.pages, umem.chunk_size], [0x0b0a_0908, 0x0f0e_0d0c, 0x1312_1110]);
    assert_eq!(
        [umem.headroom, umem.interface, umem.queue],
        [0x1716_1514, 0x1b1a_1918, 0x1f1e_1d1c]
    );
    assert_eq!([umem.flags, umem.references], [0x2322_2120, 0x2726_2524]);
    let counters = detail.statistics.unwrap();
    assert_eq!(counters.receive_dropped, 0x0706_0504_0302_0100);
    assert_eq!(counters.receive_invalid, 0x0f0e_0d0c_0b0a_0908);
    assert_eq!(counters.receive_full, 0x1716_1514_1312_1110);
    assert_eq!(counters.fill_ring_empty, 0x1f1e_1d1c_1b1a_1918);
    assert_eq!(counters.transmit_invalid, 0x2726_2524_2322_2120);
    assert_eq!(counters.transmit_ring_empty, 0x2f2e_2d2c_2b2a_2928);
}

#[rstest]
#[case::info(1, 7, "8 bytes (XDP_DIAG_INFO)")]
#[case::uid(2, 3, "4 bytes (XDP_DIAG_UID)")]
#[case::receive_ring(3, 3, "4 bytes (XDP_DIAG_RX_RING)")]
#[case::transmit_ring(4, 3, "4 bytes (XDP_DIAG_TX_RING)")]
#[case::umem(5, 39, "40 bytes (XDP_DIAG_UMEM)")]
#[case::fill_ring(6, 3, "4 bytes (XDP_DIAG_UMEM_FILL_RING)")]
#[case::completion_ring(7, 3, "4 bytes (XDP_DIAG_UMEM_COMPLETION_RING)")]
#[case::memory(8, 3, "memory of 7 numbers (SK_MEMINFO)")]
#[case::statistics(9, 47, "48 bytes (XDP_DIAG_STATS)")]
fn attribute_of_another_length_is_a_fault(
    #[case] kind: u16,
    #[case] length: usize,
    #[case] expected: &str,
) {
    let message = [hex(XDP), attribute(kind, &vec![0; length])].concat();
    let expected = format!("byte 17: expected {expected}, but found {length} bytes");
    assert_eq!(fault(Table::Xdp, &message), expected);
}
