//! Tests of the thread: lifetime, notices and failures.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "everything here is test code, which fails by a panic"
)]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use port_monitor::{
    ErrorKind, EventKind, Notice, Port, PortLook, PortMonitor, PortMonitorBuilder, PortProcess,
    PortSource, PortTable, ProcessesByInode, Protocol, ReadProblem, ReadProblemKind, Reading,
    Readings, Subscription,
};
use procnetsocket::{Interrupt, Pid, model::Inode};
use rstest::rstest;
use testkit::wait_until;

/// Time after which a waiting test fails.
const LONG: Duration = Duration::from_mins(5);

/// The content of the table of TCP over IPv4, or the kind of its problem.
type PortsAnswer = Result<Vec<u16>, ReadProblemKind>;

/// A source in which the test opens and closes ports.
#[derive(Clone)]
struct Ports(Arc<Mutex<PortsAnswer>>);

impl Ports {
    fn new(ports: &[u16]) -> Self {
        Self(Arc::new(Mutex::new(Ok(ports.to_vec()))))
    }

    fn set(&self, answer: Result<&[u16], ReadProblemKind>) {
        *self.0.lock().unwrap() = answer.map(<[u16]>::to_vec);
    }

    fn watch(&self) -> PortMonitorBuilder {
        PortMonitor::builder(self.clone()).protocol(Protocol::Tcp).interval(Duration::ZERO)
    }
}

fn port(number: u16) -> Port {
    Port::new(Protocol::Tcp, ([127, 0, 0, 1], number).into(), Inode::new(number.into()))
}

fn number(port: &Port) -> u16 {
    port.local.inet().unwrap().port()
}

impl PortSource for Ports {
    fn read(&self, look: &PortLook<'_>, _: &dyn Interrupt) -> Readings {
        look.read_each(|table| {
            let answer = self.0.lock().unwrap().clone();
            let ports = answer.map_err(|kind| ReadProblem::new(kind, "no luck"))?;
            let is_here = table == PortTable::ALL[0];
            let ports = ports.into_iter().filter(|_| is_here).map(port).collect();
            Ok(Reading { ports, ..Reading::default() })
        })
    }
}

fn next(notices: &Subscription) -> String {
    match notices.next_timeout(LONG).expect("a notice is sent") {
        Notice::Event(event) => {
            format!("{} {} {}", event.sequence, event.kind.name(), number(&event.port))
        }
        other => format!("{other:?}"),
    }
}

/// Waits until the monitor has read the current state of the source.
fn settle(monitor: &PortMonitor) {
    let looks = monitor.looks();
    // One look may have begun before.
    wait_until("the monitor looks twice", || monitor.looks() >= looks + 2);
}

fn numbers(monitor: &PortMonitor) -> Vec<u16> {
    monitor.ports().iter().map(number).collect()
}

#[test]
fn monitor_reports_openings_and_closings() {
    let ports = Ports::new(&[22]);
    let monitor = ports.watch().build();
    let notices = monitor.subscribe(10);
    monitor.start().unwrap();
    settle(&monitor);
    assert_eq!(numbers(&monitor), [22]);
    ports.set(Ok(&[22, 80]));
    assert_eq!(next(&notices), "1 opened 80");
    ports.set(Ok(&[80]));
    assert_eq!(next(&notices), "2 closed 22");
    settle(&monitor);
    assert_eq!((numbers(&monitor), notices.try_next()), (vec![80], None));
    let reported: Vec<_> = monitor.since(1).events.iter().map(|event| event.port.clone()).collect();
    assert_eq!(reported, [port(22)]);
}

#[rstest]
#[case::silent(false, "1 opened 80")]
#[case::reported(true, "1 initial 22")]
fn ports_of_the_first_look_are_reported_on_request(#[case] initial: bool, #[case] first: &str) {
    let ports = Ports::new(&[22]);
    let monitor = ports.watch().initial(initial).build();
    let notices = monitor.subscribe(10);
    monitor.start().unwrap();
    settle(&monitor);
    ports.set(Ok(&[22, 80]));
    assert_eq!(next(&notices), first);
}

#[test]
fn monitor_watches_only_its_scope() {
    let ports = Ports::new(&[]);
    let monitor = ports.watch().ports(80..=89).ports(443..=443).build();
    let notices = monitor.subscribe(10);
    monitor.start().unwrap();
    settle(&monitor);
    ports.set(Ok(&[22, 79, 80, 89, 90, 443]));
    let reported = [(); 3].map(|()| next(&notices));
    assert_eq!(reported, ["1 opened 80", "2 opened 89", "3 opened 443"]);
}

