//! Asks the kernel for every TCP socket, IPv4 and then IPv6, and throws the replies away: what a
//! listing costs before a byte of it is looked at. For measurement.

use std::error::Error;

use procnetsocket::{Table, TableQuery, diag::Request};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// `NLMSG_DONE`, the type of the message that ends a dump.
const NLMSG_DONE: u16 = 3;

#[expect(clippy::disallowed_methods, reason = "this example is its own host")]
#[expect(clippy::print_stdout, reason = "and prints to its own standard output")]
fn main() -> Result<(), Box<dyn Error>> {
    let protocol = Some(netlink::SOCK_DIAG);
    let flags = SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, protocol)?;
    let (mut request, mut buffer, mut bytes) = (Vec::new(), vec![0; 32 * 1024], 0);
    for (sequence, table) in (1..).zip([Table::Tcp4, Table::Tcp6]) {
        request.clear();
        Request::Dump(TableQuery::new(table)).encode(sequence, &mut request);
        send(&socket, &request, SendFlags::empty())?;
        loop {
            let (length, _) = recv(&socket, buffer.as_mut_slice(), RecvFlags::empty())?;
            bytes += length;
            // The end of a dump is a message of its own, in a datagram of its own.
            if buffer.get(4..6) == Some(&NLMSG_DONE.to_ne_bytes()) {
                break;
            }
        }
    }
    println!("{bytes}");
    Ok(())
}
