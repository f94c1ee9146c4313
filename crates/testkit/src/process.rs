//! Processes: their files in `/proc/<pid>`.

#![expect(clippy::disallowed_methods, reason = "writes below the temporary directory of a root")]

use std::{
    fs::{self, Permissions},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt, fs::symlink},
    path::Path,
};

/// A process, or a thread of one.
#[derive(Clone, Debug)]
pub struct Process {
    id: u32,
    stat: Option<Vec<u8>>,
    /// The bytes of `status`, if they were set.
    status: Option<Vec<u8>>,
    uid: u32,
    arguments: Vec<u8>,
    executable: Option<Vec<u8>>,
    /// Names and targets of the links, in the order of their creation.
    links: Vec<(String, Vec<u8>)>,
    threads: Vec<Process>,
    mode: Option<u32>,
}

impl Process {
    /// Returns a process with this process id and name, without descriptors.
    pub fn new(id: u32, name: impl AsRef<[u8]>) -> Self {
        let name = name.as_ref();
        Self {
            id,
            stat: Some([format!("{id} (").as_bytes(), name, b") S 1 1 1 0 -1 4194560\n"].concat()),
            status: None,
            uid: 0,
            arguments: [name, b"\0"].concat(),
            executable: Some([b"/usr/bin/", name].concat()),
            links: Vec::new(),
            threads: Vec::new(),
            mode: None,
        }
    }

    /// Adds a descriptor of a socket.
    #[must_use]
    pub fn socket(self, fd: u32, inode: u64) -> Self {
        self.link(fd.to_string(), format!("socket:[{inode}]"))
    }

    /// Adds a descriptor with any name and any target, which need not exist.
    #[must_use]
    pub fn link(mut self, name: impl Into<String>, target: impl Into<Vec<u8>>) -> Self {
        self.links.push((name.into(), target.into()));
        self
    }

    /// Sets the user id.
    #[must_use]
    pub fn uid(self, uid: u32) -> Self {
        Self { uid, ..self }
    }

    /// Sets the bytes of `cmdline`.
    #[must_use]
    pub fn arguments(self, arguments: impl Into<Vec<u8>>) -> Self {
        Self { arguments: arguments.into(), ..self }
    }

    /// Sets the target of `exe`, or removes it.
    #[must_use]
    pub fn executable(self, path: Option<&str>) -> Self {
        Self { executable: path.map(Into::into), ..self }
    }

    /// Sets the target of `exe`, to any bytes, or removes it.
    #[must_use]
    pub fn executable_bytes(self, path: Option<&[u8]>) -> Self {
        Self { executable: path.map(Into::into), ..self }
    }

    /// Sets the bytes of `status`; the uid is then ignored.
    #[must_use]
    pub fn status(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self { status: Some(bytes.into()), ..self }
    }

    /// Sets the bytes of `stat`, or removes it.
    #[must_use]
    pub fn stat(self, bytes: Option<&[u8]>) -> Self {
        Self { stat: bytes.map(Into::into), ..self }
    }

    /// Adds a thread. The main thread is added with the first other one.
    ///
    /// In a kernel `/proc/<tid>` can be opened but is not listed. Here it is listed, because it is
    /// a directory beside that of the process.
    #[must_use]
    pub fn thread(mut self, thread: Process) -> Self {
        self.threads.push(thread);
        self
    }

    /// Sets the permissions of the directory of descriptors.
    #[must_use]
    pub fn mode(self, mode: u32) -> Self {
        Self { mode: Some(mode), ..self }
    }

    /// Writes the directories of the process and its threads.
    pub(crate) fn write(&self, root: &Path) {
        self.write_task(&root.join(self.id.to_string()));
        if self.threads.is_empty() {
            return;
        }
        let tasks = root.join(self.id.to_string()).join("task");
        self.write_task(&tasks.join(self.id.to_string()));
        for thread in &self.threads {
            thread.write_task(&root.join(thread.id.to_string()));
            thread.write_task(&tasks.join(thread.id.to_string()));
        }
    }

    fn write_task(&self, dir: &Path) {
        let fds = dir.join("fd");
        fs::create_dir_all(&fds).unwrap();
        let write = |name, bytes: &[u8]| fs::write(dir.join(name), bytes).unwrap();
        if let Some(stat) = &self.stat {
            write("stat", stat);
        }
        let uid = self.uid;
        let status = format!("Name:\tx\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\n").into_bytes();
        write("status", self.status.as_ref().unwrap_or(&status));
        write("cmdline", &self.arguments);
        let link = |target: &[u8], name: &Path| {
            symlink(std::ffi::OsStr::from_bytes(target), name).unwrap();
        };
        if let Some(executable) = &self.executable {
            link(executable, &dir.join("exe"));
        }
        for (name, target) in &self.links {
            link(target, &fds.join(name));
        }
        if let Some(mode) = self.mode {
            fs::set_permissions(&fds, Permissions::from_mode(mode)).unwrap();
        }
    }
}
