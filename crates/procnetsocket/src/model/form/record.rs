//! Types that are written with other fields than their own.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::bytes::{HexBytes, ReadBytes};
use crate::model::{inet_detail::Md5Key, netlink::NetlinkGroups, unix::Device};

/// Largest group number: an attribute of netlink has less than 64 KiB.
const MAX_GROUPS: u32 = 1 << 19;

/// A device as its two numbers.
#[derive(Deserialize, Serialize)]
pub(in crate::model) struct DeviceForm {
    major: u32,
    minor: u32,
}

impl From<Device> for DeviceForm {
    fn from(device: Device) -> Self {
        Self { major: device.major(), minor: device.minor() }
    }
}

impl TryFrom<DeviceForm> for Device {
    type Error = &'static str;

    fn try_from(form: DeviceForm) -> Result<Self, Self::Error> {
        let device = Self(form.major << 20 | form.minor);
        let is_whole = device.major() == form.major && device.minor() == form.minor;
        if is_whole { Ok(device) } else { Err("expected a major number of 12 bits, a minor of 20") }
    }
}

/// The form of a key of TCP MD5 signatures.
///
/// Security: this writes the secret, as the listing of `-i` does. The kernel reports it only to a
/// process with `CAP_NET_ADMIN`.
#[derive(Deserialize, Serialize)]
pub(in crate::model) struct Md5Form {
    network: IpAddr,
    prefix_bits: u8,
    #[serde(serialize_with = "write_bytes", deserialize_with = "read_bytes")]
    key: Vec<u8>,
}

fn write_bytes<S: Serializer>(bytes: &[u8], out: S) -> Result<S::Ok, S::Error> {
    HexBytes(bytes).serialize(out)
}

fn read_bytes<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<u8>, D::Error> {
    ReadBytes::deserialize(input).map(|ReadBytes(bytes)| bytes)
}

impl From<Md5Key> for Md5Form {
    fn from(key: Md5Key) -> Self {
        Self { network: key.network, prefix_bits: key.prefix_bits, key: key.key().to_vec() }
    }
}

impl TryFrom<Md5Form> for Md5Key {
    type Error = &'static str;

    fn try_from(form: Md5Form) -> Result<Self, Self::Error> {
        Self::new(form.network, form.prefix_bits, &form.key)
            .ok_or("expected a key of at most 80 bytes")
    }
}

impl Serialize for NetlinkGroups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for NetlinkGroups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let groups = Vec::<u32>::deserialize(deserializer)?;
        if groups.iter().any(|group| *group == 0 || *group > MAX_GROUPS) {
            return Err(D::Error::custom("expected groups from 1 to 524288"));
        }
        Ok(groups.into_iter().collect())
    }
}
