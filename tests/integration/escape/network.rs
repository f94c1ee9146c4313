//! Attempts to reach a listener on this machine's loopback.

#![expect(clippy::disallowed_methods, reason = "a test listens, to see that no connection arrives")]

use std::net::TcpListener;

use rstest::rstest;

use super::{
    attempt::tells_no_secret,
    program::{in_bash, in_shell},
    tree::Tree,
};

/// A listener whose connections are not accepted while a script runs.
struct Listener(TcpListener);

impl Listener {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    /// Returns a script in which `$P` is the port.
    fn script(&self, script: &str) -> String {
        format!("P={}; {script}", self.0.local_addr().unwrap().port())
    }

    /// Returns whether a connection arrived. Until then it waits in the queue of the kernel.
    fn was_reached(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[rstest]
#[case::opened("exec 3<> /dev/tcp/127.0.0.1/$P", 1)]
#[case::written("echo x > /dev/tcp/127.0.0.1/$P", 1)]
#[case::written_by_name("echo x > /dev/tcp/localhost/$P", 1)]
#[case::printf("printf x > /dev/tcp/127.0.0.1/$P", 1)]
#[case::coproc("coproc { echo x > /dev/tcp/127.0.0.1/$P; }; wait", 0)]
#[case::in_the_background("echo x > /dev/tcp/127.0.0.1/$P & wait", 0)]
#[case::in_bash("bash -c \"echo x > /dev/tcp/127.0.0.1/$P\"", 1)]
#[case::curl("curl -s -m 1 http://127.0.0.1:$P/", 1)]
#[case::curl_telnet("curl -s -m 1 telnet://127.0.0.1:$P < /dev/null", 1)]
#[case::wget("wget -q -T 1 -t 1 -O- http://127.0.0.1:$P/", 1)]
#[case::netcat("nc -w 1 127.0.0.1 $P < /dev/null", 127)]
#[case::ssh("ssh -o BatchMode=yes -o ConnectTimeout=1 -p $P 127.0.0.1", 127)]
#[case::python("python3 -c \"import socket; socket.create_connection(('127.0.0.1', $P))\"", 127)]
#[case::git("GIT_TERMINAL_PROMPT=0 timeout 1 git ls-remote git://127.0.0.1:$P/x", 127)]
fn attempt_contacts_no_process_or_service(#[case] script: &str, #[case] status: i32) {
    let (tree, listener) = (Tree::new(), Listener::new());
    if let Some(bash) = in_bash(&tree, &listener.script(script)) {
        let lacks = bash.status == 127;
        assert!(listener.was_reached() || lacks, "the attempt fails in bash too: {bash:?}");
    }
    let listener = Listener::new();
    let outcome = in_shell(&tree, &listener.script(script));
    assert!(!listener.was_reached(), "it connected: {outcome:?}");
    tells_no_secret(&outcome);
    assert_eq!(outcome.status, status, "{outcome:?}");
}

/// A script can create a file with that name in memory, which opens no connection.
#[test]
fn name_of_a_connection_is_a_file_in_memory() {
    let (tree, listener) = (Tree::new(), Listener::new());
    let script = "mkdir -p /dev/tcp/127.0.0.1; echo x > /dev/tcp/127.0.0.1/$P";
    let outcome = in_shell(&tree, &listener.script(script));
    assert!(!listener.was_reached(), "{outcome:?}");
}
