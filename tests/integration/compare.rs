//! The builtin compared with the real `ss`, on the same bytes.

use std::collections::BTreeSet;

use bstr::{BStr, ByteSlice};
use socket_query::Names;
use testkit::{
    FakeProc, FakeRoot, ProcTable, Xorshift, fixtures, generate, generate_processes,
    large_fixtures, process_fixtures,
};

use crate::{
    command::{self, OptionSpelling, Use},
    ours,
    outcome::{Outcome, with_printed_names},
    parallel,
    real::RealSs,
};

// Two numbers each: for every change, and at full size.

/// Random roots, beside the named ones.
const GENERATED_ROOTS: [u64; 2] = [10, 40];
/// Random roots with processes.
const GENERATED_PROCESS_TABLES: [u64; 2] = [8, 16];
/// Command lines of random options and widths.
const RANDOM_LINES: [u64; 2] = [400, 1200];
/// Differences that are printed; the others are counted.
const SHOWN: usize = 30;

fn size([usual, full]: [u64; 2]) -> u64 {
    testkit::cases(usual, full)
}

/// One comparison.
#[derive(Debug)]
struct Case {
    /// Index into the roots.
    root: usize,
    args: Vec<String>,
    width: Option<u16>,
}

/// A proc root on disk, with its name.
struct NamedRoot {
    name: String,
    whole: FakeRoot,
    /// The same without rows of netlink sockets: with `-e` iproute2 shows less of them than this
    /// project does (a regression, which `netlink_details_equal_those_of_the_real_ss_with_p`
    /// avoids).
    without_netlink: FakeRoot,
}

impl NamedRoot {
    fn new(name: &str, root: FakeProc) -> Self {
        let whole = root.build();
        let without_netlink = root.without_rows(ProcTable::Netlink).build();
        Self { name: name.to_owned(), whole, without_netlink }
    }

    fn of(&self, case: &Case) -> &FakeRoot {
        if command::is_extended(&case.args) { &self.without_netlink } else { &self.whole }
    }
}

struct NamedRoots(Vec<NamedRoot>);

impl NamedRoots {
    fn build<'a>(roots: impl IntoIterator<Item = (&'a str, FakeProc)>) -> Self {
        Self(roots.into_iter().map(|(name, root)| NamedRoot::new(name, root)).collect())
    }

    fn with_generated(mut self, count: u64) -> Self {
        self.0
            .extend((0..count).map(|seed| NamedRoot::new(&format!("seed {seed}"), generate(seed))));
        self
    }

    fn case(&self, index: usize, args: Vec<String>) -> Case {
        Case { root: index % self.0.len(), args, width: None }
    }
}

/// Runs every case with both programs, on all processors, and reports the differences.
fn compare(roots: &NamedRoots, cases: &[Case]) {
    let Some(real) = RealSs::find() else { return };
    let names = &ours::machine_names();
    let reports = parallel::map(cases, |case| report(roots, case, &real, names));
    let reports: Vec<_> = reports.into_iter().flatten().collect();
    let shown = reports.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    assert!(
        reports.is_empty(),
        "{} of {} listings differ from {}:\n{shown}",
        reports.len(),
        cases.len(),
        real.version()
    );
    eprintln!("{} listings are the same as those of {}", cases.len(), real.version());
}

fn report(roots: &NamedRoots, case: &Case, real: &RealSs, names: &Names) -> Option<String> {
    let root = &roots.0[case.root];
    let (name, root) = (&root.name, root.of(case));
    let theirs = real.run(root, &command::for_real(&case.args), case.width);
    let ours = ours::run_granted(root, names, &case.args, case.width);
    let difference = ours.difference(&theirs)?;
    let width = case.width.map_or(String::new(), |width| format!("COLUMNS={width} "));
    Some(format!("root {name:?}: {width}ss {}\n{difference}", case.args.join(" ")))
}

