//! The values of the sockets of a listing, for filters that select some of them.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    ops::ControlFlow,
};

use bstr::ByteSlice;
use procnetsocket::{
    Query, RowError, SocketTables, Source, Table, Visitor,
    model::{InetSocket, Socket, UnixName},
};
use testkit::Xorshift;

use super::generate::SocketEnd;

/// Addresses, ports and names of sockets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values {
    /// The local ends, and the remote ones.
    ends: [Vec<SocketAddr>; 2],
    /// Names of unix sockets as they are printed.
    names: Vec<String>,
    /// Protocols and interfaces of packet sockets.
    links: Vec<(u16, u32)>,
    /// Protocols and port ids of netlink sockets.
    netlinks: Vec<(u32, u32)>,
    /// Values printed in the address column, for sockets without an address.
    words: Vec<u32>,
    /// Interfaces that sockets are bound to.
    interfaces: Vec<u32>,
}

impl Values {
    /// Reads text tables. Malformed rows are left out: no filter can select them.
    pub(crate) fn of(tables: &SocketTables, listed: &[Table]) -> Self {
        let mut values = Self::default();
        for table in listed {
            // OK because a root may lack a table.
            drop(tables.visit_with(&Query::new(*table).with_source(Source::ProcText), &mut values));
        }
        values
    }

    /// Returns an end of a socket, or one that no socket has.
    pub(crate) fn end(&self, side: SocketEnd, random: &mut Xorshift) -> SocketAddr {
        let ends = &self.ends[side.index()];
        if ends.is_empty() || random.one_in(12) {
            return (Ipv4Addr::new(203, 0, 113, 77), 7777).into();
        }
        *random.pick(ends)
    }

    /// Returns an end of that family, if a socket has one.
    pub(crate) fn end_of(
        &self,
        side: SocketEnd,
        random: &mut Xorshift,
        is_family: fn(&IpAddr) -> bool,
    ) -> Option<SocketAddr> {
        let ends = self.ends[side.index()].iter();
        let ends: Vec<_> = ends.filter(|end| is_family(&end.ip())).copied().collect();
        (!ends.is_empty()).then(|| *random.pick(&ends))
    }

    pub(crate) fn name(&self, random: &mut Xorshift) -> String {
        if self.names.is_empty() {
            return "/run/nobody".to_owned();
        }
        random.pick(&self.names).clone()
    }

    pub(crate) fn link(&self, random: &mut Xorshift) -> (u16, u32) {
        if self.links.is_empty() { (3, 0) } else { *random.pick(&self.links) }
    }

    pub(crate) fn netlink(&self, random: &mut Xorshift) -> (u32, u32) {
        if self.netlinks.is_empty() { (0, 0) } else { *random.pick(&self.netlinks) }
    }

    pub(crate) fn interface(&self, random: &mut Xorshift) -> u32 {
        if self.interfaces.is_empty() { 0 } else { *random.pick(&self.interfaces) }
    }

    /// Returns whether the addresses of a network, read as bytes, belong to one family only.
    ///
    /// iproute2 compares the bytes of a condition with those of any socket, whatever its family:
    /// `src 32.1.13.184` finds `2001:db8::1`. This project compares addresses, so such conditions
    /// are tested separately in `filter::decided`.
    pub(crate) fn is_apart(&self, address: IpAddr, bits: u32) -> bool {
        let condition = bytes(address);
        let ends = self.ends.iter().flatten().map(SocketAddr::ip);
        let of_others = ends.filter(|end| end.is_ipv4() != address.is_ipv4());
        // The mapped addresses that an IPv4 condition selects, too.
        let of_others = of_others.filter(|end| {
            let embedded = bytes(end.to_canonical());
            !(is_mapped(end) && begins_alike(condition, embedded, bits))
        });
        let mut others = of_others.map(bytes).chain(self.other_words());
        others.all(|other| !begins_alike(condition, other, bits))
    }

    fn other_words(&self) -> impl Iterator<Item = [u8; 16]> {
        self.words.iter().map(|word| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&word.to_ne_bytes());
            bytes
        })
    }

    fn add_inet(&mut self, socket: &InetSocket) {
        for (ends, end) in self.ends.iter_mut().zip([socket.local, socket.remote]) {
            ends.push(end);
        }
        self.interfaces.extend(socket.interface.map(u32::from));
    }

    /// Adds a name as it is printed: with `@` for each NUL.
    fn add_name(&mut self, name: &UnixName) {
        let printed = match name {
            UnixName::Abstract(name) => ["@".into(), name.replace("\0", "@")].concat(),
            UnixName::Pathname(name) => name.to_vec(),
            _ => return self.words.push(0),
        };
        self.names.extend(String::from_utf8(printed).ok());
    }
}

impl Visitor for Values {
    fn socket(&mut self, socket: Socket<'_>) -> ControlFlow<()> {
        match socket {
            Socket::Inet(socket) => self.add_inet(socket),
            Socket::Unix(socket) => self.add_name(&socket.name),
            Socket::Packet(socket) => {
                let interface = socket.interface.map_or(0, u32::from);
                self.links.push((socket.protocol, interface));
                self.words.push(socket.protocol.into());
                self.interfaces.push(interface);
            }
            Socket::Netlink(socket) => {
                self.netlinks.push((socket.protocol, socket.port_id));
                self.words.push(socket.protocol);
            }
            other => panic!("no text table has {other:?}"),
        }
        ControlFlow::Continue(())
    }

    fn malformed(&mut self, _: &RowError) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

pub(crate) fn is_mapped(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some())
}

/// Returns the bytes of an address, those of IPv4 followed by zeros.
fn bytes(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&address.octets());
            bytes
        }
        IpAddr::V6(address) => address.octets(),
    }
}

fn begins_alike(one: [u8; 16], other: [u8; 16], bits: u32) -> bool {
    let [one, other] = [one, other].map(u128::from_be_bytes);
    (one ^ other).leading_zeros() >= bits
}
