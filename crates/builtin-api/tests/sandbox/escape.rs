//! Attempts to leave the granted directories. None may succeed or change anything outside of them.

use std::os::fd::AsRawFd as _;

use builtin_api::{Access, MAX_PATH_BYTES, Sandbox, SandboxErrorKind};
use rstest::rstest;

use crate::tree::{Op, SECRET, TestTree, open_dir};

/// Runs the attempt, and returns the kind of its failure.
fn attempt(tree: &TestTree, op: Op, path: &[u8]) -> SandboxErrorKind {
    let before = tree.beyond_reach();
    let outcome = op.run(&tree.sandbox, path);
    assert_eq!(tree.beyond_reach(), before, "{op:?} changed something outside of the grant");
    outcome.expect_err("the attempt succeeded").kind()
}

#[rstest]
// by ".."
#[case::parent("/srv/data/..", SandboxErrorKind::Escapes)]
#[case::parent_file("/srv/data/../secret", SandboxErrorKind::Escapes)]
#[case::parents("/srv/data/../../etc/passwd", SandboxErrorKind::Escapes)]
#[case::many_parents("/srv/data/../../../../../../../../etc/passwd", SandboxErrorKind::Escapes)]
#[case::down_and_up("/srv/data/sub/../../outside/secret", SandboxErrorKind::Escapes)]
#[case::out_and_back("/srv/data/../data/file", SandboxErrorKind::Escapes)]
#[case::into_the_other_grant("/srv/data/../ro/file", SandboxErrorKind::Escapes)]
#[case::parent_after_slashes("/srv//data//.//..//secret", SandboxErrorKind::Escapes)]
#[case::parent_after_a_link("/srv/data/self/../secret", SandboxErrorKind::Escapes)]
#[case::parents_after_a_link("/srv/data/self/self/../../secret", SandboxErrorKind::Escapes)]
#[case::parent_of_a_linked_directory("/srv/data/insidedir/../../secret", SandboxErrorKind::Escapes)]
#[case::parent_of_a_file("/srv/data/file/../secret", SandboxErrorKind::NotADirectory)]
#[case::before_the_grant("/../srv/data/file", SandboxErrorKind::NotGranted)]
#[case::inside_the_path_of_the_grant("/srv/x/../data/file", SandboxErrorKind::NotGranted)]
// by paths beside the grants
#[case::elsewhere("/etc/passwd", SandboxErrorKind::NotGranted)]
#[case::root("/", SandboxErrorKind::NotGranted)]
#[case::parent_of_the_grant("/srv", SandboxErrorKind::NotGranted)]
#[case::longer_name("/srv/data2", SandboxErrorKind::NotGranted)]
#[case::shorter_name("/srv/dat", SandboxErrorKind::NotGranted)]
#[case::other_case("/SRV/data/file", SandboxErrorKind::NotGranted)]
#[case::proc("/proc/self/environ", SandboxErrorKind::NotGranted)]
// by malformed paths
#[case::empty("", SandboxErrorKind::InvalidPath)]
#[case::relative("srv/data/file", SandboxErrorKind::InvalidPath)]
#[case::relative_parent("../outside/secret", SandboxErrorKind::InvalidPath)]
#[case::nul_at_the_end("/srv/data/file\0", SandboxErrorKind::InvalidPath)]
#[case::nul_inside("/srv/data/x\0/../../outside/secret", SandboxErrorKind::InvalidPath)]
// by links in the middle of the path
#[case::through_absolute("/srv/data/absdir/secret", SandboxErrorKind::Escapes)]
#[case::through_relative("/srv/data/updir/secret", SandboxErrorKind::Escapes)]
#[case::through_relative_deeper("/srv/data/updir/dir/secret", SandboxErrorKind::Escapes)]
#[case::through_parent("/srv/data/parent/secret", SandboxErrorKind::Escapes)]
#[case::through_parent_and_back("/srv/data/parent/data/file", SandboxErrorKind::Escapes)]
#[case::through_two("/srv/data/self/parent/outside/secret", SandboxErrorKind::Escapes)]
#[case::through_linked_directory("/srv/data/insidedir/deep/x", SandboxErrorKind::Escapes)]
#[case::through_process_root("/srv/data/proc_root/etc/passwd", SandboxErrorKind::Escapes)]
#[case::through_descriptors("/srv/data/proc_fd/0", SandboxErrorKind::Escapes)]
#[case::through_a_loop("/srv/data/loop/x", SandboxErrorKind::LinkLoop)]
fn no_operation_leaves_the_grant(#[case] path: &str, #[case] kind: SandboxErrorKind) {
    for op in Op::all() {
        let tree = TestTree::new();
        let found = attempt(&tree, op, path.as_bytes());
        assert_eq!(found, kind, "{op:?} of {path:?}");
    }
}

