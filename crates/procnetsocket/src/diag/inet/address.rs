//! Addresses in sock_diag messages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::super::bytes::{Attribute, Fault, Prefix};

/// Kernel: `AF_INET` and `AF_INET6`, the same on every architecture.
pub(in crate::diag) const AF_INET: u8 = 2;
pub(in crate::diag) const AF_INET6: u8 = 10;

/// Bytes of `struct sockaddr_storage`.
pub(super) const STORAGE: usize = 128;

/// Returns the address in 16 bytes of which IPv4 uses the first 4, or `None` for another family.
#[inline]
pub(super) fn address(family: u8, bytes: [u8; 16]) -> Option<IpAddr> {
    let [a, b, c, d, ..] = bytes;
    match family {
        AF_INET => Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d))),
        AF_INET6 => Some(IpAddr::V6(Ipv6Addr::from(bytes))),
        _ => None,
    }
}

/// Takes a `struct sockaddr_storage`; one of family 0, or one that is missing, is no address.
pub(super) fn take_storage(
    fields: &mut Prefix<'_>,
    attribute: &Attribute<'_>,
) -> Result<Option<SocketAddr>, Fault> {
    let storage: [u8; STORAGE] = fields.array();
    let mut inner = Prefix::new(&storage);
    let family = inner.u16();
    let port = inner.be16();
    let ip = match u8::try_from(family) {
        Ok(0) => return Ok(None),
        Ok(AF_INET) => IpAddr::from(inner.array::<4>()),
        Ok(AF_INET6) => {
            let _flow = inner.u32();
            IpAddr::from(inner.array::<16>())
        }
        _ => return Err(Fault::number(attribute.offset, "an address of IPv4 or IPv6", family)),
    };
    Ok(Some(SocketAddr::new(ip, port)))
}
