//! Any sequence of states that tables are in, with failures between them, gives events that lead,
//! one after the other, from the first state to the last.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "everything here is test code, which fails by a panic"
)]

use std::{collections::BTreeSet, sync::Mutex};

use port_monitor::{
    Change, EventKind, Polled, Poller, Port, PortAddress, PortIdentity, PortLook, PortSource,
    PortTable, Protocol, ReadProblem, ReadProblemKind, Reading, Readings, Scope,
};
use procnetsocket::{
    Family, Interrupt, Uninterrupted,
    model::{Inode, UnixName},
};
use testkit::Xorshift;

/// What is open in each table, and how it answers.
#[derive(Clone, Debug, Default)]
struct Machine {
    tables: [BTreeSet<PortIdentity>; 5],
    answers: [Answer; 5],
}

/// How a table answers a reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Answer {
    #[default]
    Whole,
    /// The first reading leaves one port out, as a dump does while another socket closes.
    Missed,
    /// One port is left out, and the reading says that some may be.
    Gap,
    Failed,
    /// The table is gone, as a file that is replaced is for a moment.
    Gone,
}

fn every_table() -> Scope {
    Scope { protocols: Protocol::ALL.to_vec(), ..Scope::default() }
}

fn index(table: PortTable) -> usize {
    PortTable::ALL.iter().position(|other| *other == table).unwrap()
}

/// The machine as it is read; the number counts the readings of this look.
struct Source(Mutex<(Machine, [usize; 5])>);

impl PortSource for Source {
    fn read(&self, look: &PortLook<'_>, _: &dyn Interrupt) -> Readings {
        look.read_each(|table| {
            let mut guard = self.0.lock().unwrap();
            let (machine, readings) = &mut *guard;
            let index = index(table);
            readings[index] += 1;
            let port = |identity: &PortIdentity| match identity.local.clone() {
                PortAddress::Inet(local) => Port::new(identity.protocol, local, identity.inode),
                PortAddress::Unix(name) => Port::unix(name, identity.inode),
            };
            let mut ports: Vec<_> = machine.tables[index].iter().map(port).collect();
            // No source promises an order.
            ports.reverse();
            let answer = machine.answers[index];
            if answer == Answer::Gap || answer == Answer::Missed && readings[index] == 1 {
                ports.pop();
            }
            let mut reading = Reading { ports, ..Reading::default() };
            match answer {
                Answer::Whole | Answer::Missed => {}
                Answer::Gap => {
                    reading.note_gap(ReadProblem::new(ReadProblemKind::Incomplete, "torn"));
                }
                Answer::Failed => {
                    return Err(ReadProblem::new(ReadProblemKind::Unreadable, "no luck"));
                }
                Answer::Gone => return Err(ReadProblem::new(ReadProblemKind::Missing, "gone")),
            }
            Ok(reading)
        })
    }
}

impl Source {
    fn set(&self, machine: &Machine) {
        *self.0.lock().unwrap() = (machine.clone(), [0; 5]);
    }
}

/// Opens and closes some ports; few numbers, so that they meet again.
fn change(machine: &mut Machine, random: &mut Xorshift) {
    for _ in 0..random.below(6) {
        let table = *random.pick(&PortTable::ALL);
        let port = u16::try_from(1 + random.below(5)).unwrap();
        let local = match table.family {
            Some(Family::V4) => PortAddress::Inet(([127, 0, 0, 1], port).into()),
            Some(Family::V6) => PortAddress::Inet(([0u16; 8], port).into()),
            None => PortAddress::Unix(UnixName::Abstract(port.to_string().into())),
        };
        let inode = Inode::new(random.below(4));
        let identity = PortIdentity { protocol: table.protocol, local, inode, namespace: None };
        let open = &mut machine.tables[index(table)];
        if !open.remove(&identity) {
            open.insert(identity);
        }
    }
    for answer in &mut machine.answers {
        let others = [Answer::Missed, Answer::Gap, Answer::Failed, Answer::Gone];
        *answer = if random.one_in(3) { *random.pick(&others) } else { Answer::Whole };
    }
}

/// What a reader of the events believes to be open.
#[derive(Default)]
struct Reader(BTreeSet<PortIdentity>);

impl Reader {
    /// Each event has to be possible.
    fn replay(&mut self, change: &Change) {
        let identity = change.port.identity();
        match change.kind {
            EventKind::Initial | EventKind::Opened => {
                assert!(self.0.insert(identity.clone()), "{identity:?} opens, and is open");
            }
            EventKind::Closed => {
                assert!(self.0.remove(&identity), "{identity:?} closes, and is not open");
            }
        }
    }

    fn replay_all(&mut self, polled: &Polled) {
        let closings = polled.changes.iter().take_while(|c| c.kind == EventKind::Closed).count();
        let (closed, opened) = polled.changes.split_at(closings);
        for part in [closed, opened] {
            assert!(part.is_sorted_by_key(|change| change.port.identity()), "{part:?}");
            for change in part {
                self.replay(change);
            }
        }
    }
}

#[test]
fn events_lead_from_the_first_state_to_the_last() {
    for seed in 0..300 {
        let mut random = Xorshift::new(seed);
        let mut machine = Machine::default();
        let source = Source(Mutex::default());
        let mut poller = Poller::new(&source, every_table());
        let mut reader = Reader::default();
        for _ in 0..40 {
            change(&mut machine, &mut random);
            source.set(&machine);
            reader.replay_all(&poller.poll(&Uninterrupted).unwrap());
            let open: BTreeSet<_> = poller.tracker().ports().map(Port::identity).collect();
            assert_eq!(reader.0, open, "seed {seed}");
        }
        machine.answers = [Answer::Whole; 5];
        source.set(&machine);
        reader.replay_all(&poller.poll(&Uninterrupted).unwrap());
        let truth: BTreeSet<_> = machine.tables.iter().flatten().cloned().collect();
        assert_eq!(reader.0, truth, "seed {seed}");
        assert_eq!(poller.tracker().problems().count(), 0);
    }
}

/// Only true openings and closings are told: each event is one of the differences between states
/// that the machine was in.
#[test]
fn no_failure_makes_an_event() {
    for seed in 0..300 {
        let mut random = Xorshift::new(seed);
        let mut machine = Machine::default();
        change(&mut machine, &mut random);
        machine.answers = [Answer::Whole; 5];
        let source = Source(Mutex::default());
        let mut poller = Poller::new(&source, every_table());
        source.set(&machine);
        poller.poll(&Uninterrupted).unwrap();
        // The machine stays as it is, and only its answers change.
        for _ in 0..20 {
            let tables = machine.tables.clone();
            change(&mut machine, &mut random);
            machine.tables = tables;
            source.set(&machine);
            assert_eq!(poller.poll(&Uninterrupted).unwrap().changes, [], "seed {seed}");
        }
    }
}

#[test]
fn an_interrupted_look_changes_nothing() {
    struct Interrupted;
    impl PortSource for Interrupted {
        fn read(&self, look: &PortLook<'_>, _: &dyn Interrupt) -> Readings {
            look.read_each(|table| {
                if table.protocol == Protocol::Udp {
                    return Err(ReadProblem::new(ReadProblemKind::Interrupted, "interrupted"));
                }
                let port = Port::new(Protocol::Tcp, ([0, 0, 0, 0], 80).into(), None);
                Ok(Reading { ports: vec![port], ..Reading::default() })
            })
        }
    }
    let mut poller = Poller::new(Interrupted, Scope::default());
    assert_eq!(poller.poll(&Uninterrupted), None);
    assert_eq!(poller.tracker().ports().count(), 0);
}
