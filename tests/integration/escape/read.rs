//! Attempts to read the secret: by paths, by links, by open descriptors, by other programs.

use rstest::rstest;

use super::attempt::{Aim, fails, works};

// Paths.

#[rstest]
#[case::absolute("cat $O/secret", 1, "No such file or directory")]
#[case::parent("cat $D/../outside/secret", 1, "No such file or directory")]
#[case::down_and_up("cat $D/sub/../../outside/secret", 1, "No such file or directory")]
#[case::slashes_and_dots("cat $D//..//.//outside///secret", 1, "No such file or directory")]
#[case::root_and_relative("cd / && cat .$O/secret", 1, "No such file or directory")]
#[case::enter_and_parent("cd $D; cat ../outside/secret", 1, "No such file or directory")]
#[case::enter_twice_and_parent(
    "cd $D/sub; cd ../..; cat outside/secret",
    1,
    "No such file or directory"
)]
#[case::enter_outside("cd $O && cat secret", 1, "No such file or directory")]
#[case::enter_by_cdpath("CDPATH=$T; cd outside > $N && cat secret", 1, "No such file or directory")]
#[case::push_directory("pushd $O > $N && cat secret", 1, "No such file or directory")]
#[case::home("HOME=$O; cat ~/secret", 1, "No such file or directory")]
#[case::enter_home("HOME=$O; cd && cat secret", 1, "No such file or directory")]
#[case::working_directory_of_the_process("cat secret", 1, "No such file or directory")]
#[case::parent_of_the_working_directory("cat ../outside/secret", 1, "No such file or directory")]
#[case::old_directory("OLDPWD=$O; cat ~-/secret", 1, "No such file or directory")]
#[case::braces("cat $T/{outside,none}/secret", 1, "No such file or directory")]
#[case::glob("cat $T/outs*/secr*", 1, "No such file or directory")]
#[case::glob_by_parent("cd $D; cat ../*/secret", 1, "No such file or directory")]
#[case::glob_names("echo $O/*", 0, "")]
#[case::glob_of_every_depth("shopt -s globstar; cat $T/**/secret", 1, "No such file or directory")]
#[case::completion_of_names("compgen -f $O/", 1, "")]
#[case::list("ls $O", 2, "No such file or directory")]
#[case::list_all("ls -laR $T", 0, "")]
#[case::find(r#"find /$T -path "*/outside/*" -name '*grant*' 2> $N"#, 0, "")]
#[case::find_from_the_top("find $T -name secret -exec cat {} +", 0, "")]
#[case::search("grep -r beyond $O", 2, "No such file or directory")]
#[case::search_by_rg("rg beyond $O", 2, "No such file or directory")]
#[case::disk_usage("du -a $O", 1, "No such file or directory")]
#[case::tree("tree $O", 2, "error opening dir")]
fn paths_do_not_reach_secret(#[case] script: &str, #[case] status: i32, #[case] message: &str) {
    fails(Aim::Secret, script, status, message);
}

#[rstest]
#[case::absolute("cat $D/file", "granted\n")]
#[case::parent("cat $D/sub/../file", "granted\n")]
#[case::enter("cd $D/sub; cat ../file", "granted\n")]
#[case::by_cdpath("CDPATH=$T; cd granted > $N && cat file", "granted\n")]
#[case::home("HOME=$D; cat ~/file", "granted\n")]
#[case::push("pushd $D > $N && cat file", "granted\n")]
#[case::braces("cat $D/{sub/inner,file}", "inner\ngranted\n")]
#[case::glob("cat $D/fi*", "granted\n")]
#[case::find("find $D -name inner -exec cat {} +", "inner\n")]
#[case::search("grep -rh inn $D/sub/inner", "inner\n")]
#[case::list("ls $R/sub", "inner\n")]
#[case::read_only("cat $R/file", "readonly\n")]
fn paths_inside_lead_to_files(#[case] script: &str, #[case] stdout: &str) {
    works(script, stdout);
}

// Links.

