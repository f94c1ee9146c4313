//! A captured listing, read by the example `read_listing` of `procnetsocket`.

use testkit::{FakeProc, Tcp, Unix};

use super::run;

#[path = "../../../crates/procnetsocket/examples/read_listing.rs"]
#[expect(dead_code, reason = "the main function is the example's")]
mod read_listing;

#[test]
fn captured_listing_is_summed_up_by_peer() {
    let root = FakeProc::new()
        .tcp(Tcp::listen("0.0.0.0:22"))
        .tcp(Tcp::established("10.0.0.1:5432", "10.0.0.2:1001"))
        .tcp(Tcp::established("10.0.0.1:5432", "10.0.0.2:1002").state(8).queues(70, 0))
        .tcp(Tcp::established("[::1]:80", "[::1]:1003"))
        .unix(Unix::stream().path("/run/x.sock"))
        .build();
    let listing = run(&root, "--json-lines -an").stdout;
    let mut summary = Vec::new();
    read_listing::summarize(listing.as_slice(), &mut summary).unwrap();
    assert_eq!(
        String::from_utf8(summary).unwrap(),
        "10.0.0.2 2 connections, 1 in CLOSE-WAIT, 70 bytes unread\n\
         ::1 1 connections, 0 in CLOSE-WAIT, 0 bytes unread\n"
    );
}
