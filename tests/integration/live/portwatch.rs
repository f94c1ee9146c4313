//! `portwatch` in a shell, while servers outside of it start and stop.

#![expect(clippy::disallowed_methods, reason = "servers of the test, in a separate namespace")]

use std::{
    io::{self, Write},
    net::{TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener},
    },
    process::Command,
    sync::{Arc, mpsc},
};

use boon::{Compiler, Schemas};
use builtin_api::{Registry, Sandbox};
use cap_std::ambient_authority;
use host_shell::{Script, Shell};
use portwatch_builtin::PortWatch;
use procnetsocket::SocketTables;
use socket_query::{Names, Policy, PolicyView};
use ss_builtin::Ss;

use super::namespace::inside;
use crate::workspace;

/// Output that is sent to the test as it is written.
struct LiveOutput(mpsc::Sender<Vec<u8>>);

impl Write for LiveOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // OK because the receiver may be gone.
        let _ = self.0.send(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn shell() -> Shell {
    let tables = SocketTables::open_ambient(ambient_authority()).unwrap();
    let view = PolicyView::new(Arc::new(tables), Policy::default(), Names::default());
    let mut registry = Registry::new();
    registry.register(Ss::new(view.clone())).unwrap();
    registry.register(PortWatch::new(view)).unwrap();
    Shell::builder().registry(registry).sandbox(Sandbox::empty()).build().unwrap()
}

/// Runs a script. After each printed line, the next action is done outside. Returns what was
/// printed, and the status.
fn run(script: &str, outside: &mut dyn FnMut(usize)) -> (String, u8) {
    let mut shell = shell();
    let script = Script { text: script.to_owned(), ..Script::default() };
    let (sender, pieces) = mpsc::channel();
    std::thread::scope(|scope| {
        let running = scope.spawn(move || {
            let mut stderr = Vec::new();
            let outcome = shell.run(&script, &mut LiveOutput(sender), &mut stderr);
            assert_eq!(String::from_utf8(stderr).unwrap(), "");
            outcome.status.code()
        });
        let (mut printed, mut lines) = (String::new(), 0);
        for piece in pieces {
            printed.push_str(std::str::from_utf8(&piece).unwrap());
            while lines < printed.lines().count() {
                outside(lines);
                lines += 1;
            }
        }
        (printed, running.join().unwrap())
    })
}

#[test]
fn script_waits_for_a_server_outside_and_for_its_end() {
    inside("live::portwatch::script_waits_for_a_server_outside_and_for_its_end", || {
        let script = "
            echo waiting; portwatch --wait :8080 || exit 1
            echo up; ss -Htln 'sport = :8080' | wc -l
            echo waiting; portwatch --gone :8080 || exit 2
            echo down; ss -Htln | wc -l; exit 3";
        let mut server = None;
        let (printed, status) = run(script, &mut |line| match line {
            0 => server = Some(TcpListener::bind("0.0.0.0:8080").unwrap()),
            3 => server = None,
            _ => {}
        });
        assert_eq!((printed.as_str(), status), ("waiting\nup\n1\nwaiting\ndown\n0\n", 3));
    });
}

#[test]
fn script_waits_for_a_unix_socket_outside_and_for_its_end() {
    inside("live::portwatch::script_waits_for_a_unix_socket_outside_and_for_its_end", || {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        let script = format!(
            "echo waiting; portwatch --wait {path} || exit 1
             echo waiting; portwatch --wait unix:@x {path} || exit 2
             portwatch --list -x | cut -d ' ' -f 1,2
             echo waiting; portwatch --gone {path} --gone unix:@x || exit 3
             echo down; portwatch --list -x; exit 4",
            path = path.display()
        );
        let (mut with_path, mut with_name) = (None, None);
        let (printed, status) = run(&script, &mut |line| match line {
            0 => with_path = Some(UnixListener::bind(&path).unwrap()),
            1 => {
                let name = SocketAddr::from_abstract_name("x").unwrap();
                with_name = Some(UnixListener::bind_addr(&name).unwrap());
            }
            4 => (with_path, with_name) = (None, None),
            _ => {}
        });
        let expected =
            format!("waiting\nwaiting\nunix {}\nunix @x\nwaiting\ndown\n", path.display());
        assert_eq!((printed, status), (expected, 4));
    });
}

#[test]
fn bare_port_is_found_at_every_address() {
    inside("live::portwatch::bare_port_is_found_at_every_address", || {
        assert!(Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap().success());
        for address in ["127.0.0.1:8080", "0.0.0.0:8080", "[::1]:8080", "[::]:8080"] {
            let mut server = None;
            let script = "echo waiting; portwatch --wait :8080; echo up; portwatch --gone 8080";
            let (printed, status) = run(script, &mut |line| match line {
                0 => server = Some(TcpListener::bind(address).unwrap()),
                _ => server = None,
            });
            assert_eq!((printed.as_str(), status), ("waiting\nup\n", 0), "{address}");
        }
    });
}

#[test]
fn events_are_printed_at_once_and_match_the_schema() {
    inside("live::portwatch::events_are_printed_at_once_and_match_the_schema", || {
        let servers = TcpListener::bind("0.0.0.0:1").unwrap();
        let mut servers = (Some(servers), None);
        let script = "portwatch --initial --count 2 --json-lines; portwatch --list --json-lines";
        // Each change waits for the line of the previous one.
        let (printed, status) = run(script, &mut |line| match line {
            0 => servers.1 = Some(UdpSocket::bind("[::]:2").unwrap()),
            1 => servers.0 = None,
            _ => {}
        });
        assert_eq!(status, 0);
        let lines: Vec<serde_json::Value> =
            printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let reported: Vec<_> = lines
            .iter()
            .map(|line| format!("{} {}", line["event"], line["local"]["port"]))
            .collect();
        assert_eq!(reported, [r#""initial" 1"#, r#""opened" 2"#, r#""closed" 1"#, "null 2"]);
        check_schema(&lines);
    });
}

fn check_schema(lines: &[serde_json::Value]) {
    let location = "file:///portwatch.schema.json";
    let schema = serde_json::from_slice(&workspace::read("docs/portwatch.schema.json")).unwrap();
    let mut compiler = Compiler::new();
    compiler.add_resource(location, schema).unwrap();
    let mut schemas = Schemas::new();
    let index = compiler.compile(location, &mut schemas).unwrap();
    for line in lines {
        schemas.validate(line, index).unwrap_or_else(|error| panic!("{line}: {error}"));
        let mut other = line.clone();
        other["pid"] = 1.into();
        assert!(schemas.validate(&other, index).is_err(), "a schema that allows all says nothing");
    }
}
