//! Ports of internet sockets.

use super::{ValueScope, number::parse_number};
use crate::{
    names::TransportProtocol,
    select::{
        SocketTable, TableSet,
        expr::{ast::PortNumber, error::FilterProblem},
    },
};

/// Parses a port: a number, the name of a service, or `*`.
///
/// Compat: one colon before it is ignored, and so is what follows a `*`.
pub(super) fn port(scope: &ValueScope<'_>, word: &[u8]) -> Result<PortNumber, FilterProblem> {
    match word.strip_prefix(b":").unwrap_or(word) {
        b"" | [b'*', ..] => Ok(PortNumber::Any),
        word => match parse_number(word) {
            Some(number) => Ok(PortNumber::of(number)),
            None => service(scope, word).map(PortNumber::of),
        },
    }
}

/// Returns the port of a service. A protocol counts only if its table is listed.
fn service(scope: &ValueScope<'_>, name: &[u8]) -> Result<i64, FilterProblem> {
    let udp = look_up(scope, name, SocketTable::Udp, TransportProtocol::Udp);
    let tcp = look_up(scope, name, SocketTable::Tcp, TransportProtocol::Tcp);
    match (udp, tcp) {
        (Some(udp), Some(tcp)) if udp != tcp => Err(FilterProblem::AmbiguousPort(name.into())),
        (Some(port), _) | (None, Some(port)) => Ok(port.into()),
        (None, None) if !is_service_name(name) => Err(FilterProblem::Value {
            expected: "a port or the name of a service",
            found: name.into(),
        }),
        (None, None) if !scope.tables.intersects(WITH_SERVICES) => Err(FilterProblem::NoServices),
        (None, None) => Err(FilterProblem::UnknownService(name.into())),
    }
}

/// The tables whose ports have names.
const WITH_SERVICES: TableSet =
    TableSet::of(SocketTable::Udp).union(TableSet::of(SocketTable::Tcp));

fn look_up(
    scope: &ValueScope<'_>,
    name: &[u8],
    table: SocketTable,
    protocol: TransportProtocol,
) -> Option<u16> {
    if !scope.tables.intersects(TableSet::of(table)) {
        return None;
    }
    scope.machine.names().port(name.into(), protocol)
}

/// Returns whether a word looks like the name of a service, for the message only.
fn is_service_name(word: &[u8]) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    word.iter().all(is_part) && word.first().is_some_and(u8::is_ascii_alphabetic)
}