#[rstest]
#[case::planted_absolute("cat $D/abs", 1, "leads out of")]
#[case::planted_relative("cat $D/up", 1, "leads out of")]
#[case::planted_directory("cat $D/absdir/secret", 1, "leads out of")]
#[case::planted_relative_directory("cat $D/updir/secret", 1, "leads out of")]
#[case::planted_parent("cat $D/parent/outside/secret", 1, "leads out of")]
#[case::planted_parents("cat $D/parent/parent_again/outside/secret", 1, "leads out of")]
#[case::planted_chain("cat $D/chain", 1, "leads out of")]
#[case::planted_below("cat $D/sub/deep", 1, "leads out of")]
#[case::planted_link_of_the_top("cat $D/top$O/secret", 1, "leads out of")]
#[case::planted_link_into_proc("cat $D/proc_root$O/secret", 1, "leads out of")]
#[case::planted_link_to_the_working_directory("cat $D/proc_cwd/secret", 1, "leads out of")]
#[case::planted_link_to_descriptors("cat $D/proc_fd/9", 1, "leads out of")]
#[case::planted_link_to_a_descriptor("cat $D/dev_fd_9", 1, "leads out of")]
#[case::planted_in_the_read_only_grant("cat $R/up", 1, "leads out of")]
#[case::redirection("cat < $D/abs", 1, "leads out of")]
#[case::enter("cd $D/absdir && cat secret", 1, "No such file or directory")]
#[case::enter_physically("cd -P $D/updir && cat secret", 1, "No such file or directory")]
#[case::list("ls $D/absdir/", 0, "")]
#[case::glob("echo $D/absdir/*", 0, "")]
#[case::glob_every_link("cat $D/u*/secret", 1, "No such file or directory")]
#[case::find_below("find $D/absdir/ -type f", 0, "")]
#[case::search("grep -R beyond $D/absdir/", 2, "leads out of")]
#[case::copy("cp $D/abs $D/copy && cat $D/copy", 1, "leads out of")]
#[case::copy_the_tree("cp -rL $D/absdir $D/copy && cat $D/copy/secret", 1, "leads out of")]
#[case::archive_with_what_links_mean(
    "cd $D; tar -chf a.tar absdir || tar -cf a.tar absdir/secret; tar -xOf a.tar",
    2,
    "invalid option"
)]
#[case::zip(
    "cd $D; zip -r a.zip absdir > $N; unzip -o a.zip -d sub; cat sub/absdir/secret",
    1,
    "leads out of"
)]
#[case::own_absolute("ln -s $O/secret $D/own; cat $D/own", 1, "without '..'")]
#[case::own_relative("ln -s ../outside/secret $D/own; cat $D/own", 1, "without '..'")]
#[case::own_directory("ln -s $O $D/own; cat $D/own/secret", 1, "without '..'")]
#[case::own_in_two_steps("ln -s .. $D/a; ln -s a/outside $D/b; cat $D/b/secret", 1, "without '..'")]
#[case::own_that_is_moved_up(
    "mkdir -p $D/a/outside; ln -s ../outside/secret $D/a/l; mv $D/a/l $D/l; cat $D/l",
    1,
    "without '..'"
)]
#[case::own_after_the_target_is_exchanged(
    "mkdir $D/a; echo x > $D/a/secret; ln -s a/secret $D/l; rm -r $D/a; ln -s $O $D/a; cat $D/l",
    1,
    "without '..'"
)]
#[case::own_over_the_grant("rm -rf $D; ln -s $O $D; cat $D/secret", 1, "without '..'")]
#[case::own_outside_the_grant("ln -s $O/secret $M/l; cat $M/l", 1, "No such file or directory")]
#[case::own_from_archive(
    "ln -s $O $M/l; tar -cf $D/a.tar -C $M l; tar -xf $D/a.tar -C $D; cat $D/l/secret",
    1,
    "No such file or directory"
)]
#[case::own_hard("ln $O/secret $D/hard; cat $D/hard", 1, "without '..'")]
#[case::own_hard_of_a_link("ln -L $D/abs $D/hard; cat $D/hard", 1, "without '..'")]
#[case::copied_link("cp -P $D/abs $D/sub/l; cat $D/sub/l", 1, "leads out of")]
#[case::moved_link("mv $D/sub/deep $M/l; cat $M/l $D/../outside/secret", 1, "leads out of")]
#[case::enter_physically_and_parent(
    "cd -P $D/absdir && cd .. && cat outside/secret",
    1,
    "No such file or directory"
)]
#[case::find("find -L $D/absdir -name '*grant*'", 0, "")]
fn links_do_not_reach_secret(#[case] script: &str, #[case] status: i32, #[case] message: &str) {
    fails(Aim::Secret, script, status, message);
}

#[rstest]
#[case::own("ln -s file $D/own; cat $D/own", "granted\n")]
#[case::own_directory("ln -s sub $D/own; cat $D/own/inner", "inner\n")]
#[case::planted("cat $R/inside", "readonly\n")]
#[case::moved("ln -s inner $D/sub/l; mv $D/sub/l $D/sub/m; cat $D/sub/m", "inner\n")]
fn links_inside_lead_to_files(#[case] script: &str, #[case] stdout: &str) {
    works(script, stdout);
}

// Descriptors, /proc, /dev, the environment.

