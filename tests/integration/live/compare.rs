//! Option combinations over live sockets, byte for byte.

use std::cell::Cell;

use super::{
    fixture::Fixture,
    line, mask,
    mask::Motion,
    namespace::{inside, inside_as_root},
    program::Program,
};
use crate::outcome::Outcome;

/// How often the three runs are repeated because the kernel changed something between the real
/// ones.
const ATTEMPTS: usize = 8;
/// Differences that are printed; the others are counted.
const SHOWN: usize = 30;

/// How two listings are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sameness {
    /// Byte for byte.
    Exact,
    /// Except for values that the kernel changed.
    Masked,
}

/// Both programs.
pub(super) struct ProgramPair {
    pub(super) real: Program,
    pub(super) ours: Program,
}

impl ProgramPair {
    /// Runs the real one, ours and the real one again; the two real runs show what changes by
    /// itself.
    pub(super) fn compare(&self, args: &[String], width: Option<u16>) -> Result<Sameness, String> {
        let has_own_sockets = Cell::new(false);
        let run = |program: &Program| {
            let mut outcome = program.run(args, width).without_unreported_tables();
            let kept = mask::without_own_sockets(&outcome.stdout);
            has_own_sockets.set(has_own_sockets.get() || kept != outcome.stdout);
            outcome.stdout = kept;
            outcome
        };
        let run_without_widths = |program: &Program| {
            let mut outcome = run(program);
            outcome.stdout = mask::without_widths(&outcome.stdout);
            outcome
        };
        let width = width.map_or(String::new(), |width| format!(" on {width} columns"));
        let line = format!("ss {}{width}", args.join(" "));
        let result = compare_runs(&line, || run(&self.real), || run(&self.ours));
        if result.is_ok() || !has_own_sockets.get() {
            return result;
        }
        // The kernel chose the port numbers of the sockets that ask, and the longest one may make
        // a column wider.
        compare_runs(&line, || run_without_widths(&self.real), || run_without_widths(&self.ours))
    }
}

/// Runs the real one, ours and the real one again; the two real runs show what changes by itself.
pub(super) fn compare_runs(
    line: &str,
    real: impl Fn() -> Outcome,
    ours: impl Fn() -> Outcome,
) -> Result<Sameness, String> {
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let [before, ours, after] = [real(), ours(), real()];
        if same(&ours, &before) || same(&ours, &after) {
            return Ok(Sameness::Exact);
        }
        if same(&before, &after) {
            return Err(report(line, &ours, &before));
        }
        let Some(motion) = Motion::between(&before.stdout, &after.stdout) else { continue };
        let [theirs, masked] =
            [&before, &ours].map(|one| Outcome { stdout: motion.mask(&one.stdout), ..one.clone() });
        if !same(&masked, &theirs) {
            last = Some(report(line, &masked, &theirs));
            continue;
        }
        match mask::out_of_time(&before.stdout, &ours.stdout, &after.stdout) {
            None => return Ok(Sameness::Masked),
            Some(figure) => last = Some(format!("{line}\n  {figure}")),
        }
    }
    Err(last.unwrap_or_else(|| format!("{line}: the output of the real one never settles")))
}

fn same(one: &Outcome, other: &Outcome) -> bool {
    one.difference(other).is_none()
}

fn report(line: &str, ours: &Outcome, real: &Outcome) -> String {
    let difference = ours.difference(real).expect("it is not the same");
    format!("{line}\n{difference}")
}

/// Compares every line over one set of sockets, and reports differences.
fn compare(name: &str, lines: &[Vec<String>], widths: &[Option<u16>]) {
    let Some(real) = Program::real() else { return };
    let _fixture = Fixture::new();
    compare_with(&ProgramPair { real, ours: Program::ours() }, name, lines, widths);
}

/// Compares every line over the existing sockets, and reports differences.
pub(super) fn compare_with(
    pair: &ProgramPair,
    name: &str,
    lines: &[Vec<String>],
    widths: &[Option<u16>],
) {
    let mut reports = Vec::new();
    let [mut exact, mut masked] = [0; 2];
    for args in lines {
        for width in widths {
            match pair.compare(args, *width) {
                Ok(Sameness::Exact) => exact += 1,
                Ok(Sameness::Masked) => masked += 1,
                Err(report) => reports.push(report),
            }
        }
    }
    let total = lines.len() * widths.len();
    eprintln!(
        "live {name}: {total} listings, {exact} the same, {masked} the same but for what moved"
    );
    let shown = reports.iter().take(SHOWN).cloned().collect::<Vec<_>>().join("\n");
    assert!(reports.is_empty(), "live {name}: {} of {total} differ:\n{shown}", reports.len());
}

/// Declares a test of each choice of tables with every pair of details.
macro_rules! details {
    ($($name:ident: $choice:literal,)*) => {
        $(#[test]
        fn $name() {
            inside(concat!("live::compare::", stringify!($name)), || {
                compare($choice, &line::details($choice), &[None]);
            });
        })*
    };
}

details! {
    details_of_tcp: "-ta",
    details_of_udp: "-ua",
    details_of_raw: "-wa",
    details_of_mptcp: "-Ma",
    details_of_unix: "-xa",
    details_of_packet: "-0a",
    details_of_netlink: "-f netlink -a",
}

#[test]
fn details_of_everything() {
    inside("live::compare::details_of_everything", || {
        let choice = "-A all,!netlink -a";
        compare(choice, &line::single_details(choice), &[None]);
    });
}

#[test]
fn sockets_of_other_users() {
    // A user namespace of an ordinary user has no others.
    inside_as_root("live::compare::sockets_of_other_users", || {
        let choice = "-tux -a";
        compare(choice, &line::single_details(choice), &[None]);
    });
}

#[test]
fn many_details_at_once() {
    inside("live::compare::many_details_at_once", || {
        compare("random", &line::random(150), &[None]);
    });
}

#[test]
fn every_choice_of_tables_and_states() {
    inside("live::compare::every_choice_of_tables_and_states", || {
        compare("tables and states", &line::choices(), &[None]);
    });
}

#[test]
fn every_family() {
    inside("live::compare::every_family", || compare("-f", &line::families(), &[None]));
}

#[test]
fn every_list_of_tables() {
    inside("live::compare::every_list_of_tables", || compare("-A", &line::tables(), &[None]));
}

#[test]
fn layouts_on_a_terminal() {
    inside("live::compare::layouts_on_a_terminal", || {
        compare("terminal", &line::still(), &[Some(80), Some(20), Some(200)]);
    });
}
