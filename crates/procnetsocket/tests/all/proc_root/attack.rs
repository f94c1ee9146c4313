//! The attack table: what an attacker mounts, and how the handle reacts.
//!
//! Each row contains what a program that opens `/proc` directly would read (`plain ...`), so that
//! an attack that no longer works is noticed, and then what the handle reads or refuses. Each row
//! is run with `openat2` and in each way without it, with the same outcome.

use rstest::rstest;

use crate::proc_root::namespace::{Need, note, run, run_script};

/// How `openat2` is made unavailable to the probe.
const WITHOUT_OPENAT2: [&[&str]; 4] = [
    &[],
    &["--forbid", "openat2:ENOSYS"],
    &["--forbid", "openat2:EPERM"],
    &["--forbid", "openat2:EACCES"],
];

/// Runs a row in every way, and compares.
#[track_caller]
fn check(need: Need, script: &str, steps: &[&str], expected: &[(&str, &str)]) {
    for without in WITHOUT_OPENAT2 {
        // The filter comes last, because some steps belong to the attacker.
        let steps = [steps, without].concat();
        let Some(report) = run(need, script, &steps) else { return };
        report.expect_no_lie();
        for (line, outcome) in expected {
            report.expect(line, outcome);
        }
    }
}

const ALL_REAL: &[(&str, &str)] = &[
    ("open", "ok"),
    ("thread net/tcp", "real"),
    ("process net/tcp", "real"),
    ("root net/tcp", "real"),
    ("own pid net/tcp", "real"),
    ("thread stat", "real"),
    ("process stat", "real"),
    ("absent file", "Missing"),
    ("fd 0", "real"),
    ("processes", "real"),
];

#[rstest]
#[case::nothing("")]
// The kernel itself removes the mount at the next lookup, because names below `net` are never kept.
#[case::file_over_the_table(r#"mount --bind "$FAKE/net/tcp" /proc/$$/net/tcp"#)]
#[case::procfs_file_over_the_table("mount --bind /proc/$$/environ /proc/$$/net/tcp")]
#[case::file_over_the_thread_table(r#"mount --bind "$FAKE/net/tcp" /proc/$$/task/$$/net/tcp"#)]
fn reads_the_real_table(#[case] script: &str) {
    check(Need::Mounts, script, &[], ALL_REAL);
}

#[rstest]
#[case::descriptors("mount --bind \"$FAKE/fd\" /proc/$$/fd")]
#[case::process("mount --bind \"$FAKE\" /proc/$$")]
#[case::descriptors_of_another("mount --bind /proc/$PPID/fd /proc/$$/fd")]
#[case::another_process("mount --bind /proc/$PPID /proc/$$")]
fn refuses_scan_where_a_process_is_mounted_over(#[case] script: &str) {
    let script = format!("mkdir \"$FAKE/fd\"; ln -s 'socket:[1]' \"$FAKE/fd/3\"\n{script}");
    check(Need::Mounts, &script, &[], &[("open", "ok"), ("processes", "Overmounted")]);
}

#[test]
fn refuses_a_directory_over_net_of_the_process() {
    let script = r#"mount --bind "$FAKE/net" /proc/$$/net"#;
    let expected = [
        ("plain /proc/net/tcp", "FAKE"),
        // The thread's directory is another one, and is not mounted over.
        ("thread net/tcp", "real"),
        ("process net/tcp", "Overmounted"),
        ("root net/tcp", "Overmounted"),
        ("own pid net/tcp", "Overmounted"),
        ("process stat", "real"),
    ];
    check(Need::Mounts, script, &[], &expected);
}

#[test]
fn refuses_a_directory_over_net_of_the_process_and_of_the_thread() {
    let script = r#"
        mount --bind "$FAKE/net" /proc/$$/net
        mount --bind "$FAKE/net" /proc/$$/task/$$/net"#;
    let expected = [
        ("plain /proc/net/tcp", "FAKE"),
        ("plain /proc/thread-self/net/tcp", "FAKE"),
        // It is refused, and `self` is not tried instead.
        ("thread net/tcp", "Overmounted"),
        ("process net/tcp", "Overmounted"),
        ("root net/tcp", "Overmounted"),
    ];
    check(Need::Mounts, script, &[], &expected);
}

