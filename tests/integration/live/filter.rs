//! Filters over live sockets, compared with the real `ss`: on details that text tables lack
//! (interfaces, marks, control groups, states), and those that the real `ss` passes to the kernel.

#![expect(clippy::disallowed_methods, reason = "the test opens the namespace's own tables")]

use bstr::ByteSlice;
use cap_std::ambient_authority;
use procnetsocket::SocketTables;
use testkit::Xorshift;

use super::{
    compare::ProgramPair, fixture::Fixture, line::words, mask, namespace::inside, program::Program,
};
use crate::{
    filter::{
        Autobound, Generator, Kind, LocalNames, OptionChoice, SelectedPart, Tally, Values, spell,
    },
    ours,
};

const FILTERS_PER_CHOICE: usize = 24;
/// Differences that are printed; the others are counted.
const SHOWN: usize = 30;

/// Filters written by hand: unusual ones, and those on details that text tables lack.
const ODD: [&str; 72] = [
    "-tan state syn-recv",
    "-tan state syn-recv src 192.0.2/24",
    "-tan state syn-recv not src 127.0.0.1",
    "-tan state syn-recv dev = 0",
    "-tan state syn-recv fwmark 0",
    "-tan state time-wait",
    "-tan state time-wait sport > 1",
    "-tan state time-wait dev = 0",
    "-tan state time-wait fwmark 0",
    "-tan state time-wait cgroup != /there",
    "-tan state bound-inactive",
    "-an state bound-inactive",
    "-tan exclude bound-inactive",
    "-tan state unconnected",
    "-tan state all",
    "-tan state UNKNOWN",
    "-tBn sport = 7090",
    "-tBn state listening",
    "-tan state bucket",
    "-tan state big",
    "-uan state established",
    "-uan state unconnected",
    "-wan state established",
    "-Man state listening",
    "-xan state unconnected",
    "-xan state listening",
    "-tan dev lo",
    "-tan dev == lo",
    "-tan dev != lo",
    "-tan dev = 0",
    "-tan dev 1",
    "-tan dev v0",
    "-tan dev nope",
    "-tan not dev v0",
    "-tan dev v0 or dev lo",
    "-tan dev v0 and not dport = 0",
    "-tan not ( dev v0 or src 127.0.0.1 )",
    "-tan dev v0 or ( sport >= 7000 and sport <= 7012 )",
    "-uan dev lo",
    "-uan dev v0 or dev quiet0",
    "-wan dev lo",
    "-wan not dev lo",
    "-0an dev lo",
    "-0an dev quiet0",
    "-0an src *:quiet0",
    "-0an src arp:lo",
    "-0an sport = quiet1",
    "-an src link:*:lo",
    "-tuan fwmark 0x1234",
    "-tuan fwmark 4660",
    "-tuan fwmark != 0",
    "-tuan fwmark 0xdeadbeef",
    "-tuan fwmark 0xe/0xf",
    "-tuan not fwmark 0/0xf",
    "-wan fwmark 7",
    "-0an fwmark 3",
    "-xan fwmark 0",
    "-xan cgroup != /there",
    "-tan cgroup /there/is/no/such/group",
    "-xan autobound",
    "-xan not autobound",
    "-0an autobound",
    "-f netlink -an autobound",
    "-xan dst *",
    "-xan src @nul@in@it",
    "-xan src @nul?in?it",
    "-xan src *blanks",
    "-an sport > 100000000",
    "-an sport = unix:*list*",
    "-tan src inet:127.0.0.1 or src inet6:[::1]",
    "-tan src [::ffff:127.0.0.1]",
    "-tan src 0.0.0.0",
];

/// Maximum number of rounds of filters.
const MAX_ROUNDS: usize = 10;
/// Minimum number of compared pairs of each kind, and of those that select some sockets and not
/// others.
const PAIRS: usize = 10;
const SELECTING: usize = 3;

/// Returns the names that generated filters use, some of which sockets of the fixture have.
fn place(groups: &[String]) -> LocalNames {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let cgroups = groups.iter().flat_map(|group| {
        let bare = group.trim_start_matches('/');
        [group.clone(), bare.to_owned(), format!("{bare}/"), format!("./{bare}")]
    });
    LocalNames {
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
        let pair = ProgramPair { real, ours: Program::ours() };
        let _fixture = Fixture::new();
        let tables = SocketTables::open_ambient(ambient_authority()).unwrap();
        let names = &ours::machine_names();
        let (random, place) = (&mut Xorshift::new(5), &place(&groups(&pair.real)));
        let mut covered = vec![Kind::State, Kind::Device, Kind::Mark, Kind::Autobound];
        covered.extend((!place.cgroups.is_empty()).then_some(Kind::Cgroup));
        let (mut tally, mut reports) = (Tally::default(), Vec::new());
        // What a filter selects depends on ports that the kernel chose, so more are made until
        // every kind has selected a part of the sockets.
        for round in 0..MAX_ROUNDS {
            if round > 0 && tally.covers(&covered, PAIRS, SELECTING) {
                break;
            }
            for choice in OptionChoice::LIVE {
                let values = &Values::of(&tables, choice.tables);
                let all = rows(&pair.real, &choice.words());
                for _ in 0..FILTERS_PER_CHOICE {
                    let filter = Generator { random, values, names, place, choice }.filter();
                    let args = spell(&filter, choice, random);
                    reports.extend(pair.compare(&args, None).err());
                    tally.add(filter.kinds, SelectedPart::of(rows(&pair.real, &args), all));
                }
            }
        }
        eprintln!("filters over live sockets:\n{tally}");
        tally.assert_covers(&covered, PAIRS, SELECTING);
        tally.assert_selective(35);
        let shown = reports.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
        assert!(reports.is_empty(), "{} of {} differ:\n{shown}", reports.len(), tally.pairs());
    });
}

#[test]
fn odd_filters_select_the_same() {
    inside("live::filter::odd_filters_select_the_same", || {
        let Some(real) = Program::real() else { return };
        let pair = ProgramPair { real, ours: Program::ours() };
        let _fixture = Fixture::new();
        let reports: Vec<_> =
            ODD.iter().filter_map(|line| pair.compare(&words(line), None).err()).collect();
        eprintln!("{} odd filters over live sockets", ODD.len());
        assert!(
            reports.is_empty(),
            "{} of {} differ:\n{}",
            reports.len(),
            ODD.len(),
            reports.join("\n")
        );
    });
}
