//! Intended differences from iproute2 in what is printed. `docs/compatibility.md` lists them.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice};

use super::{
    fixture::Fixture, line::words, mask, namespace::inside, program::Program, shell::in_shell,
};

/// Runs a program and returns its listing without the sockets of the program itself.
fn list(program: &Program, line: &str) -> BString {
    let outcome = program.run(&words(line), None);
    assert_eq!((outcome.status, outcome.stderr.as_bstr()), (0, "".as_bytes().as_bstr()), "{line}");
    mask::without_own_sockets(&outcome.stdout)
}

/// Returns the rows of a listing as words, sorted, because additional columns move the others.
fn rows(listing: &[u8]) -> Vec<Vec<&BStr>> {
    let row = |line| {
        let words = ByteSlice::fields_with(line, char::is_whitespace);
        words.filter(|word| !word.is_empty()).map(BStr::new).collect()
    };
    let mut rows: Vec<_> = listing.lines().map(row).collect();
    rows.sort();
    rows
}

/// Declares tests of both programs over the usual sockets.
macro_rules! beside_the_real_one {
    ($($name:ident($real:ident, $ours:ident, $fixture:ident) $body:block)*) => {
        $(#[test]
        fn $name() {
            inside(concat!("live::decided::", stringify!($name)), || {
                let Some($real) = Program::real() else { return };
                let $ours = Program::ours();
                let $fixture = Fixture::new();
                $body
            });
        })*
    };
}

beside_the_real_one! {
    both_families_are_shown_when_both_are_asked_for(real, ours, _fixture) {
        for tables in ["-t", "-u", "-M"] {
            let [four, six] =
                [4, 6].map(|family| list(&real, &format!("{tables}anH -{family}")));
            let both = BString::from(bstr::concat([four, six]));
            for order in ["-46", "-64"] {
                let ours = list(&ours, &format!("{tables}anH {order}"));
                assert_eq!(rows(&ours), rows(&both), "{tables} {order}");
            }
        }
    }

    packet_sockets_of_the_two_types_are_told_apart(real, ours, _fixture) {
        let all = list(&real, "-0anH");
        for kind in ["p_raw", "p_dgr"] {
            let of_kind: Vec<_> =
                all.lines().filter(|line| line.starts_with(kind.as_bytes())).collect();
            assert!(!of_kind.is_empty());
            // With a single table there is no column that names it.
            let of_kind = bstr::join("\n", of_kind);
            let expected: Vec<_> =
                rows(&of_kind).into_iter().map(|row| row[1..].to_vec()).collect();
            let ours = list(&ours, &format!("-A {kind} -anH"));
            assert_eq!(rows(&ours), expected, "{kind}");
        }
    }

    netlink_details_equal_those_of_the_real_ss_with_p(real, ours, _fixture) {
        for details in ["-e", "-m", "-em", "-emO"] {
            let theirs = list(&real, &format!("-f netlink -anHp {details}"));
            let ours = list(&ours, &format!("-f netlink -anH {details}"));
            assert_eq!(rows(&ours), rows(&theirs), "{details}");
        }
    }

    a_condition_or_its_negation_holds_for_each_socket(real, ours, _fixture) {
        // iproute2 filters in the kernel and again itself, and shows only rows that pass both; and
        // it reads the bytes of any address as one of the condition's family.
        for (tables, condition) in [
            ("-tanH", "autobound"),
            ("-tanH", "src 0.0.0.0"),
            ("-tanH", "src [7f00:1::]"),
            ("-tanH", "sport >= *"),
            ("-tanH", "sport < 70000"),
            ("-tanH", "sport <= 65536"),
        ] {
            let count = |program: &Program, filter: &str| {
                list(program, &format!("{tables} {filter}")).lines().count()
            };
            let negation = format!("not ( {condition} )");
            let both = |program| count(program, condition) + count(program, &negation);
            assert_eq!(both(&ours), count(&ours, ""), "{condition}");
            assert!(both(&real) < count(&real, ""), "the real one selects the right rows for {condition}");
        }
    }

    ports_are_chosen_if_they_lie_in_the_range(_real, ours, _fixture) {
        let range = words("-tanH sport >= 32768 sport <= 60999").join(" ");
        assert_eq!(list(&ours, "-tanH autobound"), list(&ours, &range));
        assert_eq!(list(&ours, "-tanH not autobound"), list(&ours, "-tanH not ( sport >= 32768 sport <= 60999 )"));
    }

    ports_are_compared_whole(_real, ours, _fixture) {
        let all = list(&ours, "-tanH");
        for condition in ["sport >= *", "sport > *", "sport < 99999", "sport <= 65536", "not sport = 65537"] {
            assert_eq!(list(&ours, &format!("-tanH {condition}")), all, "{condition}");
        }
        for condition in ["sport < *", "sport = 72536", "sport >= 65536"] {
            assert_eq!(list(&ours, &format!("-tanH {condition}")), "", "{condition}");
        }
    }

    named_tables_that_nothing_reports_are_a_failure(real, ours, _fixture) {
        let protocols = String::from_utf8(crate::workspace::read("/proc/net/protocols")).unwrap();
        let has = |name: &str| protocols.lines().any(|line| line.starts_with(&format!("{name} ")));
        let mut failures = 0;
        for (line, protocol) in [
            ("--vsock -a", "AF_VSOCK"),
            ("-f vsock -a", "AF_VSOCK"),
            ("-A vsock_stream -a", "AF_VSOCK"),
            ("--xdp -a", "XDP"),
            ("-S -a", "SCTP"),
            ("-d -a", "DCCP"),
            ("-M -a", "MPTCP"),
            ("-w -a", "RAW"),
        ] {
            let found = ours.run(&words(line), None);
            assert_eq!(found.stdout, real.run(&words(line), None).stdout, "{line}");
            // Without a handler the kernel returns an error. The fixture has rows of every family.
            let is_reported = found.stderr.is_empty();
            assert_eq!(found.status, i32::from(!is_reported), "{line}");
            if !is_reported {
                failures += 1;
                assert!(has(protocol), "{line}: {found:?}");
                assert!(found.stderr.contains_str("the kernel has them, but neither"), "{line}");
                let shell = in_shell(&[], &format!("ss {line}"));
                assert_eq!((shell.stderr, shell.status), (found.stderr, 1), "{line}");
            }
        }
        eprintln!("{failures} tables have no handler here");
        list(&ours, "-a");
    }

    control_groups_are_those_below_the_mount(real, ours, _fixture) {
        // iproute2 looks for a path of the machine first, and `/` is not a control group.
        let of_root = list(&ours, "-tanH cgroup /");
        if list(&ours, "-tanH --cgroup").contains_str("cgroup:/ss-tests") {
            assert!(!of_root.is_empty());
            assert_ne!(of_root, list(&real, "-tanH cgroup /"));
        }
    }

    processes_of_netlink_sockets_are_numbers_without_the_grant(real, ours, _fixture) {
        // The sockets of the programs themselves are the only ones with processes here.
        for program in [&real, &ours] {
            let named = program.run(&words("-f netlink -aH"), None).stdout;
            assert!(named.contains_str("/"), "processes are named:\n{named}");
        }
        let numbers = in_shell(&[], "ss -f netlink -aH").stdout;
        assert!(!numbers.contains_str("/"), "{numbers}");
    }

    devices_of_unix_sockets_are_those_that_stat_tells(_real, ours, fixture) {
        let name = fixture.directory().join("whole-path");
        let file = open(fixture.directory());
        let device = cap_std::fs::MetadataExt::dev(&file.symlink_metadata("whole-path").unwrap());
        let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & !0xff));
        let listing = list(&ours, "-xaeH");
        let row = listing.lines().find(|line| line.contains_str(name.to_str().unwrap())).unwrap();
        assert!(row.contains_str(format!(" dev:{major}/{minor}")), "{:?}", row.as_bstr());
    }
}

