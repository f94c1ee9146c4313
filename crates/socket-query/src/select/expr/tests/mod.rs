//! The language as a whole, over a fake machine.

mod eval;
mod message;
mod parse;
mod process;
mod property;
mod workload;

use std::{net::IpAddr, num::NonZeroU32};

use bstr::{BStr, ByteSlice as _};
use procnetsocket::{Interrupt, Uninterrupted};

use super::{FilterError, FilterText, Parsed, ValueLookup, ValueScope, parse as parse_text};
use crate::{
    host_name::HostNameError,
    names::Names,
    policy::{Grant, GrantSet, Visibility},
    select::{AddressFamily, SocketTable, TableSet},
};

/// A machine with a few names of each kind.
struct FakeMachine {
    names: Names,
    grants: GrantSet,
    unix_names: Visibility,
    is_everywhere: bool,
    has_cgroups: bool,
}

impl FakeMachine {
    fn new() -> Self {
        let services = b"ssh 22/tcp\nhttp 80/tcp www\ndomain 53/tcp\ndomain 53/udp\ntftp 69/udp\n\
            shell 514/tcp\nsyslog 514/udp\nclash 1/tcp\nclash 2/udp\n";
        Self {
            names: Names::new(services, b""),
            grants: GrantSet::empty(),
            unix_names: Visibility::Shown,
            is_everywhere: false,
            has_cgroups: true,
        }
    }

    fn with_processes() -> Self {
        let grants = GrantSet::empty().with(Grant::Processes).with(Grant::Resolve);
        let names = Self::new().names.with_users(b"root:x:0:0::/:\nweb:x:33:33::/:\n");
        Self { names, grants, ..Self::new() }
    }

    fn resolving() -> Self {
        Self { grants: GrantSet::empty().with(Grant::Resolve), ..Self::new() }
    }
}

impl ValueLookup for FakeMachine {
    fn is_granted(&self, grant: Grant) -> bool {
        self.grants.contains(grant)
    }

    fn unix_names(&self) -> Visibility {
        self.unix_names
    }

    fn names(&self) -> &Names {
        &self.names
    }

    fn interface_index(&self, name: &BStr) -> Option<NonZeroU32> {
        match name.as_bytes() {
            b"lo" => NonZeroU32::new(1),
            b"eth0" => NonZeroU32::new(2),
            b"o\xff" => NonZeroU32::new(3),
            br"o\xff" => NonZeroU32::new(4),
            br"\" => NonZeroU32::new(5),
            _ => None,
        }
    }

    fn is_everywhere(&self) -> bool {
        self.is_everywhere
    }

    /// Every path that begins with `/g` exists, and its length is its id.
    fn cgroup_id(&self, path: &BStr) -> Option<u64> {
        path.starts_with(b"/g").then(|| u64::try_from(path.len()).unwrap())
    }

    fn cgroups_where(&self, is_such: &dyn Fn(&BStr) -> bool) -> Option<Vec<u64>> {
        let groups = (1..).zip(GROUPS).filter(|(_, path)| is_such(BStr::new(path)));
        self.has_cgroups.then(|| groups.map(|(id, _)| id).collect())
    }

    fn addresses(&self, name: &str, _: &dyn Interrupt) -> Result<Vec<IpAddr>, HostNameError> {
        match name {
            "one" => Ok(vec!["10.0.0.1".parse().unwrap()]),
            "both" => Ok(vec!["10.0.0.1".parse().unwrap(), "fe80::1".parse().unwrap()]),
            "none" => Ok(Vec::new()),
            "slow" => Err(HostNameError::TimedOut),
            _ => Err(HostNameError::Unknown),
        }
    }
}

/// Control groups, whose ids are 1 to 4.
const GROUPS: [&str; 4] = [
    "/system.slice/docker-aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000.scope",
    "/system.slice/docker-aabb0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000aaaa0000.scope",
    "/system.slice/nginx.service/worker",
    "/user.slice",
];

fn parse_on(
    machine: &FakeMachine,
    text: &[u8],
    tables: TableSet,
    family: Option<AddressFamily>,
) -> Result<Parsed, FilterError> {
    let text: FilterText = [text].into_iter().collect();
    parse_text(&text, ValueScope::new(machine, tables, family, &Uninterrupted))
}

fn parse(text: &str) -> Result<Parsed, FilterError> {
    parse_on(&FakeMachine::new(), text.as_bytes(), TableSet::ALL, None)
}

/// Returns the expression of a text as it is printed, or the first line of the error.
fn printed(parsed: Result<Parsed, FilterError>) -> String {
    match parsed {
        Ok(Parsed { expr: Some(expr), .. }) => expr.to_string(),
        Ok(_) => "everything".to_owned(),
        Err(error) => error.to_string().lines().next().unwrap().to_owned(),
    }
}

fn only(table: SocketTable) -> TableSet {
    TableSet::of(table)
}
