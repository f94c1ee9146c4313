//! A state machine that turns readings into changes, without clock, thread or I/O.

use std::collections::{BTreeMap, HashMap};

use procnetsocket::model::Cookie;

use crate::{
    event::{Change, EventKind},
    port::{Port, PortIdentity, PortTable},
    problem::{ReadProblem, ReadProblemKind},
    reading::Reading,
};

/// Keeps the open ports, and reports changes.
///
/// # Trust
///
/// It reports only changes that a reading proves:
///
/// - If a table cannot be read, or disappears after ports were seen in it, its ports do not change.
/// - A reading with a [gap](Reading::gap) opens ports, but does not close any.
/// - The ports of the first reading count as open before; so do new ports up to the first reading
///   without a gap.
///
/// # Examples
///
/// ```
/// use port_monitor::{EventKind, Port, PortTable, Protocol, Reading, Tracker};
///
/// let port = |text: &str| Port::new(Protocol::Tcp, text.parse().unwrap(), None);
/// let reading = |ports: &[Port]| Ok(Reading { ports: ports.to_vec(), ..Reading::default() });
/// let [tcp4, ..] = PortTable::ALL;
///
/// let mut tracker = Tracker::new();
/// tracker.observe(tcp4, reading(&[port("127.0.0.1:22")]));
/// let seen = tracker.observe(tcp4, reading(&[port("127.0.0.1:22"), port("127.0.0.1:80")]));
/// assert_eq!(seen.changes.len(), 1);
/// assert_eq!(seen.changes[0].kind, EventKind::Opened);
/// assert_eq!(seen.changes[0].port, port("127.0.0.1:80"));
/// ```
#[derive(Debug, Default)]
pub struct Tracker {
    tables: BTreeMap<PortTable, Known>,
    /// The ports whose cookie is known.
    cookies: Cookies,
}

type Cookies = HashMap<Cookie, PortIdentity>;

/// The state of one table.
#[derive(Debug, Default)]
struct Known {
    ports: BTreeMap<PortIdentity, Port>,
    /// Whether there was a reading without a gap. Before that, a new port may have been open
    /// already.
    is_whole: bool,
    problem: Option<ReadProblem>,
}

/// The result of comparing one reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The closed ports, and then the opened ones, each in the order of [`PortIdentity`].
    pub changes: Vec<Change>,
    /// The change in the state of the table, if any.
    pub turn: Option<Turn>,
}

/// A change in the state of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It can no longer be read, or not completely. Reported once, until it recovers or the
    /// [kind](ReadProblem::kind) changes.
    Failed(PortTable, ReadProblem),
    /// It can be read again.
    Recovered(PortTable),
}

impl Tracker {
    /// Returns a tracker without ports.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the open ports, in the order of [`PortIdentity`].
    pub fn ports(&self) -> impl Iterator<Item = &Port> {
        self.tables.values().flat_map(|known| known.ports.values())
    }

    /// Returns the tables that cannot be read, or not completely, and why.
    pub fn problems(&self) -> impl Iterator<Item = (PortTable, &ReadProblem)> {
        self.tables.iter().filter_map(|(table, known)| Some((*table, known.problem.as_ref()?)))
    }

    /// Returns whether a reading lacks known ports.
    ///
    /// Kernel: a dump that continues after a pause finds its position by counting, so it may skip a
    /// socket when another one closes. If the caller then reads the table again at once, and
    /// observes the union of both readings, the skipped socket does not count as closed.
    pub fn misses(&self, table: PortTable, reading: &Reading) -> bool {
        let Some(known) = self.tables.get(&table) else { return false };
        if known.ports.is_empty() {
            return false;
        }
        let found: std::collections::HashSet<_> =
            reading.ports.iter().map(Port::identity).collect();
        known.ports.keys().any(|identity| !found.contains(identity))
    }

    /// Compares a reading with the state of its table, and updates it.
    pub fn observe(&mut self, table: PortTable, reading: Result<Reading, ReadProblem>) -> Observed {
        let known = self.tables.entry(table).or_default();
        let mut reading = match known.accept(reading) {
            Ok(reading) => reading,
            Err(problem) => {
                return Observed { turn: known.fail(table, problem), ..Observed::default() };
            }
        };
        let gap = reading.gap.take();
        let changes = known.update(reading, gap.is_none(), &mut self.cookies);
        let turn = match gap {
            Some(problem) => known.fail(table, problem),
            None => known.recover(table),
        };
        Observed { changes, turn }
    }

    /// Keeps the processes of ports that have opened.
    pub(crate) fn attribute(&mut self, changes: &[Change]) {
        for Change { port, .. } in changes.iter().filter(|change| change.port.processes.is_some()) {
            let identity = port.identity();
            for known in self.tables.values_mut() {
                if let Some(known) = known.ports.get_mut(&identity) {
                    known.processes.clone_from(&port.processes);
                }
            }
        }
    }