#[expect(clippy::disallowed_methods, reason = "the test looks at its own fixture")]
fn open(directory: &std::path::Path) -> cap_std::fs::Dir {
    cap_std::fs::Dir::open_ambient_dir(directory, cap_std::ambient_authority()).unwrap()
}

#[test]
fn names_of_live_sockets_are_escaped() {
    inside("live::decided::names_of_live_sockets_are_escaped", || {
        let _fixture = Fixture::start(&["hostile"]);
        let listing = list(&Program::ours(), "-xaH");
        assert_eq!(listing.lines().count(), 6, "no name adds a row:\n{listing}");
        for name in [
            r"@esc\x1b[31mred",
            r"@new\x0aline",
            r"@tab\x09stop",
            r"@bidi\xe2\x80\xaeover",
            r"@\xff\xfe",
            r"file\x0aname",
        ] {
            assert!(listing.contains_str(name), "{name} is not in:\n{listing}");
        }
    });
}

#[test]
fn every_state_of_tcp_is_in_the_fixture() {
    inside("live::decided::every_state_of_tcp_is_in_the_fixture", || {
        let _fixture = Fixture::new();
        let listing = list(&Program::ours(), "-tanH");
        let mut states = BTreeMap::<&BStr, usize>::new();
        for row in rows(&listing) {
            *states.entry(row[0]).or_default() += 1;
        }
        let expected = [
            "CLOSE-WAIT",
            "CLOSING",
            "ESTAB",
            "FIN-WAIT-1",
            "FIN-WAIT-2",
            "LAST-ACK",
            "LISTEN",
            "SYN-RECV",
            "SYN-SENT",
            "TIME-WAIT",
            "UNCONN",
        ];
        assert!(states.keys().copied().eq(expected.map(BStr::new)), "{states:?}");
    });
}
