//! Fake roots: a flat list of possible contents.

use std::io::Read;

use cap_std::fs::Dir;
use procnetsocket::{Pid, ProcFile, ProcRoot, RootError, RootErrorKind};
use rstest::rstest;
use rustix::fs::{FileType, Mode, mknodat};
use tempfile::TempDir;

use crate::proc_root::namespace::note;

/// A directory that becomes a fake root.
struct FakeDir {
    dir: Dir,
    path: TempDir,
}

impl FakeDir {
    fn new() -> Self {
        let path = tempfile::tempdir().unwrap();
        #[expect(clippy::disallowed_methods, reason = "a temporary directory of the test")]
        let dir = Dir::open_ambient_dir(path.path(), cap_std::ambient_authority()).unwrap();
        dir.create_dir("net").unwrap();
        Self { dir, path }
    }

    fn with(self, name: &str, text: &str) -> Self {
        if let Some((parent, _)) = name.rsplit_once('/') {
            self.dir.create_dir_all(parent).unwrap();
        }
        self.dir.write(name, text).unwrap();
        self
    }

    fn with_link(self, name: &str, target: &str) -> Self {
        rustix::fs::symlinkat(target, &self.dir, name).unwrap();
        self
    }

    fn root(&self) -> ProcRoot {
        ProcRoot::from_dir(self.dir.try_clone().unwrap())
    }

    /// Opens the table of the calling thread.
    fn open(&self, file: ProcFile) -> Result<String, RootError> {
        text(self.root().thread().open(file))
    }
}

fn text(opened: Result<std::fs::File, RootError>) -> Result<String, RootError> {
    let mut text = String::new();
    opened?.read_to_string(&mut text).unwrap();
    Ok(text)
}

fn kind<T: std::fmt::Debug>(result: Result<T, RootError>) -> RootErrorKind {
    result.unwrap_err().kind()
}

#[test]
fn is_not_live() {
    assert!(!FakeDir::new().root().is_live());
}

#[test]
fn finds_the_tables_directly_below() {
    let fake = FakeDir::new().with("net/tcp", "table");
    let root = fake.root();
    for base in [root.thread(), root.process(), root.root()] {
        assert_eq!(text(base.open(ProcFile::NetTcp)).unwrap(), "table");
    }
}

#[test]
fn finds_the_files_of_a_process_below_its_number() {
    let fake = FakeDir::new().with("42/stat", "stat").with("42/net/tcp", "table");
    let root = fake.root();
    let base = root.pid(Pid::new(42).unwrap());
    assert_eq!(text(base.open(ProcFile::Stat)).unwrap(), "stat");
    assert_eq!(text(base.open(ProcFile::NetTcp)).unwrap(), "table");
}

#[test]
fn finds_the_files_of_our_process_below_self() {
    let fake = FakeDir::new().with("42/stat", "stat").with_link("self", "42");
    assert_eq!(fake.open(ProcFile::Stat).unwrap(), "stat");
    assert_eq!(kind(FakeDir::new().open(ProcFile::Stat)), RootErrorKind::Missing);
}

#[test]
fn finds_the_port_range_below_the_root() {
    let fake = FakeDir::new().with("sys/net/ipv4/ip_local_port_range", "1024\t65535\n");
    let range = text(fake.root().root().open(ProcFile::IpLocalPortRange)).unwrap();
    assert_eq!(range, "1024\t65535\n");
}

#[test]
fn distinguishes_missing_file_from_missing_process() {
    let fake = FakeDir::new().with("42/comm", "name");
    let root = fake.root();
    assert_eq!(kind(root.thread().open(ProcFile::NetTcp)), RootErrorKind::Missing);
    let [there, gone] = [42, 43].map(|pid| root.pid(Pid::new(pid).unwrap()));
    assert_eq!(kind(there.open(ProcFile::Stat)), RootErrorKind::Missing);
    assert_eq!(kind(gone.open(ProcFile::Stat)), RootErrorKind::Vanished);
}

