//! Tests that for random sequences of states of the tables, with failures between them, the events
//! lead from the first state to the last.

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

/// The open ports of each table, and the answer to a reading.
#[derive(Clone, Debug, Default)]
struct ModelMachine {
    tables: [BTreeSet<PortIdentity>; 5],
    answers: [TableAnswer; 5],
}

/// The answer of a table to a reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TableAnswer {
    #[default]
    Whole,
    /// The first reading misses one port, as a dump does while another socket closes.
    Missed,
    /// One port is missing, and the reading has a gap.
    Gap,
    Failed,
    /// The table does not exist, like a file that is being replaced.
    Gone,
}

fn every_table() -> Scope {
    Scope { protocols: Protocol::ALL.to_vec(), ..Scope::default() }
}

fn index(table: PortTable) -> usize {
    PortTable::ALL.iter().position(|other| *other == table).unwrap()
}

/// The machine as a source, with the number of readings of each table in this look.
struct ModelSource(Mutex<(ModelMachine, [usize; 5])>);

impl PortSource for ModelSource {
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
            // A source may return any order.
            ports.reverse();
            let answer = machine.answers[index];
            if answer == TableAnswer::Gap || answer == TableAnswer::Missed && readings[index] == 1 {
                ports.pop();
            }
            let mut reading = Reading { ports, ..Reading::default() };
            match answer {
                TableAnswer::Whole | TableAnswer::Missed => {}
                TableAnswer::Gap => {
                    reading.note_gap(ReadProblem::new(ReadProblemKind::Incomplete, "torn"));
                }
                TableAnswer::Failed => {
                    return Err(ReadProblem::new(ReadProblemKind::Unreadable, "no luck"));
                }
                TableAnswer::Gone => {
                    return Err(ReadProblem::new(ReadProblemKind::Missing, "gone"));
                }
            }
            Ok(reading)
        })
    }
}

impl ModelSource {
    fn set(&self, machine: &ModelMachine) {
        *self.0.lock().unwrap() = (machine.clone(), [0; 5]);
    }
}

/// Opens and closes some ports. There are only few numbers, so that they recur.
fn change(machine: &mut ModelMachine, random: &mut Xorshift) {
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
        let others =
            [TableAnswer::Missed, TableAnswer::Gap, TableAnswer::Failed, TableAnswer::Gone];
        *answer = if random.one_in(3) { *random.pick(&others) } else { TableAnswer::Whole };
    }
}

/// The ports that are open according to the events.
#[derive(Default)]
struct EventReader(BTreeSet<PortIdentity>);

impl EventReader {
    /// Applies an event, which has to be possible.
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
        let mut machine = ModelMachine::default();
        let source = ModelSource(Mutex::default());
        let mut poller = Poller::new(&source, every_table());
        let mut reader = EventReader::default();
        for _ in 0..40 {
            change(&mut machine, &mut random);
            source.set(&machine);
            reader.replay_all(&poller.poll(&Uninterrupted).unwrap());
            let open: BTreeSet<_> = poller.tracker().ports().map(Port::identity).collect();
            assert_eq!(reader.0, open, "seed {seed}");
        }
        machine.answers = [TableAnswer::Whole; 5];
        source.set(&machine);
        reader.replay_all(&poller.poll(&Uninterrupted).unwrap());
        let truth: BTreeSet<_> = machine.tables.iter().flatten().cloned().collect();
        assert_eq!(reader.0, truth, "seed {seed}");
        assert_eq!(poller.tracker().problems().count(), 0);
    }
}

/// Each event is a difference between two states of the machine.
#[test]
fn failure_causes_no_event() {
    for seed in 0..300 {
        let mut random = Xorshift::new(seed);
        let mut machine = ModelMachine::default();
        change(&mut machine, &mut random);
        machine.answers = [TableAnswer::Whole; 5];
        let source = ModelSource(Mutex::default());
        let mut poller = Poller::new(&source, every_table());
        source.set(&machine);
        poller.poll(&Uninterrupted).unwrap();
        // The machine does not change; only its answers do.
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
fn interrupted_look_changes_nothing() {
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