#[rstest]
#[case::proc_root("cat /proc/self/root$O/secret", 1, "No such file or directory")]
#[case::proc_root_of_the_shell("cat /proc/$$/root$O/secret", 1, "No such file or directory")]
#[case::proc_root_of_a_thread(
    "cat /proc/thread-self/root$O/secret",
    1,
    "No such file or directory"
)]
#[case::proc_working_directory("cat /proc/self/cwd/secret", 1, "No such file or directory")]
#[case::enter_proc("cd /proc/self/cwd && cat secret", 1, "No such file or directory")]
#[case::proc_descriptor("cat /proc/self/fd/9", 1, "No such file or directory")]
#[case::dev_descriptor("cat /dev/fd/9", 1, "No such file or directory")]
#[case::inherited_descriptor("cat <&9", 1, "Bad file descriptor")]
#[case::inherited_descriptor_moved("exec 7<&9 && cat <&7", 1, "Bad file descriptor")]
#[case::inherited_descriptor_read(r#"read -r -u 9 line; echo "$line""#, 0, "")]
#[case::inherited_descriptor_mapfile(
    r#"mapfile -u 9 lines; echo "${lines[@]}""#,
    0,
    "only fd 0 is supported"
)]
#[case::inherited_descriptor_written("exec 8>&9; cat /dev/fd/8", 1, "No such file or directory")]
#[case::opened_descriptor("exec 3< $O/secret && cat <&3", 1, "No such file or directory")]
#[case::opened_named_descriptor("exec {x}< $O/secret && cat <&$x", 1, "No such file or directory")]
#[case::dev_stdin("cat /dev/stdin < $O/secret", 1, "No such file or directory")]
#[case::dash("cat - < $O/secret", 1, "No such file or directory")]
#[case::shared_memory("cat $SHM/secret", 1, "No such file or directory")]
#[case::environment_of_threads(
    r"cat /proc/self/task/*/environ | tr '\0' '\n'",
    0,
    "No such file or directory"
)]
#[case::environment_of_the_shell(
    r"cat /proc/$$/environ | tr '\0' '\n'",
    0,
    "No such file or directory"
)]
#[case::environment("env", 0, "")]
#[case::environment_by_name("printenv LEAK", 1, "")]
#[case::environment_as_variable(r#"echo "$LEAK""#, 0, "")]
#[case::environment_declared("declare -p", 0, "")]
#[case::environment_exported("export -p", 0, "")]
#[case::environment_set("set", 0, "")]
#[case::environment_by_prefix(r#"for name in "${!LE@}"; do echo "${!name}"; done"#, 0, "")]
#[case::environment_indirect(r#"name=LEAK; echo "${!name}""#, 0, "")]
#[case::environment_by_awk(r#"awk 'BEGIN { print ENVIRON["LEAK"] }'"#, 0, "")]
#[case::environment_by_jq("jq -n '$ENV.LEAK // empty'", 0, "")]
#[case::environment_by_envsubst("echo '$LEAK' | envsubst", 0, "")]
#[case::environment_in_proc(
    r"cat /proc/self/environ | tr '\0' '\n'",
    0,
    "No such file or directory"
)]
fn resources_of_process_are_out_of_reach(
    #[case] script: &str,
    #[case] status: i32,
    #[case] message: &str,
) {
    fails(Aim::Secret, script, status, message);
}

#[rstest]
#[case::opened("exec 3< $D/file && cat <&3", "granted\n")]
#[case::stdin("cat /dev/stdin < $D/file", "granted\n")]
#[case::dash("cat - < $D/file", "granted\n")]
#[case::variable("LEAK=mine; echo $LEAK", "mine\n")]
#[case::environment("LEAK=mine printenv LEAK", "mine\n")]
fn files_of_the_script_exist(#[case] script: &str, #[case] stdout: &str) {
    works(script, stdout);
}

// Everything that opens a file or starts a program.

