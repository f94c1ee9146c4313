//! The operations of the sandbox.

use std::io::{Read as _, Write as _};

use builtin_api::{MAX_TREE_DEPTH, SandboxErrorKind};
use rstest::rstest;

use crate::tree::{Op, TestTree, read};

#[rstest]
// usual
#[case::file("/srv/data/file", "data")]
#[case::in_a_directory("/srv/data/sub/inner", "inner")]
#[case::in_the_other_grant("/srv/ro/sub/inner", "ro inner")]
// boundary
#[case::dots_and_slashes("//srv/./data///sub/.//inner", "inner")]
#[case::parent_within("/srv/data/sub/../file", "data")]
#[case::parent_within_twice("/srv/data/sub/../sub/../file", "data")]
#[case::link("/srv/data/inside", "inner")]
#[case::link_with_parent("/srv/data/around", "inner")]
#[case::linked_directory("/srv/data/insidedir/inner", "inner")]
#[case::parent_of_a_linked_directory("/srv/data/insidedir/../file", "data")]
#[case::link_to_the_grant("/srv/data/self/self/file", "data")]
fn opens(#[case] path: &str, #[case] text: &str) {
    assert_eq!(read(&TestTree::new().sandbox, path).unwrap(), text);
}

#[rstest]
#[case::missing(Op::Open, "/srv/data/none", SandboxErrorKind::NotFound)]
#[case::dangling(Op::Open, "/srv/data/dangling_in", SandboxErrorKind::NotFound)]
#[case::directory(Op::Open, "/srv/data/sub", SandboxErrorKind::IsADirectory)]
#[case::the_grant(Op::Open, "/srv/data", SandboxErrorKind::IsADirectory)]
#[case::file_with_slash(Op::Open, "/srv/data/file/", SandboxErrorKind::NotADirectory)]
#[case::file_with_dot(Op::Open, "/srv/data/file/.", SandboxErrorKind::NotADirectory)]
#[case::below_a_file(Op::Open, "/srv/data/file/x", SandboxErrorKind::NotADirectory)]
#[case::create_directory(Op::Create, "/srv/data/sub", SandboxErrorKind::IsADirectory)]
#[case::create_grant(Op::Create, "/srv/data", SandboxErrorKind::IsADirectory)]
#[case::create_with_slash(Op::Create, "/srv/data/new/", SandboxErrorKind::IsADirectory)]
#[case::create_in_none(Op::Create, "/srv/data/none/new", SandboxErrorKind::NotFound)]
#[case::append_directory(Op::Append, "/srv/data/sub", SandboxErrorKind::IsADirectory)]
#[case::list_file(Op::ReadDir, "/srv/data/file", SandboxErrorKind::NotADirectory)]
#[case::list_fifo(Op::ReadDir, "/srv/data/fifo", SandboxErrorKind::NotADirectory)]
#[case::list_missing(Op::ReadDir, "/srv/data/none", SandboxErrorKind::NotFound)]
#[case::examine_missing(Op::Metadata, "/srv/data/none", SandboxErrorKind::NotFound)]
#[case::read_a_file_as_link(Op::ReadLink, "/srv/data/file", SandboxErrorKind::Io)]
#[case::mkdir_existing(Op::CreateDir, "/srv/data/sub", SandboxErrorKind::Exists)]
#[case::mkdir_the_grant(Op::CreateDir, "/srv/data", SandboxErrorKind::Protected)]
#[case::mkdir_in_none(Op::CreateDir, "/srv/data/none/new", SandboxErrorKind::NotFound)]
#[case::mkdirs_onto_file(Op::CreateDirAll, "/srv/data/file", SandboxErrorKind::Exists)]
#[case::mkdirs_below_file(Op::CreateDirAll, "/srv/data/file/x/y", SandboxErrorKind::NotADirectory)]
#[case::unlink_missing(Op::RemoveFile, "/srv/data/none", SandboxErrorKind::NotFound)]
#[case::unlink_directory(Op::RemoveFile, "/srv/data/sub", SandboxErrorKind::IsADirectory)]
#[case::unlink_with_slash(Op::RemoveFile, "/srv/data/file/", SandboxErrorKind::NotADirectory)]
#[case::rmdir_file(Op::RemoveDir, "/srv/data/file", SandboxErrorKind::NotADirectory)]
#[case::rmdir_link(Op::RemoveDir, "/srv/data/insidedir", SandboxErrorKind::NotADirectory)]
#[case::rmdir_full(Op::RemoveDir, "/srv/data/sub", SandboxErrorKind::NotEmpty)]
#[case::remove_tree_of_file(Op::RemoveDirAll, "/srv/data/file", SandboxErrorKind::NotADirectory)]
#[case::remove_tree_missing(Op::RemoveDirAll, "/srv/data/none", SandboxErrorKind::NotFound)]
#[case::rename_missing(Op::RenameFrom, "/srv/data/none", SandboxErrorKind::NotFound)]
#[case::rename_onto_directory(Op::RenameTo, "/srv/data/sub", SandboxErrorKind::IsADirectory)]
#[case::chmod_missing(Op::SetPermissions, "/srv/data/none", SandboxErrorKind::NotFound)]
#[case::link_existing(Op::Symlink, "/srv/data/file", SandboxErrorKind::Exists)]
#[case::link_with_slash(Op::Symlink, "/srv/data/new/", SandboxErrorKind::NotFound)]
fn fails_with_its_kind(#[case] op: Op, #[case] path: &str, #[case] kind: SandboxErrorKind) {
    let tree = TestTree::new();
    assert_eq!(op.run(&tree.sandbox, path.as_bytes()).unwrap_err().kind(), kind);
    assert_eq!(
        (tree.text("data/file"), tree.text("data/sub/inner")),
        ("data".into(), "inner".into())
    );
}

