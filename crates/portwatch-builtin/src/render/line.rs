//! Ports and events as lines of text.

use std::{fmt, net::SocketAddr};

use builtin_api::Rfc3339;
use builtin_cli::Escaped;
use port_monitor::{Event, Port, PortProcess};

/// An event: time, kind and port.
pub(crate) struct EventLine<'a>(pub(crate) &'a Event);

impl fmt::Display for EventLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { time, kind, port, .. } = self.0;
        write!(f, "{} {} {}", Rfc3339(*time), kind.name(), PortLine(port))
    }
}

/// A port: protocol, address, and its details as `ss -e` prints them.
pub(crate) struct PortLine<'a>(pub(crate) &'a Port);

impl fmt::Display for PortLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Port { protocol, local, inode, v6_only, backlog, uid, .. } = self.0;
        let device = PrintedInterface(self.0);
        match (local.inet(), local.unix_name()) {
            (Some(SocketAddr::V6(local)), _) => {
                write!(f, "{protocol} [{}]{device}:{}", local.ip(), local.port())?;
            }
            (Some(SocketAddr::V4(local)), _) => {
                write!(f, "{protocol} {}{device}:{}", local.ip(), local.port())?;
            }
            (None, Some(name)) => {
                write!(f, "{protocol} {}", Escaped::column(&name).without_backslash())?;
            }
            (None, None) => write!(f, "{protocol} *")?,
        }
        if let Some(uid) = uid {
            write!(f, " uid:{uid}")?;
        }
        if let Some(inode) = inode {
            write!(f, " ino:{inode}")?;
        }
        if let Some(backlog) = backlog {
            write!(f, " backlog:{backlog}")?;
        }
        if let Some(v6_only) = v6_only {
            write!(f, " v6only:{}", u8::from(*v6_only))?;
        }
        if let Some(namespace) = &self.0.namespace {
            write!(f, " netns:{}", namespace.label())?;
        }
        PrintedProcesses(self.0).fmt(f)
    }
}

/// The processes that have a port open: ` users:(("nginx",pid=7))`, or nothing if none is known.
struct PrintedProcesses<'a>(&'a Port);

impl fmt::Display for PrintedProcesses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processes = self.0.processes.as_deref().unwrap_or_default();
        for (index, PortProcess { pid, name }) in processes.iter().enumerate() {
            let name = name.as_ref().map(|name| name.as_slice()).unwrap_or_default();
            let name = Escaped::quoted(name);
            let begin = if index == 0 { " users:(" } else { "," };
            write!(f, "{begin}(\"{name}\",pid={pid})")?;
        }
        if processes.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

/// The interface that a port is bound to: `%eth0`, or nothing.
struct PrintedInterface<'a>(&'a Port);

impl fmt::Display for PrintedInterface<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(device) = &self.0.device else { return Ok(()) };
        match &device.name {
            Some(name) => write!(f, "%{}", Escaped::column(name).without_backslash()),
            None => write!(f, "%if{}", device.index),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use port_monitor::{BoundInterface as On, Protocol};
    use procnetsocket::{Pid, model::UnixName};
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_name("0.0.0.0:67", None, "udp 0.0.0.0%if1:67")]
    #[case::name("[fe80::1]:546", Some(&b"eth0"[..]), "udp [fe80::1]%eth0:546")]
    #[case::hostile("0.0.0.0:67", Some(&b"\x1b[2J\n"[..]), r"udp 0.0.0.0%\x1b[2J\x0a:67")]
    fn shows_the_interface(#[case] local: &str, #[case] name: Option<&[u8]>, #[case] shown: &str) {
        let mut port = Port::new(Protocol::Udp, local.parse().unwrap(), None);
        port.device = Some(On { index: NonZeroU32::MIN, name: name.map(Into::into) });
        assert_eq!(PortLine(&port).to_string(), shown);
    }

    #[test]
    fn unix_names_are_escaped_and_may_be_hidden() {
        let mut port = Port::unix(UnixName::Pathname("/größe x\n".into()), None);
        port.uid = Some(7);
        assert_eq!(PortLine(&port).to_string(), r"unix /größe\x20x\x0a uid:7");
        assert_eq!(PortLine(&Port::unix(UnixName::Unnamed, None)).to_string(), "unix *");
    }

    #[test]
    fn shows_known_details() {
        let mut port = Port::new(Protocol::Tcp, "[::]:80".parse().unwrap(), None);
        port.inode = procnetsocket::model::Inode::new(5);
        port.backlog = Some(128);
        port.v6_only = Some(false);
        assert_eq!(PortLine(&port).to_string(), "tcp [::]:80 ino:5 backlog:128 v6only:0");
    }

    #[test]
    fn shows_the_processes() {
        let mut port = Port::new(Protocol::Tcp, "0.0.0.0:80".parse().unwrap(), None);
        port.processes = Some(Vec::new());
        assert_eq!(PortLine(&port).to_string(), "tcp 0.0.0.0:80");
        let process =
            |pid, name: &[u8]| PortProcess { pid: Pid::new(pid).unwrap(), name: Some(name.into()) };
        port.processes = Some(vec![process(7, b"nginx"), process(8, b"a\",\n")]);
        assert_eq!(
            PortLine(&port).to_string(),
            r#"tcp 0.0.0.0:80 users:(("nginx",pid=7),("a\x22,\x0a",pid=8))"#
        );
    }
}
