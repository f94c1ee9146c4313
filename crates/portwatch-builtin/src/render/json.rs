//! Ports and events as JSON objects, one per line. `docs/portwatch.schema.json` describes them.

use std::{
    io::{self, Write},
    net::IpAddr,
    num::NonZeroU32,
};

use builtin_api::Rfc3339;
use builtin_cli::{Escaped, json};
use port_monitor::{Event, Port, PortProcess};
use procnetsocket::{NetNamespace, model::Inode};
use serde::Serialize;

/// Writes an event: its kind, its number and time, and the port.
pub(super) fn write_event(out: &mut dyn Write, event: &Event) -> io::Result<()> {
    let Event { sequence, time, kind, port, .. } = event;
    let time = Rfc3339(*time).to_string();
    json::write(
        out,
        &EventObject { event: kind.name(), sequence: *sequence, time, port: port.into() },
    )
}

/// Writes a port.
pub(super) fn write_port(out: &mut dyn Write, port: &Port) -> io::Result<()> {
    json::write(out, &PortObject::from(port))
}

#[derive(Serialize)]
struct EventObject {
    event: &'static str,
    sequence: u64,
    time: String,
    #[serde(flatten)]
    port: PortObject,
}

/// A port. Unknown values are absent.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
struct PortObject {
    protocol: &'static str,
    local: EndpointForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inode: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backlog: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    v6_only: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<NonZeroU32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<NamespaceObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<Vec<ProcessObject>>,
}

/// The network namespace of the port.
#[derive(Serialize)]
struct NamespaceObject {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    inode: Option<u64>,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pids: Vec<u32>,
}

#[derive(Default, Serialize)]
struct EndpointForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// A process that has the port open.
#[derive(Serialize)]
struct ProcessObject {
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl From<&Port> for PortObject {
    fn from(port: &Port) -> Self {
        let Port { protocol, local, inode, v6_only, device, backlog, uid, processes, .. } = port;
        let namespace = port.namespace.as_deref().map(NamespaceObject::from);
        let local = match local.inet() {
            Some(local) => {
                EndpointForm { address: Some(local.ip()), port: Some(local.port()), name: None }
            }
            None => EndpointForm {
                name: local.unix_name().map(|name| text(&name)),
                ..EndpointForm::default()
            },
        };
        Self {
            protocol: protocol.name(),
            local,
            uid: *uid,
            inode: inode.map(Inode::get),
            backlog: *backlog,
            v6_only: *v6_only,
            interface: device.as_ref().map(|device| device.index),
            device: device.as_ref().and_then(|device| device.name.as_ref()).map(|name| text(name)),
            namespace,
            processes: processes.as_ref().map(|all| all.iter().map(ProcessObject::from).collect()),
        }
    }
}

impl From<&NetNamespace> for NamespaceObject {
    fn from(namespace: &NetNamespace) -> Self {
        Self {
            id: namespace.id.get(),
            inode: namespace.inode.map(Inode::get),
            names: namespace.names.iter().map(|name| text(name)).collect(),
            pids: namespace.pids.iter().map(|pid| pid.get()).collect(),
        }
    }
}

impl From<&PortProcess> for ProcessObject {
    fn from(process: &PortProcess) -> Self {
        Self { pid: process.pid.get(), name: process.name.as_ref().map(|name| text(name)) }
    }
}

/// Returns bytes as text. Bytes that are not printable ASCII, and the backslash, are `\xNN`.
fn text(bytes: &[u8]) -> String {
    Escaped::new(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use port_monitor::{BoundInterface, Protocol};
    use procnetsocket::model::UnixName;

    use super::*;

    fn object(port: &Port) -> String {
        let mut out = Vec::new();
        write_port(&mut out, port).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn unix_sockets_have_names() {
        let name = UnixName::Abstract(b"a\0\"".into());
        assert_eq!(
            object(&Port::unix(name, None)),
            r#"{"protocol":"unix","local":{"name":"@a@\""}}"#
        );
        let hidden = Port::unix(UnixName::Unnamed, None);
        assert_eq!(object(&hidden), r#"{"protocol":"unix","local":{}}"#);
    }

    #[test]
    fn hostile_name_cannot_end_its_string() {
        let mut port = Port::new(Protocol::Udp, ([0, 0, 0, 0], 67).into(), None);
        let name = Some(b"a\"\\\n\x1b\xff".into());
        port.device = Some(BoundInterface { index: std::num::NonZeroU32::MIN, name });
        port.backlog = Some(128);
        port.v6_only = Some(true);
        let name = Some(b"x\"\x00".into());
        port.processes = Some(vec![PortProcess { pid: procnetsocket::Pid::new(7).unwrap(), name }]);
        assert_eq!(
            object(&port),
            r#"{"protocol":"udp","local":{"address":"0.0.0.0","port":67},"backlog":128,"v6_only":true,"interface":1,"device":"a\"\\x5c\\x0a\\x1b\\xff","processes":[{"pid":7,"name":"x\"\\x00"}]}"#
        );
    }
}
