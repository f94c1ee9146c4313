//! Command lines.
//!
//! ```text
//! words with NUL between
//! ```

use std::cell::LazyCell;

use bstr::BString;
use testkit::{Datagram, FakeProc, FakeRoot, Netlink, Packet, Tcp, Unix};

use super::printed::{CallOutput, run};

/// Words of a line: more than any script has.
const WORDS: usize = 64;

thread_local! {
    static ROOT: LazyCell<FakeRoot> = const { LazyCell::new(root) };
}

fn root() -> FakeRoot {
    FakeProc::new()
        .tcp(Tcp::listen("127.0.0.1:80").uid(7).inode(1))
        .tcp(Tcp::established("[::1]:22", "[::1]:40000").inode(2))
        .udp(Datagram::bound("127.0.0.1:53").inode(3))
        .unix(Unix::stream().path("/run/a b\n\u{202e}\x1b[2J").inode(4))
        .packet(Packet::raw(3))
        .netlink(Netlink::new(0, 7))
        .build()
}

/// Every command line ends with one of the documented statuses and prints nothing harmful; a
/// refused one prints the reason, and nothing on standard output except the counters, which come
/// first.
pub fn holds(input: &[u8]) {
    let words: Vec<BString> =
        input.split(|byte| *byte == 0).take(WORDS).map(BString::from).collect();
    ROOT.with(|root| {
        let printed = run(root, &words);
        let is_refused = printed.status == 255;
        assert!(!is_refused || !printed.stderr.is_empty(), "{words:?}: {printed:?}");
        let is_bare = printed.stdout.is_empty() || is_counters(root, &printed);
        assert!(!is_refused || is_bare, "{words:?}: {printed:?}");
    });
}

/// Returns whether nothing except the counters was printed.
fn is_counters(root: &FakeRoot, printed: &CallOutput) -> bool {
    let forms: [&[&str]; 3] = [&["-s"], &["-s", "--json"], &["-s", "--json-lines"]];
    forms.iter().any(|words| {
        let words: Vec<BString> = words.iter().map(|word| (*word).into()).collect();
        run(root, &words).stdout == printed.stdout
    })
}
