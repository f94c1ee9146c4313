//! The protocols for which the kernel has sockets: `net/protocols`.
//!
//! # Format
//!
//! ```text
//! protocol  size sockets  memory press maxhdr  slab module     cl co di ac io in de sh ss gs se re …
//! AF_VSOCK  1240      0      -1   NI       0   yes  kernel      n  n  n  n  n  n  n  n  n  n  n  n
//! TCPv6     2432      1     740   no     192   yes  kernel      y  y  y  y  y  y  y  y  y  y  y  n
//! ```
//!
//! Kernel: `proto_seq_show`. A line for each registered protocol, with its name first. A protocol
//! of a module is listed after the module is loaded. The column `sockets` is not read, because not
//! every protocol counts its sockets there.

use std::io::Read;

use bstr::BString;

use crate::{
    error::Error,
    proc::{
        root::name::ProcFile,
        sockstat::each_line,
        text::field::{FieldEnd, Fields},
    },
};

/// The first column of the header.
const HEADER: &[u8] = b"protocol";

/// Reads the names.
pub(crate) fn read_protocols(reader: &mut dyn Read) -> Result<Vec<BString>, Error> {
    let mut names = Vec::new();
    each_line(ProcFile::NetProtocols, reader, |fields: &mut Fields<'_>| {
        let name = fields.take(word, FieldEnd::Blank, "the name of a protocol")?;
        if name != HEADER {
            names.push(name.into());
        }
        Ok(())
    })?;
    Ok(names)
}

/// Parses bytes up to a blank.
pub(super) fn word(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = bytes.iter().take_while(|byte| !matches!(byte, b' ' | b'\t')).count();
    bytes.split_at_checked(length).filter(|_| length > 0)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::usual(
        "protocol  size sockets\nAF_VSOCK  1240      0\nUNIX-STREAM 1152     14\n",
        &["AF_VSOCK", "UNIX-STREAM"]
    )]
    #[case::header_alone("protocol  size sockets\n", &[])]
    #[case::empty("", &[])]
    #[case::name_alone("XDP", &["XDP"])]
    fn reads_names(#[case] file: &str, #[case] names: &[&str]) {
        assert_eq!(read_protocols(&mut file.as_bytes()).unwrap(), names);
    }

    #[test]
    fn line_without_a_name_is_an_error() {
        let error = read_protocols(&mut &b"protocol\n\nTCP 1\n"[..]).unwrap_err();
        insta::assert_snapshot!(error, @"net/protocols line 2, column 1: expected the name of a protocol, but found the end of the line");
    }
}