#[rstest]
#[case::new("/srv/data/new", "data/new")]
#[case::existing("/srv/data/file", "data/file")]
#[case::by_a_link("/srv/data/inside", "data/sub/inner")]
#[case::by_a_dangling_link("/srv/data/dangling_in", "data/sub/new")]
fn creates_and_empties(#[case] path: &str, #[case] host_path: &str) {
    let tree = TestTree::new();
    tree.sandbox.create(path).unwrap().write_all(b"x").unwrap();
    assert_eq!(tree.text(host_path), "x");
}

#[test]
fn opens_for_one_direction() {
    let tree = TestTree::new();
    assert!(tree.sandbox.open("/srv/data/file").unwrap().write_all(b"x").is_err());
    assert!(tree.sandbox.create("/srv/data/new").unwrap().read(&mut [0]).is_err());
}

#[test]
fn appends() {
    let tree = TestTree::new();
    for word in [" and", " more"] {
        tree.sandbox.append("/srv/data/file").unwrap().write_all(word.as_bytes()).unwrap();
        tree.sandbox.append("/srv/data/new").unwrap().write_all(word.as_bytes()).unwrap();
    }
    assert_eq!(
        (tree.text("data/file"), tree.text("data/new")),
        ("data and more".into(), " and more".into())
    );
}

#[test]
fn lists_names_and_kinds() {
    let tree = TestTree::new();
    let mut found: Vec<_> = tree
        .sandbox
        .read_dir("/srv/data/sub/")
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.name().to_string(), entry.file_type().is_symlink()))
        .collect();
    found.sort_unstable();
    let expected = [("chain3", true), ("deep", true), ("inner", false)];
    assert!(found.iter().map(|(name, link)| (name.as_str(), *link)).eq(expected), "{found:?}");
    assert_eq!(tree.sandbox.read_dir("/srv/data/empty").unwrap().count(), 0);
    assert_eq!(tree.sandbox.read_dir("/srv/ro").unwrap().count(), 3);
}

#[test]
fn keeps_names_that_are_not_text() {
    let tree = TestTree::new();
    let name = b"\xff\n\x1b[2J \xe2\x80\xae";
    let path = [b"/srv/data/empty/", name.as_slice()].concat();
    tree.sandbox.create(&path).unwrap();
    let entry = tree.sandbox.read_dir("/srv/data/empty").unwrap().next().unwrap().unwrap();
    assert_eq!((entry.name().as_ref(), entry.file_type().is_file()), (name.as_slice(), true));
    tree.sandbox.remove_file(&path).unwrap();
    assert_eq!(tree.sandbox.read_dir("/srv/data/empty").unwrap().count(), 0);
}

#[test]
fn examines_a_link_or_its_target() {
    let tree = TestTree::new();
    let sandbox = &tree.sandbox;
    assert!(sandbox.metadata("/srv/data/inside").unwrap().is_file());
    assert!(sandbox.symlink_metadata("/srv/data/inside").unwrap().is_symlink());
    assert!(sandbox.symlink_metadata("/srv/data/sub/deep").unwrap().is_symlink());
    assert!(sandbox.symlink_metadata("/srv/data/insidedir/").unwrap().is_dir());
    assert!(sandbox.metadata("/srv/data").unwrap().is_dir());
    assert_eq!(sandbox.metadata("/srv/data/file").unwrap().len(), 4);
}

#[rstest]
#[case::within("/srv/data/inside", "sub/inner")]
#[case::out("/srv/data/up", "../outside/secret")]
#[case::absolute("/srv/data/proc_root", "/proc/self/root")]
fn reads_links_as_they_are_written(#[case] path: &str, #[case] target: &str) {
    assert_eq!(TestTree::new().sandbox.read_link(path).unwrap(), target);
}

#[rstest]
#[case::one("/srv/data/new", "data/new")]
#[case::with_slash("/srv/data/new/", "data/new")]
#[case::in_a_directory("/srv/data/sub/new", "data/sub/new")]
#[case::by_a_link("/srv/data/insidedir/new", "data/sub/new")]
fn creates_and_removes_directories(#[case] path: &str, #[case] host_path: &str) {
    let tree = TestTree::new();
    tree.sandbox.create_dir(path).unwrap();
    assert!(tree.exists(host_path));
    tree.sandbox.remove_dir(path).unwrap();
    assert!(!tree.exists(host_path));
}

