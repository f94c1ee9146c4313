//! Granted directories, seen by redirections, commands and builtins alike.

use std::{fs, os::unix::fs::symlink};

use builtin_api::Access::{Read, ReadWrite};
use rstest::rstest;

use crate::support::{Granted, Ran, run, run_in, shell};

#[rstest]
#[case::command("cat $D/file", "content\n")]
#[case::redirection("cat < $D/file", "content\n")]
#[case::builtin("show $D/file", "content\n")]
#[case::redirection_of_a_builtin("count < $D/file", "8 778\n")]
#[case::relative("cd $D; cat file; show $PWD/file", "content\ncontent\n")]
#[case::working_directory("cd $D/sub; [ \"$PWD\" = \"$D/sub\" ] && echo yes", "yes\n")]
#[case::parent("cd $D/sub; cat ../file", "content\n")]
#[case::listing("ls $D", "file\nsub\n")]
#[case::glob("cd $D; echo *", "file sub\n")]
#[case::glob_below("cd $D; echo */inner", "sub/inner\n")]
#[case::find("cd $D; find . -type f | sort", "./file\n./sub/inner\n")]
#[case::test("[ -f $D/file ] && [ -d $D/sub ] && [ ! -e $D/no ] && echo yes", "yes\n")]
#[case::source("cd $D; . ./file 2>/dev/null; echo $?", "127\n")]
#[case::recursive_search("grep -r inner $D | wc -l", "1\n")]
fn granted_files_are_read(#[case] script: &str, #[case] stdout: &str) {
    let ran = Granted::new().run(Read, script);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (stdout, ""));
}

/// A granted directory with a link that leads out of it.
fn with_a_link_outside(script: &str) -> Ran {
    let granted = Granted::new();
    symlink("/etc/passwd", granted.dir.path().join("out")).unwrap();
    granted.run(ReadWrite, &format!("cd $D; {script}; echo after"))
}

#[rstest]
#[case::cat("cat out file")]
#[case::redirection("cat < out")]
#[case::output("echo a > out")]
#[case::awk("awk 1 out")]
#[case::sed("sed p out")]
#[case::sort("sort out")]
#[case::head("head out")]
#[case::grep("grep x out")]
#[case::copy("cp out copy")]
#[case::variable("x=$(<out)")]
#[case::source(". ./out")]
#[case::builtin("show out")]
fn link_outside_fails_only_the_command(#[case] script: &str) {
    let ran = with_a_link_outside(script);
    assert!(ran.stdout.ends_with("after\n") && !ran.stderr.is_empty(), "{ran:?}");
}

