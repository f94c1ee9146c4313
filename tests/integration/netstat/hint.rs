//! The `ss` commands that replace missing commands are commands that work.

use netstat_builtin::{Hint, Tool, hint};
use rstest::rstest;
use socket_query::Names;
use testkit::FakeProc;

use crate::ours;

#[rstest]
#[case(Tool::Lsof, "-i")]
#[case(Tool::Lsof, "-i :8080")]
#[case(Tool::Lsof, "-i udp:53")]
#[case(Tool::Lsof, "-i 6")]
#[case(Tool::Lsof, "-i :http")]
#[case(Tool::Lsof, "-iTCP -sTCP:LISTEN")]
#[case(Tool::Lsof, "-iTCP:8080 -sTCP:LISTEN")]
#[case(Tool::Lsof, "-iTCP -sTCP:ESTABLISHED")]
#[case(Tool::Lsof, "-iTCP:22 -sTCP:CLOSE_WAIT")]
#[case(Tool::Lsof, "-iTCP -sTCP:SYN_SENT")]
#[case(Tool::Lsof, "-iTCP -sTCP:SYN_RECV")]
#[case(Tool::Lsof, "-iTCP -sTCP:FIN_WAIT1")]
#[case(Tool::Lsof, "-iTCP -sTCP:FIN_WAIT2")]
#[case(Tool::Lsof, "-iTCP -sTCP:TIME_WAIT")]
#[case(Tool::Lsof, "-iTCP -sTCP:LAST_ACK")]
#[case(Tool::Lsof, "-iTCP -sTCP:CLOSING")]
#[case(Tool::Lsof, "-iTCP -sTCP:CLOSED")]
#[case(Tool::Lsof, "-i @127.0.0.1")]
#[case(Tool::Lsof, "-i tcp@[::1]:22")]
#[case(Tool::Lsof, "-i :80,443")]
#[case(Tool::Lsof, "-i :1-1024")]
#[case(Tool::Lsof, "-a -i -p 1234")]
#[case(Tool::Lsof, "-i -c nginx")]
#[case(Tool::Lsof, "-i -u 0")]
#[case(Tool::Lsof, "-p 12,34")]
#[case(Tool::Lsof, "-U")]
#[case(Tool::Lsof, "")]
#[case(Tool::Fuser, "8080/tcp")]
#[case(Tool::Fuser, "-4 -n udp 53 ssh")]
#[case(Tool::Nstat, "")]
fn command_works(#[case] tool: Tool, #[case] typed: &str) {
    let args: Vec<_> = typed.split_whitespace().map(Into::into).collect();
    let Hint::Command { line, .. } = hint(tool, &args) else { panic!("{typed} has no command") };
    let root = FakeProc::new().build();
    let names = Names::new(b"http 80/tcp\nssh 22/tcp\nssh 22/udp\n", b"");
    let outcome = ours::run_granted(&root, &names, &words_of_shell(&line), None);
    assert_eq!((outcome.stderr.to_string().as_str(), outcome.status), ("", 0), "{line}");
}

/// Returns the words of a command after its name: here only a filter is quoted, and as a whole.
fn words_of_shell(line: &str) -> Vec<String> {
    let line = line.strip_prefix("ss ").expect("an ss command");
    let (plain, quoted) = match line.split_once('\'') {
        Some((plain, quoted)) => (plain, quoted.strip_suffix('\'')),
        None => (line, None),
    };
    plain.split_whitespace().chain(quoted).map(String::from).collect()
}
