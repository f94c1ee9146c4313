//! Names of users, from the host's user table.
//!
//! The host reads `passwd(5)` and passes the bytes; nothing here opens a file. Lines have the form
//!
//! ```text
//! alice:x:1000:1000:Alice:/home/alice:/bin/sh
//! ```
//!
//! and of two lines for the same number or name the first counts, as in the C library.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};

use crate::proc::text::number::unsigned;

/// The names that a machine has for users.
#[derive(Clone, Debug, Default)]
pub struct UserNames {
    names: HashMap<u32, BString>,
    uids: HashMap<BString, u32>,
}

impl UserNames {
    /// Returns the names in the contents of `/etc/passwd`; a line of another form is skipped, as by
    /// the C library.
    pub fn new(passwd: &[u8]) -> Self {
        let mut users = Self::default();
        for (name, uid) in passwd.lines().filter_map(name_and_uid) {
            users.names.entry(uid).or_insert_with(|| name.into());
            users.uids.entry(name.into()).or_insert(uid);
        }
        users
    }

    /// Returns the name of a user, by uid.
    pub fn name(&self, uid: u32) -> Option<&BStr> {
        self.names.get(&uid).map(BStr::new)
    }

    /// Returns the uid of the user of that name.
    pub fn uid(&self, name: &BStr) -> Option<u32> {
        self.uids.get(name).copied()
    }
}

fn name_and_uid(line: &[u8]) -> Option<(&[u8], u32)> {
    let mut fields = line.split(|byte| *byte == b':');
    let (name, _password, uid) = (fields.next()?, fields.next()?, fields.next()?);
    // Lines that include other tables begin with a sign, and comments with a hash.
    let is_name = !matches!(name, [] | [b'+' | b'-' | b'#', ..]);
    match unsigned(uid)? {
        (uid, []) if is_name => Some((name, u32::try_from(uid).ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const PASSWD: &[u8] = b"root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n# x:x:7:7::/:\n\
        +nis:x:8:8::/:\n-nis:x:8:8::/:\n:x:9:9::/:\nshort:x:10\nword:x:ten:10::/:\nbare:x\n\
        \xff\x1b[2J:x:11:11::/:\nbig:x:4294967295:0::/:\ntoo-big:x:4294967296:0::/:\n\
        sign:x:-1:0::/:\nroot:x:12:12::/:\nlast:x:13:13::/:";

    #[rstest]
    #[case::usual(0, Some(&b"root"[..]))]
    #[case::comment(7, None)]
    #[case::other_tables(8, None)]
    #[case::no_name(9, None)]
    #[case::no_more_fields(10, Some(&b"short"[..]))]
    #[case::hostile_name(11, Some(&b"\xff\x1b[2J"[..]))]
    #[case::name_of_another(12, Some(&b"root"[..]))]
    #[case::largest(u32::MAX, Some(&b"big"[..]))]
    #[case::no_newline_at_the_end(13, Some(&b"last"[..]))]
    #[case::unknown(99, None)]
    fn finds_names(#[case] uid: u32, #[case] name: Option<&[u8]>) {
        assert_eq!(UserNames::new(PASSWD).name(uid), name.map(BStr::new));
    }

    #[rstest]
    #[case::first_line_counts("root", Some(0))]
    #[case::second_name_of_a_number("toor", Some(0))]
    #[case::number_that_is_none("word", None)]
    #[case::too_large("too-big", None)]
    #[case::sign("sign", None)]
    #[case::unknown("alice", None)]
    #[case::empty("", None)]
    fn finds_numbers(#[case] name: &str, #[case] uid: Option<u32>) {
        assert_eq!(UserNames::new(PASSWD).uid(name.into()), uid);
    }
}