#[rstest]
#[case::absolute("/srv/data/abs", SandboxErrorKind::Escapes)]
#[case::absolute_directory("/srv/data/absdir", SandboxErrorKind::Escapes)]
#[case::absolute_into_the_grant("/srv/data/abs_into_grant", SandboxErrorKind::Escapes)]
#[case::relative("/srv/data/up", SandboxErrorKind::Escapes)]
#[case::relative_directory("/srv/data/updir", SandboxErrorKind::Escapes)]
#[case::relative_from_below("/srv/data/sub/deep", SandboxErrorKind::Escapes)]
#[case::parent("/srv/data/parent", SandboxErrorKind::Escapes)]
#[case::out_and_back("/srv/data/up_and_back", SandboxErrorKind::Escapes)]
#[case::chain("/srv/data/chain", SandboxErrorKind::Escapes)]
#[case::into_the_other_grant("/srv/data/to_other_grant", SandboxErrorKind::Escapes)]
#[case::dangling("/srv/data/dangling_out", SandboxErrorKind::Escapes)]
#[case::absolute_dangling("/srv/data/abs_dangling_out", SandboxErrorKind::Escapes)]
#[case::process_root("/srv/data/proc_root", SandboxErrorKind::Escapes)]
#[case::descriptors("/srv/data/proc_fd", SandboxErrorKind::Escapes)]
#[case::itself("/srv/data/loop", SandboxErrorKind::LinkLoop)]
fn no_operation_follows_a_link_out_of_the_grant(
    #[case] path: &str,
    #[case] kind: SandboxErrorKind,
) {
    for op in Op::all().filter(|op| op.follows()) {
        let found = attempt(&TestTree::new(), op, path.as_bytes());
        // Listing opens a link only as a directory, so other targets fail with this kind.
        let other = [SandboxErrorKind::NotADirectory, SandboxErrorKind::LinkLoop];
        let fits = found == kind || (op == Op::ReadDir && other.contains(&found));
        assert!(fits, "{op:?} of {path:?}: {found:?}");
    }
}

#[rstest]
#[case::absolute("/srv/data/abs")]
#[case::directory("/srv/data/updir")]
#[case::parent("/srv/data/parent")]
#[case::dangling("/srv/data/dangling_out")]
fn other_operations_act_on_the_link_itself(#[case] path: &str) {
    for op in Op::all().filter(|op| !op.follows()) {
        let tree = TestTree::new();
        let before = tree.beyond_reach();
        // Whether it succeeds does not matter here, only what it acts on.
        let _ = op.run(&tree.sandbox, path.as_bytes());
        assert_eq!(tree.beyond_reach(), before, "{op:?}");
    }
}

#[rstest]
#[case::directory("/srv/data/updir/")]
#[case::directory_with_dot("/srv/data/updir/.")]
#[case::parent("/srv/data/parent/")]
#[case::absolute("/srv/data/absdir/")]
fn slash_after_a_link_does_not_lead_out(#[case] path: &str) {
    for op in Op::all() {
        let tree = TestTree::new();
        let before = tree.beyond_reach();
        let outcome = op.run(&tree.sandbox, path.as_bytes());
        assert_eq!(tree.beyond_reach(), before, "{op:?}");
        assert!(outcome.is_err(), "{op:?}");
    }
}

#[rstest]
#[case::link(b"root/etc/passwd")]
#[case::root(b"root")]
#[case::working_directory(b"cwd")]
#[case::program(b"exe")]
#[case::thread(b"task/../root")]
fn magic_links_of_a_granted_proc_are_not_followed(#[case] name: &[u8]) {
    let mut sandbox = Sandbox::empty();
    sandbox.grant("/proc/self", open_dir("/proc/self"), Access::Read).unwrap();
    let path = [b"/proc/self/", name].concat();
    for op in [Op::Open, Op::ReadDir, Op::Metadata] {
        let kind = op.run(&sandbox, &path).unwrap_err().kind();
        let refused = [
            SandboxErrorKind::LinkLoop,
            SandboxErrorKind::Escapes,
            SandboxErrorKind::NotADirectory,
        ];
        assert!(refused.contains(&kind), "{op:?}: {kind:?}");
    }
}