    /// Removes the port of a socket that the kernel reported as destroyed. Returns the change if it
    /// was a known port.
    pub fn destroyed(&mut self, cookie: Cookie) -> Option<Change> {
        let identity = self.cookies.remove(&cookie)?;
        let mut tables = self.tables.values_mut();
        let port = tables.find_map(|known| known.ports.remove(&identity))?;
        Some(Change { kind: EventKind::Closed, port })
    }
}

impl Known {
    /// Returns the reading to compare with. A table that the kernel lacks is empty; a missing table
    /// in which ports were seen is an error.
    fn accept(&self, reading: Result<Reading, ReadProblem>) -> Result<Reading, ReadProblem> {
        match reading {
            Err(problem) if problem.kind() == ReadProblemKind::Missing && self.ports.is_empty() => {
                Ok(Reading::default())
            }
            reading => reading,
        }
    }

    /// Compares a reading with the known ports, and keeps it. A port that is missing from a reading
    /// with a gap may still be open.
    fn update(&mut self, reading: Reading, is_whole: bool, cookies: &mut Cookies) -> Vec<Change> {
        let mut read = BTreeMap::new();
        for port in reading.ports {
            read.entry(port.identity()).or_insert(port);
        }
        let mut changes = Vec::new();
        if is_whole {
            let closed = self.ports.extract_if(.., |identity, _| !read.contains_key(identity));
            changes.extend(closed.map(|(_, port)| Change { kind: EventKind::Closed, port }));
        }
        for change in &changes {
            forget(cookies, &change.port);
        }
        for (identity, port) in read {
            match self.ports.get_mut(&identity) {
                Some(old) if old.cookie == port.cookie => old.refresh(port),
                Some(old) => {
                    link(cookies, &port);
                    old.refresh(port);
                }
                None => {
                    link(cookies, &port);
                    let kind = if self.is_whole { EventKind::Opened } else { EventKind::Initial };
                    changes.push(Change { kind, port: port.clone() });
                    self.ports.insert(identity, port);
                }
            }
        }
        self.is_whole |= is_whole;
        changes
    }

    fn fail(&mut self, table: PortTable, problem: ReadProblem) -> Option<Turn> {
        let is_new = self.problem.as_ref().is_none_or(|old| old.kind() != problem.kind());
        self.problem = Some(problem.clone());
        is_new.then_some(Turn::Failed(table, problem))
    }

    fn recover(&mut self, table: PortTable) -> Option<Turn> {
        self.problem.take().map(|_| Turn::Recovered(table))
    }
}

/// Keeps the cookie of a port. An earlier cookie of the port is kept, too; it can be reported only
/// for the same socket.
fn link(cookies: &mut Cookies, port: &Port) {
    if let Some(cookie) = port.cookie {
        cookies.insert(cookie, port.identity());
    }
}

