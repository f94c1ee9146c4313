//! The directories of one attempt, and the contents that must not change.

#![expect(clippy::disallowed_methods, reason = "a test plays the host and its file system")]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::archive::{Member, interpreters_zip, tar, zip};

/// The text that no attempt may print.
pub(super) const SECRET: &str = "beyond-the-grant";

/// Links in `$D`, with their targets; `@` is replaced by `$T`.
const LINKS: [(&str, &str); 18] = [
    ("abs", "@/outside/secret"),
    ("up", "../outside/secret"),
    ("absdir", "@/outside"),
    ("updir", "../outside"),
    ("parent", ".."),
    ("chain", "chain2"),
    ("chain2", "sub/chain3"),
    ("sub/chain3", "../up"),
    ("sub/deep", "../../outside/secret"),
    ("top", "/"),
    ("proc_root", "/proc/self/root"),
    ("proc_cwd", "/proc/self/cwd"),
    ("proc_fd", "/proc/self/fd"),
    ("dev_fd_9", "/dev/fd/9"),
    ("abs_marker", "@/outside/marker"),
    ("up_marker", "../outside/marker"),
    ("dangling", "@/outside/new"),
    ("to_read_only", "../readonly/file"),
];

/// Kind and mode, seconds and nanoseconds of the last change, number of links, and content.
type FileState = (u32, (i64, i64), u64, Vec<u8>);

/// The directories of one attempt. They are removed when this is dropped.
pub(super) struct Tree {
    top: TempDir,
    /// A directory below `/dev/shm`, if that is writable.
    memory: Option<TempDir>,
}

impl Tree {
    pub(super) fn new() -> Self {
        let memory = TempDir::with_prefix_in("escape-", "/dev/shm").ok();
        let tree = Self { top: TempDir::with_prefix("escape-").unwrap(), memory };
        for dir in ["granted/sub", "readonly/sub", "readonly/empty", "outside/dir", "memory"] {
            fs::create_dir_all(tree.at(dir)).unwrap();
        }
        fs::create_dir(tree.at("outside/empty")).unwrap();
        tree.plant_files();
        tree.plant_programs();
        tree.plant_links();
        tree.plant_archives();
        tree
    }

    fn plant_files(&self) {
        self.write("granted/file", b"granted\n");
        self.write("granted/sub/inner", b"inner\n");
        self.write("readonly/file", b"readonly\n");
        self.write("readonly/sub/inner", b"inner\n");
        let secret = format!("{SECRET}\n");
        self.write("outside/secret", secret.as_bytes());
        self.write(&format!("outside/{SECRET}.name"), b"");
        self.write("outside/marker", b"untouched\n");
        self.write("outside/dir/file", b"untouched\n");
        if let Some(memory) = &self.memory {
            fs::write(memory.path().join("secret"), secret).unwrap();
        }
    }

    /// Programs that print the secret, each in another language.
    fn plant_programs(&self) {
        let programs = [
            ("program", format!("#!/bin/sh\necho {SECRET}\n")),
            ("script", format!("echo {SECRET}\n")),
            ("script.awk", format!("BEGIN {{ print \"{SECRET}\" }}\n")),
            ("script.sed", format!("s/x/{SECRET}/\n")),
            ("makefile", format!("all:\n\t@echo {SECRET}\n")),
        ];
        for (name, text) in programs {
            self.write(&format!("outside/{name}"), text.as_bytes());
        }
        let executable = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.at("outside/program"), executable).unwrap();
    }

    fn plant_links(&self) {
        for (link, target) in LINKS {
            let target = target.replace('@', self.path());
            symlink(target, self.at("granted").join(link)).unwrap();
        }
        symlink(".", self.at("parent_again")).unwrap();
        symlink("../outside/secret", self.at("readonly/up")).unwrap();
        symlink("file", self.at("readonly/inside")).unwrap();
    }

    fn plant_archives(&self) {
        let content = b"changed\n";
        let file = Member::File(content);
        let absolute = format!("{}/outside/marker", self.path());
        let link = [("out", Member::Link(&format!("{}/outside", self.path()))), ("other", file)];
        self.write("readonly/parents.tar", &tar(&[("../outside/marker", file)]));
        self.write("readonly/absolute.tar", &tar(&[(&absolute, file)]));
        self.write("readonly/link.tar", &tar(&link));
        self.write("readonly/parents.zip", &zip("../outside/marker", content));
        self.write("readonly/through.zip", &zip("absdir/new", content));
        let members = [("parents", "../outside/marker"), ("absolute", &absolute)];
        for (archive, name) in members.into_iter().chain([("through", "absdir/new")]) {
            self.write(&format!("readonly/{archive}.bkzip"), &interpreters_zip(name, content));
        }
    }

    /// Returns a path of the host.
    pub(super) fn at(&self, below: &str) -> PathBuf {
        self.top.path().join(below)
    }

    fn path(&self) -> &str {
        self.top.path().to_str().expect("the path of temporary files is text")
    }

    pub(super) fn write(&self, below: &str, bytes: &[u8]) {
        fs::write(self.at(below), bytes).unwrap();
    }

    pub(super) fn make_dir(&self, below: &str) {
        fs::create_dir_all(self.at(below)).unwrap();
    }

    /// Returns the content of a file as the host reads it.
    pub(super) fn text(&self, below: &str) -> String {
        fs::read_to_string(self.at(below)).unwrap()
    }

    /// Returns the lines that set the variables of a script.
    pub(super) fn preamble(&self) -> String {
        let top = self.top.path().display();
        let memory = self.memory.as_ref().map_or(Path::new("/dev/shm/none"), TempDir::path);
        format!(
            "T={top}; O=$T/outside; D=$T/granted; R=$T/readonly; M=$T/memory; SHM={}; N=/dev/null\n\
             mkdir -p $M\n",
            memory.display()
        )
    }

    /// Returns everything that a script must not change.
    pub(super) fn beyond_reach(&self) -> BTreeMap<PathBuf, FileState> {
        let mut found = BTreeMap::new();
        for top in ["outside", "readonly", "memory"] {
            record(&self.at(top), &mut found);
        }
        for entry in fs::read_dir(self.top.path()).unwrap() {
            found.entry(entry.unwrap().path()).or_default();
        }
        found
    }
}

fn record(path: &Path, found: &mut BTreeMap<PathBuf, FileState>) {
    // OK because a removed directory shows as a missing entry.
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    let mut content = Vec::new();
    let mut names = metadata.nlink();
    if metadata.is_file() {
        content = fs::read(path).unwrap();
    } else if metadata.is_symlink() {
        content = fs::read_link(path).unwrap().into_os_string().into_encoded_bytes();
    } else if metadata.is_dir() {
        names = 0;
        for entry in fs::read_dir(path).unwrap() {
            record(&entry.unwrap().path(), found);
        }
    }
    let changed = (metadata.mtime(), metadata.mtime_nsec());
    found.insert(path.to_owned(), (metadata.mode(), changed, names, content));
}
