//! The guarantees of the schemas, which may be broken only with a new version.
//!
//! A schema is split into facts, one per line: the location, and a statement. Within a version
//! facts may be added, but not removed. `tests/golden` has the facts of the versions in use.

use std::{collections::BTreeSet, fmt::Write as _};

use rstest::rstest;
use serde_json::Value;

use crate::workspace;

const SCHEMAS: [(&str, &str); 2] = [
    ("docs/ss.schema.json", "urn:ss-builtin:ss:1"),
    ("docs/portwatch.schema.json", "urn:ss-builtin:portwatch:1"),
];

/// Keywords that only explain.
const REMARKS: [&str; 5] = ["$schema", "$id", "title", "description", "$comment"];

/// Returns the path of the facts of a version.
fn golden(id: &str) -> String {
    let name = id.trim_start_matches("urn:ss-builtin:").replace(':', ".");
    format!("tests/golden/schema.{name}.txt")
}

fn schema(path: &str) -> Value {
    serde_json::from_slice(&workspace::read(path)).unwrap()
}

/// Adds the facts of a part of a schema at a location.
fn add_facts(place: &str, schema: &Value, facts: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match key.as_str() {
                    remark if REMARKS.contains(&remark) && value.is_string() => {}
                    _ => add_facts(&format!("{place}/{key}"), value, facts),
                }
            }
        }
        // The order of alternatives and words has no meaning.
        Value::Array(items) => {
            for item in items {
                match item.get("$ref").and_then(Value::as_str) {
                    Some(name) => drop(facts.insert(format!("{place} has {name}"))),
                    None if item.is_object() => add_facts(&format!("{place}/*"), item, facts),
                    None => drop(facts.insert(format!("{place} has {item}"))),
                }
            }
        }
        value => drop(facts.insert(format!("{place} is {value}"))),
    }
}

fn facts(schema: &Value) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    add_facts("", schema, &mut facts);
    facts
}

/// Returns recorded facts that are missing.
fn broken(promised: &BTreeSet<String>, now: &BTreeSet<String>) -> Vec<String> {
    promised.difference(now).cloned().collect()
}

fn recorded(id: &str) -> BTreeSet<String> {
    let text = String::from_utf8(workspace::read(&golden(id))).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn guarantee_is_broken_only_with_new_version() {
    for (path, id) in SCHEMAS {
        let schema = schema(path);
        assert_eq!(schema["$id"], id, "{path}: the test has to know the version");
        let (promised, now) = (recorded(id), facts(&schema));
        let broken = broken(&promised, &now);
        assert!(broken.is_empty(), "{path} needs a new version, because of {broken:#?}");
        assert!(promised == now, "{path} promises more: run scripts/record-generated");
    }
}

#[rstest]
#[case::key_added(r#"{"properties":{"a":{"type":"string"},"b":{}}}"#, 0)]
#[case::word_added(r#"{"properties":{"a":{"type":"string"}},"enum":["x","y"]}"#, 0)]
#[case::description_changed(r#"{"description":"x","properties":{"a":{"type":"string"}}}"#, 0)]
#[case::key_removed(r#"{"properties":{}}"#, 1)]
#[case::type_changed(r#"{"properties":{"a":{"type":"integer"}}}"#, 1)]
fn facts_may_be_added_and_not_removed(#[case] now: &str, #[case] gone: usize) {
    let before = facts(&serde_json::from_str(r#"{"properties":{"a":{"type":"string"}}}"#).unwrap());
    assert_eq!(broken(&before, &facts(&serde_json::from_str(now).unwrap())).len(), gone);
}

#[test]
fn key_that_is_named_like_a_remark_is_a_key() {
    let schema = serde_json::from_str(r#"{"properties":{"title":{"type":"string"}}}"#).unwrap();
    assert_eq!(facts(&schema).len(), 1);
}

/// Writes the facts, unless a guarantee of this version is broken. A new version starts with an
/// empty file. `scripts/record-generated` runs this.
#[test]
#[ignore = "writes generated files; scripts/record-generated runs it"]
fn record() {
    for (path, id) in SCHEMAS {
        let now = facts(&schema(path));
        assert_eq!(broken(&recorded(id), &now), [""; 0], "{path} needs a new version");
        let text = now.iter().fold(String::new(), |mut text, fact| {
            writeln!(text, "{fact}").unwrap();
            text
        });
        workspace::write(&golden(id), text.as_bytes());
    }
}
