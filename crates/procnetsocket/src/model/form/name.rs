//! Names that others chose: a string, and the bytes beside it where the string would lose some.

use bstr::{BStr, BString, ByteSlice};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error, ser::SerializeMap};

use super::bytes::{HexBytes, ReadBytes};
use crate::model::{congestion::ShortName, unix::UnixName};

/// Writes a name under its key, and its bytes under the other if it is not UTF-8.
fn serialize_beside<M: SerializeMap>(
    map: &mut M,
    [key, bytes_key]: [&'static str; 2],
    name: &BStr,
) -> Result<(), M::Error> {
    map.serialize_entry(key, &name.to_str_lossy())?;
    if name.to_str().is_err() {
        map.serialize_entry(bytes_key, &HexBytes(name))?;
    }
    Ok(())
}

/// Returns the name in these two keys, if there is one.
fn read_beside(text: Option<String>, bytes: Option<ReadBytes>) -> Option<BString> {
    match (text, bytes) {
        (_, Some(ReadBytes(bytes))) => Some(bytes.into()),
        (text, None) => text.map(BString::from),
    }
}

/// Declares the form of an optional name: two keys of the enclosing object.
macro_rules! name_beside {
    ($form:ident, $key:literal, $bytes_key:literal, $field:ty, $write:expr, $read:expr) => {
        #[doc = concat!("A name under the key `", $key, "`.")]
        pub(in crate::model) mod $form {
            use super::*;

            #[derive(Deserialize)]
            struct NameKeys {
                #[serde(rename = $key)]
                text: Option<String>,
                #[serde(rename = $bytes_key)]
                bytes: Option<ReadBytes>,
            }

            pub(in crate::model) fn serialize<S: Serializer>(
                field: &$field,
                out: S,
            ) -> Result<S::Ok, S::Error> {
                let mut map = out.serialize_map(None)?;
                let write: fn(&$field) -> Option<&BStr> = $write;
                if let Some(name) = write(field) {
                    serialize_beside(&mut map, [$key, $bytes_key], name)?;
                }
                map.end()
            }

            pub(in crate::model) fn deserialize<'de, D: Deserializer<'de>>(
                input: D,
            ) -> Result<$field, D::Error> {
                let NameKeys { text, bytes } = NameKeys::deserialize(input)?;
                let read: fn(Option<BString>) -> Option<$field> = $read;
                read(read_beside(text, bytes))
                    .ok_or_else(|| D::Error::custom("expected a name of at most 16 bytes"))
            }
        }
    };
}

name_beside!(
    congestion,
    "congestion",
    "congestion_bytes",
    Option<ShortName>,
    |name| name.as_ref().map(ShortName::as_bytes),
    |name| match name {
        Some(name) => ShortName::new(&name).map(Some),
        None => Some(None),
    }
);

name_beside!(ulp_name, "name", "name_bytes", ShortName, |name| Some(name.as_bytes()), |name| {
    ShortName::new(&name?)
});

name_beside!(
    trailing,
    "trailing",
    "trailing_bytes",
    BString,
    |words| Some(words.as_bstr()).filter(|words| !words.is_empty()),
    |words| Some(words.unwrap_or_default())
);

impl Serialize for UnixName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let (key, name) = match self {
            Self::Unnamed => return map.end(),
            Self::Pathname(name) => ("path", name),
            Self::Abstract(name) => ("abstract", name),
        };
        serialize_beside(&mut map, [key, "name_bytes"], name.as_bstr())?;
        map.end()
    }
}

/// The form in which a unix name is read.
#[derive(Deserialize)]
struct UnixNameForm {
    path: Option<String>,
    r#abstract: Option<String>,
    name_bytes: Option<ReadBytes>,
}

impl<'de> Deserialize<'de> for UnixName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let UnixNameForm { path, r#abstract, name_bytes } = Deserialize::deserialize(deserializer)?;
        let name = |text: String| read_beside(Some(text), name_bytes).unwrap_or_default();
        match (path, r#abstract) {
            (None, None) => Ok(Self::Unnamed),
            (Some(path), None) => Ok(Self::Pathname(name(path))),
            (None, Some(text)) => Ok(Self::Abstract(name(text))),
            (Some(_), Some(_)) => Err(D::Error::custom("expected a path or an abstract name")),
        }
    }
}