/// A granted directory with all kinds of entries that cannot be opened.
fn with_entries_of_all_kinds() -> Granted {
    let granted = Granted::new();
    let dir = granted.dir.path();
    symlink("/etc/passwd", dir.join("out")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        dir.join("fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    granted
}

#[test]
fn commands_continue_script_after_failed_open() {
    let arguments = [
        "out",
        "fifo",
        "file fifo",
        "fifo file",
        "out file",
        "file out",
        "file nosuch",
        "nosuch file",
        "file fifo/x",
        "file nosuch/x",
        "-r out",
        "-d fifo",
        "-c fifo",
        "-f fifo",
        "-k fifo",
        "-cf new fifo",
        "-cf fifo file",
        "-xf fifo",
        "-xf nosuch",
        "-r new sub fifo",
        "new fifo",
        "new out",
        "-n 1 file nosuch/x",
        "-l 1 file fifo/x",
        "/dev/fd/9",
        ".",
    ];
    let mut ended = Vec::new();
    for name in host_shell::bashkit::Bash::new().builtin_names() {
        if host_shell::LANGUAGE.contains(&name.as_str()) {
            continue;
        }
        let calls = arguments.map(|arguments| {
            format!("echo content > file\necho a | {name} {arguments} > /dev/null\necho b > out\n")
        });
        let script = format!("cd $D\n{}echo after", calls.concat());
        let ran = with_entries_of_all_kinds().run(ReadWrite, &script);
        if !ran.stdout.ends_with("after\n") {
            ended.push(format!("{name}: {}", ran.stderr));
        }
    }
    assert_eq!(ended, Vec::<String>::new());
}

#[rstest]
#[case::join("join out file", 2)]
#[case::join_nothing("join file nosuch", 2)]
#[case::gzip("gzip fifo", 2)]
#[case::tar("tar -cf a.tar fifo", 2)]
#[case::split("split file nosuch/x", 2)]
#[case::less("less fifo", 2)]
#[case::tee("echo a | tee out", 1)]
#[case::tee_at_a_fifo("echo a | tee fifo", 1)]
#[case::tee_without_a_directory("echo a | tee nosuch/x", 1)]
#[case::head("head fifo", 1)]
#[case::rm("rm nosuch", 1)]
#[case::rm_of_a_directory("rm -f sub", 1)]
#[case::rm_of_a_parent("rm -rf sub/..", 1)]
#[case::rm_without_operand("rm", 1)]
#[case::rm_with_an_unknown_option("rm -x file", 1)]
#[case::head_without_a_number("head -n", 1)]
fn failed_open_is_a_status_and_a_line(#[case] script: &str, #[case] status: u8) {
    let ran = with_entries_of_all_kinds().run(ReadWrite, &format!("cd $D; {script}"));
    assert_eq!(ran.status, status, "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[rstest]
#[case::link_in_memory(
    "echo a > /tmp/a; ln -s a /tmp/l; gzip -k /tmp/l; join /tmp/l /tmp/a",
    "a\n"
)]
#[case::link_of_a_directory(
    "mkdir /tmp/d; echo a > /tmp/d/a; ln -s d /tmp/l; join /tmp/l/a /tmp/d/a",
    "a\n"
)]
#[case::link_in_a_grant("cd $D; ln -s file link; join link file", "content\n")]
#[case::link_from_memory("ln -s $D/file /tmp/l; join /tmp/l $D/file", "content\n")]
fn links_are_followed_by_commands_that_pass_errors_on(#[case] script: &str, #[case] stdout: &str) {
    let ran = Granted::new().run(ReadWrite, &format!("join nosuch nosuch 2> /dev/null; {script}"));
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), (stdout, ""));
}

#[test]
fn parents_of_granted_directory_exist() {
    let granted = Granted::new();
    let ran = granted.run(Read, "cd ${D%/*}; ls -A; cd /; ls -d ${D#/}");
    let name = granted.dir.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(ran.stdout, format!("{name}\n{}\n", granted.path.trim_start_matches('/')));
}

#[rstest]
#[case::write("echo new > $D/new", "new", "new\n")]
#[case::replace("echo new > $D/file", "file", "new\n")]
#[case::append("echo more >> $D/file", "file", "content\nmore\n")]
#[case::from_a_builtin("rows 2 3 > $D/new", "new", "rr\nrr\n")]
#[case::append_from_a_builtin("rows 1 3 >> $D/file", "file", "content\nrr\n")]
#[case::copy("cp $D/file $D/sub/copy", "sub/copy", "content\n")]
#[case::copy_from_memory("echo a > /tmp/a; cp /tmp/a $D/a", "a", "a\n")]
#[case::move_within("mv $D/file $D/sub/moved", "sub/moved", "content\n")]
#[case::move_from_memory("echo a > /tmp/a; mv /tmp/a $D/a", "a", "a\n")]
#[case::tee("echo a | tee $D/a", "a", "a\n")]
#[case::directories("mkdir -p $D/x/y; echo a > $D/x/y/z", "x/y/z", "a\n")]
#[case::link("cd $D; ln -s file link", "link", "content\n")]
#[case::through_a_link("cd $D; ln -s file link; echo new > link", "file", "new\n")]
#[case::in_place("sed -i s/content/changed/ $D/file", "file", "changed\n")]
#[case::touch("touch $D/new", "new", "")]
fn writable_directory_is_written(#[case] script: &str, #[case] file: &str, #[case] content: &str) {
    let granted = Granted::new();
    let ran = granted.run(ReadWrite, script);
    assert_eq!((ran.stderr.as_str(), ran.status), ("", 0));
    assert_eq!(fs::read_to_string(granted.dir.path().join(file)).unwrap(), content);
}

#[rstest]
#[case::file("rm $D/file", "file")]
#[case::tree("rm -r $D/sub", "sub")]
#[case::empty_directory("rm $D/sub/inner; rmdir $D/sub", "sub")]
#[case::moved_to_memory("mv $D/file /tmp/file; cat /tmp/file", "file")]
fn entries_of_writable_directory_are_removed(#[case] script: &str, #[case] gone: &str) {
    let granted = Granted::new();
    let ran = granted.run(ReadWrite, script);
    assert_eq!((ran.stderr.as_str(), ran.status), ("", 0));
    assert!(!granted.dir.path().join(gone).exists());
}

