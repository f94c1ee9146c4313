//! The serde form of the model (feature `serde`).
//!
//! Numbers are numbers, and what is absent is left out. Three kinds of values have a special form,
//! because common readers of JSON would lose a part of them:
//!
//! - Identifiers of kernel objects ([`Hex`]) and positions in a stream ([`decimal`]) have 64 bits,
//!   of which JavaScript and `jq` keep 53: they are strings. Quantities of 64 bits stay numbers.
//! - Names are strings. One that is not UTF-8 has U+FFFD there, and the bytes in hexadecimal under
//!   a second key whose name ends in `_bytes`.
//! - Numbers of the kernel with a word are that word; others are the number. Sets of bits are lists
//!   of words; a bit without a word is `bitN`.
//!
//! Unknown keys are ignored. Two groups of keys are read completely or not at all (the queues of a
//! unix socket, the details of a netlink socket): if a key of such a group is missing or not
//! understood, the group is ignored.

mod bytes;
mod end;
mod name;
mod number;
mod record;
mod sparse;
mod word;

pub(super) use bytes::link_address;
pub(super) use end::{endpoint, endpoints, optional_endpoint};
pub(super) use name::{congestion, trailing, ulp_name};
pub(super) use number::{Hex, decimal, hex, milliseconds, optional_decimal};
pub(super) use record::{DeviceForm, Md5Form};

/// Returns whether a value is the default that its absence is read as.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
