//! Removes values from a listing that the kernel changes.
//!
//! These are:
//!
//! - values that are clocks, or that the kernel updates when a packet is sent again. Such a value
//!   is removed from a line only if it differed there between two runs of the real `ss` before and
//!   after ours. Blanks at the ends of lines are then removed too, because their number depends on
//!   the longest line.
//! - the netlink sockets of the program itself.

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice};

/// Values that may change: times since an event, timers, and counters that the kernel updates.
const MOVING: [&str; 41] = [
    "timer",
    "lastsnd",
    "lastrcv",
    "lastack",
    "last_data_sent",
    "last_data_recv",
    "last_ack_recv",
    "skmem",
    "rto",
    "backoff",
    "rtt",
    "ato",
    "mss",
    "pmtu",
    "rcvmss",
    "cwnd",
    "ssthresh",
    "bytes_sent",
    "bytes_retrans",
    "bytes_acked",
    "segs_out",
    "segs_in",
    "data_segs_out",
    "bbr",
    "send",
    "pacing_rate",
    "delivery_rate",
    "delivered",
    "busy",
    "rwnd_limited",
    "sndbuf_limited",
    "app_limited",
    "unacked",
    "retrans",
    "lost",
    "sacked",
    "minrtt",
    "rcv_rtt",
    "notsent",
    "rehash",
    "reord_seen",
];

/// Figures whose value is the next word.
const APART: [&str; 3] = ["send", "pacing_rate", "delivery_rate"];

/// Figures that count time upwards, in milliseconds.
const COUNTING: [&str; 7] =
    ["lastsnd", "lastrcv", "lastack", "last_data_sent", "last_data_recv", "last_ack_recv", "busy"];

/// Returns the first figure that counts upwards and is not between the values before and after.
pub(crate) fn out_of_time(before: &[u8], ours: &[u8], after: &[u8]) -> Option<String> {
    for ((before, ours), after) in before.lines().zip(ours.lines()).zip(after.lines()) {
        let [before, ours, after] = [before, ours, after].map(figures);
        for name in COUNTING {
            let [before, ours, after] = [&before, &ours, &after].map(|line| number(line, name));
            // A value that was reset in between proves nothing.
            let reported = before <= after;
            if reported && !(before..=after).contains(&ours) {
                return Some(format!("{name}: {before:?}, ours {ours:?}, {after:?}"));
            }
        }
    }
    None
}

/// Returns the figure of that name in a line.
fn number(line: &BTreeSet<(String, BString)>, name: &str) -> Option<u64> {
    let (_, word) = line.iter().find(|(found, _)| found == name)?;
    let (_, value) = word.split_once_str(":")?;
    value.to_str_lossy().trim_end_matches(char::is_alphabetic).parse().ok()
}

/// The figures that changed, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Motion(Vec<BTreeSet<&'static str>>);

impl Motion {
    /// Returns what changed between two listings, or `None` if something differs that does not
    /// change by itself.
    pub(crate) fn between(one: &[u8], other: &[u8]) -> Option<Self> {
        if one.lines().count() != other.lines().count() {
            return None;
        }
        let moved = |(one, other)| {
            let [one, other] = [one, other].map(figures);
            let differing = one.symmetric_difference(&other);
            differing.map(|(name, _)| MOVING.into_iter().find(|moving| moving == name)).collect()
        };
        one.lines().zip(other.lines()).map(moved).collect::<Option<_>>().map(Self)
    }

    /// Returns a listing without the figures that changed.
    pub(crate) fn mask(&self, listing: &[u8]) -> BString {
        let mut masked = BString::default();
        let nothing = BTreeSet::new();
        for (index, line) in listing.lines().enumerate() {
            let moved = self.0.get(index).unwrap_or(&nothing);
            let mut skip = false;
            let words = line.trim_end_with(char::is_whitespace).split(|byte| *byte == b' ');
            let kept = words.filter(|word| {
                let name = name(word);
                let taken = skip || moved.iter().any(|moved| name == moved.as_bytes());
                skip = taken && APART.iter().any(|apart| name == apart.as_bytes());
                !taken
            });
            masked.extend_from_slice(&bstr::join(" ", kept));
            masked.push(b'\n');
        }
        masked
    }
}

/// Returns the name of the figure that a word is.
fn name(word: &[u8]) -> &[u8] {
    word.split_once_str(":").map_or(word, |(name, _)| name).trim_start_with(char::is_whitespace)
}

