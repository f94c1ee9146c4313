//! The details of `-i` for an upper layer protocol, and for the keys of TCP MD5 signatures.

use builtin_cli::Escaped;
use procnetsocket::model::{Md5Key, TlsInfo, TlsMode, Ulp, UlpInfo};

use super::{
    addr::push_bare_address,
    field::{push_number, push_text},
    mptcp_info::push_subflow,
};

/// Appends the keys.
pub(super) fn push_md5_keys(out: &mut Vec<u8>, keys: &[Md5Key]) {
    for (index, key) in keys.iter().enumerate() {
        push_text(out, if index == 0 { " md5keys:" } else { "," });
        push_bare_address(out, key.network);
        push_number(out, "/", key.prefix_bits);
        out.push(b'=');
        push_key(out, key.key());
    }
}

/// Appends a key; blanks, commas, backslashes and bytes that cannot be printed are octal numbers.
fn push_key(out: &mut Vec<u8>, key: &[u8]) {
    for &byte in key {
        if byte.is_ascii_graphic() && !matches!(byte, b',' | b'\\') {
            out.push(byte);
        } else {
            push_text(out, &format!("\\{byte:03o}"));
        }
    }
}

/// Appends the upper layer protocol and its details.
pub(super) fn push_ulp(out: &mut Vec<u8>, ulp: &Ulp) {
    push_text(out, " tcp-ulp-");
    Escaped::name(ulp.name.as_bytes()).push_to(out);
    match &ulp.info {
        Some(UlpInfo::Tls(tls)) => push_tls(out, tls),
        Some(UlpInfo::Mptcp(subflow)) => push_subflow(out, subflow),
        _ => {}
    }
}

fn push_tls(out: &mut Vec<u8>, tls: &TlsInfo) {
    match tls.version {
        Some(0x0303) => push_text(out, " version: 1.2"),
        Some(0x0304) => push_text(out, " version: 1.3"),
        Some(other) => {
            push_number(out, " version: unknown(", other);
            out.push(b')');
        }
        None => {}
    }
    // Compat: other ciphers are not shown.
    match tls.cipher {
        Some(51) => push_text(out, " cipher: aes-gcm-128"),
        Some(52) => push_text(out, " cipher: aes-gcm-256"),
        _ => {}
    }
    for (key, mode) in [(" rxconf: ", tls.receive), (" txconf: ", tls.transmit)] {
        if let Some(mode) = mode {
            push_text(out, key);
            push_mode(out, mode);
        }
    }
    if tls.zero_copy_send {
        push_text(out, " zc_ro_tx");
    }
    if tls.receive_no_padding {
        push_text(out, " no_pad_rx");
    }
}

fn push_mode(out: &mut Vec<u8>, mode: TlsMode) {
    match mode {
        TlsMode::None => push_text(out, "none"),
        TlsMode::Software => push_text(out, "sw"),
        TlsMode::Hardware => push_text(out, "hw"),
        TlsMode::HardwareRecord => push_text(out, "hw-record"),
        TlsMode::Other(number) => {
            push_number(out, "unknown(", number);
            out.push(b')');
        }
        _ => push_text(out, "unknown"),
    }
}

#[cfg(test)]
mod tests {
    use procnetsocket::model::ShortName;
    use rstest::rstest;

    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn keys_are_octal_where_they_cannot_be_printed() {
        let key = |network: &str, prefix, key: &[u8]| {
            Md5Key::new(network.parse().unwrap(), prefix, key).unwrap()
        };
        let keys = [
            key("1.2.3.4", 32, b"key"),
            key("10.0.0.0", 8, b"a\x1b\n\xff,\\ b"),
            key("fe80::1", 128, b""),
        ];
        assert_eq!(
            text(|out| push_md5_keys(out, &keys)),
            r" md5keys:1.2.3.4/32=key,10.0.0.0/8=a\033\012\377\054\134\040b,fe80::1/128="
        );
        assert_eq!(text(|out| push_md5_keys(out, &[])), "");
    }

    #[rstest]
    #[case::nothing_known(|_: &mut TlsInfo| {}, "")]
    #[case::in_the_kernel(
        |tls: &mut TlsInfo| {
            (tls.version, tls.cipher) = (Some(0x0303), Some(51));
            (tls.receive, tls.transmit) = (Some(TlsMode::Software), Some(TlsMode::None));
            (tls.zero_copy_send, tls.receive_no_padding) = (true, true);
        },
        " version: 1.2 cipher: aes-gcm-128 rxconf: sw txconf: none zc_ro_tx no_pad_rx"
    )]
    #[case::in_the_interface(
        |tls: &mut TlsInfo| {
            (tls.version, tls.cipher) = (Some(0x0304), Some(52));
            tls.receive = Some(TlsMode::HardwareRecord);
            tls.transmit = Some(TlsMode::Hardware);
        },
        " version: 1.3 cipher: aes-gcm-256 rxconf: hw-record txconf: hw"
    )]
    #[case::unknown(
        |tls: &mut TlsInfo| {
            (tls.version, tls.cipher) = (Some(0x0305), Some(54));
            tls.receive = Some(TlsMode::Other(5));
        },
        " version: unknown(773) rxconf: unknown(5)"
    )]
    fn shows_tls(#[case] set: impl FnOnce(&mut TlsInfo), #[case] shown: &str) {
        let mut tls = TlsInfo::default();
        set(&mut tls);
        assert_eq!(text(|out| push_tls(out, &tls)), shown);
    }

    #[test]
    fn protocol_without_details_is_only_named() {
        let mut ulp = Ulp::default();
        ulp.name = ShortName::new(b"espintcp").unwrap();
        assert_eq!(text(|out| push_ulp(out, &ulp)), " tcp-ulp-espintcp");
        ulp.info = Some(UlpInfo::Tls(TlsInfo::default()));
        ulp.name = ShortName::new(b"tls").unwrap();
        assert_eq!(text(|out| push_ulp(out, &ulp)), " tcp-ulp-tls");
    }
}
