//! Lists connections with their processes.
//!
//! ```text
//! cargo run -p procnetsocket --example netstat
//! cargo run -p procnetsocket --example netstat -- tcp tcp6
//! ```
//!
//! Names, paths and arguments are quoted: other users have chosen them.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "this program is its own host"
)]

use bstr::ByteSlice;
use cap_std::ambient_authority;
use procnetsocket::{
    Connection, Fact, NetstatProtocol, ProcVisibility, SocketProcess, SocketTables, UserNames,
    model::Socket,
};

fn main() -> Result<(), procnetsocket::Error> {
    let tables = SocketTables::open_ambient(ambient_authority())?;
    // OK because a system without the table has no names.
    let users = UserNames::new(&std::fs::read("/etc/passwd").unwrap_or_default());
    let netstat = tables.netstat(&protocols())?;
    for connection in netstat.connections() {
        println!("{}", line(&connection, &users));
        for process in connection.processes() {
            println!("        {}", show_process(&process));
        }
    }
    let processes = netstat.processes();
    if processes.closed() > 0 {
        eprintln!("processes that could not be read: {}", processes.closed());
    }
    match processes.visibility() {
        ProcVisibility::Some => eprintln!("this /proc is mounted to hide processes"),
        ProcVisibility::Namespace => eprintln!("this /proc is that of a PID namespace"),
        _ => {}
    }
    Ok(())
}

/// Returns the protocols that the arguments name, or all of them.
fn protocols() -> Vec<NetstatProtocol> {
    let named: Vec<_> = std::env::args().skip(1).collect();
    let is_wanted = |protocol: &NetstatProtocol| {
        named.is_empty() || named.iter().any(|name| name == protocol.name())
    };
    NetstatProtocol::ALL.into_iter().filter(is_wanted).collect()
}

fn line(connection: &Connection<'_>, users: &UserNames) -> String {
    let protocol = connection.protocol.name();
    let what = match connection.socket {
        Socket::Inet(inet) => format!(
            "{} -> {} {:?} recv {} send {}",
            inet.local, inet.remote, inet.state, inet.queues.recv, inet.queues.send
        ),
        Socket::Unix(unix) => format!("{:?} {:?} {:?}", unix.name, unix.kind, unix.state),
        _ => String::new(),
    };
    let uid = connection.uid().map_or("-".to_owned(), |uid| uid.to_string());
    let user = connection.user(users).map_or(uid, |name| format!("{:?}", name.as_bstr()));
    let inode = connection.inode().map_or("-".to_owned(), |inode| inode.to_string());
    format!("{protocol:<5} {what} user {user} inode {inode}")
}

fn show_process(process: &SocketProcess<'_>) -> String {
    let task = process.task;
    let executable = match &task.executable {
        Fact::Known(path) => format!("{path:?}"),
        Fact::NotPermitted => "an executable that may not be known".to_owned(),
        _ => "no executable".to_owned(),
    };
    let words = task.command_line.as_ref().known().map(Vec::as_slice).unwrap_or_default();
    format!("pid {} fd {} {executable} {words:?}", task.pid, process.fd)
}