#[rstest]
#[case::missing("rm -f $D/nosuch $D/file/x /nosuch/x", "")]
#[case::nothing("rm -f", "")]
#[case::verbose("cd $D; rm -rv sub file", "removed directory 'sub'\nremoved 'file'\n")]
#[case::empty_directory("cd $D; rm sub/inner; rm -d sub; ls", "file\n")]
#[case::options_in_one_word("cd $D; rm -irv sub", "removed directory 'sub'\n")]
#[case::abbreviated_option("cd $D; rm --interactive=never --rec sub; ls", "file\n")]
#[case::link("cd $D; ln -s sub l; rm l; ls", "file\nsub\n")]
#[case::in_memory("mkdir -p /tmp/a/b; rm -r /tmp/a; ls /tmp", "")]
fn rm_follows_its_options(#[case] script: &str, #[case] stdout: &str) {
    let ran = Granted::new().run(ReadWrite, script);
    assert_eq!((&*ran.stdout, &*ran.stderr, ran.status), (stdout, "", 0));
}

#[test]
fn modes_and_times_are_changed() {
    use std::os::unix::fs::PermissionsExt as _;

    let granted = Granted::new();
    let ran = granted.run(ReadWrite, "chmod 600 $D/file; touch -d @1 $D/file; stat -c %Y $D/file");
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("1\n", ""));
    let metadata = fs::metadata(granted.dir.path().join("file")).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
}

#[rstest]
#[case::write("echo new > $D/file")]
#[case::create("echo new > $D/new")]
#[case::append("echo new >> $D/file")]
#[case::from_a_builtin("rows 1 2 > $D/new")]
#[case::remove("rm $D/file")]
#[case::remove_tree("rm -r $D/sub")]
#[case::make_directory("mkdir $D/new")]
#[case::make_directories("mkdir -p $D/new/new")]
#[case::rename("mv $D/file $D/new")]
#[case::move_out("mv $D/file /tmp/file")]
#[case::copy_in("cp /etc/passwd $D/new")]
#[case::mode("chmod 600 $D/file")]
#[case::time("touch $D/file")]
#[case::link("ln -s file $D/new")]
#[case::tee("echo a | tee $D/new")]
#[case::in_place("sed -i s/c/x/ $D/file")]
#[case::truncate("truncate -s 0 $D/file")]
#[case::remove_anyway("rm -f $D/file")]
#[case::remove_tree_anyway("rm -rf $D/sub")]
#[case::dd("dd if=/dev/zero of=$D/file bs=1 count=1")]
#[case::archive("cd /tmp; echo a > new; tar -cf a.tar new; cd $D && tar -xf /tmp/a.tar")]
fn read_only_directory_is_unchanged(#[case] script: &str) {
    let granted = Granted::new();
    let ran = granted.run(Read, script);
    assert_ne!(ran.status, 0, "{ran:?}");
    assert!(ran.stderr.contains("was granted for reading only"), "{ran:?}");
    let content = fs::read_to_string(granted.dir.path().join("file")).unwrap();
    assert_eq!(content, "content\n");
    assert_eq!(fs::read_dir(granted.dir.path()).unwrap().count(), 2);
}

/// A file next to the granted directory, and links in the directory that lead to it.
fn outside() -> (Granted, tempfile::TempDir) {
    let granted = Granted::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret\n").unwrap();
    let dir = granted.dir.path();
    let name = outside.path().file_name().unwrap().to_str().unwrap();
    symlink(outside.path().join("secret"), dir.join("absolute")).unwrap();
    symlink(format!("../{name}/secret"), dir.join("relative")).unwrap();
    symlink(outside.path(), dir.join("directory")).unwrap();
    symlink("/proc/self/root", dir.join("magic")).unwrap();
    symlink("/etc/passwd", dir.join("invented")).unwrap();
    symlink("directory", dir.join("chain")).unwrap();
    (granted, outside)
}

