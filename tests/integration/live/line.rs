//! Command lines for live sockets.

use testkit::Xorshift;

/// What is shown of a socket, and how.
const DETAILS: [&str; 12] =
    ["-n", "-o", "-e", "-m", "-i", "-b", "-H", "-Q", "-O", "--tos", "--cgroup", "--inet-sockopt"];

/// The states.
const STATES: [&str; 4] = ["", "-a", "-l", "-B"];

/// Which tables and families, by options.
const CHOICES: [&str; 36] = [
    "",
    "-t",
    "-u",
    "-w",
    "-x",
    "-0",
    "-M",
    "-S",
    "-d",
    "--vsock",
    "--xdp",
    "-4",
    "-6",
    "-t4",
    "-t6",
    "-u4",
    "-u6",
    "-w4",
    "-w6",
    "-M4",
    "-M6",
    "-tu",
    "-tw",
    "-uw",
    "-tuw",
    "-tx",
    "-t0",
    "-ux",
    "-x0",
    "-tM",
    "-tuM",
    "-6x",
    "-4x",
    "-tS",
    "-t --vsock",
    "-t --xdp",
];

/// The words of `-f`.
const FAMILIES: [&str; 7] = ["inet", "inet6", "link", "unix", "netlink", "vsock", "xdp"];

/// Lists of `-A`. Packet sockets of a single type are tested, but not compared: see `decided`.
const TABLES: [&str; 34] = [
    "all",
    "inet",
    "tcp",
    "udp",
    "raw",
    "mptcp",
    "sctp",
    "dccp",
    "unix",
    "unix_stream",
    "u_str",
    "unix_dgram",
    "u_dgr",
    "unix_seqpacket",
    "u_seq",
    "packet",
    "netlink",
    "vsock",
    "vsock_stream",
    "v_dgr",
    "xdp",
    "tcp,udp",
    "udp,tcp,raw",
    "tcp,mptcp",
    "all,!tcp",
    "all,!unix,!netlink",
    "inet,!udp",
    "inet,!tcp,!mptcp",
    "unix,!u_str",
    "u_str,u_seq",
    "u_dgr,tcp,netlink",
    "packet,netlink",
    "!tcp,tcp",
    "tcp,tcp",
];

/// Returns the words of a line.
pub(crate) fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(String::from).collect()
}

/// Returns each of the choices with no detail, each detail, each pair of details and all of them.
///
/// Netlink rows have details here and none in iproute2, so these pairs are left out for them.
pub(crate) fn details(choice: &str) -> Vec<Vec<String>> {
    let netlink = choice.contains("netlink") && !choice.contains("!netlink");
    let shown = |detail: &&str| !netlink || !["-e", "-m"].contains(detail);
    let details: Vec<_> = DETAILS.into_iter().filter(shown).collect();
    let mut lines = vec![choice.to_owned(), format!("{choice} {}", details.join(" "))];
    for (index, one) in details.iter().enumerate() {
        lines.push(format!("{choice} {one}"));
        for other in &details[index + 1..] {
            lines.push(format!("{one} {choice} {other}"));
        }
    }
    lines.iter().map(|line| words(line)).collect()
}

/// Returns each of the choices with no detail, and each detail.
pub(crate) fn single_details(choice: &str) -> Vec<Vec<String>> {
    let lines = [""].iter().chain(&DETAILS);
    lines.map(|detail| words(&format!("{choice} {detail}"))).collect()
}

/// Returns each choice of tables and families in each choice of states.
pub(crate) fn choices() -> Vec<Vec<String>> {
    each(&CHOICES, |choice, state| format!("{choice} {state} -n"))
}

/// Returns each family by name, with and without a table, in each choice of states.
pub(crate) fn families() -> Vec<Vec<String>> {
    let mut lines = each(&FAMILIES, |family, state| format!("-f {family} {state} -n"));
    lines.extend(each(&FAMILIES, |family, state| format!("-t {state} --family={family} -O")));
    lines
}

/// Returns each list of `-A`, in each choice of states.
pub(crate) fn tables() -> Vec<Vec<String>> {
    each(&TABLES, |tables, state| format!("{state} -A {tables}"))
}

/// Returns lines of a choice of tables and states with several details.
pub(crate) fn random(count: usize) -> Vec<Vec<String>> {
    let random = &mut Xorshift::new(31);
    let mut lines = Vec::new();
    while lines.len() < count {
        let mut words = vec![*random.pick(&CHOICES), *random.pick(&STATES)];
        // Without a choice netlink sockets are listed, which have details only here.
        if words[0].is_empty() {
            continue;
        }
        words.extend((0..3 + random.below(5)).map(|_| *random.pick(&DETAILS)));
        lines.push(self::words(&words.join(" ")));
    }
    lines
}

/// Returns lines whose listings do not change by themselves, so that their layout on a terminal can
/// be compared.
pub(crate) fn still() -> Vec<Vec<String>> {
    const LINES: [&str; 14] = [
        "-tan",
        "-ta",
        "-tlim",
        "-tlimO --tos",
        "-ua",
        "-uaem --tos",
        "-wa",
        "-xa",
        "-xaem",
        "-0aebm",
        "-0abO",
        "-f netlink -aH",
        "-Ma",
        "-Aall,!netlink -aQ",
    ];
    LINES.iter().map(|line| words(line)).collect()
}

fn each(choices: &[&str], line: fn(&str, &str) -> String) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    for choice in choices {
        lines.extend(STATES.iter().map(|state| words(&line(choice, state))));
    }
    lines
}
