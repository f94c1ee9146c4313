//! An address and its port, in two keys.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

/// Scopes of IPv6 addresses are left out: the model has them as the interface of a row.
#[derive(Deserialize, Serialize)]
struct Endpoint {
    address: IpAddr,
    port: u16,
}

impl From<&SocketAddr> for Endpoint {
    fn from(end: &SocketAddr) -> Self {
        Self { address: end.ip(), port: end.port() }
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(Endpoint { address, port }: Endpoint) -> Self {
        Self::new(address, port)
    }
}

/// One end of a socket.
pub(in crate::model) mod endpoint {
    use serde::{Deserializer, Serializer};

    use super::{Deserialize, Endpoint, Serialize, SocketAddr};

    pub(in crate::model) fn serialize<S: Serializer>(
        end: &SocketAddr,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        Endpoint::from(end).serialize(out)
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<SocketAddr, D::Error> {
        Endpoint::deserialize(input).map(SocketAddr::from)
    }
}

/// One end, or `null`.
pub(in crate::model) mod optional_endpoint {
    use serde::Deserializer;

    use super::{Deserialize, Endpoint, SocketAddr};

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Option<SocketAddr>, D::Error> {
        Ok(Option::<Endpoint>::deserialize(input)?.map(SocketAddr::from))
    }
}

/// A list of ends.
pub(in crate::model) mod endpoints {
    use serde::{Deserializer, Serializer};

    use super::{Deserialize, Endpoint, SocketAddr};

    pub(in crate::model) fn serialize<S: Serializer>(
        ends: &[SocketAddr],
        out: S,
    ) -> Result<S::Ok, S::Error> {
        out.collect_seq(ends.iter().map(Endpoint::from))
    }

    pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Vec<SocketAddr>, D::Error> {
        let ends = Vec::<Endpoint>::deserialize(input)?;
        Ok(ends.into_iter().map(SocketAddr::from).collect())
    }
}

/// A wrapper with which [`sparse`](super::sparse) writes an end.
pub(super) struct OptionalEnd<'a>(pub(super) &'a Option<SocketAddr>);

impl Serialize for OptionalEnd<'_> {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(Endpoint::from).serialize(out)
    }
}
