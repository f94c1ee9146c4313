//! Filters over live sockets, byte for byte: what the text tables do not tell (interfaces, marks,
//! control groups, states) and what the real `ss` asks the kernel for.

#![expect(clippy::disallowed_methods, reason = "the test opens the namespace's own tables")]

use bstr::ByteSlice;
use cap_std::ambient_authority;
use procnetsocket::SocketTables;
use testkit::Xorshift;

use super::{
    compare::Pair, fixture::Fixture, line::words, mask, namespace::inside, program::Program,
};
use crate::{
    filter::{Autobound, Choice, Generator, Kind, Place, Selection, Tally, Values, spell},
    ours,
};

const FILTERS_PER_CHOICE: usize = 24;
/// Differences that are printed; of more, the number is.
const SHOWN: usize = 30;

/// What the fixture gives its sockets.
fn place(groups: &[String]) -> Place {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let cgroups = groups.iter().flat_map(|group| {
        let bare = group.trim_start_matches('/');
        [group.clone(), bare.to_owned(), format!("{bare}/"), format!("./{bare}")]
    });
    Place {
        interfaces: words(&["lo", "v0", "quiet0", "quiet1", "1", "0", "if1"]),
        marks: words(&[
            "0",
            "0x1234",
            "4660",
            "0x4/0xf",
            "0xdeadbeef",
            "0x0/0x1",
            "0/0",
            "0xd0000000/0xf0000000",
        ]),
        cgroups: cgroups.collect(),
        autobound: Autobound::ButForInet,
    }
}

/// Returns the control groups below the root that sockets are in.
fn groups(real: &Program) -> Vec<String> {
    let listing = real.run(&words("-tanH --cgroup"), None).stdout;
    let names = listing.lines().filter_map(|line| line.split_once_str("cgroup:/"));
    let names = names.map(|(_, name)| format!("/{}", name.trim_ascii_end().to_str_lossy()));
    let mut names: Vec<_> = names.filter(|name| name != "/").collect();
    names.sort();
    names.dedup();
    names
}

fn rows(program: &Program, args: &[String]) -> usize {
    let listing = mask::without_own_sockets(&program.run(args, None).stdout);
    listing.lines().filter(|line| !line.contains_str("Recv-Q Send-Q")).count()
}

#[test]
fn filters_of_the_grammar_select_the_same() {
    inside("live::filter::filters_of_the_grammar_select_the_same", || {
        let Some(real) = Program::real() else { return };
        let pair = Pair { real, ours: Program::ours() };
        let _fixture = Fixture::new();
        let tables = SocketTables::open_ambient(ambient_authority()).unwrap();
        let names = &ours::machine_names();
        let (random, place) = (&mut Xorshift::new(5), &place(&groups(&pair.real)));
        let (mut tally, mut reports) = (Tally::default(), Vec::new());
        for choice in Choice::LIVE {
            let values = &Values::of(&tables, choice.tables);
            let all = rows(&pair.real, &choice.words());
            for _ in 0..FILTERS_PER_CHOICE {
                let filter = Generator { random, values, names, place, choice }.filter();
                let args = spell(&filter, choice, random);
                reports.extend(pair.compare(&args, None).err());
                tally.add(filter.kinds, Selection::of(rows(&pair.real, &args), all));
            }
        }
        eprintln!("filters over live sockets:\n{tally}");
        let mut covered = vec![Kind::State, Kind::Device, Kind::Mark, Kind::Autobound];
        covered.extend((!place.cgroups.is_empty()).then_some(Kind::Cgroup));
        tally.assert_covers(&covered, 10, 3);
        tally.assert_selective(35);
        let shown = reports.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
        assert!(reports.is_empty(), "{} of {} differ:\n{shown}", reports.len(), tally.pairs());
    });
}
