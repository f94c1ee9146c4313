//! Every call that `clippy.toml` disallows, used once. Nothing here is ever called.
//!
//! The test `openings` of the workspace lints this crate with `--cfg fires`, and expects one error
//! for each path of the list. Without that cfg the errors are expected, and a missing one would be
//! an error.

#![cfg_attr(
    not(fires),
    expect(clippy::disallowed_methods, reason = "the list is tested with these calls")
)]
#![allow(unexpected_cfgs, reason = "only the test sets `fires`")]
#![allow(deprecated, clippy::exit, missing_docs, reason = "each is only named, to be found")]

use std::path::Path;

use cap_std::AmbientAuthority;
use rustix::fd::BorrowedFd;

pub mod capability {
    use super::{AmbientAuthority, Path};

    pub fn uses(path: &Path, token: AmbientAuthority) {
        use cap_std::fs::{Dir, File, OpenOptions};
        _ = cap_std::ambient_authority();
        _ = Dir::open_ambient_dir(path, token);
        _ = Dir::create_ambient_dir_all(path, token);
        _ = File::open_ambient(path, token);
        _ = File::open_ambient_with(path, &OpenOptions::new(), token);
        _ = File::create_ambient(path, token);
        _ = landlock::PathFd::new(path);
        _ = landlock::path_beneath_rules([path], landlock::AccessFs::Execute);
    }
}

pub mod files {
    use super::Path;

    pub fn uses(path: &Path) {
        use std::{fs, os::unix};
        _ = fs::File::open(path);
        _ = fs::File::create(path);
        _ = fs::File::create_new(path);
        _ = fs::OpenOptions::new().open(path);
        _ = fs::DirBuilder::new().create(path);
        _ = fs::read(path);
        _ = fs::read_to_string(path);
        _ = fs::read_dir(path);
        _ = fs::read_link(path);
        _ = fs::write(path, "");
        _ = fs::copy(path, path);
        _ = fs::rename(path, path);
        _ = fs::hard_link(path, path);
        _ = fs::soft_link(path, path);
        _ = fs::remove_file(path);
        _ = fs::remove_dir(path);
        _ = fs::remove_dir_all(path);
        _ = fs::create_dir(path);
        _ = fs::create_dir_all(path);
        _ = fs::metadata(path);
        _ = fs::symlink_metadata(path);
        _ = fs::canonicalize(path);
        _ = fs::exists(path);
        if let Ok(metadata) = path.metadata() {
            _ = fs::set_permissions(path, metadata.permissions());
        }
        _ = unix::fs::symlink(path, path);
        _ = unix::fs::chown(path, None, None);
        _ = unix::fs::lchown(path, None, None);
        _ = unix::fs::chroot(path);
        _ = path.symlink_metadata();
        _ = path.canonicalize();
        _ = path.read_link();
        _ = path.read_dir();
        _ = path.exists();
        _ = path.try_exists();
        _ = path.is_file();
        _ = path.is_dir();
        _ = path.is_symlink();
    }
}

pub mod kernel_files {
    use super::{BorrowedFd, Path};

    pub fn uses(path: &Path, dir: BorrowedFd<'_>) {
        use rustix::fs::{
            self, Access, AtFlags, FileType, MemfdFlags, Mode, OFlags, RenameFlags, ResolveFlags,
        };
        let (none, mode) = (OFlags::empty(), Mode::empty());
        _ = fs::open(path, none, mode);
        _ = fs::openat(dir, path, none, mode);
        _ = fs::openat2(dir, path, none, mode, ResolveFlags::empty());
        _ = fs::memfd_create("x", MemfdFlags::empty());
        _ = fs::access(path, Access::empty());
        _ = fs::stat(path);
        _ = fs::lstat(path);
        _ = fs::statfs(path);
        _ = fs::statvfs(path);
        _ = fs::readlink(path, Vec::new());
        _ = fs::chmod(path, mode);
        _ = fs::chmodat(dir, path, mode, AtFlags::empty());
        _ = fs::chown(path, None, None);
        _ = fs::chownat(dir, path, None, None, AtFlags::empty());
        _ = fs::link(path, path);
        _ = fs::linkat(dir, path, dir, path, AtFlags::empty());
        _ = fs::symlink(path, path);
        _ = fs::symlinkat(path, dir, path);
        _ = fs::mkdir(path, mode);
        _ = fs::mkdirat(dir, path, mode);
        _ = fs::mknodat(dir, path, FileType::Fifo, mode, 0);
        _ = fs::rename(path, path);
        _ = fs::renameat(dir, path, dir, path);
        _ = fs::renameat_with(dir, path, dir, path, RenameFlags::empty());
        _ = fs::rmdir(path);
        _ = fs::unlink(path);
        _ = fs::unlinkat(dir, path, AtFlags::empty());
    }
}

pub mod sockets {
    use super::Path;

    pub fn uses(path: &Path, address: std::net::SocketAddr) {
        use std::{
            net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket},
            os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream},
            time::Duration,
        };
        _ = TcpStream::connect(address);
        _ = TcpStream::connect_timeout(&address, Duration::ZERO);
        _ = TcpListener::bind(address);
        _ = UdpSocket::bind(address);
        _ = "localhost:1".to_socket_addrs();
        _ = dns_lookup::lookup_host("localhost");
        _ = dns_lookup::lookup_addr(&address.ip());
        _ = dns_lookup::getaddrinfo(None, None, None);
        _ = dns_lookup::getnameinfo(&address, 0);
        _ = dns_lookup::get_hostname();
        _ = UnixStream::connect(path);
        _ = UnixStream::pair();
        _ = UnixListener::bind(path);
        _ = UnixDatagram::bind(path);
        _ = UnixDatagram::unbound();
        _ = UnixDatagram::pair();
        if let Ok(address) = SocketAddr::from_pathname(path) {
            _ = UnixStream::connect_addr(&address);
            _ = UnixListener::bind_addr(&address);
            _ = UnixDatagram::bind_addr(&address);
        }
    }
}

