//! The network namespace of a socket.

use bstr::ByteSlice as _;
use procnetsocket::NetNamespace;
use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// A network namespace. What is unknown, and what the policy hides, is absent.
pub(super) struct NamespaceForm<'a>(pub(super) &'a NetNamespace);

impl Serialize for NamespaceForm<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let NetNamespace { id, inode, names, pids, .. } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", id)?;
        if let Some(inode) = inode {
            map.serialize_entry("inode", inode)?;
        }
        let names: Vec<_> = names.iter().map(|name| name.to_str_lossy()).collect();
        map.serialize_entry("names", &names)?;
        if !pids.is_empty() {
            map.serialize_entry("pids", pids)?;
        }
        map.end()
    }
}
