//! `--json` over live sockets that sock_diag reports.

use bstr::ByteSlice;
use serde_json::Value;

use super::{fixture::Fixture, line::words, namespace::inside, program::Program};
use crate::json::{
    agree::{self, ComparedPart, row_words},
    objects,
    schema::Schema,
};

/// How often text and objects are listed again when the kernel changed something in between.
const ATTEMPTS: usize = 20;

#[test]
fn live_sockets_are_of_the_form_of_the_schema() {
    inside("live::json::live_sockets_are_of_the_form_of_the_schema", || {
        let schema = Schema::read();
        let ours = Program::ours();
        let _fixture = Fixture::new();
        for line in [
            "--json -an",
            "--json -aeomib --tos --cgroup --inet-sockopt",
            "--json -s -tai",
            "--json -lm --sort -recv-q,local",
        ] {
            let outcome = ours.run(&words(line), None);
            assert_eq!(outcome.status, 0, "ss {line}: {}", outcome.stderr);
            schema.check_whole(&outcome.stdout, line);
        }
    });
}

#[test]
fn listeners_count_connections_and_rates_are_named() {
    inside("live::json::listeners_count_connections_and_rates_are_named", || {
        let ours = Program::ours();
        let _fixture = Fixture::new();
        let rows = objects(&ours.run(&words("--json -atxi"), None));
        let (mut listeners, mut rates) = (0, 0);
        for row in &rows {
            let listens = row["state"] == "LISTEN";
            assert_eq!(row["accept_queue"], *when(listens, &row["recv_q"]));
            assert_eq!(row["backlog"], *when(listens, &row["send_q"]));
            listeners += usize::from(listens);
            rates += usize::from(row["send_rate"].as_f64().is_some_and(|rate| rate > 0.0));
        }
        assert!(listeners > 5 && rates > 5, "{listeners} listeners, {rates} rates");
    });
}

#[test]
fn text_and_objects_agree_on_live_sockets() {
    inside("live::json::text_and_objects_agree_on_live_sockets", || {
        let ours = Program::ours();
        let _fixture = Fixture::new();
        // The sockets of `ss` itself are other ones each time.
        let line = "-an -A all,!netlink,!vsock,!xdp -HO";
        let agree = (0..ATTEMPTS).any(|_| {
            let text = ours.run(&words(line), None).stdout;
            let rows = objects(&ours.run(&words(&format!("--json {line}")), None));
            let rows: Vec<_> =
                rows.iter().map(|row| row_words(row, ComparedPart::Columns)).collect();
            let text: Vec<_> = text.lines().map(agree::words).collect();
            assert!(rows.len() > 50, "{} sockets", rows.len());
            text == rows
        });
        assert!(agree, "ss {line} lists other sockets as text than as objects");
    });
}

/// Returns the value, or null.
fn when(is_there: bool, value: &Value) -> &Value {
    if is_there { value } else { &Value::Null }
}