pub mod kernel_sockets {
    use super::BorrowedFd;

    pub fn uses(socket: BorrowedFd<'_>, address: &std::net::SocketAddrV4) {
        use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
        let (family, kind, none) = (AddressFamily::INET, SocketType::STREAM, SocketFlags::empty());
        _ = net::socket(family, kind, None);
        _ = net::socket_with(family, kind, none, None);
        _ = net::socketpair(family, kind, none, None);
        _ = net::bind(socket, address);
        _ = net::connect(socket, address);
        _ = net::listen(socket, 1);
        _ = net::accept(socket);
        _ = net::accept_with(socket, none);
        _ = net::acceptfrom(socket);
        _ = net::acceptfrom_with(socket, none);
    }
}

pub mod process {
    use super::Path;

    pub fn uses(path: &Path) {
        use std::{env, io, process};
        _ = process::Command::new(path);
        _ = fork::fork();
        _ = env::var("X");
        _ = env::var_os("X");
        _ = env::vars();
        _ = env::vars_os();
        _ = env::current_dir();
        _ = env::set_current_dir(path);
        _ = env::current_exe();
        _ = env::temp_dir();
        _ = env::home_dir();
        _ = io::stdin();
        _ = io::stdout();
        _ = io::stderr();
        process::exit(0)
    }
}

pub mod kernel_process {
    use super::{BorrowedFd, Path};

    pub fn uses(path: &Path, fd: BorrowedFd<'_>) {
        use rustix::{
            mount::{self, FsOpenFlags, MountFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags},
            process::{self, Pid, PidfdFlags, PidfdGetfdFlags, Signal},
            thread::{self, ThreadNameSpaceType, UnshareFlags},
        };
        let pid = Pid::INIT;
        _ = process::chdir(path);
        _ = process::fchdir(fd);
        _ = process::chroot(path);
        _ = process::kill_process(pid, Signal::KILL);
        _ = process::kill_process_group(pid, Signal::KILL);
        _ = process::kill_current_process_group(Signal::KILL);
        _ = process::pidfd_open(pid, PidfdFlags::empty());
        _ = process::pidfd_getfd(fd, 0, PidfdGetfdFlags::empty());
        _ = process::pidfd_send_signal(fd, Signal::KILL);
        _ = thread::unshare(UnshareFlags::empty());
        _ = thread::move_into_link_name_space(fd, None);
        _ = thread::move_into_thread_name_spaces(fd, ThreadNameSpaceType::empty());
        _ = mount::mount(path, path, path, MountFlags::empty(), None);
        _ = mount::mount_bind(path, path);
        _ = mount::mount_bind_recursive(path, path);
        _ = mount::mount_move(path, path);
        _ = mount::mount_remount(path, MountFlags::empty(), path);
        _ = mount::unmount(path, UnmountFlags::empty());
        _ = mount::fsopen(path, FsOpenFlags::empty());
        _ = mount::open_tree(fd, path, OpenTreeFlags::empty());
        _ = mount::move_mount(fd, path, fd, path, MoveMountFlags::empty());
    }
}

pub mod handles {
    use super::{BorrowedFd, Path};

    pub fn uses(path: &Path, fd: BorrowedFd<'_>) {
        use rustix::{
            fs::{
                self, Access, AtFlags, StatxFlags, Timespec, Timestamps, XattrFlags,
                inotify::{self, WatchFlags},
            },
            mount::{self, FsPickFlags, MountPropagationFlags},
            process::{self, Pid, Resource, Rlimit},
        };
        let (mut bytes, at) = ([0_u8; 8], AtFlags::empty());
        let time = Timespec { tv_sec: 0, tv_nsec: 0 };
        _ = fs::statat(fd, path, at);
        _ = fs::statx(fd, path, at, StatxFlags::empty());
        _ = fs::accessat(fd, path, Access::EXISTS, at);
        _ = fs::readlinkat(fd, path, Vec::new());
        _ = fs::readlinkat_raw(fd, path, &mut bytes);
        _ = fs::utimensat(fd, path, &Timestamps { last_access: time, last_modification: time }, at);
        _ = fs::getxattr(path, "user.x", &mut bytes);
        _ = fs::lgetxattr(path, "user.x", &mut bytes);
        _ = fs::listxattr(path, &mut bytes);
        _ = fs::llistxattr(path, &mut bytes);
        _ = fs::setxattr(path, "user.x", &bytes, XattrFlags::empty());
        _ = fs::lsetxattr(path, "user.x", &bytes, XattrFlags::empty());
        _ = fs::removexattr(path, "user.x");
        _ = fs::lremovexattr(path, "user.x");
        _ = inotify::add_watch(fd, path, WatchFlags::empty());
        _ = process::getcwd(Vec::new());
        _ = process::test_kill_process(Pid::INIT);
        _ = process::test_kill_process_group(Pid::INIT);
        let limit = Rlimit { current: None, maximum: None };
        _ = process::prlimit(Some(Pid::INIT), Resource::Nofile, limit);
        _ = process::setpriority_process(Some(Pid::INIT), 0);
        _ = mount::mount_change(path, MountPropagationFlags::empty());
        _ = mount::fspick(fd, path, FsPickFlags::empty());
    }
}

pub mod surroundings {
    use super::Path;

    pub fn uses(path: &Path) {
        _ = std::env::args();
        _ = std::env::args_os();
        _ = std::path::absolute(path);
        _ = std::thread::available_parallelism();
    }
}