#[test]
fn does_not_skip_a_thread_that_is_mounted_over() {
    let script = r#"mount --bind "$FAKE/net" /proc/$$/task/$$/net"#;
    let expected = [
        ("plain /proc/thread-self/net/tcp", "FAKE"),
        ("thread net/tcp", "Overmounted"),
        ("process net/tcp", "real"),
    ];
    check(Need::Mounts, script, &[], &expected);
}

#[test]
fn refuses_crafted_files_over_proc() {
    let script = r#"mount --bind "$FAKE" /proc"#;
    check(Need::Mounts, script, &[], &[("plain /proc/net/tcp", "FAKE"), ("open", "NotProcfs")]);
}

#[test]
fn refuses_an_empty_tmpfs_over_proc() {
    check(Need::Mounts, "mount -t tmpfs t /proc", &[], &[("open", "NotProcfs")]);
}

#[rstest]
#[case::tty("mount --bind /proc/tty /proc")]
#[case::sys("mount --bind /proc/sys /proc")]
#[case::our_own_process("mount --bind /proc/$$ /proc")]
#[case::the_threads_of_our_process("mount --bind /proc/$$/task /proc")]
fn refuses_a_part_of_procfs_over_proc(#[case] script: &str) {
    check(Need::Mounts, script, &[], &[("open", "NotRoot")]);
}

#[test]
fn refuses_another_process_over_ours() {
    let expected = [
        // The table is of the other process's network namespace, which happens to be ours.
        ("plain /proc/net/tcp", "real"),
        ("thread net/tcp", "Overmounted"),
        ("process net/tcp", "Overmounted"),
        ("root net/tcp", "Overmounted"),
        ("own pid net/tcp", "Overmounted"),
        ("thread stat", "Overmounted"),
        ("process stat", "Overmounted"),
        ("fd 0", "Overmounted"),
    ];
    check(Need::Mounts, "mount --bind /proc/$PPID /proc/$$", &[], &expected);
}

#[test]
fn refuses_crafted_files_over_our_process() {
    let expected = [
        ("plain /proc/self/net/tcp", "FAKE"),
        ("thread net/tcp", "Overmounted"),
        ("process net/tcp", "Overmounted"),
        ("thread stat", "Overmounted"),
        ("process stat", "Overmounted"),
    ];
    check(Need::Mounts, r#"mount --bind "$FAKE/self" /proc/$$"#, &[], &expected);
}

#[rstest]
#[case::crafted(r#"mount --bind "$FAKE/stat" /proc/$$/stat"#)]
#[case::of_another_process("mount --bind /proc/$PPID/stat /proc/$$/stat")]
fn refuses_a_file_over_a_file_of_the_process(#[case] script: &str) {
    let expected = [("process stat", "Overmounted"), ("thread stat", "real")];
    check(Need::Mounts, script, &[], &expected);
}

#[test]
fn refuses_a_link_over_self() {
    let script = r#"ln -s 1 "$SCRATCH/link"; set -- --bind-link "$SCRATCH/link" /proc/self "$@""#;
    let expected = [
        ("thread net/tcp", "real"),
        ("process net/tcp", "Overmounted"),
        ("root net/tcp", "Overmounted"),
        ("own pid net/tcp", "real"),
        ("process stat", "Overmounted"),
    ];
    check(Need::Mounts, script, &[], &expected);
}

#[test]
fn refuses_a_link_over_thread_self() {
    let script = r#"ln -s "$FAKE/self" "$SCRATCH/link"
        set -- --bind-link "$SCRATCH/link" /proc/thread-self "$@""#;
    let expected = [
        ("plain /proc/thread-self/net/tcp", "FAKE"),
        ("thread net/tcp", "Overmounted"),
        ("process net/tcp", "real"),
        ("thread stat", "Overmounted"),
        ("fd 0", "Overmounted"),
    ];
    check(Need::Mounts, script, &[], &expected);
}

#[test]
fn refuses_a_link_over_net() {
    let script = r#"ln -s "$FAKE/net" "$SCRATCH/link"
        set -- --bind-link "$SCRATCH/link" /proc/net "$@""#;
    let expected = [
        ("plain /proc/net/tcp", "FAKE"),
        ("thread net/tcp", "real"),
        ("process net/tcp", "real"),
        ("root net/tcp", "Overmounted"),
    ];
    check(Need::Mounts, script, &[], &expected);
}

#[rstest]
#[case::as_container_runtimes_do(
    "mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys"
)]
#[case::crafted(r#"mount --bind "$FAKE/sys" /proc/sys"#)]
#[case::crafted_file(
    r#"mount --bind "$FAKE/sys/net/ipv4/ip_local_port_range" /proc/sys/net/ipv4/ip_local_port_range"#
)]
fn refuses_a_mount_over_the_port_range(#[case] script: &str) {
    let expected = [("port range", "Overmounted"), ("thread net/tcp", "real")];
    check(Need::Mounts, script, &[], &expected);
}

