//! `diag`: the wire format, as annotated bytes, with hostile bytes, against another decoder, and
//! against the kernel in separate network namespaces.

// The bytes are those of a little-endian machine.
#![cfg(target_endian = "little")]
#![expect(clippy::disallowed_methods, reason = "the tests make the sockets that are listed")]

// `cfg(test)` shows clippy that helpers, too, may unwrap here.
#[cfg(test)]
mod allocation;
#[cfg(test)]
mod bytes;
#[cfg(test)]
mod event;
#[cfg(test)]
mod fixture;
#[cfg(test)]
#[cfg(feature = "serde")]
mod form;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod inet;
#[cfg(test)]
mod live;
#[cfg(test)]
mod namespace;
#[cfg(test)]
mod netlink;
#[cfg(test)]
mod opinion;
#[cfg(test)]
mod packet;
#[cfg(test)]
mod reply;
#[cfg(test)]
mod request;
#[cfg(test)]
mod structure;
#[cfg(test)]
mod unix;
#[cfg(test)]
mod vsock;
#[cfg(test)]
mod xdp;
