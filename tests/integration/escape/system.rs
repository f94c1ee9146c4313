//! Attempts to learn about the machine: from `/proc`, `/sys`, `/dev`, and by examining ungranted
//! files without reading them.

use bstr::ByteSlice as _;
use rstest::rstest;

use super::{
    attempt::{Aim, fails, works},
    program::{in_bash, in_shell},
    tree::Tree,
};

#[rstest]
#[case::proc_maps("cat /proc/self/maps", 1, "No such file or directory")]
#[case::proc_mounts("cat /proc/self/mountinfo", 1, "No such file or directory")]
#[case::proc_tcp("cat /proc/net/tcp", 1, "No such file or directory")]
#[case::proc_tcp_of_the_shell("cat /proc/self/net/tcp", 1, "No such file or directory")]
#[case::proc_unix("cat /proc/self/net/unix", 1, "No such file or directory")]
#[case::proc_boot("cat /proc/sys/kernel/random/boot_id", 1, "No such file or directory")]
#[case::proc_port_range(
    "cat /proc/sys/net/ipv4/ip_local_port_range",
    1,
    "No such file or directory"
)]
#[case::proc_partitions("cat /proc/filesystems", 1, "No such file or directory")]
#[case::proc_kernel_options("cat /proc/cmdline", 1, "No such file or directory")]
#[case::sys_class("ls /sys/class/net", 2, "No such file or directory")]
#[case::sys_link("cat /sys/class/net/lo/address", 1, "No such file or directory")]
#[case::sys_processors("cat /sys/devices/system/cpu/online", 1, "No such file or directory")]
#[case::sys_memory(
    "cat /sys/kernel/mm/transparent_hugepage/enabled",
    1,
    "No such file or directory"
)]
#[case::sys_groups(
    "cat /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/*/tasks | head -n 1",
    0,
    "No such file or directory"
)]
#[case::dev_full(r#"echo x > /dev/full || echo "it is a device""#, 0, "")]
#[case::dev_kernel_log("[ -e /dev/kmsg ] && echo there", 1, "")]
#[case::dev_block("ls -l /dev/zero | grep ^c", 1, "")]
#[case::shadow("[ -e /etc/shadow ] && echo there", 1, "")]
#[case::services("cat /etc/services", 1, "No such file or directory")]
#[case::library("ls /usr/lib", 2, "No such file or directory")]
fn machine_is_not_revealed(#[case] script: &str, #[case] status: i32, #[case] message: &str) {
    fails(Aim::Machine, script, status, message);
}

#[rstest]
#[case::existence_of_the_secret("[ -e $O/secret ] && echo there", 1, "")]
#[case::kind_of_the_secret("[ -f $D/abs ] && echo there", 1, "")]
#[case::size_of_the_secret("[ -s $D/updir/secret ] && echo there", 1, "")]
#[case::age_of_the_secret("[ $O/secret -nt $D/none ] && echo newer", 1, "")]
#[case::mode_of_the_secret("stat -c %a $O/secret", 1, "No such file or directory")]
#[case::mode_through_a_link("stat -L -c %s $D/abs", 1, "No such file or directory")]
#[case::canonical_path("cd $D/absdir && pwd -P", 1, "No such file or directory")]
#[case::checksum("cksum $O/secret", 1, "file not found")]
#[case::checksum_of_a_link("sha256sum $D/abs", 1, "leads out of")]
#[case::count("wc -c $O/secret", 1, "No such file or directory")]
#[case::size_listed("ls -lL $D/abs", 2, "dereference")]
#[case::same_file("[ $D/abs -ef $O/secret ] && echo same", 1, "")]
fn secret_file_is_not_revealed(#[case] script: &str, #[case] status: i32, #[case] message: &str) {
    fails(Aim::Knowledge, script, status, message);
}

/// The interpreter's own files are the same on every machine, and differ from what bash finds on
/// this one.
#[rstest]
#[case::process_name("cat /proc/1/comm", "bash\n")]
#[case::command_line("cat /proc/self/cmdline", "bash\0")]
#[case::mounts("cat /proc/mounts", "bashkit-vfs / bashkit-vfs rw 0 0\n")]
#[case::host_name("cat /proc/sys/kernel/hostname", "bashkit-sandbox\n")]
#[case::host_name_by_command("hostname", "bashkit-sandbox\n")]
#[case::processes("echo /proc/[0-9]*", "/proc/1\n")]
#[case::descriptors("ls /proc/self/fd", "0\n1\n2\n")]
#[case::homes("echo /home/*", "/home/user\n")]
fn visible_system_files_are_virtual(#[case] script: &str, #[case] stdout: &str) {
    let tree = Tree::new();
    assert_eq!(in_shell(&tree, script).stdout, stdout);
}

#[rstest]
#[case::version("cat /proc/version")]
#[case::processors("cat /proc/cpuinfo")]
#[case::memory("cat /proc/meminfo")]
#[case::users("grep -v ^nobody: /etc/passwd")]
#[case::hosts("cat /etc/hosts")]
#[case::status("cat /proc/self/status")]
#[case::stat(r#"read -r line < /proc/self/stat; echo "$line""#)]
#[case::list("ls /")]
#[case::devices("ls /dev")]
#[case::programs("ls /bin")]
#[case::disks("df")]
#[case::uptime("cat /proc/uptime")]
fn visible_system_facts_are_not_this_machines(#[case] script: &str) {
    let tree = Tree::new();
    let ours = in_shell(&tree, script);
    let Some(real) = in_bash(&tree, script) else { return };
    assert_ne!(real.stdout, "", "{real:?}");
    for line in ours.stdout.lines().filter(|line| line.len() > 40) {
        assert!(!real.stdout.contains_str(line), "it is from this machine: {}", line.as_bstr());
    }
    assert_ne!(ours.stdout, real.stdout);
}

#[rstest]
#[case::existence("[ -e $D/file ] && echo there", "there\n")]
#[case::size("stat -c %s $D/file", "8\n")]
#[case::count("wc -c < $D/file", "8\n")]
#[case::physical_path("ln -s sub $D/l; cd $D/l && pwd -P | grep -o 'granted/.*'", "granted/sub\n")]
#[case::null("echo x > /dev/null; cat /dev/null", "")]
#[case::checksum("cksum < $D/file | wc -w", "2\n")]
fn files_inside_are_seen(#[case] script: &str, #[case] stdout: &str) {
    works(script, stdout);
}
