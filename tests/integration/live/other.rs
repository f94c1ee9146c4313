//! The sockets of a network namespace other than that of this process.

#![expect(clippy::disallowed_methods, reason = "the test makes a namespace and opens its tables")]

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    os::fd::{AsFd, AsRawFd as _},
    process::{Command, Stdio},
    sync::Arc,
};

use bstr::BStr;
use cap_std::ambient_authority;
use procnetsocket::{ErrorKind, Family, Query, SocketTables, Source, model::TcpState};
use socket_query::{Grant, GrantSet, Names, Policy, PolicyView};
use ss_builtin::Ss;

use super::{line::words, namespace::inside, program::Program};
use crate::{escape::program::shell, ours};

/// Listens on a port, prints it, and ends with its input.
const SERVER: &str = "\
import socket, sys
listener = socket.create_server(('', 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()";

/// Listings of another namespace.
const LINES: [&str; 8] = [
    "-tlnN blue",
    "-N blue -tlnomH",
    "-N blue -N blue -tln",
    "--net=blue -tanim",
    "-N blue -an -A all,!netlink,!raw",
    "-N blue -0xa",
    "-N blue -tB",
    "-N blue -tln sport = :1",
];

/// Calls `look` with another network namespace, in which a port listens.
fn with_other(look: impl FnOnce(&File, u16)) {
    let mut server = Command::new("unshare")
        .args(["-n", "python3", "-c", SERVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let namespace = File::open(format!("/proc/{}/ns/net", server.id())).unwrap();
    look(&namespace, port.trim().parse().unwrap());
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}

/// Calls `look` with a network namespace that `ip netns` would call `blue`.
fn with_blue(look: impl FnOnce(&File, u16)) {
    with_other(|namespace, port| {
        let place = "mount -t tmpfs none /run && mkdir /run/netns && : > /run/netns/blue";
        let fd = namespace.as_raw_fd();
        let mount = format!("{place} && mount --bind /proc/$PPID/fd/{fd} /run/netns/blue");
        assert!(Command::new("sh").args(["-c", &mount]).status().unwrap().success());
        look(namespace, port);
    });
}

fn listening(tables: &SocketTables) -> Vec<u16> {
    let listing = tables.list(&Query::tcp().family(Family::V4)).unwrap();
    let listeners = listing.rows.iter().filter(|row| row.state == TcpState::Listen);
    listeners.map(|row| row.local.port()).collect()
}

#[test]
fn tables_of_another_namespace_show_its_sockets() {
    inside("live::other::tables_of_another_namespace_show_its_sockets", || {
        with_other(|namespace, port| {
            let here = SocketTables::open_ambient(ambient_authority()).unwrap();
            let there =
                SocketTables::open_ambient_in(ambient_authority(), namespace.as_fd()).unwrap();
            assert_eq!((listening(&here), listening(&there)), (vec![], vec![port]));
            assert!(there.local_port_range().is_ok());
            let error = there.list(&Query::tcp().with_source(Source::ProcText)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert_eq!(there.sockstat().unwrap_err().kind(), ErrorKind::Unsupported);
            let again = SocketTables::open_ambient(ambient_authority()).unwrap();
            assert_eq!(listening(&again), [0; 0], "this process has moved");
        });
    });
}

#[test]
fn other_file_is_refused_as_namespace() {
    inside("live::other::other_file_is_refused_as_namespace", || {
        for path in ["/dev/null", "/proc/self/ns/mnt"] {
            let file = File::open(path).unwrap();
            let error =
                SocketTables::open_ambient_in(ambient_authority(), file.as_fd()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{path}");
        }
    });
}

#[test]
fn view_shows_a_namespace_under_its_grant_and_name() {
    inside("live::other::view_shows_a_namespace_under_its_grant_and_name", || {
        with_other(|namespace, _| {
            let open = || SocketTables::open_ambient(ambient_authority()).unwrap();
            let there =
                SocketTables::open_ambient_in(ambient_authority(), namespace.as_fd()).unwrap();
            let there = Arc::new(there);
            let view = |grants: &[Grant]| {
                let grants: GrantSet = grants.iter().copied().collect();
                PolicyView::new(Arc::new(open()), Policy::new(grants), Names::default())
                    .with_namespace("blue", Arc::clone(&there))
            };
            let granted = view(&[Grant::Sockets, Grant::Namespaces]);
            assert!(granted.namespace(BStr::new("blue")).is_ok());
            let error = granted.namespace(BStr::new("red\x1b")).unwrap_err();
            assert_eq!(
                error.to_string(),
                "expected the name of a network namespace that this host shows, but found \"red\\x1b\""
            );
            let error = view(&[Grant::Sockets]).namespace(BStr::new("blue")).unwrap_err();
            assert_eq!(error.kind(), socket_query::ErrorKind::NotGranted(Grant::Namespaces));
        });
    });
}

fn open_in(namespace: &File) -> Arc<SocketTables> {
    Arc::new(SocketTables::open_ambient_in(ambient_authority(), namespace.as_fd()).unwrap())
}

#[test]
fn command_lists_a_namespace_by_name() {
    inside("live::other::command_lists_a_namespace_by_name", || {
        with_other(|namespace, port| {
            let here = Arc::new(SocketTables::open_ambient(ambient_authority()).unwrap());
            let policy = Policy::new([Grant::Sockets, Grant::Namespaces].into_iter().collect());
            let view = PolicyView::new(here, policy, Names::default())
                .with_namespace("blue", open_in(namespace));
            let ss = Ss::new(view);
            let run = |line: &str| ours::call(&ss, &words(line), None);
            let there = run("-HtlnN blue");
            assert!(there.stdout.to_string().contains(&format!("0.0.0.0:{port} ")), "{there:?}");
            assert_eq!((run("-Htln").stdout.len(), there.status), (0, 0));
            assert_eq!(run("-N red -HtlnN blue"), there, "the last one counts");
            let unknown = run("-tlnN red");
            assert_eq!(
                (unknown.stdout.len(), unknown.stderr.to_string().as_str(), unknown.status),
                (
                    0,
                    "ss: expected the name of a network namespace that this host shows, \
                     but found \"red\"\n",
                    1
                )
            );
        });
    });
}

#[test]
fn confined_shell_lists_a_namespace_as_the_real_one_does() {
    inside("live::other::confined_shell_lists_a_namespace_as_the_real_one_does", || {
        with_blue(|_, port| {
            let ours = |line: &str| {
                let script = format!("ss {line}");
                let grants = ["--grant", "sockets,namespaces", "--namespace", "blue"];
                shell(&[&grants, &["-c", script.as_str()][..]].concat(), &[])
            };
            let listed = ours("-HtlnN blue");
            assert!(listed.stdout.to_string().contains(&format!(":{port} ")), "{listed:?}");
            let Some(real) = Program::real() else { return };
            for line in LINES {
                let expected = real.run(&words(line), None);
                assert_eq!(ours(line), expected, "ss {line}");
            }
            assert_eq!(real.run(&words("-N red -t"), None).status, ours("-N red -t").status);
        });
    });
}

#[test]
fn shell_lists_only_existing_granted_namespaces() {
    inside("live::other::shell_lists_only_existing_granted_namespaces", || {
        with_blue(|_, _| {
            let run = |args: &[&str]| {
                let outcome = shell(args, &[]);
                (outcome.stderr.to_string(), outcome.status)
            };
            let granted = ["--grant", "sockets,namespaces", "-c", ":"];
            for (args, message) in [
                (
                    &["--namespace", "blue", "-c", ":"][..],
                    "--namespace needs the grant \"namespaces\", which is not given",
                ),
                (
                    &["--namespace", "blue", "--proc-root", "/run"],
                    "--namespace is of the system, and --proc-root shows nothing of it",
                ),
                (
                    &["--namespace", "red"],
                    "cannot open the network namespace \"/run/netns/red\": \
                     No such file or directory (os error 2)",
                ),
                (
                    &["--namespace", "red=/dev/null"],
                    "cannot list the sockets of the network namespace \"red\": ",
                ),
            ] {
                let with = if args.contains(&"-c") { &[][..] } else { &granted };
                let (stderr, status) = run(&[args, with].concat());
                assert!(stderr.starts_with(&format!("host-shell: {message}")), "{stderr}");
                assert_eq!(status, 2);
            }
            let status = ["--namespace", "blue", "--namespace", "red=/run/netns/blue", "--status"];
            let reported = shell(&[&granted[..2], &status].concat(), &[]);
            assert!(
                reported.stdout.to_string().contains("\nnamespaces: blue, red\n"),
                "{reported:?}"
            );
        });
    });
}
