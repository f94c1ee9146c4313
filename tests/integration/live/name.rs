//! Names chosen by a local user cannot forge columns, and filters accept them as they are printed.

#![expect(clippy::disallowed_methods, reason = "the test binds a unix socket")]

use std::os::{
    linux::net::SocketAddrExt as _,
    unix::net::{SocketAddr, UnixListener},
};

use bstr::{BStr, ByteSlice as _};

use super::{fixture::Fixture, line::words, namespace::inside, program::Program, shell::in_shell};

/// Inode, peer and process of another row.
const FORGED: &str = r#"x 4242 * 0 users:(("systemd",pid=1,fd=3))"#;
/// A name that looks like an escaped blank.
const ESCAPED: &str = r"y\x20z";

fn fields(row: &[u8]) -> Vec<&BStr> {
    let fields = row.fields_with(|c| c == ' ').filter(|field| !field.is_empty());
    fields.map(BStr::new).collect()
}

#[test]
fn names_of_unix_sockets_forge_no_column() {
    inside("live::name::names_of_unix_sockets_forge_no_column", || {
        let ours = Program::ours();
        let list = |filter: &[&str]| {
            let mut args = words("-xlnH");
            args.extend(filter.iter().map(ToString::to_string));
            let outcome = ours.run(&args, None);
            assert_eq!((outcome.stderr.as_bstr(), outcome.status), ("".into(), 0), "{filter:?}");
            outcome.stdout
        };
        let _sockets = [FORGED, ESCAPED, "y z"].map(|name| {
            UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
        });
        let listing = list(&[]);
        let mut names: Vec<_> = listing
            .lines()
            .map(|row| {
                let fields = fields(row);
                assert_eq!(fields.len(), 8, "{fields:?}");
                assert_eq!(fields[6..], ["*", "0"]);
                fields[4].to_owned()
            })
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                r#"@x\x204242\x20*\x200\x20users:(("systemd",pid=1,fd=3))"#,
                r"@y\x20z",
                r"@y\x5cx20z"
            ]
        );
        for name in &names {
            let found = list(&["src", &format!("unix:{name}")]);
            assert_eq!(found.lines().count(), 1, "{name}: {found}");
            assert_eq!(fields(&found)[4], name.as_bstr());
        }
        let netstat = in_shell(&[], "netstat -xln").stdout;
        let rows: Vec<_> = netstat.lines().filter(|row| row.starts_with(b"unix")).collect();
        assert!(rows.iter().all(|row| fields(row).len() == 9), "{netstat}");
        // It ends at once if the socket is open already.
        let waited = in_shell(&[], r"portwatch --wait 'unix:@y\x20z' --timeout 60s");
        assert_eq!(waited.status, 0, "{}", waited.stderr);
    });
}

#[test]
fn interface_names_that_are_not_utf8_are_escaped() {
    inside("live::name::interface_names_that_are_not_utf8_are_escaped", || {
        let _fixture = Fixture::start(&["device"]);
        let ours = Program::ours();
        for filter in ["", r" dev = o\xffd", r" dev o\xFFd"] {
            let listing = ours.run(&words(&format!("-uanH{filter}")), None);
            assert_eq!(fields(&listing.stdout)[3], r"0.0.0.0%o\xffd:7005", "{filter}: {listing:?}");
        }
        // The confined shell accepts the name, too.
        let listing = in_shell(&[], r"ss -uanH 'dev = o\xffd'");
        assert_eq!(fields(&listing.stdout)[3], r"0.0.0.0%o\xffd:7005", "{listing:?}");
        assert_eq!(ours.run(&words(r"-uanH dev = o\xfed"), None).status, 1);
    });
}