#[test]
fn starts_stops_and_starts_again() {
    let ports = Ports::new(&[22]);
    let monitor = ports.watch().build();
    let notices = monitor.subscribe(10);
    assert!(!monitor.is_running());
    monitor.stop().unwrap();

    monitor.start().unwrap();
    settle(&monitor);
    let error = monitor.start().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Running);
    assert!(monitor.is_running());

    monitor.stop().unwrap();
    assert!(!monitor.is_running());
    let looks = monitor.looks();
    ports.set(Ok(&[80]));
    assert_eq!((monitor.looks(), numbers(&monitor)), (looks, vec![22]));
    monitor.stop().unwrap();

    // The first look reports the changes in between, so the events have no gap.
    monitor.start().unwrap();
    assert_eq!([next(&notices), next(&notices)], ["1 closed 22", "2 opened 80"]);
    assert_eq!(numbers(&monitor), [80]);
}

/// A source that sends a message when it is dropped.
struct Last(Sender<()>);

impl PortSource for Last {
    fn read(&self, look: &PortLook<'_>, _: &dyn Interrupt) -> Readings {
        look.read_each(|_| Ok(Reading::default()))
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
    }
}

#[test]
fn dropping_it_ends_its_thread_and_its_subscriptions() {
    let (gone, is_gone) = channel();
    // The next look would be in an hour.
    let monitor = PortMonitor::builder(Last(gone)).interval(Duration::from_hours(1)).build();
    let notices = monitor.subscribe(1);
    monitor.start().unwrap();
    drop(monitor);
    // The thread had the source, too.
    is_gone.try_recv().unwrap();
    assert!(notices.is_closed());
    assert_eq!(notices.count(), 0);
}

/// A source that reads until it is interrupted.
struct EndlessPorts(Sender<()>);

impl PortSource for EndlessPorts {
    fn read(&self, look: &PortLook<'_>, interrupt: &dyn Interrupt) -> Readings {
        look.read_each(|_| {
            self.0.send(()).unwrap();
            while !interrupt.is_interrupted() {
                std::thread::yield_now();
            }
            Err(ReadProblem::new(ReadProblemKind::Interrupted, "interrupted"))
        })
    }
}

#[test]
fn stop_ends_the_current_look() {
    let (looking, is_looking): (_, Receiver<()>) = channel();
    let monitor = PortMonitor::builder(EndlessPorts(looking)).build();
    monitor.start().unwrap();
    is_looking.recv_timeout(LONG).unwrap();
    monitor.stop().unwrap();
    assert_eq!((monitor.looks(), monitor.problems()), (0, vec![]));
}

#[test]
fn failure_is_reported_once_and_kept_until_recovery() {
    let ports = Ports::new(&[22]);
    let monitor = ports.watch().address([127, 0, 0, 1].into()).build();
    let notices = monitor.subscribe(10);
    monitor.start().unwrap();
    settle(&monitor);
    ports.set(Err(ReadProblemKind::Unreadable));
    settle(&monitor);
    settle(&monitor);
    let problem = ReadProblem::new(ReadProblemKind::Unreadable, "no luck");
    let table = PortTable::ALL[0];
    assert_eq!(notices.try_next(), Some(Notice::Failed(table, problem.clone())));
    assert_eq!(notices.try_next(), None);
    assert_eq!(monitor.problems(), [(table, problem)]);
    assert_eq!(numbers(&monitor), [22]);
    ports.set(Ok(&[22, 80]));
    assert_eq!(notices.next_timeout(LONG), Some(Notice::Recovered(table)));
    assert_eq!(next(&notices), "1 opened 80");
    assert_eq!(monitor.problems(), []);
}

#[test]
fn slow_subscriber_does_not_delay_others() {
    let ports = Ports::new(&[]);
    let monitor = ports.watch().build();
    let (slow, quick) = (monitor.subscribe(2), monitor.subscribe(100));
    monitor.start().unwrap();
    settle(&monitor);
    ports.set(Ok(&[1, 2, 3, 4, 5]));
    let reported: Vec<_> = (0..5).map(|_| next(&quick)).collect();
    assert_eq!(reported, ["1 opened 1", "2 opened 2", "3 opened 3", "4 opened 4", "5 opened 5"]);
    assert_eq!([(); 3].map(|()| next(&slow)), ["1 opened 1", "2 opened 2", "Lost(3)"]);
    drop(slow);
    ports.set(Ok(&[]));
    assert_eq!(next(&quick), "6 closed 1");
}

