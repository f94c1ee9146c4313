//! Events, as annotated bytes.

use procnetsocket::{
    diag::Decoder,
    model::{InetProtocol, Socket, TcpState},
};
use rstest::rstest;

use crate::diag::{
    bytes::{attribute, hex},
    fixture::{TCP_LISTENER, TCP6_CONNECTION},
};

#[rstest]
#[case::tcp(TCP_LISTENER, [7, 6], (InetProtocol::Tcp, TcpState::Close), "127.0.0.1:8080")]
#[case::tcp6(TCP6_CONNECTION, [7, 6], (InetProtocol::Tcp, TcpState::Close), "[fe80::1]:22")]
#[case::udp(TCP_LISTENER, [7, 17], (InetProtocol::Udp, TcpState::Close), "127.0.0.1:8080")]
#[case::connected_udp(
    TCP_LISTENER,
    [1, 17],
    (InetProtocol::Udp, TcpState::Established),
    "127.0.0.1:8080"
)]
fn event_has_its_protocol_and_state(
    #[case] header: &str,
    #[case] numbers: [u8; 2],
    #[case] reported: (InetProtocol, TcpState),
    #[case] local: &str,
) {
    let [state, number] = numbers;
    let mut header = hex(header);
    header[1] = state;
    let message = [header, attribute(10, &[number])].concat();
    let mut decoder = Decoder::of_events();
    let Ok(Socket::Inet(row)) = decoder.decode(&message) else { panic!("expected a row") };
    assert_eq!((row.protocol, row.state), reported);
    assert_eq!(row.local, local.parse().unwrap());
}

#[rstest]
#[case::none(Vec::new(), "expected a socket of TCP or UDP, but found 0")]
#[case::another(attribute(10, &[132]), "expected a socket of TCP or UDP, but found 132")]
#[case::half(attribute(10, &[]), "expected 1 byte (INET_DIAG_PROTOCOL), but found 0 bytes")]
fn event_without_a_known_protocol_is_a_fault(#[case] attributes: Vec<u8>, #[case] expected: &str) {
    let message = [hex(TCP_LISTENER), attributes].concat();
    assert_eq!(Decoder::of_events().decode(&message).unwrap_err().to_string(), expected);
}
