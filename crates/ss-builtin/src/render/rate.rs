//! Rates in bits per second.

use super::{
    field::push_text,
    number::{push_coarse, push_general, push_whole},
};
use crate::cli::NameDisplay;

/// Appends a rate: all digits if numbers are requested, else three digits and a unit.
pub(super) fn push_rate(out: &mut Vec<u8>, bits_per_s: f64, names: NameDisplay) {
    const UNITS: [(f64, u8); 4] = [(1e12, b'T'), (1e9, b'G'), (1e6, b'M'), (1e3, b'k')];
    if names == NameDisplay::Numeric {
        push_whole(out, bits_per_s);
    } else if let Some((unit, letter)) = UNITS.into_iter().find(|(unit, _)| bits_per_s >= *unit) {
        push_coarse(out, bits_per_s / unit);
        out.push(letter);
    } else {
        push_general(out, bits_per_s);
    }
    push_text(out, "bps");
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::small(992.0, "992bps", "992bps")]
    #[case::thousand(1_000.0, "1kbps", "1000bps")]
    #[case::rounds(1_008.0, "1.01kbps", "1008bps")]
    #[case::rounds_up_to_the_next_unit(9_999_992.0, "10Mbps", "9999992bps")]
    #[case::giga(8e9, "8Gbps", "8000000000bps")]
    #[case::more_than_all_units(8e15, "8e+03Tbps", "8000000000000000bps")]
    #[case::beyond_64_bits(73_786_976_294_838_206_464.0, "7.38e+07Tbps", "73786976294838206464bps")]
    #[case::fraction(0.25, "0.25bps", "0bps")]
    fn prints_units_or_digits(#[case] rate: f64, #[case] resolved: &str, #[case] numeric: &str) {
        for (names, shown) in [(NameDisplay::Resolved, resolved), (NameDisplay::Numeric, numeric)] {
            let mut out = Vec::new();
            push_rate(&mut out, rate, names);
            assert_eq!(String::from_utf8(out).unwrap(), shown);
        }
    }
}
