//! Command lines that people and agents type, as whole pipelines: in the confined shell, compared
//! with the real `ss` in the same pipelines run by bash.
//!
//! Most are of two public reports by users of a restricted shell (`DataDog/rshell#274` and `#275`:
//! 200 invocations in incident scenarios); the ports are those of the fixture.

#![expect(clippy::disallowed_methods, reason = "bash runs the real ss")]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use bstr::{BString, ByteSlice as _};
use tempfile::TempDir;

use super::{
    compare::{Sameness, compare_runs},
    fixture::Fixture,
    namespace::inside,
    program::Program,
    shell::in_shell,
};
use crate::outcome::Outcome;

/// Pipelines that need no grant but `sockets`.
const PLAIN: [&str; 42] = [
    "ss -ltn",
    "ss -lnt",
    "ss -tln",
    "ss -tuln",
    "ss -lntH",
    "ss -ant",
    "ss -tan",
    "ss -tanl",
    "ss -s | grep -v ^Total",
    "ss -ltnH | sort",
    "ss -ltn | head -80",
    "ss -ltn | head -n 3",
    "ss -tuln | tail -n +2 | sort",
    r#"ss -ltn | grep -E "9092|29092|2181""#,
    r#"ss -ltn | grep -E ":(53|8080|9092|9093|10250|10257|10259)""#,
    r#"ss -ltn | grep -E ":(53|8080)" | wc -l"#,
    r#"ss -ltn | grep ":1 ""#,
    r#"ss -ant | cut -d " " -f 1 | sort | uniq -c"#,
    r#"ss -ant | grep "10.244.0.7:9092" | tr -s " " | cut -d " " -f 2 | sort | uniq -c"#,
    r#"ss -antH | grep -E "10.244.0.7|127.0.0.1" | head -120"#,
    r#"ss -tanH | sed "s/  */ /g" | cut -d " " -f 2 | sort | uniq -c"#,
    r#"ss -tanH | tr -s " " | cut -d " " -f 1 | sort | uniq -c | sort -rn"#,
    r#"ss -tanH | tr -s " " | cut -d " " -f 5 | sort | uniq -c | sort | tail -40"#,
    r#"ss -tanH | tr -s " " | cut -d " " -f 6 | grep -E ":(8080|9092)$" | sort | uniq -c | sort"#,
    r#"ss -tanHe | grep "10.244.0.7:9092\|8080" | head -n 40"#,
    r#"ss -tanl | grep ":9092\|:9093""#,
    r#"ss -tn | grep "10.244.0.7:9092" | wc -l"#,
    r#"ss -tn | grep "10.244.0.12:9092" | wc -l"#,
    r#"ss -s | tail -n +2 && ss -tanH | grep "9092\|8080" | head -n 20"#,
    r#"printf "2379 states:\n"; ss -tan | grep ":2379" | tr -s " " | cut -d " " -f 2 | sort | uniq -c; printf "9092 states:\n"; ss -tan | grep ":9092" | tr -s " " | cut -d " " -f 1 | sort | uniq -c"#,
    r"ss -tan | awk '{print $1}' | sort | uniq -c",
    r"ss -tanH | awk '$2 > 0 {print $2, $4}' | sort",
    "ss -tan state close-wait | wc -l",
    r"ss -Htan state established '( dport = :9092 or sport = :9092 )' | wc -l",
    r"ss -tln 'sport = :8080'",
    r"ss -tnH dst 10.244.0.7 | awk '{print $4}' | sort -u",
    r"ss -xlH | awk '{print $2}' | sort | uniq -c",
    r#"ss -uan | grep ":43" | wc -l"#,
    r#"if ss -tln | grep -q ":8080 "; then echo up; else echo down; fi"#,
    r#"ss -tln | grep -q ":8081 " || echo "nothing listens on 8081""#,
    r#"for port in 2181 8080 9092 9999; do printf "%s %s\n" "$port" "$(ss -tlnH "sport = :$port" | wc -l)"; done"#,
    "ss --no-such-option >/dev/null 2>&1; echo $?",
];

/// Pipelines that list processes.
const OF_PROCESSES: [&str; 6] = [
    "ss -tlnp",
    "ss -ltnp 2>/dev/null",
    "ss -tanp 2>/dev/null | head -80",
    "ss -tulpn | grep 8080",
    "ss -tlnp 'sport = :8080'",
    r"ss -ltnp | awk 'NR > 1 {print $4, $6}' | sort",
];

