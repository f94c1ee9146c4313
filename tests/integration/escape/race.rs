//! A directory that is repeatedly exchanged for a link out of the grant while a script uses it.

#![expect(clippy::disallowed_methods, reason = "the test exchanges directories under the shell")]

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use rstest::rstest;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{attempt::tells_no_secret, program::in_shell, tree::Tree};

/// Iterations of the loop in each script: enough that most runs meet both, few enough to end soon.
const TURNS: &str = "{1..150}";

/// Stops the other thread, also when a check fails.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a script in which `$S` alternates between a directory and a link to `$O`.
fn while_exchanged(tree: &Tree, script: &str) {
    let (swap, link) = (tree.at("granted/swap"), tree.at("granted/absdir"));
    let stop = AtomicBool::new(false);
    let before = tree.beyond_reach();
    let script = format!("S=$D/swap; for i in {TURNS}; do {script}; done 2> $N; :");
    let outcome = thread::scope(|scope| {
        let _stopper = StopOnDrop(&stop);
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                // OK because a file system without exchange only makes the test weaker.
                let _ = renameat_with(CWD, &swap, CWD, &link, RenameFlags::EXCHANGE);
            }
        });
        in_shell(tree, &script)
    });
    tells_no_secret(&outcome);
    assert_eq!(tree.beyond_reach(), before, "{outcome:?}");
}

#[rstest]
#[case::read("cat $S/secret")]
#[case::redirection("cat < $S/secret")]
#[case::builtin_of_the_language("read -r line < $S/secret && echo $line")]
#[case::list("ls $S")]
#[case::glob("echo $S/*")]
#[case::find("find $S -type f -exec cat {} +")]
#[case::enter("cd $S && cat secret; cd /")]
#[case::copy("cp $S/secret $D/copy; cat $D/copy")]
#[case::copy_the_tree("cp -r $S $D/copy; cat $D/copy/secret; rm -rf $D/copy")]
#[case::archive("tar -cf $D/a.tar -C $D swap; tar -xOf $D/a.tar")]
#[case::create("echo x > $S/new")]
#[case::replace("echo x > $S/marker")]
#[case::append("echo x >> $S/marker")]
#[case::remove("rm -f $S/marker; echo x > $S/marker")]
#[case::remove_the_tree("rm -rf $S/dir; mkdir -p $S/dir/file")]
#[case::rename("mv $S/marker $S/moved; mv $S/moved $S/marker")]
#[case::move_in("echo x > $D/new; mv $D/new $S/marker")]
#[case::mode("chmod 600 $S/marker")]
#[case::time("touch -d @1 $S/marker")]
#[case::link("ln -sf secret $S/l; cat $S/l")]
fn exchanged_directory_is_never_the_other(#[case] script: &str) {
    let tree = Tree::new();
    tree.make_dir("granted/swap/dir");
    tree.write("granted/swap/secret", b"mine\n");
    tree.write("granted/swap/marker", b"mine\n");
    while_exchanged(&tree, script);
}

#[test]
fn directory_at_rest_is_read() {
    let tree = Tree::new();
    tree.make_dir("granted/swap");
    tree.write("granted/swap/secret", b"mine\n");
    assert_eq!(in_shell(&tree, "cat $D/swap/secret; ls $D/swap").stdout, "mine\nsecret\n");
}