#[rstest]
#[case::new("/srv/data/a/b/c/", "data/a/b/c")]
#[case::partly("/srv/data/sub/a/b", "data/sub/a/b")]
#[case::existing("/srv/data/sub", "data/sub")]
#[case::the_grant("/srv/data", "data")]
#[case::with_parent("/srv/data/a/../b/c", "data/b/c")]
#[case::by_a_link("/srv/data/insidedir/a/b", "data/sub/a/b")]
#[case::onto_a_link("/srv/data/insidedir", "data/sub")]
fn creates_directories_on_the_way(#[case] path: &str, #[case] host_path: &str) {
    let tree = TestTree::new();
    tree.sandbox.create_dir_all(path).unwrap();
    assert!(tree.at(host_path).is_dir());
    tree.sandbox.create_dir_all(path).unwrap();
}

#[rstest]
#[case::file("/srv/data/file", "data/file")]
#[case::link("/srv/data/inside", "data/inside")]
#[case::link_out("/srv/data/up", "data/up")]
#[case::fifo("/srv/data/fifo", "data/fifo")]
fn removes_files_and_links(#[case] path: &str, #[case] host_path: &str) {
    let tree = TestTree::new();
    tree.sandbox.remove_file(path).unwrap();
    assert!(!tree.exists(host_path));
    assert_eq!(tree.text("data/sub/inner"), "inner");
}

#[rstest]
#[case::full("/srv/data/sub", "data/sub")]
#[case::with_slash("/srv/data/sub/", "data/sub")]
#[case::empty("/srv/data/empty", "data/empty")]
#[case::by_a_link("/srv/data/self/sub", "data/sub")]
fn removes_trees(#[case] path: &str, #[case] host_path: &str) {
    let tree = TestTree::new();
    tree.make_dir("data/sub/a/b/c");
    tree.sandbox.remove_dir_all(path).unwrap();
    assert!(!tree.exists(host_path) && tree.exists("data/file"));
}

#[rstest]
#[case::at_the_limit(MAX_TREE_DEPTH, true)]
#[case::past_the_limit(MAX_TREE_DEPTH + 1, false)]
fn removes_trees_up_to_a_depth(#[case] depth: usize, #[case] removed: bool) {
    let tree = TestTree::new();
    tree.make_dir(&("data/d".to_owned() + &"/d".repeat(depth - 1)));
    let kind = tree.sandbox.remove_dir_all("/srv/data/d").map_err(|error| error.kind());
    assert_eq!(kind, if removed { Ok(()) } else { Err(SandboxErrorKind::TooDeep) });
    assert_eq!(tree.exists("data/d"), !removed);
}

#[rstest]
#[case::file("/srv/data/file", "/srv/data/sub/new", "data/sub/new")]
#[case::onto_a_file("/srv/data/file", "/srv/data/sub/inner", "data/sub/inner")]
#[case::directory("/srv/data/empty/", "/srv/data/new/", "data/new")]
#[case::link_itself("/srv/data/up", "/srv/data/sub/up", "data/sub/up")]
fn renames(#[case] from: &str, #[case] to: &str, #[case] host_path: &str) {
    let tree = TestTree::new();
    tree.sandbox.rename(from, to).unwrap();
    assert!(tree.exists(host_path));
    assert!(tree.sandbox.symlink_metadata(from).is_err());
}

#[rstest]
#[case::file("/srv/data/file", "data/file")]
#[case::directory("/srv/data/sub", "data/sub")]
#[case::by_a_link("/srv/data/inside", "data/sub/inner")]
fn sets_permissions(#[case] path: &str, #[case] host_path: &str) {
    let tree = TestTree::new();
    for mode in [0o640, 0o755, 0o777, 0o700] {
        tree.sandbox.set_permissions(path, mode).unwrap();
        assert_eq!(tree.mode(host_path), mode);
    }
}

#[rstest]
#[case::beside("file", "/srv/data/link", "data")]
#[case::below("sub/inner", "/srv/data/link", "inner")]
#[case::in_a_directory("inner", "/srv/data/sub/link", "inner")]
fn makes_links(#[case] target: &str, #[case] link: &str, #[case] text: &str) {
    let tree = TestTree::new();
    tree.sandbox.symlink(target, link).unwrap();
    assert_eq!(tree.sandbox.read_link(link).unwrap(), target);
    assert_eq!(read(&tree.sandbox, link).unwrap(), text);
}

#[test]
fn serves_threads_at_once() {
    let tree = TestTree::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let sandbox = tree.sandbox.clone();
            scope.spawn(move || assert_eq!(read(&sandbox, "/srv/data/file").unwrap(), "data"));
        }
    });
}
