//! The tables of the system, or of a directory that stands for `/proc`.

use std::{fs::File, num::NonZeroU32, ops::RangeInclusive};

use bstr::BString;
use cap_std::{AmbientAuthority, fs::Dir};

use crate::{
    Endian, Error, Interrupt, Limits, Listing, ProcRoot, Report, SockStat, SockStat6, Table,
    Uninterrupted, Visitor,
    dedup::Window,
    error::Repr,
    interface::Interfaces,
    listing::{Collect, Row},
    model::{InetSocket, NetlinkSocket, PacketSocket, UnixSocket},
    port_range,
    root::ProcFile,
    scan::Scan,
    stat,
};

/// The socket tables of one network namespace.
///
/// # Sandbox bypass
///
/// Made by [`SocketTables::open_ambient`], it shows the sockets of the system to whoever holds it,
/// past every sandbox. It holds handles and no path; nothing that is asked of it reaches a path.
///
/// # Trust
///
/// Live tables come from a verified `/proc` ([`ProcRoot`]). A fake root is as true as its
/// directory; it never makes this type look at the live system.
#[derive(Debug)]
pub struct SocketTables {
    root: ProcRoot,
    interfaces: Option<Interfaces>,
}

impl SocketTables {
    /// Opens the tables of the system.
    ///
    /// # Ambient Authority
    ///
    /// The token stands for the right to open `/proc`, and a socket that asks for the names of
    /// interfaces; whoever passes it decides that the holder sees the system's sockets.
    ///
    /// # Errors
    ///
    /// [`Root`](crate::ErrorKind::Root) if there is no `/proc` that can be trusted. That no socket
    /// can be opened is no error: interfaces then have no names.
    pub fn open_ambient(token: AmbientAuthority) -> Result<Self, Error> {
        let root = ProcRoot::open_ambient(token).map_err(Repr::Root)?;
        Ok(Self { root, interfaces: Interfaces::open_ambient(token) })
    }

    /// Reads tables in a directory that stands for `/proc`: `net/tcp` and so on.
    pub fn from_dir(dir: Dir) -> Self {
        Self::from_root(ProcRoot::from_dir(dir))
    }

    /// Reads tables in a root that was opened before. Interfaces have no names.
    pub fn from_root(root: ProcRoot) -> Self {
        Self { root, interfaces: None }
    }

    /// Returns whether these are the tables of the system, not of a fake root.
    pub fn is_live(&self) -> bool {
        self.root.is_live()
    }

    /// Hands each row of a table to a visitor, as it is read.
    ///
    /// Nothing is kept and rows are not sorted: memory does not grow with the table. A live table
    /// that changes while it is read may leave rows out, and may repeat rows; internet sockets
    /// with the same addresses, ports and inode are handed over once, as far as they stand close
    /// together. This is best effort, no promise. A fake root is read as it is.
    ///
    /// # Errors
    ///
    /// [`Missing`](crate::ErrorKind::Missing) if the kernel has no such table, and every other
    /// [`ErrorKind`](crate::ErrorKind). Rows that came before an error were handed over.
    pub fn visit(
        &self,
        table: Table,
        limits: &Limits,
        interrupt: &dyn Interrupt,
        visitor: &mut dyn Visitor,
    ) -> Result<Report, Error> {
        let scan = Scan::new(table, Endian::NATIVE, limits, interrupt)?;
        let mut file = self.open(scan.file())?;
        let scan = if self.is_live() { scan.deduplicated(Window::new()) } else { scan };
        scan.run(&mut file, visitor)
    }

    /// Reads `net/sockstat`: counts of sockets.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::visit`]; [`Malformed`](crate::ErrorKind::Malformed) if a number is none.
    pub fn sockstat(&self) -> Result<SockStat, Error> {
        stat::read_sockstat(&mut self.open(ProcFile::NetSockstat)?)
    }

    /// Reads `net/sockstat6`: counts of sockets over IPv6.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`]; [`Missing`](crate::ErrorKind::Missing) without IPv6.
    pub fn sockstat6(&self) -> Result<SockStat6, Error> {
        stat::read_sockstat6(&mut self.open(ProcFile::NetSockstat6)?)
    }