fn bash(directory: &Path, line: &str) -> Outcome {
    let mut bash = Command::new("bash");
    let path = format!("{}:/usr/sbin:/usr/bin:/sbin:/bin", directory.display());
    bash.args(["-c", line]).stdin(Stdio::null()).env_clear().env("PATH", path).env("LC_ALL", "C");
    let output = bash.output().unwrap();
    Outcome {
        stdout: output.stdout.into(),
        stderr: output.stderr.into(),
        status: output.status.code().expect("bash ends by itself"),
    }
}

/// Returns a directory in which `ss` is the real one.
fn directory_of(real: &Program) -> TempDir {
    let directory = TempDir::new().unwrap();
    let program = real.words().next().unwrap();
    let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", program.to_str().unwrap());
    let path = directory.path().join("ss");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

/// Returns an outcome without standard error, whose texts differ between the programs.
fn without_stderr(outcome: Outcome) -> Outcome {
    Outcome { stderr: BString::default(), ..outcome }
}

#[test]
fn listings_of_the_shell_leave_out_its_sockets() {
    inside("live::typed::listings_of_the_shell_leave_out_its_sockets", || {
        let Some(real) = Program::real() else { return };
        let _fixture = Fixture::new();
        let all = ["--grant", "sockets,processes,resolve,events,kill,namespaces"];
        for options in [&[][..], &all, &["--no-confine"]] {
            for tables in ["-xaH", "-tuwaH", "-0aH", "-MSaH"] {
                let listing = in_shell(options, &format!("ss {tables}")).stdout;
                let expected = real.run(&[tables.to_owned()], None).stdout;
                let rows = [listing, expected].map(|listing| listing.lines().count());
                assert_eq!(rows[0], rows[1], "{options:?} ss {tables}");
            }
        }
    });
}

/// Under the default grant, compared with the real one run by a user who may read no processes.
#[test]
fn ungranted_processes_hide_no_listener() {
    inside("live::typed::ungranted_processes_hide_no_listener", || {
        let Some(real) = Program::real() else { return };
        let _fixture = Fixture::start(&["incident"]);
        let listed = in_shell(&[], "ss -tlnp 2>/dev/null | head");
        assert_eq!(listed.status, 0);
        let columns =
            |line: &[u8]| BString::from(line.split_str("users:").next().unwrap().trim_end());
        let expected = real.run(&["-tlnp".to_owned()], None).stdout;
        let expected: Vec<_> = expected.lines().take(10).map(columns).collect();
        assert_eq!(listed.stdout.lines().map(columns).collect::<Vec<_>>(), expected);
        assert!(expected.len() > 2, "{expected:?}");
        let reported = in_shell(&[], "ss -tlnp");
        assert!(reported.stderr.contains_str("needs the grant \"processes\""), "{reported:?}");
        let filtered = in_shell(&[], "ss -tln pid = 1");
        assert_eq!((filtered.stdout, filtered.status), (BString::default(), 1));
    });
}

#[test]
fn pipelines_print_what_bash_prints_with_the_real_one() {
    inside("live::typed::pipelines_print_what_bash_prints_with_the_real_one", || {
        let Some(real) = Program::real() else { return };
        let directory = directory_of(&real);
        let _fixture = Fixture::start(&["incident"]);
        let listing = bash(directory.path(), "ss -tanH | wc -l").stdout;
        let sockets: u32 = listing.to_str().unwrap().trim().parse().unwrap();
        assert!(sockets >= 300, "{sockets} TCP sockets");

        let granted = ["--grant", "sockets,processes"];
        let plain = PLAIN.iter().map(|line| (&[][..], *line));
        let of_processes = OF_PROCESSES.iter().map(|line| (&granted[..], *line));
        let mut reports = Vec::new();
        let mut exact = 0;
        let mut lines = 0;
        for (options, line) in plain.chain(of_processes) {
            let theirs = || without_stderr(bash(directory.path(), line));
            let ours = || without_stderr(in_shell(options, line));
            lines += 1;
            match compare_runs(line, theirs, ours) {
                Ok(sameness) => exact += usize::from(sameness == Sameness::Exact),
                Err(report) => reports.push(report),
            }
        }
        eprintln!(
            "live typed: {lines} pipelines over {sockets} TCP sockets, {exact} byte for byte"
        );
        assert!(reports.is_empty(), "{} differ:\n{}", reports.len(), reports.join("\n"));
    });
}
