//! Scripts in the example shell, as a program: pipelines, redirections, substitutions, status.
#![expect(clippy::disallowed_methods, reason = "the tests start the example and open sockets")]

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Command, Output},
};

fn shell() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().unwrap().parent().unwrap().join("examples/ss-shell")
}

fn run(script: &str) -> Output {
    Command::new(shell()).arg(script).output().unwrap()
}

/// Runs a script, and returns what it printed and its status.
fn ran(script: &str) -> (String, String, i32) {
    let output = run(script);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// A port of the test's, which nobody else opens or closes.
fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

#[test]
fn builtin_is_a_stage_of_a_pipeline() {
    let (_listener, port) = listener();
    let script = format!("ss -tlnH 'sport = :{port}' | wc -l; ss -tln | ss --version | grep -c ss");
    assert_eq!(ran(&script), ("1\n1\n".to_owned(), String::new(), 0));
}

#[test]
fn output_is_redirected_and_substituted() {
    let (_listener, port) = listener();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("out").display().to_string();
    let script = format!(
        "ss -tlnH 'sport = :{port}' > {path}; read state rest < {path}; echo $state\n\
         rows=$(ss -tlnH 'sport = :{port}'); set -- $rows; echo $4"
    );
    let (stdout, stderr, status) = ran(&script);
    assert_eq!((stdout, status), (format!("LISTEN\n127.0.0.1:{port}\n"), 0), "{stderr}");
}

#[test]
fn filter_is_read_from_standard_input() {
    let (_listener, port) = listener();
    let script = format!("echo 'sport = :{port}' | ss -tlnH -F - | wc -l");
    assert_eq!(ran(&script).0, "1\n");
}

#[test]
fn status_and_errors_are_those_of_the_builtin() {
    let (stdout, stderr, status) = ran("ss -tln bogus=1; echo $?; ss --no-such-option 2>/dev/null");
    assert_eq!((stdout.as_str(), status), ("1\n", 255));
    assert!(stderr.starts_with("ss: "), "{stderr}");
    let (stdout, ..) = ran("portwatch --wait :1 --timeout 10ms 2>/dev/null; echo $?");
    assert_eq!(stdout, "124\n");
}

#[test]
fn endless_output_ends_with_its_reader() {
    // Events follow one after the other until `head` has its line and goes away.
    let (listener, port) = listener();
    let script = "portwatch --initial --tcp 2>/dev/null | head -n 1 | wc -l; echo ${PIPESTATUS[1]}";
    assert_eq!(ran(script), ("1\n0\n".to_owned(), String::new(), 0));
    drop((listener, port));
}
