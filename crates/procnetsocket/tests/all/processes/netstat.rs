//! Connections with everything joined.

use procnetsocket::{
    Connection, Fact, NetstatProtocol, SocketTables, UserNames,
    model::{Socket, TcpState},
};
use testkit::{Datagram, FakeProc, ProcTable, Process, Tcp, Unix};

/// A service that several processes share, a listener that shares its port with another, a
/// connection, datagrams and a unix socket.
fn machine() -> FakeProc {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").uid(33).inode(500).queues(16, 128))
        .tcp(Tcp::listen("127.0.0.1:80").uid(33).inode(501))
        .tcp(Tcp::time_wait("127.0.0.1:80", "127.0.0.1:4000"))
        .tcp(Tcp::established("[::1]:80", "[::1]:4001").uid(0).inode(502))
        .udp(Datagram::bound("0.0.0.0:53").uid(7).inode(503))
        .udp(Datagram::bound("[::1]:53").inode(504))
        .unix(Unix::stream().path("/run/x").listening().inode(505))
        .process(
            Process::new(10, "master")
                .uid(0)
                .arguments("master\0-d\0")
                .socket(3, 500)
                .socket(4, 501),
        )
        .process(Process::new(11, "worker").uid(33).executable(None).socket(3, 500))
        .process(Process::new(12, "other").socket(9, 505).socket(5, 503))
}

fn show(connection: &Connection<'_>, users: &UserNames) -> String {
    let protocol = connection.protocol.name();
    let what = match connection.socket {
        Socket::Inet(inet) => format!(
            "{} {} {:?} {}/{}",
            inet.local, inet.remote, inet.state, inet.queues.recv, inet.queues.send
        ),
        Socket::Unix(unix) => format!("{:?}", unix.name),
        _ => "?".to_owned(),
    };
    let user = match (connection.user(users), connection.uid()) {
        (Some(name), _) => name.to_string(),
        (None, Some(uid)) => uid.to_string(),
        (None, None) => "-".to_owned(),
    };
    let inode = connection.inode().map_or(0, procnetsocket::model::Inode::get);
    let mut processes: Vec<_> = connection
        .processes()
        .map(|process| {
            let task = process.task;
            let command = match &task.command_line {
                Fact::Known(words) => bstr::join(" ", words),
                _ => Vec::new(),
            };
            let executable = match &task.executable {
                Fact::Known(path) => path.to_string(),
                other => format!("{other:?}"),
            };
            format!("{} {} {executable} {:?}", task.pid, process.fd, bstr::BString::from(command))
        })
        .collect();
    processes.sort();
    format!("{protocol} {what} {user} {inode} [{}]", processes.join("; "))
}

#[test]
fn everything_is_joined() {
    let root = machine().build();
    let users = UserNames::new(b"root:x:0:0::/:\nwww-data:x:33:33::/:\n");
    let tables = SocketTables::from_dir(root.dir());
    let netstat = tables.netstat(&NetstatProtocol::ALL).unwrap();
    let lines: Vec<_> = netstat.connections().map(|connection| show(&connection, &users)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    tcp 127.0.0.1:80 0.0.0.0:0 Listen 16/128 www-data 500 [10 3 /usr/bin/master "master -d"; 11 3 Absent "worker"]
    tcp 127.0.0.1:80 0.0.0.0:0 Listen 0/0 www-data 501 [10 4 /usr/bin/master "master -d"]
    tcp 127.0.0.1:80 127.0.0.1:4000 TimeWait 0/0 - 0 []
    tcp6 [::1]:80 [::1]:4001 Established 0/0 root 502 []
    udp 0.0.0.0:53 0.0.0.0:0 Close 0/0 7 503 [12 5 /usr/bin/other "other"]
    udp6 [::1]:53 [::]:0 Close 0/0 root 504 []
    unix Pathname("/run/x") - 505 [12 9 /usr/bin/other "other"]
    "#);
    assert_eq!(netstat.malformed(), 0);
}

#[test]
fn protocols_are_in_requested_order() {
    let root = machine().without(ProcTable::Tcp6).build();
    let tables = SocketTables::from_dir(root.dir());
    let asked = [NetstatProtocol::Udp6, NetstatProtocol::Tcp6, NetstatProtocol::Tcp];
    let netstat = tables.netstat(&asked).unwrap();
    let names: Vec<_> =
        netstat.connections().map(|connection| connection.protocol.name()).collect();
    assert_eq!(names, ["udp6", "tcp", "tcp", "tcp"]);
}

#[test]
fn malformed_rows_are_counted() {
    let root = machine().raw_line(ProcTable::Tcp, "nonsense").build();
    let tables = SocketTables::from_dir(root.dir());
    let netstat = tables.netstat(&[NetstatProtocol::Tcp]).unwrap();
    assert_eq!((netstat.malformed(), netstat.connections().count()), (1, 3));
}

#[test]
fn connection_without_uid_has_no_user_and_no_process() {
    let root = machine().build();
    let tables = SocketTables::from_dir(root.dir());
    let netstat = tables.netstat(&[NetstatProtocol::Tcp]).unwrap();
    let is_waiting =
        |socket| matches!(socket, Socket::Inet(inet) if inet.state == TcpState::TimeWait);
    let waiting = netstat.connections().find(|connection| is_waiting(connection.socket)).unwrap();
    assert_eq!((waiting.uid(), waiting.inode(), waiting.processes().count()), (None, None, 0));
}