#[test]
fn reads_the_port_range_where_it_is_shown() {
    // A container runtime may have bound `/proc/sys` over itself before us.
    let Some(report) = run(Need::Procfs, "", &[]) else { return };
    report.expect("port range", "real");
}

/// The attacker mounts after the handle was opened, which still refers to the old `/proc`.
#[rstest]
#[case::crafted(r#"mount --bind "$FAKE" /proc"#)]
#[case::a_part("mount --bind /proc/tty /proc")]
fn later_mount_over_proc_has_no_effect(#[case] mount: &str) {
    check(Need::Mounts, "export FAKE", &["--open", "--run", mount], ALL_REAL);
}

#[test]
fn refuses_what_is_mounted_over_net_after_the_opening() {
    let mount = r#"mount --bind "$FAKE/net" /proc/$PPID/net"#;
    let expected = [("plain /proc/net/tcp", "FAKE"), ("process net/tcp", "Overmounted")];
    check(Need::Mounts, "export FAKE", &["--open", "--run", mount], &expected);
}

#[test]
fn refuses_a_link_over_the_link_of_a_descriptor() {
    let script = r#"ln -s /forged "$SCRATCH/link"
        set -- --bind-link "$SCRATCH/link" /proc/thread-self/fd/0 "$@""#;
    // Kernel: since Linux 6.12 nothing can be mounted over what is below `fd`.
    let attempt = r#"[ "$("$PROBE" "$@" | head -c 12)" = 'probe failed' ] && is=no || is=yes
        echo "mountable: $is""#;
    let Some(attempt) = run_script(Need::Mounts, &format!("{script}\n{attempt}"), &[]) else {
        return;
    };
    if attempt.says("mountable", "yes") {
        check(Need::Mounts, script, &[], &[("fd 0", "Overmounted")]);
    } else {
        note("this kernel forbids mounts over /proc/<pid>/fd/<n>, so there is nothing to refuse");
    }
}

#[test]
fn reads_under_hidepid() {
    let script = "mount -t proc -o hidepid=2 p /proc";
    check(Need::Procfs, script, &[], ALL_REAL);
}

#[test]
fn reports_what_subset_pid_hides() {
    let script = "mount -t proc -o subset=pid p /proc";
    let Some(plain) = run(Need::Procfs, script, &[]) else { return };
    // Kernel: Linux 5.10 and 7.2 show no table there, 6.1 does.
    let own = if plain.says("plain /proc/self/net/tcp", "none") { "Hidden" } else { "real" };
    let expected = [
        ("plain /proc/net/tcp", "none"),
        ("thread net/tcp", own),
        ("process net/tcp", own),
        ("root net/tcp", "Hidden"),
        ("port range", "Hidden"),
        ("absent file", "Missing"),
    ];
    check(Need::Procfs, script, &[], &expected);
}

#[test]
fn reports_that_own_process_is_missing_in_child_namespace() {
    let script = "unshare -p -f mount -t proc child /proc";
    let expected = [
        ("open", "ok"),
        ("plain /proc/net/tcp", "none"),
        ("thread net/tcp", "Hidden"),
        ("process net/tcp", "Hidden"),
        ("root net/tcp", "Hidden"),
        ("own pid net/tcp", "Vanished"),
        ("absent file", "Hidden"),
        ("fd 0", "Hidden"),
    ];
    check(Need::Procfs, script, &[], &expected);
}