#[rstest]
#[case::redirection("cat < $O/secret", 1, "No such file or directory")]
#[case::substitution_of_a_file(r#"echo "$(< $O/secret)""#, 0, "No such file or directory")]
#[case::substitution_in_backquotes("echo `cat $O/secret`", 0, "No such file or directory")]
#[case::read(r#"read -r line < $O/secret; echo "$line""#, 0, "No such file or directory")]
#[case::while_read(
    r#"while read -r line; do echo "$line"; done < $O/secret"#,
    1,
    "No such file or directory"
)]
#[case::mapfile(
    r#"mapfile -t lines < $O/secret; echo "${lines[@]}""#,
    0,
    "No such file or directory"
)]
#[case::readarray(
    r#"readarray lines < $O/secret; printf '%s\n' "${lines[@]}""#,
    0,
    "No such file or directory"
)]
#[case::process_substitution("cat <(cat $O/secret)", 0, "")]
#[case::process_substitution_of_a_redirection("cat <(< $O/secret cat)", 0, "")]
#[case::process_substitution_for_writing(
    "cat $O/secret > >(cat) && wait",
    1,
    "No such file or directory"
)]
#[case::here_string(r#"cat <<< "$(cat $O/secret)""#, 0, "No such file or directory")]
// The second `cat` keeps it running until the first was read: bash closes the pipe when it ends.
#[case::coproc(
    r#"coproc { cat $O/secret; cat; }; head -n 1 <&"${COPROC[0]}""#,
    0,
    "No such file or directory"
)]
#[case::source(". $O/secret 2>&1", 1, "")]
#[case::source_a_script(". $O/script", 1, "No such file or directory")]
#[case::source_by_name("source $O/script", 1, "No such file or directory")]
#[case::source_by_path("PATH=$O:$PATH; . script", 1, "No such file or directory")]
#[case::source_a_redirection(". /dev/stdin < $O/script", 1, "No such file or directory")]
#[case::shell_script("bash $O/script", 127, "No such file or directory")]
#[case::shell_by_redirection("sh < $O/script", 1, "No such file or directory")]
#[case::shell_start_file("BASH_ENV=$O/script bash -c :", 0, "")]
#[case::shell_init_file("bash --init-file $O/script -i -c : 2> $N", 0, "")]
#[case::program("$O/program", 127, "No such file or directory")]
#[case::program_by_path("PATH=$O:$PATH; program", 127, "command not found")]
#[case::program_by_exec("exec $O/program", 127, "No such file or directory")]
#[case::program_by_command("command $O/program", 127, "No such file or directory")]
#[case::program_by_env("env $O/program", 127, "No such file or directory")]
#[case::program_by_hash("hash -p $O/program p; p", 127, "No such file or directory")]
#[case::program_by_alias(
    "shopt -s expand_aliases; alias p=$O/program; eval p",
    127,
    "No such file or directory"
)]
#[case::program_by_xargs("echo x | xargs $O/program", 127, "No such file or directory")]
#[case::program_by_find(r"find $D -maxdepth 0 -exec $O/program \;", 0, "No such file or directory")]
#[case::program_by_timeout("timeout 9 $O/program", 127, "No such file or directory")]
#[case::program_by_awk("awk -v p=$O/program 'BEGIN { system(p) }'", 0, "No such file or directory")]
#[case::program_by_awk_pipe(
    "awk -v p=$O/program 'BEGIN { p | getline x; print x }'",
    0,
    "No such file or directory"
)]
#[case::program_by_sed(r#"echo x | sed "s|x|$O/program|e""#, 1, "never executes host commands")]
#[case::program_by_trap("trap $O/program EXIT", 0, "No such file or directory")]
#[case::program_in_the_background("$O/program & wait", 0, "No such file or directory")]
#[case::program_of_the_system("/bin/cat $O/secret", 1, "No such file or directory")]
#[case::program_of_the_system_by_exec("exec /bin/cat $O/secret", 1, "No such file or directory")]
#[case::program_of_the_system_by_absolute_shell(
    r#"/bin/sh -c "cat $O/secret""#,
    1,
    "No such file or directory"
)]
#[case::builtin_by_command("command cat $O/secret", 1, "No such file or directory")]
#[case::program_by_default_path("command -p cat $O/secret", 1, "No such file or directory")]
#[case::program_by_nohup("nohup cat $O/secret 2> $N", 1, "")]
#[case::program_by_nice("nice cat $O/secret", 1, "No such file or directory")]
#[case::history_file("set -o history; HISTFILE=$O/secret; history -r; history", 0, "")]
#[case::history_file_by_name("set -o history; history -r $O/secret; history", 0, "")]
#[case::jq_raw_file("jq -n --rawfile a $O/secret '$a'", 1, "No such file or directory")]
#[case::awk("awk 1 $O/secret", 2, "No such file or directory")]
#[case::awk_getline("awk -v f=$O/secret 'BEGIN { getline x < f; print x }'", 0, "")]
#[case::awk_program("awk -f $O/script.awk", 2, "No such file or directory")]
#[case::sed("sed '' $O/secret", 2, "No such file or directory")]
#[case::sed_reads(r#"echo x | sed "r $O/secret""#, 0, "")]
#[case::sed_program("echo x | sed -f $O/script.sed", 4, "file not found")]
#[case::grep_patterns("echo beyond-x | grep -h '' - $O/secret", 2, "No such file or directory")]
#[case::sort("sort $O/secret", 2, "No such file or directory")]
#[case::base64("base64 $O/secret | base64 -d", 0, "No such file or directory")]
#[case::dd("dd if=$O/secret status=none", 1, "No such file or directory")]
#[case::tee("tee < $O/secret", 1, "No such file or directory")]
#[case::diff("diff $D/file $O/secret", 1, "No such file or directory")]
#[case::split("split $O/secret $D/part && cat $D/part*", 1, "No such file or directory")]
#[case::xargs("xargs -a $O/secret echo", 0, "")]
#[case::date("date -f $O/secret 2>&1", 1, "")]
#[case::copy("cp $O/secret $D/copy; cat $D/copy", 1, "No such file or directory")]
#[case::rename("mv $O/secret $D/moved; cat $D/moved", 1, "No such file or directory")]
#[case::install("install $O/secret $D/copy; cat $D/copy", 1, "No such file or directory")]
#[case::archive(
    "tar -cf $D/a.tar -C $O secret && tar -xOf $D/a.tar",
    2,
    "No such file or directory"
)]
#[case::archive_by_absolute_names(
    "tar -cPf $D/a.tar $O/secret && tar -xOf $D/a.tar",
    2,
    "No such file or directory"
)]
#[case::zip(
    "zip $D/a.zip $O/secret > $N; unzip -o $D/a.zip -d $D; cat $D/$O/secret",
    1,
    "No such file or directory"
)]
#[case::gzip("gzip -c $O/secret | gunzip", 1, "No such file or directory")]
#[case::jq("jq -Rr . $O/secret", 2, "Could not open")]
#[case::make("make -f $O/makefile", 2, "No such file or directory")]
#[case::git("git diff --no-index /dev/null $O/secret", 127, "command not found")]
#[case::curl("curl -s file://$O/secret", 1, "network access not configured")]
#[case::http("http file://$O/secret", 0, "")]
#[case::ssh("ssh -F $O/secret nowhere 2>&1", 127, "")]
#[case::python(r#"python3 -c "print(open('$O/secret').read())""#, 127, "command not found")]
#[case::perl("perl -pe '' $O/secret", 127, "command not found")]
#[case::ruby(r#"ruby -e "puts File.read('$O/secret')""#, 127, "command not found")]
#[case::node(
    r#"node -e "console.log(require('fs').readFileSync('$O/secret', 'utf8'))""#,
    127,
    "command not found"
)]
#[case::sqlite(r#"sqlite3 :memory: "select readfile('$O/secret')""#, 127, "command not found")]
#[case::sudo("sudo -n cat $O/secret", 1, "No such file or directory")]
#[case::here_document(
    "cat <<END
