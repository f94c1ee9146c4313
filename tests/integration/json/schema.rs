//! `docs/ss.schema.json`, and the model behind it.

use std::ops::ControlFlow;

use boon::{Compiler, SchemaIndex, Schemas};
use builtin_cli::is_unsafe_to_show;
use procnetsocket::{
    Uninterrupted,
    model::{OwnedSocket, Socket},
};
use serde_json::Value;
use socket_query::{ListingProblem, Selection, Sink, SocketTable};

use super::{objects, roots, run};
use crate::{ours, workspace};

/// Options that change the output; each is tried with both forms.
const LINES: [&str; 10] = [
    "-a",
    "-an --peers",
    "-an",
    "-aemoi --tos --cgroup --inet-sockopt -O -H -Q",
    "",
    "-s",
    "-s -ta",
    "-a --count",
    "-s --count",
    "-a --sort -port,uid --limit 3",
];

/// The location of the schema while it is compiled; nothing is fetched.
const LOCATION: &str = "file:///ss.schema.json";

/// The schema of a whole output, and that of a line.
pub(crate) struct Schema {
    schemas: Schemas,
    whole: SchemaIndex,
    line: SchemaIndex,
}

impl Schema {
    pub(crate) fn read() -> Self {
        let text = workspace::read("docs/ss.schema.json");
        let mut compiler = Compiler::new();
        compiler.add_resource(LOCATION, serde_json::from_slice(&text).unwrap()).unwrap();
        let mut schemas = Schemas::new();
        let whole = compiler.compile(LOCATION, &mut schemas).unwrap();
        let line = compiler.compile(&format!("{LOCATION}#/$defs/line"), &mut schemas).unwrap();
        Self { schemas, whole, line }
    }

    /// Checks the output of `--json`.
    #[track_caller]
    pub(crate) fn check_whole(&self, output: &[u8], what: &str) {
        self.check(output, self.whole, what);
    }

    /// Checks a line of `--json-lines`.
    #[track_caller]
    pub(crate) fn check_line(&self, line: &[u8], what: &str) {
        self.check(line, self.line, what);
    }

    #[track_caller]
    fn check(&self, json: &[u8], schema: SchemaIndex, what: &str) {
        let value: Value = serde_json::from_slice(json)
            .unwrap_or_else(|error| panic!("{what}: {error}: {}", String::from_utf8_lossy(json)));
        if let Err(error) = self.schemas.validate(&value, schema) {
            panic!("{what}: {error}\n{value}");
        }
    }
}

#[test]
fn every_output_matches_schema_and_is_harmless() {
    let schema = Schema::read();
    for (name, root) in roots() {
        let root = root.build();
        for line in LINES {
            let whole = run(&root, &format!("--json {line}"));
            schema.check_whole(&whole.stdout, &format!("{name}: ss --json {line}"));
            let lines = run(&root, &format!("--json-lines {line}"));
            for one in lines.stdout.split_inclusive(|byte| *byte == b'\n') {
                schema.check_line(one, &format!("{name}: ss --json-lines {line}"));
            }
            assert_eq!((lines.status, &lines.stderr), (whole.status, &whole.stderr));
            for text in [whole.stdout, lines.stdout] {
                let text = std::str::from_utf8(&text).unwrap();
                let unsafe_one = text.chars().find(|c| is_unsafe_to_show(*c) && *c != '\n');
                assert_eq!(unsafe_one, None, "{name}: {line}");
            }
        }
    }
}

#[test]
fn schema_refuses_unknown_keys() {
    let schema = Schema::read();
    let known = r#"{"netid":"nl","state":"UNCONN","source":"proc","family":"netlink",
        "protocol":0,"port_id":1,"groups":0,"recv_q":0,"send_q":0}"#;
    let is_valid = |text: &str| {
        schema.schemas.validate(&serde_json::from_str(text).unwrap(), schema.line).is_ok()
    };
    assert!(is_valid(known));
    for (from, to) in [
        ("\"port_id\":1", "\"port_id\":1,\"invented\":0"),
        ("\"port_id\":1", "\"port_id\":\"1\""),
        ("\"port_id\":1,", ""),
        ("UNCONN", "LISTEN"),
        ("netlink", "unix"),
        ("proc", "guess"),
    ] {
        assert!(!is_valid(&known.replace(from, to)), "{from} became {to}");
    }
}

#[test]
fn printed_json_reads_back_into_the_model() {
    for (name, root) in roots() {
        let root = root.build();
        let mut collected = CollectedSockets::default();
        let _ = ours::view(&root, ours::recorded_names()).collect(
            &Selection::everything(),
            &Uninterrupted,
            &mut collected,
        );
        let printed = objects(&run(&root, "--json -aneomi --peers"));
        let read: Vec<OwnedSocket> =
            printed.into_iter().map(|object| serde_json::from_value(object).unwrap()).collect();
        assert!(read == collected.0, "root {name:?}");
    }
}

/// Keeps every socket.
#[derive(Default)]
struct CollectedSockets(Vec<OwnedSocket>);

impl Sink for CollectedSockets {
    fn socket(&mut self, _: SocketTable, socket: Socket<'_>) -> ControlFlow<()> {
        self.0.push(socket.into());
        ControlFlow::Continue(())
    }

    fn problem(&mut self, _: ListingProblem<'_>) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
