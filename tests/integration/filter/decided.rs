//! Intended differences of filters from those of iproute2. `docs/compatibility.md` lists them.

use bstr::ByteSlice;
use rstest::rstest;
use ss_builtin::Ss;
use testkit::{Datagram, FakeProc, FakeRoot, Netlink, Packet, Tcp, Unix};

use super::{file::FilterFiles, odd};
use crate::{ours, outcome::Outcome, real::RealSs};

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(String::from).collect()
}

fn ours(root: &FakeRoot, line: &str) -> Outcome {
    ours::run(root, &ours::recorded_names(), &words(line), None)
}

/// Returns the local ends of a listing of one table without a header.
fn ends(outcome: &Outcome) -> Vec<String> {
    assert_eq!((outcome.status, outcome.stderr.as_bstr()), (0, b"".as_bstr()));
    let end = |line: &[u8]| {
        let mut words = line.fields_with(char::is_whitespace).filter(|word| !word.is_empty());
        words.nth(3).unwrap().to_str().unwrap().to_owned()
    };
    outcome.stdout.lines().map(end).collect()
}

/// Asserts that the real `ss`, if there is one, lists something else.
fn assert_decided(root: &FakeRoot, line: &str) {
    let Some(real) = RealSs::find() else { return };
    let theirs = real.run(root, &words(line), None);
    let ours = ours::run(root, &ours::machine_names(), &words(line), None);
    assert!(ours.difference(&theirs).is_some(), "{} agrees about {line:?}", real.version());
}

/// Addresses of one family that begin with the bytes of another.
fn alike() -> FakeRoot {
    FakeProc::new()
        .tcp(Tcp::listen("0.0.0.0:1"))
        .tcp(Tcp::listen("10.0.0.1:2"))
        .tcp(Tcp::listen("32.1.13.184:3"))
        .tcp(Tcp::listen("[::]:4"))
        .tcp(Tcp::listen("[2001:db8::1]:5"))
        .tcp(Tcp::listen("[a00:1::]:6"))
        .tcp(Tcp::listen("[::ffff:10.0.0.1]:7"))
        .build()
}

/// iproute2 compares the first bytes of any address with those of the condition.
#[rstest]
#[case::all_zeros("0.0.0.0", &["0.0.0.0:1"])]
#[case::all_zeros_of_ipv6("[::]", &["*:4"])]
#[case::an_address("32.1.13.184", &["32.1.13.184:3"])]
#[case::a_network("32.1/16", &["32.1.13.184:3"])]
#[case::a_network_of_ipv6("[2001:db8::/32]", &["[2001:db8::1]:5"])]
#[case::an_address_of_ipv6("[a00:1::]", &["[a00:1::]:6"])]
#[case::everything("0/0", &["0.0.0.0:1", "10.0.0.1:2", "32.1.13.184:3", "[::ffff:10.0.0.1]:7"])]
#[case::everything_of_ipv6("[::/0]", &["*:4", "[2001:db8::1]:5", "[a00:1::]:6", "[::ffff:10.0.0.1]:7"])]
fn conditions_match_only_their_family(#[case] host: &str, #[case] expected: &[&str]) {
    let root = alike();
    let line = format!("-tanH src {host}");
    assert_eq!(ends(&ours(&root, &line)), expected);
    assert_decided(&root, &line);
}

#[test]
fn address_conditions_match_only_internet_sockets() {
    let root = FakeProc::new()
        .tcp(Tcp::listen("4.0.0.0:1"))
        .netlink(Netlink::new(4, 9))
        .packet(Packet::raw(4).inode(7))
        .unix(Unix::stream().inode(8))
        .build();
    let line = "-anH src 4.0.0.0";
    let listing = ours(&root, line);
    assert_eq!(listing.stdout.lines().count(), 1, "{}", listing.stdout);
    assert_decided(&root, line);
}

/// Over inet sockets a name of a unix socket ends iproute2 with a signal.
#[rstest]
#[case::or("-anH src unix:* or src inet:*", 21)]
#[case::and("-anH src unix:* and src inet:*", 0)]
#[case::not("-anH not src unix:* and src inet:*", 21)]
fn unix_names_do_not_match_other_sockets(#[case] line: &str, #[case] rows: usize) {
    let listing = ours(&odd::root().build(), line);
    assert_eq!((listing.status, listing.stdout.lines().count()), (0, rows), "{}", listing.stdout);
}

#[rstest]
#[case::set("/tmp/[x]")]
#[case::backslash(r"/tmp/a\x5cb")]
fn names_are_found_as_they_are_printed(#[case] name: &str) {
    let (root, line) = (odd::root().build(), format!("-xanH src {name}"));
    let listing = ours(&root, &line);
    assert_eq!((listing.status, listing.stdout.lines().count()), (0, 1), "{}", listing.stdout);
    assert!(listing.stdout.contains_str(format!(" {name} ")), "{}", listing.stdout);
    assert_decided(&root, &line);
}

