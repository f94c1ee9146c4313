//! Messages about vsock sockets.

use procnetsocket::{
    Table,
    diag::Decoder,
    model::{Shutdown, Socket, TcpState, VsockAddr, VsockKind},
};
use rstest::rstest;

use crate::diag::{
    bytes::{fault, hex},
    fixture::VSOCK,
};

#[test]
fn every_field_of_a_connection_is_decoded() {
    let bytes = hex(VSOCK);
    let mut decoder = Decoder::new(Table::Vsock);
    let Ok(Socket::Vsock(row)) = decoder.decode(&bytes) else { panic!("expected a vsock socket") };
    assert_eq!((row.kind, row.state), (VsockKind::Stream, TcpState::Established));
    assert_eq!(row.shutdown, Shutdown::SEND);
    assert_eq!(row.local, VsockAddr { cid: 3, port: 1024 });
    assert_eq!(row.remote, VsockAddr { cid: 2, port: VsockAddr::ANY });
    assert_eq!((row.inode.unwrap().get(), row.cookie.unwrap().get()), (123, 20));
}

#[rstest]
#[case::another_family(0, 1, "byte 1: expected a vsock socket, but found 1")]
#[case::no_state(2, 0, "byte 3: expected a state from 1 to 13, but found 0")]
fn malformed_messages_are_faults(#[case] offset: usize, #[case] byte: u8, #[case] expected: &str) {
    let mut bytes = hex(VSOCK);
    bytes[offset] = byte;
    assert_eq!(fault(Table::Vsock, &bytes), expected);
}
