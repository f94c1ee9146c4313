//! Ports and events as JSON objects, one a line. `docs/portwatch.schema.json` describes them.

use std::fmt;

use builtin_api::Rfc3339;
use builtin_cli::Escaped;
use port_monitor::{Event, Port, PortProcess};

/// An event: what happened, its number and time, and the port.
pub(crate) struct EventJson<'a>(pub(crate) &'a Event);

impl fmt::Display for EventJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Event { sequence, time, kind, port, .. } = self.0;
        write!(f, r#"{{"event":"{}","sequence":{sequence},"#, kind.name())?;
        write!(f, r#""time":"{}",{}}}"#, Rfc3339(*time), Members(port))
    }
}

/// A port.
pub(crate) struct PortJson<'a>(pub(crate) &'a Port);

impl fmt::Display for PortJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", Members(self.0))
    }
}

/// What an object says of a port. What is not known is absent.
struct Members<'a>(&'a Port);

impl fmt::Display for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Port { protocol, local, inode, v6_only, device, backlog, uid, .. } = self.0;
        write!(f, r#""protocol":"{protocol}""#)?;
        match (local.inet(), local.unix_name()) {
            (Some(local), _) => {
                let (address, port) = (local.ip(), local.port());
                write!(f, r#","local":{{"address":"{address}","port":{port}}}"#)?;
            }
            (None, Some(name)) => write!(f, r#","local":{{"name":{}}}"#, Text(&name))?,
            (None, None) => f.write_str(r#","local":{}"#)?,
        }
        if let Some(uid) = uid {
            write!(f, r#","uid":{uid}"#)?;
        }
        if let Some(inode) = inode {
            write!(f, r#","inode":{inode}"#)?;
        }
        if let Some(backlog) = backlog {
            write!(f, r#","backlog":{backlog}"#)?;
        }
        if let Some(v6_only) = v6_only {
            write!(f, r#","v6_only":{v6_only}"#)?;
        }
        if let Some(device) = device {
            write!(f, r#","interface":{}"#, device.index)?;
            if let Some(name) = &device.name {
                write!(f, r#","device":{}"#, Text(name))?;
            }
        }
        self.0.processes.as_ref().map_or(Ok(()), |processes| Processes(processes).fmt(f))
    }
}

/// The processes that hold a port.
struct Processes<'a>(&'a [PortProcess]);

impl fmt::Display for Processes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#","processes":["#)?;
        for (index, PortProcess { pid, name }) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, r#"{comma}{{"pid":{pid}"#)?;
            if let Some(name) = name {
                write!(f, r#","name":{}"#, Text(name))?;
            }
            f.write_str("}")?;
        }
        f.write_str("]")
    }
}

/// Bytes as a JSON string: those that are not printable ASCII as `\xNN`, and so is the backslash.
struct Text<'a>(&'a [u8]);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Escaped::new(self.0).to_string();
        // OK because controls are gone, and of what is left only these two mean something.
        write!(f, "\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use port_monitor::{BoundInterface, Protocol};
    use procnetsocket::model::UnixName;

    use super::*;

    #[test]
    fn unix_sockets_have_names() {
        let name = UnixName::Abstract(b"a\0\"".into());
        assert_eq!(
            PortJson(&Port::unix(name, None)).to_string(),
            r#"{"protocol":"unix","local":{"name":"@a@\""}}"#
        );
        let hidden = Port::unix(UnixName::Unnamed, None);
        assert_eq!(PortJson(&hidden).to_string(), r#"{"protocol":"unix","local":{}}"#);
    }

    #[test]
    fn a_hostile_name_stays_a_string() {
        let mut port = Port::new(Protocol::Udp, ([0, 0, 0, 0], 67).into(), None);
        let name = Some(b"a\"\\\n\x1b\xff".into());
        port.device = Some(BoundInterface { index: std::num::NonZeroU32::MIN, name });
        port.backlog = Some(128);
        port.v6_only = Some(true);
        let name = Some(b"x\"\x00".into());
        port.processes = Some(vec![PortProcess { pid: procnetsocket::Pid::new(7).unwrap(), name }]);
        assert_eq!(
            PortJson(&port).to_string(),
            r#"{"protocol":"udp","local":{"address":"0.0.0.0","port":67},"backlog":128,"v6_only":true,"interface":1,"device":"a\"\\x5c\\x0a\\x1b\\xff","processes":[{"pid":7,"name":"x\"\\x00"}]}"#
        );
    }
}