#[test]
fn descriptors_of_a_granted_proc_are_not_opened() {
    let tree = TestTree::new();
    let mut sandbox = Sandbox::empty();
    sandbox.grant("/fd", open_dir("/proc/self/fd"), Access::Read).unwrap();
    let held = tree.sandbox.open("/srv/data/file").unwrap();
    let path = format!("/fd/{}", held.as_raw_fd());
    assert!(sandbox.symlink_metadata(&path).unwrap().is_symlink());
    let kind = sandbox.open(&path).unwrap_err().kind();
    assert!(matches!(kind, SandboxErrorKind::LinkLoop | SandboxErrorKind::Escapes), "{kind:?}");
}

#[rstest]
#[case::long_name("/srv/data/", "n", 256)]
#[case::long_path("/srv/data/", "sub/../", 600)]
#[case::only_parents("/srv/data/", "../", 1300)]
#[case::only_slashes("/srv/data/", "/", 5000)]
fn very_long_paths_are_refused(#[case] start: &str, #[case] part: &str, #[case] times: usize) {
    for op in Op::all() {
        let path = start.to_owned() + &part.repeat(times);
        let kind = attempt(&TestTree::new(), op, path.as_bytes());
        let refused = [SandboxErrorKind::InvalidPath, SandboxErrorKind::Escapes];
        assert!(refused.contains(&kind), "{op:?}: {kind:?}");
    }
}

#[test]
fn longest_path_is_looked_up() {
    let tree = TestTree::new();
    let path = "/srv/data/".to_owned() + &"/".repeat(MAX_PATH_BYTES - 14) + "file";
    assert_eq!(path.len(), MAX_PATH_BYTES);
    assert!(tree.sandbox.open(&path).is_ok());
    assert_eq!(tree.sandbox.open(path + "/").unwrap_err().kind(), SandboxErrorKind::InvalidPath,);
}

#[rstest]
#[case::create(Op::Create)]
#[case::append(Op::Append)]
#[case::create_dir(Op::CreateDir)]
#[case::create_dir_all(Op::CreateDirAll)]
#[case::remove_file(Op::RemoveFile)]
#[case::remove_dir(Op::RemoveDir)]
#[case::remove_dir_all(Op::RemoveDirAll)]
#[case::rename_from(Op::RenameFrom)]
#[case::rename_to(Op::RenameTo)]
#[case::set_permissions(Op::SetPermissions)]
#[case::symlink(Op::Symlink)]
fn read_only_grant_is_not_written(#[case] op: Op) {
    assert!(Op::WRITING.contains(&op));
    for path in ["/srv/ro/file", "/srv/ro/empty", "/srv/ro/sub", "/srv/ro/new", "/srv/ro"] {
        let tree = TestTree::new();
        assert_eq!(attempt(&tree, op, path.as_bytes()), SandboxErrorKind::ReadOnly, "{path}");
        assert_eq!(tree.text("data/file"), "data");
    }
}

#[rstest]
#[case::out_of_read_only("/srv/ro/file", "/srv/data/new", SandboxErrorKind::ReadOnly)]
#[case::into_read_only("/srv/data/file", "/srv/ro/new", SandboxErrorKind::ReadOnly)]
#[case::out_by_path("/srv/data/file", "/srv/new", SandboxErrorKind::NotGranted)]
#[case::in_by_path("/etc/passwd", "/srv/data/new", SandboxErrorKind::NotGranted)]
#[case::out_by_parent("/srv/data/file", "/srv/data/../new", SandboxErrorKind::Escapes)]
#[case::in_by_parent("/srv/data/../secret", "/srv/data/new", SandboxErrorKind::Escapes)]
#[case::out_by_link("/srv/data/file", "/srv/data/updir/new", SandboxErrorKind::Escapes)]
#[case::in_by_link("/srv/data/updir/secret", "/srv/data/new", SandboxErrorKind::Escapes)]
#[case::the_grant_itself("/srv/data", "/srv/data/sub/new", SandboxErrorKind::Protected)]
#[case::onto_the_grant("/srv/data/empty", "/srv/data", SandboxErrorKind::Protected)]
#[case::a_parent("/srv/data/sub/..", "/srv/data/empty/new", SandboxErrorKind::Protected)]
fn renames_do_not_cross(#[case] from: &str, #[case] to: &str, #[case] kind: SandboxErrorKind) {
    let tree = TestTree::new();
    let before = tree.beyond_reach();
    assert_eq!(tree.sandbox.rename(from, to).unwrap_err().kind(), kind);
    assert_eq!(tree.beyond_reach(), before);
    assert!(!tree.exists("data/new"));
}

