//! The builtin compared with the real `ss`, over fake roots.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use procnetsocket::SocketTables;
use socket_query::Names;
use ss_builtin::Ss;
use testkit::{FakeProc, FakeRoot, Xorshift, fixtures, generate};

use super::{
    choice::OptionChoice,
    file::FilterFiles,
    generate::{Autobound, GeneratedFilter, Generator, LocalNames},
    kind::Kind,
    odd,
    spell::spell,
    tally::{SelectedPart, Tally},
    values::Values,
};
use crate::{ours, outcome::Outcome, parallel, real::RealSs};

/// Random roots, beside the named ones.
const GENERATED_ROOTS: u64 = 24;
/// Filters for each choice of options, on every root in turn.
const FILTERS_PER_CHOICE: usize = 125;
/// Roots with so many rows that few filters are enough.
const LONG: [&str; 1] = ["unix-order"];
/// Differences that are printed; the others are counted.
const SHOWN: usize = 40;

/// The names in a fake root: interfaces by number, and no marks. Control groups are those of the
/// machine, so they are compared only for live sockets.
pub(crate) fn fake() -> LocalNames {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    LocalNames {
        interfaces: words(&["1", "0", "0x1"]),
        marks: words(&["0", "1", "0x0/0x3", "0/0", "5/0", "0x10/0xf0", "0/0xffffffff"]),
        cgroups: Vec::new(),
        autobound: Autobound::OfEverything,
    }
}

/// A proc root on disk.
struct FilterRoot {
    name: String,
    on_disk: FakeRoot,
    /// The values of its sockets, for each choice of options that lists two or more; and how many
    /// it lists.
    listed: Vec<Option<(Values, usize)>>,
}

impl FilterRoot {
    fn new(name: String, root: &FakeProc, real: &RealSs) -> Self {
        let root = root.build();
        let tables = SocketTables::from_dir(root.dir());
        let listed = OptionChoice::TEXT.map(|choice| {
            let rows = rows(&real.run(&root, &choice.words(), None));
            (rows > 1).then(|| (Values::of(&tables, choice.tables), rows))
        });
        Self { name, on_disk: root, listed: listed.into() }
    }
}

/// Returns the number of rows of a listing.
fn rows(outcome: &Outcome) -> usize {
    let lines = outcome.stdout.lines();
    lines.filter(|line| !line.contains_str("Recv-Q Send-Q")).count()
}

fn roots(real: &RealSs) -> Vec<FilterRoot> {
    let named = fixtures().into_iter().map(|(name, root)| (name.to_owned(), root));
    let generated = (0..GENERATED_ROOTS).map(|seed| (format!("seed {seed}"), generate(seed)));
    let roots = named.filter(|(name, _)| !LONG.contains(&name.as_str())).chain(generated);
    parallel::map(&roots.collect::<Vec<_>>(), |(name, root)| {
        FilterRoot::new(name.clone(), root, real)
    })
}

/// One comparison.
struct FilterPair {
    root: usize,
    /// Rows of the listing without a filter.
    rows: usize,
    kinds: BTreeSet<Kind>,
    arguments: Vec<String>,
    /// The file that the arguments name, and its content.
    file: Option<(String, String)>,
}

/// Writes a filter into a file, one argument per line. Returns the command line with the file, and
/// the lines.
fn into_file(
    filter: &GeneratedFilter,
    choice: OptionChoice,
    path: &str,
    random: &mut Xorshift,
) -> (Vec<String>, String) {
    let words = spell(filter, OptionChoice { options: "", ..choice }, random);
    let words = words.iter().filter(|word| *word != "--");
    // iproute2 takes a line that begins with a zero for a comment.
    let lines = words.fold(String::new(), |lines, word| lines + " " + word + "\n");
    ([choice.words(), vec!["-F".to_owned(), path.to_owned()]].concat(), lines)
}

