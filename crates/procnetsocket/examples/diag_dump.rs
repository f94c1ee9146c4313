//! Requests every TCP socket from the kernel and discards the replies, to measure the cost of a
//! listing before any of it is parsed.
//!
//! ```text
//! diag_dump                            IPv4, then IPv6
//! diag_dump dumps HEX                  the same with that filter program
//! diag_dump walk                       both together, by the older interface (TCPDIAG_GETSOCK)
//! diag_dump connections [HEX]          the same for connections: no listeners, no bound idle sockets
//! diag_dump detailed-connections       the same with the details of `ss -i`
//! ```

use std::error::Error;

use procnetsocket::{
    Table, TableQuery,
    diag::Request,
    model::{StateMask, TcpState},
};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// `NLMSG_DONE`, the type of the message that ends a dump.
const NLMSG_DONE: u16 = 3;

/// The type of a request in the older interface.
const TCPDIAG_GETSOCK: u16 = 18;

/// `NLM_F_REQUEST` and `NLM_F_DUMP`.
const FLAGS: u16 = 0x301;

/// The attribute with a filter program.
const INET_DIAG_REQ_BYTECODE: u16 = 1;

/// The extensions of `ss -i`: `INET_DIAG_INFO` (2), `INET_DIAG_VEGASINFO` (3) and `INET_DIAG_CONG`
/// (4), each as one bit.
const DETAILS: u8 = 0b1110;

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
#[expect(clippy::print_stdout, reason = "the example prints to its own standard output")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let all = StateMask::ALL.without(StateMask::of(TcpState::Close));
    let listeners = StateMask::of(TcpState::Listen);
    let connections = all.without(listeners).without(StateMask::of(TcpState::BoundInactive));
    let requests = match (args.next().as_deref(), args.next()) {
        (None, None) => dumps(&[]),
        (Some("dumps"), Some(filter)) => dumps(&parse_hex(&filter)?),
        (Some("walk"), None) => vec![walk(all, 0, &[])?],
        (Some("connections"), None) => vec![walk(connections, 0, &[])?],
        (Some("connections"), Some(filter)) => vec![walk(connections, 0, &parse_hex(&filter)?)?],
        (Some("detailed-connections"), None) => vec![walk(connections, DETAILS, &[])?],
        _ => return Err("see the list at the top of this example".into()),
    };
    let protocol = Some(netlink::SOCK_DIAG);
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol)?;
    let (mut buffer, mut bytes) = (vec![0; 32 * 1024], 0);
    for request in requests {
        send(&socket, &request, SendFlags::empty())?;
        loop {
            let (length, _) = recv(&socket, buffer.as_mut_slice(), RecvFlags::empty())?;
            bytes += length;
            // The end of a dump is a separate message in a separate datagram.
            if buffer.get(4..6) == Some(&NLMSG_DONE.to_ne_bytes()) {
                break;
            }
        }
    }
    println!("{bytes}");
    Ok(())
}

/// Returns the requests of `ss -ta`.
fn dumps(filter: &[u8]) -> Vec<Vec<u8>> {
    let request = |table| {
        let query = TableQuery { filter: filter.into(), ..TableQuery::new(table) };
        let mut request = Vec::new();
        Request::Dump(query).encode(1, &mut request);
        request
    };
    [Table::Tcp4, Table::Tcp6].map(request).into()
}

/// Returns the request for both families: `struct inet_diag_req` is family, lengths of two
/// addresses, extensions, the identity of one socket, states, and a number that is not used.
fn walk(states: StateMask, extensions: u8, filter: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut request = vec![0; 4];
    request.extend(TCPDIAG_GETSOCK.to_ne_bytes());
    request.extend(FLAGS.to_ne_bytes());
    request.extend([1_u32, 0].map(u32::to_ne_bytes).concat());
    request.extend([0, 0, 0, extensions]);
    request.extend([0; 48]);
    request.extend([states.bits(), 0].map(u32::to_ne_bytes).concat());
    if !filter.is_empty() {
        let length = u16::try_from(4 + filter.len())?;
        request.extend([length, INET_DIAG_REQ_BYTECODE].map(u16::to_ne_bytes).concat());
        request.extend(filter);
    }
    let length = u32::try_from(request.len())?;
    request.splice(..4, length.to_ne_bytes());
    Ok(request)
}

fn parse_hex(text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| Ok(u8::from_str_radix(str::from_utf8(pair)?, 16)?)).collect()
}