#[test]
fn has_no_descriptor_of_ours() {
    let fake = FakeDir::new();
    let link = fake.root().fd_link(std::os::fd::AsFd::as_fd(&fake.dir));
    assert_eq!(kind(link), RootErrorKind::Hidden);
}

#[test]
fn follows_links_that_stay_inside() {
    let fake = FakeDir::new().with("real", "table").with_link("net/tcp", "../real");
    assert_eq!(fake.open(ProcFile::NetTcp).unwrap(), "table");
}

#[rstest]
#[case::parent("../../secret")]
#[case::many_parents("../../../../../../../../etc/passwd")]
#[case::absolute("/etc/passwd")]
#[case::absolute_proc("/proc/self/net/tcp")]
#[case::root("/")]
fn refuses_a_link_that_leads_out(#[case] target: &str) {
    let fake = FakeDir::new().with_link("net/tcp", target);
    assert_eq!(kind(fake.open(ProcFile::NetTcp)), RootErrorKind::Outside);
}

#[test]
fn refuses_a_link_to_an_existing_file_outside() {
    let outside = FakeDir::new().with("secret", "secret");
    let path = outside.path.path().join("secret");
    let fake = FakeDir::new().with_link("net/tcp", path.to_str().unwrap());
    let error = fake.open(ProcFile::NetTcp).unwrap_err();
    assert_eq!(error.kind(), RootErrorKind::Outside);
    assert_eq!(
        error.to_string(),
        "expected net/tcp inside the root, but a symbolic link leads out of it"
    );
}

#[test]
fn refuses_a_directory_link_that_leads_out() {
    let fake = FakeDir::new();
    fake.dir.remove_dir("net").unwrap();
    let fake = fake.with_link("net", "/proc/self/net");
    assert_eq!(kind(fake.open(ProcFile::NetTcp)), RootErrorKind::Outside);
}

#[test]
fn refuses_a_loop_of_links() {
    let fake = FakeDir::new().with_link("net/tcp", "tcp");
    assert_eq!(kind(fake.open(ProcFile::NetTcp)), RootErrorKind::Io);
}

#[test]
fn link_that_leads_nowhere_is_missing() {
    let fake = FakeDir::new().with_link("net/tcp", "nowhere");
    assert_eq!(kind(fake.open(ProcFile::NetTcp)), RootErrorKind::Missing);
}

#[test]
fn refuses_a_directory_in_place_of_a_table() {
    let fake = FakeDir::new();
    fake.dir.create_dir("net/tcp").unwrap();
    let error = fake.open(ProcFile::NetTcp).unwrap_err();
    assert_eq!(error.kind(), RootErrorKind::NotAFile);
    assert_eq!(
        error.to_string(),
        "expected a regular file at net/tcp, but found another kind of file"
    );
}

#[test]
fn refuses_a_file_in_place_of_a_directory() {
    let fake = FakeDir::new();
    fake.dir.remove_dir("net").unwrap();
    let fake = fake.with("net", "a file");
    assert_eq!(kind(fake.open(ProcFile::NetTcp)), RootErrorKind::Io);
}

#[rstest]
#[case::fifo(FileType::Fifo)]
#[case::socket(FileType::Socket)]
fn refuses_what_would_block(#[case] file_type: FileType) {
    let fake = FakeDir::new();
    mknodat(&fake.dir, "net/tcp", file_type, Mode::RWXU, 0).unwrap();
    assert_eq!(kind(fake.open(ProcFile::NetTcp)), RootErrorKind::NotAFile);
}

#[test]
fn refuses_a_file_that_may_not_be_read() {
    let fake = FakeDir::new().with("net/tcp", "table");
    rustix::fs::chmodat(&fake.dir, "net/tcp", Mode::empty(), rustix::fs::AtFlags::empty()).unwrap();
    if rustix::process::geteuid().is_root() {
        return note("root may read every file");
    }
    assert_eq!(kind(fake.open(ProcFile::NetTcp)), RootErrorKind::Denied);
}