/// iproute2 truncates marks to 32 bits.
#[rstest]
#[case::negative("-tanH -- fwmark -1")]
#[case::wide("-tanH fwmark 4294967296")]
#[case::words_behind("-tanH fwmark 1/2/3")]
fn marks_have_32_bits(#[case] line: &str) {
    let root = odd::root().build();
    let outcome = ours(&root, line);
    assert_eq!((outcome.status, outcome.stdout.as_bstr()), (1, b"".as_bstr()));
    assert_decided(&root, line);
}

/// With both tables iproute2 compares a name that only UDP has with uninitialised memory.
#[test]
fn services_of_udp_only_have_their_port_with_tcp_too() {
    let root = FakeProc::new()
        .udp(Datagram::bound("127.0.0.1:69"))
        .udp(Datagram::bound("127.0.0.1:70"))
        .tcp(Tcp::listen("127.0.0.1:69"))
        .build();
    let listing = ours(&root, "-uanH sport = tftp");
    assert_eq!(listing.stdout.lines().count(), 1);
    let listing = ours(&root, "-tuanH sport = tftp");
    assert_eq!(listing.stdout.lines().count(), 2, "{}", listing.stdout);
}

#[rstest]
#[case::host_name("-tan src localhost", "needs the grant \"resolve\"")]
#[case::host_name_with_port("-tan dst localhost:22", "needs the grant \"resolve\"")]
#[case::live_interface("-an dev lo", "there is no interface \"lo\"")]
#[case::live_interface_of_a_packet_socket("-0an src *:lo", "there is no interface \"lo\"")]
#[case::live_control_group("-tan cgroup /", "there is no control group \"/\"")]
fn fake_root_shows_nothing_of_the_machine(#[case] line: &str, #[case] reason: &str) {
    let outcome = ours(&odd::root().build(), line);
    assert_eq!((outcome.status, outcome.stdout.as_bstr()), (1, b"".as_bstr()));
    assert!(outcome.stderr.contains_str(reason), "{}", outcome.stderr);
}

/// iproute2 takes a separate backslash for an empty word, which may be a port.
#[rstest]
#[case::alone("-tanH \\", 0)]
#[case::behind_a_filter("-tanH sport = 22 \\", 0)]
#[case::in_the_place_of_a_port("-tanH sport = \\", 255)]
fn separate_backslash_is_not_a_word(#[case] line: &str, #[case] status: i32) {
    let root = odd::root().build();
    assert_eq!(ours(&root, line).status, status);
    assert_decided(&root, line);
}

/// Runs both programs with a filter file; returns both outcomes.
fn with_file(line: &str, contents: &[u8]) -> (Outcome, Option<Outcome>) {
    let (root, files) = (odd::root().build(), FilterFiles::new());
    let path = files.write("filter", contents);
    let line = line.replace("FILE", &path).replace("DIRECTORY", files.directory());
    let args = words(&line);
    let ss = Ss::new(ours::view(&root, ours::recorded_names()));
    let ours = ours::call_with(&ss, &args, None, (&files.sandbox, b""));
    (ours, RealSs::find().map(|real| real.run(&root, &args, None)))
}

/// iproute2 takes a line that begins with the digit 0 for a comment.
#[test]
fn line_that_begins_with_zero_is_not_a_comment() {
    let (ours, theirs) = with_file("-tanH -F FILE", b"sport =\n026 or sport =\n0x50\n");
    assert_eq!(ends(&ours), ["0.0.0.0:80", "192.168.1.7:22", "*:22", "[::ffff:10.0.0.1]:80"]);
    assert!(theirs.is_none_or(|theirs| ours.difference(&theirs).is_some()));
}

/// iproute2 refuses lines of more than 1021 bytes.
#[rstest]
#[case::line("sport = 22", 1022)]
#[case::comment("#", 4096)]
fn lines_of_files_may_be_long(#[case] line: &str, #[case] bytes: usize) {
    let contents = format!("{line:<bytes$}\nsport = 22\n");
    let (ours, theirs) = with_file("-tanH -F FILE", contents.as_bytes());
    assert_eq!(ends(&ours), ["192.168.1.7:22", "*:22"]);
    assert!(theirs.is_none_or(|theirs| theirs.status == 255));
}

/// iproute2 reads no lines of a directory, and only the part of a line before a NUL.
#[rstest]
#[case::directory("-tanH -F DIRECTORY", b"sport = 22\n")]
#[case::nul("-tanH -F FILE", b"sport = 22\0 or\n")]
fn file_that_is_not_text_is_refused(#[case] line: &str, #[case] contents: &[u8]) {
    let (ours, theirs) = with_file(line, contents);
    assert_ne!(ours.status, 0, "{}", ours.stderr);
    assert!(theirs.is_none_or(|theirs| theirs.status == 0));
}