/// Returns lines with every pair of compared options, in both orders: without further options, with
/// every state, and in other spellings.
fn pair_lines() -> Vec<([&'static str; 2], Vec<String>)> {
    let compared = command::compared();
    let all = *compared.iter().find(|flag| flag.name() == "all").expect("there is -a");
    let mut lines = Vec::new();
    for (i, one) in compared.iter().enumerate() {
        for (j, other) in compared.iter().enumerate() {
            let pair = [one.name(), other.name()];
            let uses = [Use::new(one, j), Use::new(other, i)];
            let spelling = OptionSpelling::ALL[(i + j) % OptionSpelling::ALL.len()];
            lines.push((pair, command::line(&uses, &[spelling])));
            let [one, other] = uses;
            let uses = [one, Use::new(all, 0), other];
            lines.push((pair, command::cluster(&uses)));
        }
    }
    lines
}

#[test]
fn every_pair_of_options_prints_the_same() {
    let roots = NamedRoots::build(fixtures());
    let lines = pair_lines();
    let seen: BTreeSet<_> = lines.iter().map(|(pair, _)| *pair).collect();
    assert_eq!(seen.len(), command::compared().len().pow(2), "a pair is missing");
    let cases: Vec<_> =
        lines.into_iter().enumerate().map(|(index, (_, args))| roots.case(index, args)).collect();
    compare(&roots, &cases);
}

#[test]
fn every_value_of_an_option_prints_the_same_beside_every_option() {
    let roots = NamedRoots::build(fixtures());
    let mut lines = Vec::new();
    for taker in command::compared() {
        for index in 0..command::values(taker).len() {
            for (other, spelling) in
                command::compared().into_iter().zip(OptionSpelling::ALL.into_iter().cycle())
            {
                let uses = [Use::new(taker, index), Use::new(other, index)];
                lines.push(command::line(&uses, &[spelling]));
            }
        }
    }
    let cases: Vec<_> =
        lines.into_iter().enumerate().map(|(index, args)| roots.case(index, args)).collect();
    compare(&roots, &cases);
}

#[test]
fn random_lines_print_the_same_at_every_width() {
    let roots = NamedRoots::build(fixtures()).with_generated(size(GENERATED_ROOTS));
    let random = &mut Xorshift::new(7);
    let mut cases = Vec::new();
    for index in 0..size(RANDOM_LINES) {
        let (_, args) = command::random(random);
        let mut case = roots.case(usize::try_from(index).unwrap(), args);
        if random.one_in(2) {
            case.width = Some(u16::try_from(20 + random.below(231)).unwrap());
        }
        cases.push(case);
    }
    compare(&roots, &cases);
}

#[test]
fn every_root_prints_the_same_in_full() {
    const LINES: [&str; 8] = ["-a", "-an", "-aneoi", "-taeoi", "-l", "", "-xa", "-s"];
    let roots = NamedRoots::build(fixtures()).with_generated(size(GENERATED_ROOTS));
    let mut cases = Vec::new();
    for root in 0..roots.0.len() {
        for line in LINES {
            let args: Vec<_> = line.split_whitespace().map(String::from).collect();
            for width in [None, Some(80), Some(1), Some(10), Some(400)] {
                cases.push(Case { root, args: args.clone(), width });
            }
        }
    }
    compare(&roots, &cases);
}

#[test]
fn processes_are_the_same_on_every_process_table() {
    const LINES: [&str; 8] =
        ["-ap", "-tanp", "-tanpT", "-apT", "-xapO", "-apeoiH", "-f netlink -ap", "-0uwlp"];
    let mut roots = NamedRoots::build(process_fixtures());
    roots.0.extend((0..size(GENERATED_PROCESS_TABLES)).map(|seed| {
        NamedRoot::new(&format!("processes of seed {seed}"), generate_processes(seed))
    }));
    let mut cases = Vec::new();
    for root in 0..roots.0.len() {
        for (index, line) in LINES.iter().enumerate() {
            let args: Vec<_> = line.split_whitespace().map(String::from).collect();
            let width = [None, Some(80), Some(200)][(root + index) % 3];
            cases.push(Case { root, args: args.clone(), width: None });
            cases.push(Case { root, args, width });
        }
    }
    assert!(cases.len() > 150);
    compare(&roots, &cases);
}

#[test]
fn layouts_of_many_batches_are_the_same() {
    let roots = NamedRoots::build(large_fixtures());
    let case = |words: &str, width| {
        let args = words.split_whitespace().map(String::from).collect();
        Case { root: 0, args, width }
    };
    let cases =
        [case("-tan", None), case("-taneoi", None), case("-taH", Some(93)), case("-ta6", None)];
    compare(&roots, &cases);
}

#[test]
fn netlink_details_equal_those_of_the_real_ss_with_p() {
    let Some(real) = RealSs::find() else { return };
    let names = &ours::machine_names();
    for (name, root) in fixtures() {
        let root = root.build();
        let run = |args: [&str; 4]| args.map(String::from);
        let real = real.run(&root, &run(["-f", "netlink", "-aeH", "-p"]), None);
        let ours = ours::run_granted(&root, names, &run(["-f", "netlink", "-aeH", "-a"]), None);
        let real = Outcome { stdout: with_printed_names(&real.stdout), ..real };
        assert_eq!(words(&ours), words(&real), "root {name:?}");
    }
}

/// Returns the words of each line, because an additional column moves the others.
fn words(outcome: &Outcome) -> Vec<Vec<&BStr>> {
    outcome
        .stdout
        .lines()
        .map(|line| {
            line.fields_with(char::is_whitespace)
                .filter(|word| !word.is_empty())
                .map(BStr::new)
                .collect()
        })
        .collect()
}

#[test]
fn shortened_long_options_are_understood_the_same() {
    let roots = NamedRoots::build(fixtures().into_iter().take(1));
    let mut cases = Vec::new();
    for flag in command::compared().into_iter().filter(|flag| flag.value.is_none()) {
        for length in 1..=flag.name().len() {
            cases.push(roots.case(
                0,
                vec![
                    format!("--{}", flag.name().get(..length).expect("long names are ASCII")),
                    "-a".to_owned(),
                ],
            ));
        }
    }
    compare(&roots, &cases);
}