    /// Reads the number of TCP connections in ESTABLISHED or CLOSE-WAIT (`CurrEstab` of `net/snmp`),
    /// over IPv4 and IPv6.
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`]; [`Malformed`](crate::ErrorKind::Malformed) also if the file
    /// does not have this counter.
    pub fn curr_estab(&self) -> Result<i64, Error> {
        stat::read_curr_estab(&mut self.open(ProcFile::NetSnmp)?)
    }

    /// Reads the ports that the kernel gives to sockets that ask for none
    /// (`sys/net/ipv4/ip_local_port_range`).
    ///
    /// # Errors
    ///
    /// As [`SocketTables::sockstat`]. In containers the file is often mounted over, and refused.
    pub fn local_port_range(&self) -> Result<RangeInclusive<u16>, Error> {
        let file = ProcFile::IpLocalPortRange;
        let mut reader = self.root.root().open(file).map_err(|e| Error::from_root(file, e))?;
        port_range::read_port_range(&mut reader)
    }

    /// Returns the name of the interface of that index.
    ///
    /// `None` if there is none, if its name is not UTF-8, if the kernel may not be asked, and
    /// always in a fake root, whose indexes are not those of this system.
    pub fn interface_name(&self, index: NonZeroU32) -> Option<BString> {
        self.interfaces.as_ref()?.name(index)
    }

    fn open(&self, file: ProcFile) -> Result<File, Error> {
        // The thread, not the process: it may be in a network namespace of its own.
        self.root.thread().open(file).map_err(|error| Error::from_root(file, error))
    }

    fn read<T: Row>(&self, table: Table, limits: &Limits) -> Result<Listing<T>, Error> {
        let mut collect = Collect::new(limits.entries);
        let report = self.visit(table, limits, &Uninterrupted, &mut collect)?;
        collect.finish(table, &report)
    }
}

/// Declares the functions that read one table into a listing.
macro_rules! read_tables {
    ($($(#[doc = $doc:literal])* $name:ident($table:ident) -> $row:ty,)*) => {
        impl SocketTables {
            $($(#[doc = $doc])*
            ///
            /// # Limits
            ///
            /// A table with more rows, more lines or longer lines than the [`Limits`] say is an
            /// error, never a short listing.
            ///
            /// # Errors
            ///
            /// As [`SocketTables::visit`]. Malformed rows are no error; the [`Listing`] tells them.
            pub fn $name(&self, limits: &Limits) -> Result<Listing<$row>, Error> {
                self.read(Table::$table, limits)
            })*
        }
    };
}

read_tables! {
    /// Reads the TCP sockets over IPv4.
    read_tcp4(Tcp4) -> InetSocket,
    /// Reads the TCP sockets over IPv6.
    read_tcp6(Tcp6) -> InetSocket,
    /// Reads the UDP sockets over IPv4.
    read_udp4(Udp4) -> InetSocket,
    /// Reads the UDP sockets over IPv6.
    read_udp6(Udp6) -> InetSocket,
    /// Reads the UDP-Lite sockets over IPv4.
    read_udplite4(UdpLite4) -> InetSocket,
    /// Reads the UDP-Lite sockets over IPv6.
    read_udplite6(UdpLite6) -> InetSocket,
    /// Reads the raw sockets over IPv4.
    read_raw4(Raw4) -> InetSocket,
    /// Reads the raw sockets over IPv6.
    read_raw6(Raw6) -> InetSocket,
    /// Reads the ping sockets over IPv4.
    read_icmp4(Icmp4) -> InetSocket,
    /// Reads the ping sockets over IPv6.
    read_icmp6(Icmp6) -> InetSocket,
    /// Reads the unix domain sockets.
    read_unix(Unix) -> UnixSocket,
    /// Reads the packet sockets.
    read_packet(Packet) -> PacketSocket,
    /// Reads the netlink sockets.
    read_netlink(Netlink) -> NetlinkSocket,
}
