//! Names of network interfaces.

use std::{num::NonZeroU32, sync::Arc};

use bstr::{BStr, BString, ByteSlice as _};
use cap_std::AmbientAuthority;
use rustix::{
    fd::OwnedFd,
    io::Errno,
    net::{AddressFamily, SocketFlags, SocketType, netdevice, netlink::SOCK_DIAG, socket_with},
};

/// Looks up the names of interfaces, in the network namespace of the thread that made it.
#[derive(Debug)]
pub(crate) struct Interfaces {
    /// A look-up needs a socket, of any family (`dev_ioctl`), and sends nothing on it.
    ///
    /// Security: it is a netlink socket, because it can reach nothing but the kernel. An open UDP
    /// socket would be a way to the network in a process that may open no other.
    socket: Arc<OwnedFd>,
}

impl Interfaces {
    /// Opens the socket; `None` when this process may not.
    #[expect(clippy::disallowed_methods, reason = "the only opening of this socket")]
    pub(crate) fn open_ambient(_token: AmbientAuthority) -> Option<Self> {
        let flags = SocketFlags::CLOEXEC;
        let socket =
            socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(SOCK_DIAG)).ok()?;
        Some(Self::on(Arc::new(socket)))
    }

    /// Returns one that uses an existing netlink socket.
    pub(crate) fn on(socket: Arc<OwnedFd>) -> Self {
        Self { socket }
    }

    /// Returns the name of the interface of that index.
    ///
    /// # Errors
    ///
    /// `ENODEV` when there is none, `EILSEQ` when its name is not UTF-8.
    pub(crate) fn name(&self, index: NonZeroU32) -> Result<BString, Errno> {
        let name = netdevice::index_to_name_inlined(&self.socket, index.get())?;
        Ok(BString::from(name.as_bytes()))
    }

    /// Returns the index of the interface of that name; `None` when there is none, or when the name
    /// is not UTF-8.
    pub(crate) fn index(&self, name: &BStr) -> Option<NonZeroU32> {
        let name = name.to_str().ok().filter(|name| !name.contains('\0'))?;
        NonZeroU32::new(netdevice::name_to_index(&self.socket, name).ok()?)
    }
}
