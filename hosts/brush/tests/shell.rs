//! Scripts in the example shell, as a program: pipelines, redirections, substitutions, status.
#![expect(clippy::disallowed_methods, reason = "the tests start the example and open sockets")]
#![expect(
    clippy::unwrap_used,
    reason = "the functions that tests share may fail a test as tests may"
)]

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

/// Runs a script. Returns its output, its errors and its status.
fn ran(script: &str) -> (String, String, i32) {
    let output = run(script);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// Opens a port of this test, which nothing else opens or closes.
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

/// Opens and closes connections forever.
const CLOSINGS: &str = "
import fcntl, socket, struct, sys
up = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(up, 0x8914, struct.pack('16sh14x', b'lo', 1))
listener = socket.create_server(('127.0.0.1', 0))
while True:
    one = socket.create_connection(listener.getsockname())
    other, _ = listener.accept()
    # A reset ends both sockets at once.
    for end in (one, other):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        end.close()
";

#[test]
fn following_of_events_ends_with_its_reader() {
    let can_unshare = Command::new("unshare").args(["-rn", "true"]).output();
    if !can_unshare.is_ok_and(|run| run.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "NOT TESTED: no namespace");
        eprintln!("NOT TESTED: no network namespace can be created");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("closings.py");
    std::fs::write(&path, CLOSINGS).unwrap();
    // `ss -E` does not end by itself: its reader is closed after two lines.
    let script = "ss -tnHE | head -n 2 | wc -l; echo ${PIPESTATUS[*]}";
    let output = Command::new("unshare")
        .args(["-rn", "sh", "-c", "python3 $0 & closings=$!; \"$1\" \"$2\"; kill $closings"])
        .args([path.as_os_str(), shell().as_os_str(), script.as_ref()])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stdout, "2\n141 0 0\n", "{stderr}");
}
