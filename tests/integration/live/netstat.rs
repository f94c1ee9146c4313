//! Live sockets: `netstat` of this project from sock_diag and from the text tables, compared with
//! that of net-tools.

#![expect(clippy::disallowed_methods, reason = "the test opens the namespace's own tables")]

use std::sync::Arc;

use bstr::{BString, ByteSlice};
use cap_std::ambient_authority;
use netstat_builtin::Netstat;
use procnetsocket::{ProcRoot, SocketTables};
use socket_query::PolicyView;

use super::{fixture::Fixture, namespace::inside};
use crate::{
    netstat::{GRANTS, is_same, names, policy, real::RealNetstat, words},
    ours,
    outcome::Outcome,
};

/// How often a line is tried again while the sockets change by themselves.
const ATTEMPTS: usize = 8;

const LINES: [&str; 14] = [
    "-an",
    "-n",
    "-ln",
    "-tulpn",
    "-anp",
    "-anep",
    "-anW",
    "-ano",
    "-tan4",
    "-uan6",
    "-wan",
    "-xap",
    "-xl",
    "-ta --numeric-hosts -e",
];

/// Returns the comparable part of the rows, sorted.
///
/// A timer goes on between two runs, so its figures are removed. Rows of UDP-Lite are not listed
/// here.
fn rows(outcome: &Outcome) -> Vec<BString> {
    let lines = outcome.stdout.lines().filter(|line| !line.starts_with(b"udpl"));
    let mut rows: Vec<_> = lines.map(row).collect();
    rows.sort();
    rows
}

fn row(line: &[u8]) -> BString {
    let is_unix = line.starts_with(b"unix");
    match line.rfind_byte(b'(') {
        Some(at) if !is_unix && line.ends_with(b")") && !line.starts_with(b"Active") => {
            line[..at].into()
        }
        _ => line.into(),
    }
}

fn compare(name: &str, tables: SocketTables) {
    let Some(real) = RealNetstat::find() else { return };
    let policy = policy(&GRANTS);
    let netstat = Netstat::new(PolicyView::new(Arc::new(tables), policy, names()));
    let mut reports = Vec::new();
    for line in LINES {
        let args = words(line);
        let differing = (0..ATTEMPTS).map(|_| {
            let before = real.run(&args);
            let ours = ours::call(&netstat, &args, None);
            let [our_rows, real_rows] = [&ours, &before].map(rows);
            let only = |these: &[BString], those: &[BString]| -> Vec<BString> {
                these.iter().filter(|row| !those.contains(row)).cloned().collect()
            };
            let is_same = our_rows.len() == real_rows.len()
                && our_rows.iter().zip(&real_rows).all(|(ours, real)| is_same(ours, real))
                && ours.status == before.status;
            (!is_same).then(|| {
                format!(
                    "{name}: netstat {line}: status {}, real {}; {} rows, real {}; stderr {:?}\n  ours {:#?}\n  \
                     real {:#?}",
                    ours.status,
                    before.status,
                    our_rows.len(),
                    real_rows.len(),
                    ours.stderr,
                    only(&our_rows, &real_rows),
                    only(&real_rows, &our_rows),
                )
            })
        });
        let mut last = None;
        for difference in differing {
            last = difference;
            if last.is_none() {
                break;
            }
        }
        reports.extend(last);
    }
    assert!(reports.is_empty(), "{} lines differ:\n{}", reports.len(), reports.join("\n"));
    eprintln!("live netstat, {name}: {} listings are the same", LINES.len());
}

#[test]
fn sock_diag_prints_the_same() {
    inside("live::netstat::sock_diag_prints_the_same", || {
        let _fixture = Fixture::new();
        compare("sock_diag", SocketTables::open_ambient(ambient_authority()).unwrap());
    });
}

#[test]
fn text_tables_print_the_same() {
    inside("live::netstat::text_tables_print_the_same", || {
        let _fixture = Fixture::new();
        let root = ProcRoot::open_ambient(ambient_authority()).unwrap();
        compare("text", SocketTables::from_root(root));
    });
}

#[test]
fn processes_that_share_sockets_are_the_same() {
    inside("live::netstat::processes_that_share_sockets_are_the_same", || {
        let _fixture = Fixture::start(&["processes"]);
        compare("processes", SocketTables::open_ambient(ambient_authority()).unwrap());
    });
}
