//! The values in a filter: hosts, ports, interfaces, marks, control groups.

mod cgroup;
mod host;
mod interface;
mod network;
mod number;
mod process;
mod service;
mod workload;

use std::{net::IpAddr, num::NonZeroU32};

use bstr::{BStr, ByteSlice as _};
use procnetsocket::Interrupt;

use self::number::parse_unsigned;
use super::{
    ast::{HostPattern, PortNumber, Predicate, Side},
    error::FilterProblem,
    lex::Subject,
};
use crate::{
    host_name::HostNameError,
    names::Names,
    policy::{Grant, Visibility},
    select::{AddressFamily, TableSet},
};

/// Looks up the values of a filter.
pub(crate) trait ValueLookup {
    /// Returns whether `grant` is granted.
    fn is_granted(&self, grant: Grant) -> bool;
    /// Returns whether names of unix sockets are shown.
    fn unix_names(&self) -> Visibility;
    /// Returns the names of services and users.
    fn names(&self) -> &Names;
    /// Returns the index of the interface with this name.
    fn interface_index(&self, name: &BStr) -> Option<NonZeroU32>;
    /// Returns whether the filter is for all network namespaces, so that names of interfaces are
    /// ambiguous and `netns` is a keyword.
    fn is_everywhere(&self) -> bool;
    /// Returns the id of the control group of that path, which begins with `/` at the mount.
    fn cgroup_id(&self, path: &BStr) -> Option<u64>;
    /// Returns the ids, in order, of the control groups for whose paths `is_such` holds; `None`
    /// when control groups are unknown.
    fn cgroups_where(&self, is_such: &dyn Fn(&BStr) -> bool) -> Option<Vec<u64>>;
    /// Returns the addresses of a host.
    fn addresses(
        &self,
        name: &str,
        interrupt: &dyn Interrupt,
    ) -> Result<Vec<IpAddr>, HostNameError>;
}

/// The state in which values are parsed.
pub(crate) struct ValueScope<'a> {
    machine: &'a dyn ValueLookup,
    tables: TableSet,
    /// The family of values that do not name one.
    family: Option<AddressFamily>,
    /// The family of the last host or port.
    restriction: Option<AddressFamily>,
    /// Polled during the lookup of a name.
    interrupt: &'a dyn Interrupt,
}

/// A parsed value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Hosts(Side, Hosts),
    Port(Side, PortValue),
    Is(Predicate),
}

/// A host; more than one pattern when its name has more than one address.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    pub(super) first: HostPattern,
    pub(super) more: Vec<HostPattern>,
}

impl From<HostPattern> for Hosts {
    fn from(first: HostPattern) -> Self {
        Self { first, more: Vec::new() }
    }
}

/// What a port can be.
#[derive(Clone, Debug)]
pub(super) enum PortValue {
    Number(PortNumber),
    /// Unix sockets have names instead of ports.
    Unix(HostPattern),
}

impl<'a> ValueScope<'a> {
    /// Returns the scope of a filter. `family` is the last one that an option chose.
    pub(crate) fn new(
        machine: &'a dyn ValueLookup,
        tables: TableSet,
        family: Option<AddressFamily>,
        interrupt: &'a dyn Interrupt,
    ) -> Self {
        Self { machine, tables, family, restriction: None, interrupt }
    }

    /// Returns the one family that is listed, if there is one.
    ///
    /// Compat: it is the family of the last host or port of the filter, whatever came before it.
    pub(super) fn restriction(&self) -> Option<AddressFamily> {
        self.restriction
    }

    /// Returns whether the filter is for all network namespaces.
    pub(super) fn is_everywhere(&self) -> bool {
        self.machine.is_everywhere()
    }

    /// Parses a word as a value of `subject`.
    pub(super) fn value(&mut self, subject: Subject, word: &[u8]) -> Result<Value, FilterProblem> {
        match subject {
            Subject::Host(side) => {
                let word = self.enter_family(word);
                host::host(self, word).map(|hosts| Value::Hosts(side, hosts))
            }
            Subject::Port(side) => {
                let word = self.enter_family(word);
                host::port(self, word).map(|port| Value::Port(side, port))
            }
            Subject::Device => device(self, word).map(Value::Is),
            Subject::Mark => mark(word).map(Value::Is),
            Subject::Pid => process::pid(self, word).map(|pid| Value::Is(Predicate::Pid(pid))),
            Subject::PeerPid => {
                process::pid(self, word).map(|pid| Value::Is(Predicate::PeerPid(pid)))
            }
            Subject::Comm => process::comm(self, word).map(|name| Value::Is(Predicate::Comm(name))),
            Subject::PeerComm => {
                process::comm(self, word).map(|name| Value::Is(Predicate::PeerComm(name)))
            }
            Subject::Netns => netns(word).map(Value::Is),
            Subject::User => process::user(self, word).map(Value::Is),
            Subject::Container => workload::container(self, word).map(Value::Is),
            Subject::Unit => workload::unit(self, word).map(Value::Is),
            Subject::Cgroup => cgroup::cgroup(self, word).map(|c| Value::Is(Predicate::Cgroup(c))),
        }
    }

    /// Removes the prefix of a word, and applies its family to all following values.
    fn enter_family<'w>(&mut self, word: &'w [u8]) -> &'w [u8] {
        let (family, rest) = match host::split_family(word) {
            Some((family, rest)) => (Some(family), rest),
            None => (self.family, word),
        };
        self.family = family;
        self.restriction = family;
        rest
    }
}

fn device(scope: &ValueScope<'_>, word: &[u8]) -> Result<Predicate, FilterProblem> {
    let index = interface::index(scope, word)?;
    // OK because an index has 32 bits.
    Ok(Predicate::Device(u32::try_from(index).ok().and_then(NonZeroU32::new)))
}

/// Parses a network namespace: a name or an inode.
fn netns(word: &[u8]) -> Result<Predicate, FilterProblem> {
    match word {
        b"" => Err(FilterProblem::Value { expected: "a network namespace", found: word.into() }),
        word => Ok(Predicate::Netns(word.into())),
    }
}

fn mark(word: &[u8]) -> Result<Predicate, FilterProblem> {
    let (value, mask) = match word.split_once_str("/") {
        Some((value, mask)) => (parse_unsigned(value), parse_unsigned(mask)),
        None => (parse_unsigned(word), Some(u32::MAX)),
    };
    match (value, mask) {
        (Some(value), Some(mask)) => Ok(Predicate::Mark { value, mask }),
        _ => Err(FilterProblem::Value {
            expected: "a mark, as NUMBER or NUMBER/MASK",
            found: word.into(),
        }),
    }
}