#[test]
fn short_ring_counts_lost_events() {
    let ports = Ports::new(&[]);
    let monitor = ports.watch().history(2).build();
    let notices = monitor.subscribe(100);
    monitor.start().unwrap();
    settle(&monitor);
    ports.set(Ok(&[1, 2, 3]));
    let _ = [(); 3].map(|()| next(&notices));
    let since = monitor.since(0);
    assert_eq!((since.events.len(), since.dropped, since.last), (2, 1, 3));
    let [first, second] = [0, 1].map(|index| since.events[index].time);
    assert!(first < second);
    assert_eq!(monitor.since_time(first).events, since.events[1..]);
}

/// A source in which process 7 has the ports of even numbers open, and which records the searches.
struct PortsWithProcesses(Ports, Arc<Mutex<Vec<Vec<u64>>>>);

impl PortSource for PortsWithProcesses {
    fn read(&self, look: &PortLook<'_>, interrupt: &dyn Interrupt) -> Readings {
        self.0.read(look, interrupt)
    }

    fn processes(
        &self,
        inodes: &[Inode],
        _: &dyn Interrupt,
    ) -> Result<ProcessesByInode, ReadProblem> {
        self.1.lock().unwrap().push(inodes.iter().map(|inode| inode.get()).collect());
        let process = || PortProcess { pid: Pid::new(7).unwrap(), name: Some("server".into()) };
        let even = inodes.iter().filter(|inode| inode.get() % 2 == 0);
        Ok(even.map(|inode| (*inode, vec![process()])).collect())
    }
}

fn processes(port: &Port) -> Option<usize> {
    port.processes.as_ref().map(Vec::len)
}

#[test]
fn processes_are_looked_up_once_and_kept_until_closing() {
    let (ports, asked) = (Ports::new(&[22]), Arc::new(Mutex::new(Vec::new())));
    let source = PortsWithProcesses(ports.clone(), Arc::clone(&asked));
    let builder = PortMonitor::builder(source).processes(true);
    let monitor = builder.interval(Duration::ZERO).build();
    let notices = monitor.subscribe(10);
    monitor.start().unwrap();
    settle(&monitor);
    ports.set(Ok(&[22, 80, 81]));
    assert_eq!([next(&notices), next(&notices)], ["1 opened 80", "2 opened 81"]);
    settle(&monitor);
    let known: Vec<_> = monitor.ports().iter().map(processes).collect();
    assert_eq!(known, [Some(1), Some(1), Some(0)]);
    ports.set(Ok(&[]));
    assert_eq!(next(&notices), "3 closed 22");
    let reported: Vec<_> =
        monitor.since(0).events.iter().map(|event| processes(&event.port)).collect();
    assert_eq!(reported[..3], [Some(1), Some(0), Some(1)]);
    assert_eq!(*asked.lock().unwrap(), [vec![22], vec![80, 81]]);
}

#[test]
fn source_without_processes_is_reported_once() {
    let ports = Ports::new(&[22]);
    let monitor = ports.watch().processes(true).build();
    let notices = monitor.subscribe(10);
    monitor.start().unwrap();
    assert!(next(&notices).starts_with("ProcessesUnknown("));
    ports.set(Ok(&[22, 80]));
    assert_eq!(next(&notices), "1 opened 80");
    settle(&monitor);
    assert_eq!((notices.try_next(), processes(&monitor.ports()[1])), (None, None));
}

/// A source that panics at its second look.
struct PanickingPorts(AtomicBool);

impl PortSource for PanickingPorts {
    fn read(&self, look: &PortLook<'_>, _: &dyn Interrupt) -> Readings {
        look.read_each(|_| {
            assert!(!self.0.swap(true, Ordering::Relaxed), "this panic is part of the test");
            Ok(Reading::default())
        })
    }
}

#[test]
fn stop_returns_the_panic_of_the_source() {
    let monitor = PortMonitor::builder(PanickingPorts(AtomicBool::new(false))).build();
    monitor.start().unwrap();
    wait_until("the monitor stops", || !monitor.is_running());
    assert_eq!(monitor.stop().unwrap_err().kind(), ErrorKind::Panicked);
    assert_eq!(monitor.ports(), []);
}

#[test]
fn kinds_of_events_have_words() {
    let kinds = [EventKind::Initial, EventKind::Opened, EventKind::Closed];
    assert_eq!(kinds.map(EventKind::name), ["initial", "opened", "closed"]);
}