$(cat $O/secret)
END",
    0,
    "No such file or directory"
)]
fn commands_do_not_read_secret(#[case] script: &str, #[case] status: i32, #[case] message: &str) {
    fails(Aim::Secret, script, status, message);
}

#[rstest]
#[case::redirection("cat < $D/file", "granted\n")]
#[case::substitution(r#"echo "$(< $D/file)""#, "granted\n")]
#[case::read(r#"read -r line < $D/file; echo "$line""#, "granted\n")]
#[case::mapfile(r#"mapfile -t lines < $D/file; echo "${lines[0]}""#, "granted\n")]
#[case::process_substitution("cat <(cat $D/file)", "granted\n")]
#[case::here_document(
    "cat <<END
$(cat $D/file)
END",
    "granted\n"
)]
#[case::here_string(r#"cat <<< "$(cat $D/file)""#, "granted\n")]
#[case::source("echo 'echo sourced' > $D/s; . $D/s", "sourced\n")]
#[case::shell("echo 'echo ran' > $D/s; bash $D/s", "ran\n")]
#[case::program(r"printf '#!/bin/sh\necho ran\n' > $D/p; chmod 755 $D/p; $D/p", "ran\n")]
#[case::awk("awk 1 $D/file", "granted\n")]
#[case::sed("sed '' $D/file", "granted\n")]
#[case::sort("sort $D/file", "granted\n")]
#[case::archive("cd $D && tar -cf a.tar file && tar -xOf a.tar", "granted\n")]
#[case::zip(
    "cd $D && zip a.zip file > $N && unzip -o a.zip -d sub > $N && cat sub/file",
    "granted\n"
)]
#[case::gzip("gzip -c $D/file | gunzip", "granted\n")]
#[case::xargs("xargs -a $D/file echo", "granted\n")]
fn commands_read_files_inside(#[case] script: &str, #[case] stdout: &str) {
    works(script, stdout);
}
