//! What `--json` prints, over fake proc roots.
//!
//! - `schema`: every output matches `docs/ss.schema.json`, is harmless, and is read back into the
//!   model unchanged.
//! - `agree`: text reconstructed from the objects is the text that is printed.
//! - `process`: the processes of sockets, under policies, and compared with the text.
//! - `order`: `--sort`, `--limit`, `--count`, and errors.
//! - `pass`: `--every`.
//! - `read`: a captured listing, read by the library's example.
//! - `readme`: the examples of README.md and docs/options.md.

pub(crate) mod agree;
mod label;
mod order;
mod pass;
mod process;
mod read;
mod readme;
pub(crate) mod schema;
mod version;

use serde_json::Value;
use testkit::{FakeProc, FakeRoot, deliberate_differences, fixtures, generate};

use crate::{ours, outcome::Outcome};

/// Random roots, beside the named ones.
const GENERATED_ROOTS: u64 = 12;

/// Returns every root, with its name.
fn roots() -> Vec<(String, FakeProc)> {
    let named = fixtures().into_iter().chain(deliberate_differences());
    let named = named.map(|(name, root)| (name.to_owned(), root));
    named.chain((0..GENERATED_ROOTS).map(|seed| (format!("seed {seed}"), generate(seed)))).collect()
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(String::from).collect()
}

fn run(root: &FakeRoot, line: &str) -> Outcome {
    ours::run(root, &ours::recorded_names(), &words(line), None)
}

/// Returns the objects of a listing.
#[track_caller]
pub(crate) fn objects(outcome: &Outcome) -> Vec<Value> {
    serde_json::from_slice(&outcome.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", outcome.stdout))
}