/// A root directory, `$NEW`, with libraries and the probe and no `/proc`.
const CHROOT: &str = r#"
NEW=$SCRATCH/new
mkdir "$NEW"
for dir in usr lib lib32 lib64 nix; do
    [ ! -e "/$dir" ] || { mkdir "$NEW/$dir"; mount --rbind "/$dir" "$NEW/$dir"; }
done
cp "$PROBE" "$NEW/probe"
"#;

#[rstest]
#[case::no_directory("", "NotMounted")]
#[case::an_empty_directory(r#"mkdir "$NEW/proc""#, "NotMounted")]
#[case::a_crafted_directory(r#"cp -r "$FAKE" "$NEW/proc""#, "NotMounted")]
#[case::a_file(r#"touch "$NEW/proc""#, "NotProcfs")]
#[case::a_link(
    r#"mkdir "$NEW/other"; mount --rbind /proc "$NEW/other"; ln -s other "$NEW/proc""#,
    "NotProcfs"
)]
#[case::a_crafted_mount(r#"mkdir "$NEW/proc"; mount --bind "$FAKE" "$NEW/proc""#, "NotProcfs")]
#[case::procfs(r#"mkdir "$NEW/proc"; mount --rbind /proc "$NEW/proc""#, "ok")]
fn reports_what_is_at_proc_of_another_root(#[case] script: &str, #[case] outcome: &str) {
    let script = format!("{CHROOT}\n{script}\nexec chroot \"$NEW\" /probe \"$@\"");
    let Some(report) = run_script(Need::Mounts, &script, &[]) else { return };
    report.expect_no_lie();
    report.expect("open", outcome);
}

/// PID 1 of the namespace is root's, and the probe is another user's.
#[rstest]
#[case::off("0", "real")]
#[case::no_access("1", "Denied")]
#[case::invisible("2", "Vanished")]
#[case::not_traceable("4", "Vanished")]
fn reports_what_hidepid_hides_of_another_user(#[case] hidepid: &str, #[case] outcome: &str) {
    let script = format!(
        r#"mount -t proc -o hidepid={hidepid} p /proc
        chmod 755 "$SCRATCH"; cp "$PROBE" "$SCRATCH/probe"
        setpriv --reuid=65534 --regid=65534 --clear-groups "$SCRATCH/probe" "$@""#
    );
    for without in WITHOUT_OPENAT2 {
        let Some(report) = run_script(Need::Root, &script, without) else { return };
        report.expect_no_lie();
        report.expect("pid 1 stat", outcome);
        report.expect("thread net/tcp", "real");
        report.expect("absent file", "Missing");
    }
}

#[rstest]
#[case::mount_ids(&["--forbid", "statx:ENOSYS"], "real")]
#[case::both(&["--forbid", "statx:ENOSYS", "--forbid", "openat2:ENOSYS"], "Unsupported")]
#[case::both_forbidden(&["--forbid", "statx:EPERM", "--forbid", "openat2:EPERM"], "Unsupported")]
#[case::openat2_for_long(&["--forbid", "openat2:EAGAIN"], "Io")]
#[case::openat2_later(&["--open", "--forbid", "openat2:EPERM"], "real")]
#[case::mount_ids_later(&["--open", "--forbid", "statx:EPERM"], "Unsupported")]
fn reports_missing_prerequisites_of_a_check(#[case] steps: &[&str], #[case] outcome: &str) {
    let Some(report) = run(Need::Mounts, "", steps) else { return };
    report.expect("open", "ok");
    report.expect("thread net/tcp", outcome);
    report.expect("process stat", outcome);
}

/// `openat2` still notices every mount where mount ids are unavailable.
#[test]
fn refuses_another_process_over_ours_without_mount_ids() {
    let steps = ["--forbid", "statx:ENOSYS"];
    let Some(report) = run(Need::Mounts, "mount --bind /proc/$PPID /proc/$$", &steps) else {
        return;
    };
    report.expect_no_lie();
    report.expect("process stat", "Overmounted");
}
