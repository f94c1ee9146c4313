//! Valid and invalid grants, and the grant of a path.

use builtin_api::{Access, Sandbox, SandboxErrorKind};
use rstest::rstest;

use crate::tree::{Op, TestTree, read};

/// Grants `data` and `ro` of a tree at two mounts.
fn grant_two(
    (first, first_access): (&str, Access),
    (second, second_access): (&str, Access),
) -> Result<Sandbox, SandboxErrorKind> {
    let tree = TestTree::new();
    let mut sandbox = Sandbox::empty();
    sandbox.grant(first, tree.dir("data"), first_access).unwrap();
    let second = sandbox.grant(second, tree.dir("ro"), second_access);
    second.map_err(|error| error.kind())?;
    Ok(sandbox)
}

#[test]
fn empty_sandbox_has_no_files() {
    let sandbox = Sandbox::empty();
    assert_eq!((sandbox.grants().count(), format!("{sandbox:?}").as_str()), (0, "{}"));
    for op in Op::all() {
        let kind = op.run(&sandbox, b"/").unwrap_err().kind();
        assert_eq!(kind, SandboxErrorKind::NotGranted, "{op:?}");
    }
}

#[test]
fn grants_are_listed_by_path() {
    let tree = TestTree::new();
    let mut sandbox = tree.sandbox.clone();
    sandbox.grant("//opt/./a/", tree.dir("ro"), Access::Read).unwrap();
    let grants: Vec<_> =
        sandbox.grants().map(|(path, access)| (path.to_string(), access)).collect();
    let expected = [
        ("/opt/a".to_owned(), Access::Read),
        ("/srv/data".to_owned(), Access::ReadWrite),
        ("/srv/ro".to_owned(), Access::Read),
    ];
    assert_eq!(grants, expected);
    let shown = r#"{"/opt/a": Read, "/srv/data": ReadWrite, "/srv/ro": Read}"#;
    assert_eq!(format!("{sandbox:?}"), shown);
}

#[test]
fn clone_keeps_its_own_grants() {
    let tree = TestTree::new();
    let mut clone = tree.sandbox.clone();
    clone.grant("/opt", tree.dir("ro"), Access::Read).unwrap();
    assert!(clone.open("/opt/file").is_ok());
    assert_eq!(tree.sandbox.open("/opt/file").unwrap_err().kind(), SandboxErrorKind::NotGranted);
}

#[rstest]
// boundary
#[case::duplicate("/srv/data", SandboxErrorKind::Exists)]
#[case::duplicate_spelled_otherwise("/srv//data/.", SandboxErrorKind::Exists)]
#[case::empty("", SandboxErrorKind::InvalidPath)]
// hostile
#[case::relative("srv/new", SandboxErrorKind::InvalidPath)]
#[case::parent("/srv/../new", SandboxErrorKind::InvalidPath)]
#[case::nul("/srv/new\0", SandboxErrorKind::InvalidPath)]
fn refuses_a_mount(#[case] mount: &str, #[case] kind: SandboxErrorKind) {
    let mut tree = TestTree::new();
    let dir = tree.dir("ro");
    assert_eq!(tree.sandbox.grant(mount, dir, Access::ReadWrite).unwrap_err().kind(), kind);
    assert_eq!(tree.sandbox.grants().count(), 2);
}

#[rstest]
#[case::same((Access::Read, Access::Read), true)]
#[case::same_for_writing((Access::ReadWrite, Access::ReadWrite), true)]
#[case::wider_inside((Access::Read, Access::ReadWrite), true)]
#[case::narrower_inside((Access::ReadWrite, Access::Read), false)]
fn refuses_read_only_grant_inside_a_writable_one(
    #[case] (outer, inner): (Access, Access),
    #[case] taken: bool,
) {
    for (outer_mount, inner_mount) in [("/srv", "/srv/inner"), ("/", "/srv/inner")] {
        for sandbox in [
            grant_two((outer_mount, outer), (inner_mount, inner)),
            grant_two((inner_mount, inner), (outer_mount, outer)),
        ] {
            match sandbox {
                Ok(_) => assert!(taken),
                Err(kind) => assert_eq!((kind, taken), (SandboxErrorKind::Conflict, false)),
            }
        }
    }
    assert!(grant_two(("/srv", outer), ("/srv2", inner)).is_ok());
}

#[test]
fn deepest_grant_is_used() {
    let tree = TestTree::new();
    let mut sandbox = Sandbox::empty();
    sandbox.grant("/", tree.dir("data"), Access::Read).unwrap();
    sandbox.grant("/sub", tree.dir("ro"), Access::Read).unwrap();
    sandbox.grant("/sub/deep", tree.dir("data/sub"), Access::ReadWrite).unwrap();
    assert_eq!(read(&sandbox, "/file").unwrap(), "data");
    assert_eq!(read(&sandbox, "/sub/file").unwrap(), "ro");
    assert_eq!(read(&sandbox, "/sub/inner").unwrap_err().kind(), SandboxErrorKind::NotFound);
    assert_eq!(read(&sandbox, "/sub/deep/inner").unwrap(), "inner");
    assert_eq!(read(&sandbox, "/subway").unwrap_err().kind(), SandboxErrorKind::NotFound);
    assert_eq!(sandbox.create("/sub/new").unwrap_err().kind(), SandboxErrorKind::ReadOnly);
    assert!(sandbox.create("/sub/deep/new").is_ok());
    let error = sandbox.rename("/sub/deep/new", "/sub/new").unwrap_err();
    assert_eq!(error.kind(), SandboxErrorKind::ReadOnly);
}

#[test]
fn renames_between_two_writable_grants_are_refused() {
    let mut tree = TestTree::new();
    let dir = tree.dir("data/sub");
    tree.sandbox.grant("/srv/data/inner", dir, Access::ReadWrite).unwrap();
    let error = tree.sandbox.rename("/srv/data/file", "/srv/data/inner/file").unwrap_err();
    assert_eq!(error.kind(), SandboxErrorKind::CrossesGrants);
    assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::CrossesDevices);
}