#[rstest]
#[case::absolute("cat $D/absolute")]
#[case::relative("cat $D/relative")]
#[case::redirection("cat < $D/absolute")]
#[case::builtin("show $D/absolute")]
#[case::directory("cat $D/directory/secret")]
#[case::chain("cat $D/chain/secret")]
#[case::list("ls $D/directory/ | grep secret")]
#[case::glob("[ $D/directory/* != \"$D/directory/*\" ]")]
#[case::enter("cd $D/directory && cat secret")]
#[case::magic("cat $D/magic/etc/passwd")]
#[case::invented("cat $D/invented")]
#[case::write("echo x > $D/absolute")]
#[case::append("echo x >> $D/relative")]
#[case::write_below("echo x > $D/directory/new")]
#[case::invented_write("echo x > $D/invented")]
#[case::copy("cp $D/absolute $D/copy && cat $D/copy")]
#[case::own_link("ln -s /etc/passwd $D/own")]
#[case::own_link_up("ln -s ../x $D/own")]
#[case::remove_below("rm $D/directory/secret")]
#[case::mode("chmod 777 $D/absolute")]
#[case::source(". $D/absolute")]
#[case::substitution("[ -n \"$(<$D/absolute)\" ]")]
fn link_outside_is_not_followed(#[case] script: &str) {
    let (granted, outside) = outside();
    let ran = granted.run(ReadWrite, script);
    assert_ne!(ran.status, 0, "{ran:?}");
    assert!(!ran.stdout.contains("secret") && !ran.stdout.contains("sandbox"), "{ran:?}");
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "secret\n");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn removing_a_tree_does_not_follow_links() {
    let (granted, outside) = outside();
    granted.run(ReadWrite, "rm -r $D/directory $D/chain; rm -rf $D/*");
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "secret\n");
}

#[rstest]
#[case::dots("cat $D/../../../../../../etc/shadow")]
#[case::absolute("cat /etc/shadow")]
#[case::of_the_process("cat /proc/self/environ /proc/net/tcp")]
#[case::of_the_system("cat /etc/machine-id /sys/class/net/lo/address")]
fn other_files_of_system_are_absent(#[case] script: &str) {
    let ran = Granted::new().run(ReadWrite, script);
    assert_ne!(ran.status, 0, "{ran:?}");
    assert_eq!(ran.stdout, "");
}

#[test]
fn virtual_files_do_not_mix_with_a_granted_directory() {
    let granted = Granted::new();
    let mut sandbox = builtin_api::Sandbox::empty();
    let dir = cap_std::fs::Dir::open_ambient_dir(granted.dir.path(), cap_std::ambient_authority());
    sandbox.grant("/etc", dir.unwrap(), Read).unwrap();
    let mut shell = shell().sandbox(sandbox).build().unwrap();
    let ran = run_in(&mut shell, "ls /etc; cat /etc/passwd; echo $?");
    assert_eq!(ran.stdout, "file\nsub\n1\n");
}

#[test]
fn ungranted_paths_are_in_memory() {
    let name = tempfile::tempdir().unwrap().path().to_str().unwrap().to_owned();
    let ran = run(&format!("mkdir -p {name}; echo a > {name}/file; cat {name}/file"));
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("a\n", ""));
    assert!(!std::path::Path::new(&name).exists());
}

#[test]
fn only_regular_files_are_opened() {
    let granted = Granted::new();
    let socket = granted.dir.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let ran = granted.run(ReadWrite, "cat $D/socket; echo $?; echo a > $D/socket; echo $?");
    assert_eq!(ran.stdout, "1\n1\n");
}

#[test]
fn name_that_is_not_utf8_is_listed() {
    use std::os::unix::ffi::OsStrExt as _;

    let granted = Granted::new();
    let name = std::ffi::OsStr::from_bytes(b"bad\xff");
    fs::write(granted.dir.path().join(name), "a").unwrap();
    assert_eq!(granted.run(Read, "ls $D").stdout, "bad\u{fffd}\nfile\nsub\n");
}

#[test]
fn file_larger_than_the_limit_is_an_error() {
    let granted = Granted::new();
    let file = fs::File::create(granted.dir.path().join("large")).unwrap();
    file.set_len(host_shell::limits::MAX_FILE_BYTES + 1).unwrap();
    let ran =
        granted.run(ReadWrite, "cat $D/large | wc -c; echo ${PIPESTATUS[0]}; echo a >> $D/large");
    assert!(ran.stderr.contains("larger than the limit of 33554432 bytes"), "{ran:?}");
    assert_ne!(ran.status, 0);
    assert_eq!(ran.stdout, "0\n1\n");
}
