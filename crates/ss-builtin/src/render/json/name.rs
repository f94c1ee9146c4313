//! The names for the numbers of a socket.

use std::num::NonZeroU32;

use bstr::{BStr, ByteSlice};
use procnetsocket::model::{InetSocket, Socket};
use serde::Serialize;
use socket_query::{container_id, ethertype, netlink_family, systemd_unit};

use crate::{
    cli::{Detail, NameDisplay},
    render::row::RowRenderer,
};

/// Names, beside the numbers of the row. A byte that is not UTF-8 is U+FFFD here.
#[derive(Default, PartialEq, Serialize)]
pub(super) struct NamesForm {
    #[serde(skip_serializing_if = "Option::is_none")]
    protocol: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_port: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_port: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cgroup: Option<String>,
    /// The container that the control group belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<String>,
    /// The systemd unit that the control group belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
}

impl NamesForm {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl RowRenderer<'_> {
    /// Returns the names that the text listing shows with the same options.
    pub(super) fn names_of(&self, socket: &Socket<'_>) -> NamesForm {
        let interface = |index| self.interface_name(index);
        match socket {
            Socket::Inet(inet) => self.names_of_inet(inet),
            Socket::Packet(packet) => NamesForm {
                protocol: self.unless_numeric(ethertype(packet.protocol)),
                interface: packet.interface.and_then(interface),
                ..NamesForm::default()
            },
            Socket::Netlink(netlink) => NamesForm {
                protocol: self.unless_numeric(netlink_family(netlink.protocol)),
                ..NamesForm::default()
            },
            Socket::Xdp(xdp) => {
                let bound = xdp.detail.queue.and_then(|queue| NonZeroU32::new(queue.interface));
                NamesForm { interface: bound.and_then(interface), ..NamesForm::default() }
            }
            _ => NamesForm::default(),
        }
    }

    fn names_of_inet(&self, inet: &InetSocket) -> NamesForm {
        let port = |port| self.ports.name_of(inet.protocol, port).map(text);
        let shows_cgroup = self.shows(Detail::Extended) || self.shows(Detail::Cgroup);
        let cgroup = inet.detail.cgroup_id.filter(|_| shows_cgroup);
        let cgroup = cgroup.and_then(|id| self.cgroups.path(id));
        NamesForm {
            protocol: None,
            local_port: port(inet.local.port()),
            peer_port: port(inet.remote.port()),
            interface: inet.interface.and_then(|index| self.interface_name(index)),
            cgroup: cgroup.map(text),
            container: cgroup.and_then(container_id).map(str::to_owned),
            unit: cgroup.and_then(systemd_unit).map(text),
        }
    }

    fn interface_name(&self, index: NonZeroU32) -> Option<String> {
        self.interfaces.known_name(index, text)
    }

    fn unless_numeric(&self, name: Option<&'static str>) -> Option<&'static str> {
        name.filter(|_| self.names == NameDisplay::Resolved)
    }
}

fn text(name: &BStr) -> String {
    name.to_str_lossy().into_owned()
}