/// Removes the cookie of a closed port.
fn forget(cookies: &mut Cookies, port: &Port) {
    if let Some(cookie) = port.cookie {
        cookies.remove(&cookie);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::port::Protocol;

    const TABLE: PortTable = PortTable::ALL[0];

    /// Parses a port: `80` has inode 80, `80#5` has inode 5, and `80@7` has cookie 7.
    fn port(word: &str) -> Port {
        let (rest, cookie) = word.split_once('@').map_or((word, None), |(r, c)| (r, Some(c)));
        let (number, inode) = rest.split_once('#').unwrap_or((rest, rest));
        let number: u16 = number.parse().unwrap();
        let inode = procnetsocket::model::Inode::new(inode.parse().unwrap());
        Port {
            cookie: cookie.and_then(|cookie| Cookie::new(cookie.parse().unwrap())),
            ..Port::new(Protocol::Tcp, ([127, 0, 0, 1], number).into(), inode)
        }
    }

    fn problem(kind: ReadProblemKind) -> ReadProblem {
        ReadProblem::new(kind, "no luck")
    }

    /// Parses ports, ports and `...` for a gap, `missing`, or `unreadable`.
    fn reading(words: &str) -> Result<Reading, ReadProblem> {
        let mut reading = Reading::default();
        for word in words.split_whitespace() {
            match word {
                "missing" => return Err(problem(ReadProblemKind::Missing)),
                "unreadable" => return Err(problem(ReadProblemKind::Unreadable)),
                "..." => reading.note_gap(problem(ReadProblemKind::Incomplete)),
                word => reading.ports.push(port(word)),
            }
        }
        Ok(reading)
    }

    fn word(change: &Change) -> String {
        let sign = match change.kind {
            EventKind::Initial => "=",
            EventKind::Opened => "+",
            EventKind::Closed => "-",
        };
        let (number, inode) =
            (change.port.local.inet().unwrap().port(), change.port.inode.unwrap().get());
        if u64::from(number) == inode {
            format!("{sign}{number}")
        } else {
            format!("{sign}{number}#{inode}")
        }
    }

    fn see(tracker: &mut Tracker, words: &str) -> String {
        let observed = tracker.observe(TABLE, reading(words));
        let turn = observed.turn.map(|turn| match turn {
            Turn::Failed(_, problem) => format!("{:?}!", problem.kind()),
            Turn::Recovered(_) => "well".to_owned(),
        });
        let words: Vec<_> = observed.changes.iter().map(word).chain(turn).collect();
        words.join(" ")
    }

    #[rstest]
    // usual
    #[case::first_reading(&["22 80"], &["=22 =80"])]
    #[case::nothing_changes(&["22 80", "80 22"], &["=22 =80", ""])]
    #[case::opened(&["22", "22 80"], &["=22", "+80"])]
    #[case::closed(&["22 80", "22"], &["=22 =80", "-80"])]
    #[case::started_anew(&["80#1", "80#2"], &["=80#1", "-80#1 +80#2"])]
    #[case::a_group_of_two(&["80#1", "80#1 80#2", "80#2"], &["=80#1", "+80#2", "-80#1"])]
    #[case::in_the_order_of_identity(&["", "9 80#2 80#1 443"], &["", "+9 +80#1 +80#2 +443"])]
    // boundary
    #[case::empty(&["", ""], &["", ""])]
    #[case::all_closed(&["1 2 3", ""], &["=1 =2 =3", "-1 -2 -3"])]
    #[case::the_same_row_twice(&["", "80 80", "80"], &["", "+80", ""])]
    #[case::another_source_reports_less(&["80@7", "80", "80@7"], &["=80", "", ""])]
    // hostile
    #[case::fails_and_comes_back(&["22", "unreadable", "unreadable", "22 80"], &["=22", "Unreadable!", "", "+80 well"])]
    #[case::fails_first(&["unreadable", "22", "22 80"], &["Unreadable!", "=22 well", "+80"])]
    #[case::never_there(&["missing", "missing", "80"], &["", "", "+80"])]
    #[case::cannot_cease_to_exist(&["80", "missing", "80"], &["=80", "Missing!", "well"])]
    #[case::may_cease_when_empty(&["", "missing", "80"], &["", "", "+80"])]
    #[case::fails_in_another_way(&["80", "unreadable", "missing", "80"], &["=80", "Unreadable!", "Missing!", "well"])]
    #[case::a_gap_closes_nothing(&["22 80", "22 443 ...", "22"], &["=22 =80", "+443 Incomplete!", "-80 -443 well"])]
    #[case::a_gap_first(&["22 ...", "22 80", "22 80 90"], &["=22 Incomplete!", "=80 well", "+90"])]
    #[case::nothing_but_gaps(&["22 ...", "80 ...", "90 ..."], &["=22 Incomplete!", "=80", "=90"])]
    fn tracker_reports_changes_between_readings(
        #[case] readings: &[&str],
        #[case] expected: &[&str],
    ) {
        let mut tracker = Tracker::new();
        let seen: Vec<_> = readings.iter().map(|words| see(&mut tracker, words)).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn tables_do_not_affect_each_other() {
        let mut tracker = Tracker::new();
        let [tcp4, tcp6, ..] = PortTable::ALL;
        tracker.observe(tcp4, reading("80"));
        assert_eq!(tracker.observe(tcp6, reading("")), Observed::default());
        tracker.observe(tcp6, reading("unreadable"));
        assert_eq!(tracker.problems().map(|(table, _)| table).collect::<Vec<_>>(), [tcp6]);
        assert_eq!(tracker.ports().count(), 1);
    }

    #[rstest]
    #[case::nothing_known("", "80", false)]
    #[case::all_there("80 81", "81 80 82", false)]
    #[case::one_missing("80 81", "81 82", true)]
    fn reading_without_a_known_port_is_detected(
        #[case] known: &str,
        #[case] next: &str,
        #[case] misses: bool,
    ) {
        let mut tracker = Tracker::new();
        tracker.observe(TABLE, reading(known));
        assert_eq!(tracker.misses(TABLE, &reading(next).unwrap()), misses);
    }

    #[test]
    fn end_of_a_socket_closes_its_port_once() {
        let mut tracker = Tracker::new();
        let end = |tracker: &mut Tracker, cookie| {
            tracker.destroyed(Cookie::new(cookie).unwrap()).as_ref().map(word)
        };
        see(&mut tracker, "80#1@7 80#2@8 81");
        assert_eq!(end(&mut tracker, 9), None);
        assert_eq!(end(&mut tracker, 7).as_deref(), Some("-80#1"));
        assert_eq!(end(&mut tracker, 7), None);
        assert_eq!(see(&mut tracker, "80#2@8 81"), "");
        // A look found the closing, so its event comes too late.
        assert_eq!(see(&mut tracker, "81"), "-80#2");
        assert_eq!(end(&mut tracker, 8), None);
    }

    #[test]
    fn cookie_is_kept_when_a_source_has_none() {
        let mut tracker = Tracker::new();
        see(&mut tracker, "80@7");
        see(&mut tracker, "80");
        assert!(tracker.ports().all(|port| port.cookie == Cookie::new(7)));
        assert!(tracker.destroyed(Cookie::new(7).unwrap()).is_some());
    }
}