fn pairs(roots: &[FilterRoot], names: &Names, files: &FilterFiles) -> Vec<FilterPair> {
    let mut pairs = Vec::new();
    let (random, place) = (&mut Xorshift::new(4), &fake());
    for (index, choice) in OptionChoice::TEXT.into_iter().enumerate() {
        let listings: Vec<_> = roots
            .iter()
            .enumerate()
            .filter_map(|(root, made)| {
                let (values, rows) = made.listed[index].as_ref()?;
                Some((root, values, *rows))
            })
            .collect();
        for (root, values, rows) in listings.into_iter().cycle().take(FILTERS_PER_CHOICE) {
            let filter = Generator { random, values, names, place, choice }.filter();
            let (arguments, file) = if filter.states.is_empty() && random.one_in(12) {
                let name = pairs.len().to_string();
                let (arguments, lines) = into_file(&filter, choice, &files.path(&name), random);
                (arguments, Some((name, lines)))
            } else {
                (spell(&filter, choice, random), None)
            };
            pairs.push(FilterPair { root, rows, kinds: filter.kinds, arguments, file });
        }
    }
    pairs
}

/// Compares a pair: returns what it selected, or how the two programs differ.
fn compare(
    pair: &FilterPair,
    root: &FilterRoot,
    (real, names, files): (&RealSs, &Names, &FilterFiles),
) -> Verdict {
    if let Some((name, lines)) = &pair.file {
        files.write(name, lines.as_bytes());
    }
    let theirs = real.run(&root.on_disk, &pair.arguments, None);
    let ss = Ss::new(ours::view_granted(&root.on_disk, names.clone()));
    let ours = ours::call_with(&ss, &pair.arguments, None, (&files.sandbox, b""));
    let selection = SelectedPart::of(rows(&theirs), pair.rows);
    let difference = ours.difference(&theirs).map(|difference| {
        let file =
            pair.file.as_ref().map_or(String::new(), |(_, lines)| format!(" with {lines:?}"));
        format!("root {:?}: ss {:?}{file}\n{difference}", root.name, pair.arguments)
    });
    Verdict { status: theirs.status, selection, difference }
}

struct Verdict {
    status: i32,
    selection: SelectedPart,
    difference: Option<String>,
}

/// Fails with the differences, if there are any.
pub(crate) fn assert_none(differences: &[String], pairs: usize, version: &str) {
    let shown = differences.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        differences.is_empty(),
        "{} of {pairs} filters differ from {version}:\n{shown}",
        differences.len()
    );
}

#[test]
fn filters_of_the_grammar_select_the_same() {
    let Some(real) = RealSs::find() else { return };
    let names = &ours::machine_names();
    let (roots, files) = (roots(&real), FilterFiles::new());
    let pairs = pairs(&roots, names, &files);
    let verdicts =
        parallel::map(&pairs, |pair| compare(pair, &roots[pair.root], (&real, names, &files)));
    let mut tally = Tally::default();
    let (mut differences, mut refused) = (Vec::new(), Vec::new());
    for (pair, verdict) in pairs.iter().zip(verdicts) {
        refused.extend((verdict.status != 0).then_some(&pair.arguments));
        tally.add(pair.kinds.iter().copied(), verdict.selection);
        differences.extend(verdict.difference);
    }
    eprintln!("filters over fake roots against {}:\n{tally}", real.version());
    assert!(refused.is_empty(), "the real ss does not understand {refused:#?}");
    assert_none(&differences, tally.pairs(), real.version());
    // No text table has vsock sockets.
    let telling = |kind: &Kind| ![Kind::Cgroup, Kind::Vsock].contains(kind);
    let covered: Vec<_> = Kind::ALL.into_iter().filter(telling).collect();
    tally.assert_covers(&covered, 60, 20);
    tally.assert_covers(&[Kind::Vsock], 40, 0);
    tally.assert_selective(35);
}

#[test]
fn odd_filters_do_the_same() {
    let Some(real) = RealSs::find() else { return };
    let names = &ours::machine_names();
    let root = odd::root().build();
    let cases = odd::cases();
    let reports = parallel::map(&cases, |arguments| {
        let theirs = real.run(&root, arguments, None);
        let ours = ours::run(&root, names, arguments, None);
        let difference = ours.difference(&theirs)?;
        Some(format!("ss {arguments:?}\n{difference}"))
    });
    let differences: Vec<_> = reports.into_iter().flatten().collect();
    eprintln!("{} odd filters against {}", cases.len(), real.version());
    assert_none(&differences, cases.len(), real.version());
}
