//! Pieces of the form ` key:value`. Most are left out when the value is zero.

use super::number::{push_decimal, push_hex, push_signed, push_thousandths};

/// Appends text.
pub(super) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Appends a key and a number, even if it is zero.
pub(super) fn push_number(out: &mut Vec<u8>, key: &str, number: impl Into<u64>) {
    push_text(out, key);
    push_decimal(out, number.into());
}

/// Appends a key and a number, unless it is zero.
pub(super) fn push_nonzero(out: &mut Vec<u8>, key: &str, number: impl Into<u64>) {
    let number = number.into();
    if number != 0 {
        push_number(out, key, number);
    }
}

/// Appends a key and an unsigned number that iproute2 prints as signed.
pub(super) fn push_as_signed(out: &mut Vec<u8>, key: &str, number: u32) {
    push_text(out, key);
    push_signed(out, number.cast_signed().into());
}

/// Appends a key and a number that iproute2 prints as signed, unless it is zero.
pub(super) fn push_nonzero_as_signed(out: &mut Vec<u8>, key: &str, number: u32) {
    if number != 0 {
        push_as_signed(out, key, number);
    }
}

/// Appends a key and a number in hexadecimal, unless it is zero.
pub(super) fn push_nonzero_hex(out: &mut Vec<u8>, key: &str, number: u32) {
    if number != 0 {
        push_text(out, key);
        push_hex(out, number.into(), 1);
    }
}

/// Appends a key and a time in milliseconds with its fraction.
pub(super) fn push_milliseconds(out: &mut Vec<u8>, key: &str, microseconds: u32) {
    push_text(out, key);
    push_thousandths(out, microseconds);
}

/// Appends a key and a time in milliseconds with its fraction, unless it is zero.
pub(super) fn push_nonzero_milliseconds(out: &mut Vec<u8>, key: &str, microseconds: u32) {
    if microseconds != 0 {
        push_milliseconds(out, key, microseconds);
    }
}
