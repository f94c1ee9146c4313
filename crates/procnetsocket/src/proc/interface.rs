//! Names of network interfaces that are not UTF-8, from the table of multicast addresses.
//!
//! # Format
//!
//! ```text
//! 2    eth0            1     0     01005e000001
//! ```
//!
//! A line for each multicast address of an interface: its index, its name, two counts and the
//! address (`dev_mc_seq_show` in `net/core/net-procfs.c`). A name has no blank and no colon
//! (`dev_valid_name`), and any other byte. An interface that is down, or that has no internet
//! address, may have none.

use std::{io::Read, num::NonZeroU32};

use bstr::BStr;

use super::{
    protocols::word,
    root::name::ProcFile,
    sockstat::each_line,
    text::field::{FieldEnd, Fields},
};
use crate::error::Error;

/// Returns the first interface for which `choose` returns something.
pub(crate) fn find<T>(
    reader: &mut dyn Read,
    choose: impl Fn(NonZeroU32, &BStr) -> Option<T>,
) -> Result<Option<T>, Error> {
    let mut found = None;
    each_line(ProcFile::NetDevMcast, reader, |fields: &mut Fields<'_>| {
        let index = fields.decimal("the index of an interface")?;
        let name = fields.take(word, FieldEnd::Blank, "the name of an interface")?;
        if let (None, Some(index)) = (&found, NonZeroU32::new(index)) {
            found = choose(index, BStr::new(name));
        }
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use rstest::rstest;

    use super::*;

    const TABLE: &[u8] = b"2    eth0            1     0     01005e000001\n\
        2    eth0            1     0     333300000001\n\
        13   o\xffd             1     0     01005e000001\n";

    #[rstest]
    #[case::name_that_is_no_text(13, Some(&b"o\xffd"[..]))]
    #[case::text(2, Some(&b"eth0"[..]))]
    #[case::another(3, None)]
    fn names_are_found(#[case] index: u32, #[case] expected: Option<&[u8]>) {
        let name = |at: NonZeroU32, name: &BStr| (at.get() == index).then(|| name.to_owned());
        assert_eq!(find(&mut &*TABLE, name).unwrap(), expected.map(BString::from));
    }

    #[test]
    fn line_without_a_name_is_an_error() {
        let found = find(&mut &b"2\n"[..], |_, _| Some(()));
        insta::assert_snapshot!(found.unwrap_err(), @"net/dev_mcast line 1, column 2: expected the name of an interface, but found the end of the line");
    }
}