#[rstest]
#[case::absolute("/etc/passwd")]
#[case::absolute_into_the_grant("/srv/data/file")]
#[case::root("/")]
#[case::parent("..")]
#[case::parent_file("../outside/secret")]
#[case::down_and_up("sub/../../outside/secret")]
#[case::parent_that_stays("sub/../file")]
fn links_that_lead_out_are_not_created(#[case] target: &str) {
    let tree = TestTree::new();
    for link in ["/srv/data/link", "/srv/data/sub/link"] {
        let error = tree.sandbox.symlink(target, link).unwrap_err();
        assert_eq!(error.kind(), SandboxErrorKind::Escapes);
    }
    assert!(!tree.exists("data/link") && !tree.exists("data/sub/link"));
}

#[rstest]
#[case::fifo("/srv/data/fifo")]
#[case::socket("/srv/data/socket")]
#[case::null("/dev/null")]
#[case::zero("/dev/zero")]
#[case::full("/dev/full")]
#[case::by_a_link("/srv/data/to_fifo")]
fn only_regular_files_are_opened(#[case] path: &str) {
    let mut tree = TestTree::new();
    tree.make_link("fifo", "data/to_fifo");
    tree.sandbox.grant("/dev", open_dir("/dev"), Access::ReadWrite).unwrap();
    for op in [Op::Open, Op::Create, Op::Append, Op::SetPermissions] {
        let kind = op.run(&tree.sandbox, path.as_bytes()).unwrap_err().kind();
        assert_eq!(kind, SandboxErrorKind::NotAFile, "{op:?}");
    }
    assert!(tree.sandbox.metadata(path).is_ok());
}

#[rstest]
#[case::remove_dir(Op::RemoveDir)]
#[case::remove_dir_all(Op::RemoveDirAll)]
#[case::rename_from(Op::RenameFrom)]
#[case::rename_to(Op::RenameTo)]
#[case::set_permissions(Op::SetPermissions)]
fn granted_directory_cannot_be_removed(#[case] op: Op) {
    for path in ["/srv/data", "/srv/data/", "/srv/data/.", "/srv/data/sub/..", "/srv/data/empty/.."]
    {
        let tree = TestTree::new();
        let mode = tree.mode("data");
        assert_eq!(attempt(&tree, op, path.as_bytes()), SandboxErrorKind::Protected, "{path}");
        assert_eq!((tree.mode("data"), tree.text("data/file")), (mode, "data".into()));
    }
}

#[rstest]
#[case::by_a_link("/srv/data/self")]
#[case::by_a_link_and_slash("/srv/data/self/")]
#[case::by_links("/srv/data/self/self/.")]
fn mode_of_the_granted_directory_cannot_be_changed(#[case] path: &str) {
    let kind = attempt(&TestTree::new(), Op::SetPermissions, path.as_bytes());
    assert_eq!(kind, SandboxErrorKind::Protected);
}

#[rstest]
#[case::setuid(0o4755)]
#[case::setgid(0o2755)]
#[case::sticky(0o1777)]
#[case::type_bits(0o100_644)]
#[case::all(u32::MAX)]
fn modes_have_only_permission_bits(#[case] mode: u32) {
    let tree = TestTree::new();
    let before = tree.mode("data/file");
    let error = tree.sandbox.set_permissions("/srv/data/file", mode).unwrap_err();
    assert_eq!(error.kind(), SandboxErrorKind::InvalidMode);
    assert_eq!(tree.mode("data/file"), before);
}

#[test]
fn removing_a_tree_does_not_follow_links() {
    let tree = TestTree::new();
    let before = tree.beyond_reach();
    tree.make_link("../../outside", "data/sub/out");
    tree.make_link("/", "data/sub/root");
    tree.sandbox.remove_dir_all("/srv/data/sub").unwrap();
    assert_eq!(tree.beyond_reach(), before);
    assert!(!tree.exists("data/sub"));

    for link in ["/srv/data/updir", "/srv/data/self", "/srv/data/insidedir"] {
        let kind = tree.sandbox.remove_dir_all(link).unwrap_err().kind();
        assert_eq!(kind, SandboxErrorKind::NotADirectory, "{link}");
    }
    assert_eq!(tree.text("outside/secret"), SECRET);
}