/// Returns the figures of a line, with their values.
fn figures(line: &[u8]) -> BTreeSet<(String, BString)> {
    let mut words = line.trim_end_with(char::is_whitespace).fields_with(char::is_whitespace);
    let mut figures = BTreeSet::new();
    while let Some(word) = words.next() {
        if word.is_empty() {
            continue;
        }
        let mut value = BString::from(word);
        if APART.iter().any(|apart| word == apart.as_bytes()) {
            value.extend_from_slice(words.next().unwrap_or_default());
        }
        figures.insert((name(word).to_str_lossy().into_owned(), value));
    }
    figures
}

/// Returns a listing without the netlink sockets of the program that made it. Those of the fixture
/// have larger port ids than any process.
pub(crate) fn without_own_sockets(listing: &[u8]) -> BString {
    let lines = listing.lines_with_terminator().filter(|line| !is_own_socket(line));
    BString::from(bstr::concat(lines))
}

/// Returns a listing with each run of blanks as one.
pub(crate) fn without_widths(listing: &[u8]) -> BString {
    let mut narrow = BString::from(listing);
    narrow.dedup_by(|next, byte| *next == b' ' && *byte == b' ');
    narrow
}

/// Returns whether a line is the row of a netlink socket with the port id of a process, or one that
/// the kernel chose.
fn is_own_socket(line: &[u8]) -> bool {
    let words: Vec<_> =
        line.fields_with(char::is_whitespace).filter(|word| !word.is_empty()).collect();
    let Some(peer) = words.iter().position(|word| *word == b"*") else { return false };
    let Some(local) = peer.checked_sub(1).map(|local| words[local]) else { return false };
    let Some((protocol, port)) = local.split_once_str(":") else { return false };
    let asks = [b"tcpdiag".as_slice(), b"4", b"rtnl", b"0"].contains(&protocol);
    let number = port.rsplit_once_str("/").map_or(port, |(_, number)| number);
    let Ok(number) = number.to_str_lossy().parse::<i64>() else { return false };
    // 1 000 000 001 and up; and 3 000 000 001 as a signed number of 32 bits.
    let of_fixture = number >= 1_000_000_000 || number == 3_000_000_001 - (1 << 32);
    asks && number != 0 && !of_fixture
}

#[test]
fn moving_fields_are_masked() {
    let one = b"a:1 pacing_rate 5bps rtt:3/1 x:1  \n\t lastsnd:1 rto:2\nlastsnd:3\n";
    let other = b"a:1 pacing_rate 6bps rtt:3/1 x:1 \n\t lastsnd:2 rto:2\nlastsnd:3\n";
    let motion = Motion::between(one, other).unwrap();
    assert_eq!(motion.mask(one), "a:1 rtt:3/1 x:1\n\t rto:2\nlastsnd:3\n");
    assert_eq!(motion.mask(one), motion.mask(other));
}

#[test]
fn timer_is_between_before_and_after() {
    let reported = |ours| out_of_time(b"x:1 busy:3ms\n", ours, b"x:1 busy:5ms\n");
    assert_eq!(reported(b"x:1 busy:4ms\n"), None);
    assert!(reported(b"x:1 busy:4000ms\n").is_some());
    assert!(reported(b"x:1\n").is_some());
}

#[test]
fn steady_fields_are_not_masked() {
    assert_eq!(Motion::between(b"ino:1\n", b"ino:2\n"), None);
    assert_eq!(Motion::between(b"rto:1\n", b"rto:1\nrto:2\n"), None);
}

#[test]
fn widths_are_left_out() {
    assert_eq!(without_widths(b"a   b c\n  d \n"), "a b c\n d \n");
}

#[test]
fn sockets_of_the_program_itself_are_left_out() {
    let listing = b"nl UNCONN 0 0 rtnl:1000000001 *\nnl UNCONN 0 0 tcpdiag:ss/77 *\n\
        0 0 4:77 * sk=0\n0 0 4:-1294967295 *\n0 0 4:-5000 *\nu_str ESTAB 0 0 * 77 * 78\n\
        0 0 rtnl:kernel *\n0 0 4:0 *\n";
    assert_eq!(
        without_own_sockets(listing),
        "nl UNCONN 0 0 rtnl:1000000001 *\n0 0 4:-1294967295 *\nu_str ESTAB 0 0 * 77 * 78\n\
         0 0 rtnl:kernel *\n0 0 4:0 *\n"
    );
}
