//! Concurrent renames: an entry is exchanged for a link or moved out while a script opens it.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use builtin_api::Sandbox;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::tree::{Op, SECRET, TestTree, read};

/// How often each outcome should occur.
const EACH: usize = 50;
/// Limit of the attempts, so that the test ends on any machine.
const ATTEMPTS: usize = 4_000;

/// Stops the other thread, also when a check fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Repeats `attempt`, which returns whether it succeeded, while another thread repeats `disturb`.
fn while_disturbed(disturb: impl Fn() + Send, mut attempt: impl FnMut() -> bool) {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let (stop, stopper) = (&stop, StopOnDrop(&stop));
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                disturb();
            }
        });
        let (mut through, mut refused) = (0, 0);
        for _ in 0..ATTEMPTS {
            if attempt() {
                through += 1;
            } else {
                refused += 1;
            }
            if through >= EACH && refused >= EACH {
                break;
            }
        }
        drop(stopper);
    });
}

fn exchange(one: &Path, other: &Path) {
    // OK because without this feature of the file system the test is only weaker.
    let _ = renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE);
}

/// A tree where `data/swap`, a directory, and `data/link`, which leads outside, can be exchanged.
fn swapping() -> TestTree {
    let tree = TestTree::new();
    tree.make_dir("data/swap");
    tree.write("data/swap/secret", "mine");
    tree.make_link("../outside", "data/link");
    tree
}

fn reads_only_its_own(sandbox: &Sandbox, path: &str) -> bool {
    match read(sandbox, path) {
        Ok(text) => {
            assert_eq!(text, "mine");
            true
        }
        Err(_) => false,
    }
}

#[test]
fn directory_exchanged_for_a_link_shows_nothing_outside() {
    let tree = swapping();
    let (swap, link) = (tree.at("data/swap"), tree.at("data/link"));
    while_disturbed(
        || exchange(&swap, &link),
        || reads_only_its_own(&tree.sandbox, "/srv/data/swap/secret"),
    );
}

#[test]
fn file_exchanged_for_a_link_shows_nothing_outside() {
    let tree = TestTree::new();
    tree.write("data/mine", "mine");
    let (file, link) = (tree.at("data/mine"), tree.at("data/up"));
    while_disturbed(
        || exchange(&file, &link),
        || reads_only_its_own(&tree.sandbox, "/srv/data/mine"),
    );
}

#[test]
fn directory_exchanged_for_a_link_lists_nothing_outside() {
    let tree = swapping();
    tree.sandbox.remove_file("/srv/data/swap/secret").unwrap();
    let (swap, link) = (tree.at("data/swap"), tree.at("data/link"));
    while_disturbed(
        || exchange(&swap, &link),
        || Op::ReadDir.run(&tree.sandbox, b"/srv/data/swap").is_ok(),
    );
}

#[test]
fn directory_exchanged_for_a_link_lets_nothing_be_changed_outside() {
    let tree = swapping();
    let before = tree.beyond_reach();
    let (swap, link) = (tree.at("data/swap"), tree.at("data/link"));
    let mut round = Op::WRITING.into_iter().filter(|op| *op != Op::RenameTo).cycle();
    while_disturbed(
        || exchange(&swap, &link),
        || round.next().unwrap().run(&tree.sandbox, b"/srv/data/swap/secret").is_ok(),
    );
    assert_eq!(tree.beyond_reach(), before);
}

#[test]
fn tree_exchanged_for_a_link_is_not_removed_outside() {
    let tree = swapping();
    let before = tree.beyond_reach();
    let (inner, link) = (tree.at("data/swap/inner"), tree.at("data/link"));
    while_disturbed(
        || exchange(&inner, &link),
        || {
            tree.sandbox.create_dir_all("/srv/data/swap/inner/secret").ok();
            tree.sandbox.remove_dir_all("/srv/data/swap").is_ok()
        },
    );
    assert_eq!(tree.beyond_reach(), before);
}

#[test]
fn moved_directory_gives_no_access_to_its_parent() {
    let tree = TestTree::new();
    tree.make_dir("data/a/b");
    tree.write("data/secret", "mine");
    let (inside, outside) = (tree.at("data/a/b"), tree.at("outside/b"));
    while_disturbed(
        || {
            let _ = renameat_with(CWD, &inside, CWD, &outside, RenameFlags::empty());
            let _ = renameat_with(CWD, &outside, CWD, &inside, RenameFlags::empty());
        },
        // From the directory outside, "b/../.." is the top of the tree, which also contains a
        // secret.
        || reads_only_its_own(&tree.sandbox, "/srv/data/a/b/../../secret"),
    );
    assert_eq!(tree.text("secret"), SECRET);
}

#[test]
fn file_exchanged_for_a_fifo_neither_blocks_nor_opens() {
    let tree = TestTree::new();
    let (file, fifo) = (tree.at("data/file"), tree.at("data/fifo"));
    let mut round = [Op::Open, Op::Append, Op::SetPermissions].into_iter().cycle();
    while_disturbed(
        || exchange(&file, &fifo),
        || round.next().unwrap().run(&tree.sandbox, b"/srv/data/file").is_ok(),
    );
}
