//! How the model is written for other programs, and read back (feature `serde`).
//!
//! Numbers are numbers, and what is absent is left out. Three kinds of values have a form of their
//! own, because the usual reader of JSON would lose a part of them:
//!
//! - What identifies a kernel object ([`Hex`]) or a place in a stream ([`decimal`]) has 64 bits, of
//!   which JavaScript and `jq` keep 53: it is a string. Quantities of 64 bits stay numbers.
//! - Names are strings. One that is not UTF-8 has U+FFFD there, and the bytes in hexadecimal under
//!   a second key whose name ends in `_bytes`.
//! - Numbers of the kernel that have a word are that word; one that has none is the number. Sets of
//!   bits are lists of words; a bit that has none is `bitN`.
//!
//! Keys that nobody knows are passed over. Two groups of keys are there as a whole or not at all
//! (the queues of a unix socket, the details of a netlink socket): of a group with a key that is
//! missing or not understood nothing is read.

mod account;
mod bytes;
mod end;
mod name;
mod number;
mod record;
mod word;

pub(super) use bytes::link_address;
pub(super) use end::{endpoint, endpoints, optional_endpoint};
pub(super) use name::{congestion, trailing, ulp_name};
pub(super) use number::{Hex, decimal, hex, milliseconds};
pub(super) use record::{DeviceForm, Md5Form};

/// Returns whether a value is what its absence is read as.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
