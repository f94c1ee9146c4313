//! Sockets of containers and systemd units, by the names of their control groups.

use bstr::ByteSlice as _;
use serde_json::Value;

use super::{fixture::Fixture, line::words, namespace::inside, program::Program, shell::in_shell};
use crate::{json::objects, workspace};

/// Returns the local ports of a listing, in order.
fn ports(program: &Program, line: &str) -> Vec<String> {
    let outcome = program.run(&words(line), None);
    assert_eq!((outcome.stderr.as_bstr(), outcome.status), ("".into(), 0), "{line}");
    let port = |row: &[u8]| row.split_once_str(":").unwrap().1[..4].to_str().unwrap().to_owned();
    let mut ports: Vec<_> = outcome.stdout.lines().map(port).collect();
    ports.sort();
    ports
}

#[test]
fn sockets_are_found_by_container_and_unit() {
    inside("live::workload::sockets_are_found_by_container_and_unit", || {
        let ours = Program::ours();
        let fixture = Fixture::start(&["workloads"]);
        if let Some(reason) = fixture.absent().first() {
            assert!(!workspace::is_ci(), "{reason}");
            return eprintln!("*** NOTHING IS TESTED: no control group can be made: {reason} ***");
        }
        let id = "feed0123".repeat(8);
        let whole = format!("-tlnH container = {id}");
        for (line, expected) in [
            ("-tlnH container = feed", &["7402"][..]),
            (&whole, &["7402"]),
            ("-ulnaH container = feed0123", &["7402"]),
            ("-tlnH container != feed", &["7403", "7404"]),
            ("-tlnH unit = ss-tests.service", &["7403"]),
            ("-tlnH unit = ss-t*.s?rvice", &["7403"]),
            // A container's scope is a unit, too.
            ("-tlnH unit = docker-*.scope", &["7402"]),
            ("-tlnH not ( unit = ss-tests.* or container feed )", &["7404"]),
            ("-tlnH container = feed and sport = 7403", &[]),
        ] {
            assert_eq!(ports(&ours, line), expected, "{line}");
        }
        // The kernel cannot decide such a condition, but those beside it.
        assert_eq!(ports(&ours, "-tlnH sport > 7400 container feed"), ["7402"]);
        let rows = objects(&ours.run(&words("--json -tln --cgroup"), None));
        let name = |port: u64, key: &str| {
            let row = rows.iter().find(|row| row["local"]["port"] == port).unwrap();
            row["names"][key].clone()
        };
        assert_eq!(name(7402, "container"), id);
        assert_eq!(name(7402, "unit"), format!("docker-{id}.scope"));
        assert_eq!(
            (name(7403, "container"), name(7403, "unit")),
            (Value::Null, "ss-tests.service".into())
        );
        assert_eq!((name(7404, "container"), name(7404, "unit")), (Value::Null, Value::Null));
        let unknown = ours.run(&words("-tln container = beef"), None);
        assert_eq!((unknown.stdout.as_bstr(), unknown.status), ("".into(), 1));
        assert!(unknown.stderr.contains_str("there is no container whose id begins with \"beef\""));
        // The same in the confined shell.
        let shell = in_shell(&[], "ss -tlnH container = feed");
        assert_eq!((shell.stdout.lines().count(), shell.status), (1, 0), "{shell:?}");
        assert!(shell.stdout.contains_str(":7402"), "{shell:?}");
    });
}
