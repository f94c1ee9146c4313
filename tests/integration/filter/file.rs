//! Filters in files.

use std::fs::File;

use builtin_api::{Access, Sandbox};
use ss_builtin::Ss;
use tempfile::TempDir;

use super::{compare::assert_none, odd};
use crate::{ours, real::RealSs};

/// A directory that both programs find at the same path.
pub(crate) struct FilterFiles {
    directory: TempDir,
    pub(crate) sandbox: Sandbox,
}

impl FilterFiles {
    #[expect(clippy::disallowed_methods, reason = "the test grants its own directory")]
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let dir =
            cap_std::fs::Dir::open_ambient_dir(directory.path(), cap_std::ambient_authority());
        let mut sandbox = Sandbox::empty();
        let mount = directory.path().to_str().unwrap();
        sandbox.grant(mount, dir.unwrap(), Access::Read).unwrap();
        Self { directory, sandbox }
    }

    pub(crate) fn directory(&self) -> &str {
        self.directory.path().to_str().unwrap()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.directory())
    }

    #[expect(clippy::disallowed_methods, reason = "the test writes what both programs read")]
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Returns a line of that many bytes that begins with a filter.
fn long(bytes: usize) -> String {
    format!("{:<bytes$}", "sport = 22")
}

/// Command lines, in which `FILE` is replaced by the path of a file, and the content of the file.
fn cases() -> Vec<(&'static str, String)> {
    const CASES: &[(&str, &str)] = &[
        ("-tan -F FILE", "sport = 22\n"),
        ("-tanF FILE", "sport = 22\n"),
        ("-tan --filter=FILE", "sport = 22\n"),
        ("-tan --filter FILE", "sport\n=\n22\n"),
        ("-tan -F FILE", "# comment\n\n   \nsport = 22\n"),
        ("-tan -F FILE", "  # no comment\nsport = 22\n"),
        ("-tan -F FILE", "sport = 22 # no comment\n"),
        ("-tan -F FILE", "#\n#(\n"),
        ("-tan -F FILE", "sport = 22"),
        ("-tan -F FILE", ""),
        ("-tan -F FILE", "\n\n"),
        ("-tan -F FILE", "state listening sport = 22\n"),
        ("-tan -F FILE", "or sport = 80\n"),
        ("-tan -F FILE sport = 22", "or sport = 80\n"),
        ("-tan sport = 22 -F FILE", "or sport = 80\n"),
        ("-tan -F FILE sport = 80", "sport = 22\n"),
        ("-tan -F FILE or sport = 80", "sport = 22\n"),
        ("-tan sport = 80 or -F FILE", "sport = 22\n"),
        ("-tan ( sport = 80 or -F FILE", "sport = 22 ) dport = 0\n"),
        ("-tan sport = -F FILE", "22\n"),
        ("-tan -F FILE", "src 10.0.\n0.1\n"),
        ("-xan -F FILE", "src /tmp/\\\\[x]\n"),
        ("-xan -F FILE", "src unix:no\\ such\\ name\n"),
        ("-tan -F FILE", "\tsport\t=\t22\n"),
        ("-tan -F FILE", "sport\u{b}=\u{b}22\n"),
        ("-tan -F FILE", "sport = 22\r\n"),
        ("-tan -F FILE", "sport = 22\nor sport = 80\n"),
        ("-tan -F FILE", "sport = 22\nsport = 80\n"),
        ("-tan -F FILE", "sport = 22\n\n\nor\n\nsport = 80\n\n"),
        ("-tan state listening -F FILE", "sport = 22\n"),
        ("-tan -F FILE state listening", "sport = 22\n"),
        ("-tan -F FILE exclude established", "sport = 22 or sport = 80\n"),
        ("-F FILE -t", "sport = 22\n"),
        ("-F FILE -tl", "sport = 22\n"),
        ("-f netlink -a -F FILE", "src rtnl\n"),
        ("-a -F FILE", "src rtnl\n"),
        ("-a -F FILE -f netlink", "src rtnl\n"),
        ("-tan -F FILE", "src 10.0.0.x\n"),
        ("-tan -F FILE", "sport = \n"),
        ("-tan src 10.0.0.x -F FILE", "sport = \n"),
        ("-tan sport = -F FILE", "\n"),
        ("-tan -F FILE -F FILE", "sport = 22\n"),
        ("-tan -F", ""),
        ("-tan -F FILE.absent", ""),
        ("-tan -F FILE/below", ""),
        ("-h -F FILE.absent", ""),
    ];
    let lines = CASES.iter().map(|(line, file)| (*line, (*file).to_owned()));
    // Longer lines are accepted only here: see `filter::decided`.
    let ended = [1020, 1021].map(|bytes| ("-tan -F FILE", long(bytes) + "\n"));
    lines.chain(ended).chain([("-tan -F FILE", long(1022))]).collect()
}

#[test]
fn filters_of_files_do_the_same() {
    let Some(real) = RealSs::find() else { return };
    let (root, files) = (odd::root().build(), FilterFiles::new());
    let ss = Ss::new(ours::view_granted(&root, ours::machine_names()));
    let mut differences = Vec::new();
    let cases = cases();
    for (line, contents) in &cases {
        let path = files.write("filter", contents.as_bytes());
        let args: Vec<_> = line.split(' ').map(|word| word.replace("FILE", &path)).collect();
        let theirs = real.run(&root, &args, None);
        let ours = ours::call_with(&ss, &args, None, (&files.sandbox, b""));
        // The help differs from that of iproute2.
        if !args.contains(&"-h".to_owned()) || ours.status != theirs.status {
            let difference = ours.difference(&theirs);
            differences
                .extend(difference.map(|found| format!("ss {line} with {contents:?}\n{found}")));
        }
    }
    eprintln!("{} filter files against {}", cases.len(), real.version());
    assert_none(&differences, cases.len(), real.version());
}

#[test]
fn filter_on_standard_input_does_the_same() {
    let Some(real) = RealSs::find() else { return };
    let (root, files) = (odd::root().build(), FilterFiles::new());
    let ss = Ss::new(ours::view_granted(&root, ours::machine_names()));
    for (line, contents) in [
        ("-tan -F -", "sport = 22\nor sport = 80\n"),
        ("-tan --filter=-", "sport = 22\n"),
        ("-tan -F - sport = 22", "or sport = 80"),
        ("-tan -F -", ""),
    ] {
        let args: Vec<_> = line.split(' ').map(String::from).collect();
        let path = files.write("input", contents.as_bytes());
        let theirs = real.run_with(&root, &args, None, open(&path));
        let ours = ours::call_with(&ss, &args, None, (&files.sandbox, contents.as_bytes()));
        assert!(ours.difference(&theirs).is_none(), "{line} {contents:?} {ours:?} {theirs:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "the test opens what it wrote")]
fn open(path: &str) -> File {
    File::open(path).unwrap()
}
