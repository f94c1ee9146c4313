//! Filters that are recorded: see `golden`.

use procnetsocket::SocketTables;
use socket_query::Names;
use testkit::{FakeRoot, Xorshift};

use super::{choice::OptionChoice, compare::fake, generate::Generator, odd, values::Values};

/// Returns command lines with filters over a root, every argument one word.
pub(crate) fn samples(root: &FakeRoot, names: &Names, count: usize) -> Vec<Vec<String>> {
    let tables = SocketTables::from_dir(root.dir());
    let (random, place) = (&mut Xorshift::new(11), &fake());
    let mut samples = Vec::new();
    while samples.len() < count {
        let choice = *random.pick(&OptionChoice::TEXT);
        let values = &Values::of(&tables, choice.tables);
        let filter = Generator { random, values, names, place, choice }.filter();
        let words = [choice.words(), filter.states, filter.tokens].concat();
        let options = choice.words().len();
        if words.iter().all(|word| is_plain(word)) && !words[options..].concat().starts_with('-') {
            samples.push(words);
        }
    }
    samples
}

/// Returns the odd filters that consist of plain words.
pub(crate) fn odd_samples() -> Vec<Vec<String>> {
    odd::cases().into_iter().filter(|words| words.iter().all(|word| is_plain(word))).collect()
}

/// Returns whether a word stays one word wherever lines are split at blanks.
fn is_plain(word: &str) -> bool {
    word.is_ascii() && !word.is_empty() && word.bytes().all(|byte| byte > b' ' && byte != b'\\')
}
