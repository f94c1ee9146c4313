//! Grants inside one another, and grants with `..`.

#![expect(
    clippy::disallowed_methods,
    reason = "the test plants links, and checks what was written"
)]

use std::os::unix::fs::symlink;

use bstr::ByteSlice as _;
use rstest::rstest;

use super::{
    attempt::tells_no_secret,
    program::shell,
    tree::{SECRET, Tree},
};
use crate::outcome::Outcome;

/// Runs a script in which `$G` is granted for reading, and `$I` inside it for writing.
fn nested(tree: &Tree, script: &str) -> Outcome {
    let outer = tree.at("readonly").display().to_string();
    let inner = tree.at("readonly/sub").display().to_string();
    let script = format!("G={outer}; I=$G/sub; O={}\n{script}", tree.at("outside").display());
    shell(&["--allow-path", &outer, "--allow-path", &format!("{inner}:rw"), "-c", &script], &[])
}

#[rstest]
#[case::parent("echo x > $I/../file", "was granted for reading only")]
#[case::enter_and_parent("cd $I; echo x > ../file", "was granted for reading only")]
#[case::create("echo x > $G/new", "was granted for reading only")]
#[case::move_out("mv $I/inner $G/new", "was granted for reading only")]
#[case::move_the_inner("mv $I $G/new", "cross-mount rename")]
#[case::link_out("ln -s ../file $I/l; echo x > $I/l", "without '..'")]
#[case::link_out_absolute("ln -s $G/file $I/l; echo x > $I/l", "without '..'")]
#[case::hard_link("ln $G/file $I/l; echo x > $I/l", "")]
#[case::hard_link_within("cd $G; ln file sub/l; echo x > sub/l", "")]
#[case::copy_over("cp $I/inner $G/file", "was granted for reading only")]
#[case::through_planted_link("echo x > $G/to_inner/inner", "was granted for reading only")]
#[case::read_through_planted_link("cat $I/up", "leads out of")]
#[case::remove_tree("rm -r $G/empty", "was granted for reading only")]
#[case::remove_tree_by_force("rm -rf $G/empty", "")]
fn inner_grant_does_not_widen_outer(#[case] script: &str, #[case] message: &str) {
    let tree = Tree::new();
    symlink("sub", tree.at("readonly/to_inner")).unwrap();
    symlink("../../outside/secret", tree.at("readonly/sub/up")).unwrap();
    let outcome = nested(&tree, script);
    tells_no_secret(&outcome);
    assert!(outcome.stderr.contains_str(message), "{outcome:?}");
    assert_eq!(tree.text("readonly/file"), "readonly\n");
    assert_eq!(tree.text("readonly/sub/inner"), "inner\n");
    assert!(!tree.at("readonly/new").exists() && tree.at("readonly/empty").exists());
}

#[test]
fn inner_grant_is_written() {
    let tree = Tree::new();
    let outcome = nested(&tree, "echo x > $I/inner; cat $I/inner $G/file; cd $G/sub; echo y > new");
    assert_eq!(
        (outcome.stdout.as_bstr(), outcome.stderr.as_bstr()),
        ("x\nreadonly\n".into(), "".into())
    );
    assert_eq!(tree.text("readonly/sub/new"), "y\n");
}

#[rstest]
#[case::inside("readonly:rw", "readonly/sub")]
#[case::deep("readonly:rw", "readonly/sub/deep")]
#[case::other_order("readonly/sub", "readonly:rw")]
fn read_only_inside_of_read_write_is_not_granted(#[case] first: &str, #[case] second: &str) {
    let tree = Tree::new();
    tree.make_dir("readonly/sub/deep");
    let [first, second] = [first, second].map(|below| tree.at(below).display().to_string());
    let outcome = shell(&["--allow-path", &first, "--allow-path", &second, "-c", "echo ran"], &[]);
    assert_eq!((outcome.stdout.as_bstr(), outcome.status), ("".into(), 2));
    assert!(outcome.stderr.contains_str("cannot be read-only inside"), "{outcome:?}");
}

#[rstest]
#[case::by_parent("granted/../outside")]
#[case::by_parents("granted/sub/../../outside:rw")]
fn grant_with_parent_components_is_refused(#[case] below: &str) {
    let tree = Tree::new();
    let path = tree.at(below).display().to_string();
    let script = format!("cat {}/secret", tree.at("outside").display());
    let outcome = shell(&["--allow-path", &path, "-c", &script], &[]);
    assert_eq!((outcome.stdout.as_bstr(), outcome.status), ("".into(), 2));
    assert!(outcome.stderr.contains_str("expected a directory without `..`"), "{outcome:?}");
}

/// The secret can be read if it is granted.
#[test]
fn granted_files_are_read() {
    let tree = Tree::new();
    let path = tree.at("outside").display().to_string();
    let outcome = shell(&["--allow-path", &path, "-c", &format!("cat {path}/secret")], &[]);
    assert_eq!(outcome.stdout, format!("{SECRET}\n"));
}
