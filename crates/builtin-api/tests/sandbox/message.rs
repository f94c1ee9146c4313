//! Messages of the sandbox, and their conversion to `io::Error`.

use std::{error::Error as _, io};

use builtin_api::{Access, SandboxErrorKind};
use rstest::rstest;

use crate::tree::{Op, TestTree};

#[rstest]
#[case::empty(Op::Open, b"", "expected a path, but found an empty one")]
#[case::too_long(
    Op::Open,
    &[b'/'; 5000],
    "expected a path of at most 4095 bytes, but found one of 5000 bytes"
)]
#[case::nul(Op::Open, b"/a\0", r"expected a path without NUL bytes, but found '/a\x00'")]
#[case::relative(Op::Open, b"a", "expected an absolute path, but found 'a'")]
#[case::not_granted(
    Op::Open,
    b"/etc/passwd",
    "'/etc/passwd' is not available: no granted directory contains it"
)]
#[case::read_only(
    Op::Create,
    b"/srv/ro/sub/new",
    "'/srv/ro/sub/new' cannot be changed: '/srv/ro' was granted for reading only"
)]
#[case::escapes(
    Op::Open,
    b"/srv/data/../secret",
    "'/srv/data/../secret' leads out of '/srv/data', the directory that was granted"
)]
#[case::escapes_by_a_link(
    Op::Open,
    b"/srv/data/up",
    "'/srv/data/up' leads out of '/srv/data', the directory that was granted"
)]
#[case::protected(
    Op::RemoveDir,
    b"/srv/data/",
    "'/srv/data/' does not name an entry of a granted directory that could be changed"
)]
#[case::not_a_file(
    Op::Open,
    b"/srv/data/fifo",
    "'/srv/data/fifo' is not a regular file, and nothing else can be opened"
)]
#[case::is_a_directory(Op::Open, b"/srv/data/sub", "'/srv/data/sub' is a directory")]
#[case::not_found(
    Op::Open,
    b"/srv/data/none",
    "'/srv/data/none' cannot be opened: No such file or directory (os error 2)"
)]
#[case::link_loop(
    Op::Open,
    b"/srv/data/loop",
    "'/srv/data/loop' cannot be opened: Too many levels of symbolic links (os error 40)"
)]
#[case::exists(
    Op::CreateDir,
    b"/srv/data/sub",
    "'/srv/data/sub' cannot be created: File exists (os error 17)"
)]
#[case::hostile_bytes(
    Op::Open,
    b"/\x1b[2J\n\xe2\x80\xae\xff\\",
    r"'/\x1b[2J\x0a\xe2\x80\xae\xff\x5c' is not available: no granted directory contains it"
)]
fn message_contains_path_and_cause(#[case] op: Op, #[case] path: &[u8], #[case] message: &str) {
    let error = op.run(&TestTree::new().sandbox, path).unwrap_err();
    assert_eq!(error.to_string(), message);
    // The cause is in the text, so it is not in `source()`.
    assert!(error.source().is_none());
}

#[test]
fn message_contains_both_paths() {
    let mut tree = TestTree::new();
    let dir = tree.dir("data/sub");
    tree.sandbox.grant("/opt", dir, Access::ReadWrite).unwrap();
    assert_eq!(
        tree.sandbox.rename("/srv/data/file", "/opt/file").unwrap_err().to_string(),
        "'/srv/data/file' and '/opt/file' are in two granted directories: \
         copy it and remove the original",
    );
    assert_eq!(
        tree.sandbox.symlink("../x", "/srv/data/l").unwrap_err().to_string(),
        "'/srv/data/l' cannot be a link to '../x': expected a relative target without '..'",
    );
    assert_eq!(
        tree.sandbox.set_permissions("/srv/data/file", 0o4755).unwrap_err().to_string(),
        "expected a mode of at most 0777, but found 0o4755",
    );
}

#[test]
fn message_contains_the_mount() {
    let mut tree = TestTree::new();
    let mut grant = |mount: &str| {
        let dir = tree.dir("ro");
        tree.sandbox.grant(mount, dir, Access::Read).unwrap_err().to_string()
    };
    assert_eq!(grant("/srv/data/"), "'/srv/data' is granted already");
    assert_eq!(
        grant("/srv/data/sub"),
        "'/srv/data/sub' cannot be read-only inside '/srv/data', which is granted for writing",
    );
}

#[test]
fn message_contains_the_depth() {
    let tree = TestTree::new();
    tree.make_dir(&("data/d".to_owned() + &"/d".repeat(200)));
    assert_eq!(
        tree.sandbox.remove_dir_all("/srv/data/d").unwrap_err().to_string(),
        "'/srv/data/d' holds directories nested deeper than the limit of 128",
    );
}

#[rstest]
#[case::not_granted("/etc", SandboxErrorKind::NotGranted, io::ErrorKind::NotFound)]
#[case::not_found("/srv/data/none", SandboxErrorKind::NotFound, io::ErrorKind::NotFound)]
#[case::escapes("/srv/data/..", SandboxErrorKind::Escapes, io::ErrorKind::PermissionDenied)]
#[case::directory("/srv/data", SandboxErrorKind::IsADirectory, io::ErrorKind::IsADirectory)]
#[case::fifo("/srv/data/fifo", SandboxErrorKind::NotAFile, io::ErrorKind::InvalidInput)]
#[case::invalid("", SandboxErrorKind::InvalidPath, io::ErrorKind::InvalidInput)]
fn becomes_an_io_error(
    #[case] path: &str,
    #[case] kind: SandboxErrorKind,
    #[case] io_kind: io::ErrorKind,
) {
    let error = TestTree::new().sandbox.open(path).unwrap_err();
    let (found, message) = (error.kind(), error.to_string());
    let error = io::Error::from(error);
    assert_eq!((found, error.kind(), error.to_string()), (kind, io_kind, message));
}
