//! Attempts to change files that were not granted, or were granted only for reading.

use rstest::rstest;

use super::attempt::{Aim, fails, works};

#[rstest]
#[case::create("echo x > $O/new", 1, "No such file or directory")]
#[case::replace("echo x > $O/marker", 1, "No such file or directory")]
#[case::replace_under_noclobber("set -C; echo x >| $O/marker", 1, "No such file or directory")]
#[case::append("echo x >> $O/marker", 1, "No such file or directory")]
#[case::both_streams("echo x &> $O/marker", 1, "No such file or directory")]
#[case::errors("echo x 2> $O/marker >&2", 1, "No such file or directory")]
#[case::opened_for_both("exec 3<> $O/marker; echo x >&3", 1, "No such file or directory")]
#[case::opened("exec 3> $O/marker; echo x >&3", 1, "No such file or directory")]
#[case::whole_output("exec > $O/marker; echo x", 0, "No such file or directory")]
#[case::empty_redirection("> $O/marker", 1, "No such file or directory")]
#[case::inherited_descriptor("echo x >&8", 1, "Bad file descriptor")]
#[case::inherited_descriptor_by_name("echo x > /dev/fd/8", 0, "")]
#[case::inherited_descriptor_in_proc("echo x > /proc/self/fd/8", 1, "No such file or directory")]
#[case::process_substitution("echo x > >(cat > $O/marker); wait", 0, "No such file or directory")]
#[case::printf("printf x > $O/marker", 1, "No such file or directory")]
#[case::printf_variable("printf -v x y; printf %s $x > $O/marker", 1, "No such file or directory")]
#[case::tee("echo x | tee $O/marker", 1, "No such file or directory")]
#[case::tee_append("echo x | tee -a $O/marker", 1, "No such file or directory")]
#[case::parent("echo x > $D/../outside/marker", 1, "No such file or directory")]
#[case::enter_outside("cd $O && echo x > marker", 1, "No such file or directory")]
#[case::working_directory_of_the_process("echo x > marker", 0, "")]
#[case::by_planted_link("echo x > $D/abs_marker", 1, "leads out of")]
#[case::by_planted_link_append("echo x >> $D/up_marker", 1, "leads out of")]
#[case::by_planted_dangling_link("echo x > $D/dangling", 1, "leads out of")]
#[case::by_planted_directory("echo x > $D/absdir/new", 1, "leads out of")]
#[case::by_planted_parent("echo x > $D/parent/new", 1, "leads out of")]
#[case::by_planted_link_into_proc("echo x > $D/proc_cwd/marker", 1, "leads out of")]
#[case::by_own_link("ln -s $O/marker $D/own; echo x > $D/own", 0, "without '..'")]
#[case::by_own_hard_link("ln $O/marker $D/own; echo x > $D/own", 0, "without '..'")]
#[case::by_link_to_the_read_only_grant("ln -s $R/file $D/own; echo x > $D/own", 0, "without '..'")]
#[case::by_planted_link_to_the_read_only_grant("echo x > $D/to_read_only", 1, "leads out of")]
#[case::tee_by_link("echo x | tee $D/abs_marker", 1, "leads out of")]
#[case::copy("cp $D/file $O/marker", 1, "No such file or directory")]
#[case::copy_into("cp $D/file $O/", 0, "")]
#[case::copy_by_link("cp $D/file $D/abs_marker", 1, "leads out of")]
#[case::copy_into_link("cp $D/file $D/absdir/", 1, "leads out of")]
#[case::copy_tree("cp -r $D/sub $O/", 1, "leads out of")]
#[case::copy_all_with_links("cp -a $D/sub $D/absdir/", 1, "File exists")]
#[case::rename("mv $D/file $O/moved", 1, "parent directory not found")]
#[case::move_over("mv $D/file $O/marker", 1, "parent directory not found")]
#[case::move_into_link("mv $D/file $D/absdir/", 0, "")]
#[case::move_out_of_outside("mv $O/marker $D/", 1, "source not found")]
#[case::move_the_grant("mv $D $O/moved", 1, "cross-mount rename")]
#[case::move_from_one_grant_to_the_other("mv $R/file $D/moved", 1, "was granted for reading only")]
#[case::link("ln -s x $O/new", 1, "parent directory not found")]
#[case::link_hard("ln $O/marker $O/new", 1, "parent directory not found")]
#[case::link_in_link("ln -s x $D/absdir/new", 1, "leads out of")]
#[case::link_over_the_grant("rm -rf $D; ln -s $O $D; echo x > $D/new", 0, "without '..'")]
#[case::remove("rm $O/marker", 1, "No such file or directory")]
#[case::remove_tree("rm -rf $O/dir", 0, "")]
#[case::remove_by_link("rm $D/absdir/marker", 1, "leads out of")]
#[case::remove_tree_by_link("rm -rf $D/absdir/", 0, "")]
#[case::remove_by_glob("rm -f $D/abs*/marker", 0, "")]
#[case::remove_directory("rmdir $O/empty", 1, "No such file or directory")]
#[case::remove_directory_by_link("rmdir $D/absdir/empty", 1, "No such file or directory")]
#[case::unlink("unlink $O/marker", 1, "No such file or directory")]
#[case::find_deletes("find $O -name marker -delete", 1, "No such file or directory")]
#[case::find_deletes_through_links("find -L $D/absdir -name marker -delete", 0, "")]
#[case::find_runs("find $D/absdir/ -name marker -exec rm {} +", 0, "")]
#[case::xargs_removes("echo $O/marker | xargs rm", 1, "No such file or directory")]
#[case::make_directory("mkdir $O/new", 1, "No such file or directory")]
#[case::make_directories("mkdir -p $O/new/new", 0, "")]
#[case::make_directory_by_link("mkdir $D/absdir/new", 1, "leads out of")]
#[case::make_fifo("mkfifo $O/new", 1, "No such file or directory")]
#[case::make_temporary("mktemp $O/XXXXXX", 1, "No such file or directory")]
#[case::touch("touch $O/new", 1, "No such file or directory")]
#[case::touch_time("touch -d @1 $O/marker", 1, "No such file or directory")]
#[case::touch_by_link("touch -d @1 $D/abs_marker", 1, "leads out of")]
#[case::mode("chmod 777 $O/marker", 1, "No such file or directory")]
#[case::mode_by_link("chmod 777 $D/abs_marker", 1, "No such file or directory")]
#[case::mode_of_a_tree("chmod -R 700 $D/absdir/", 1, "No such file or directory")]
#[case::truncate("truncate -s 0 $O/marker", 1, "parent directory not found")]
#[case::truncate_by_link("truncate -s 0 $D/abs_marker", 1, "leads out of")]
#[case::dd("dd if=$D/file of=$O/marker status=none", 1, "parent directory not found")]
#[case::sort("sort -o $O/marker $D/file", 2, "parent directory not found")]
#[case::sed_in_place("sed -i s/u/x/ $O/marker", 2, "No such file or directory")]
#[case::sed_in_place_by_link("sed -i --follow-symlinks s/u/x/ $D/abs_marker", 2, "leads out of")]
#[case::sed_writes(r#"echo x | sed "w $O/marker""#, 4, "parent directory not found")]
#[case::awk_writes(
    r#"awk -v f=$O/marker 'BEGIN { print "x" > f }'"#,
    2,
    "No such file or directory"
)]
#[case::awk_runs(
    r#"awk -v f=$O/marker 'BEGIN { system("rm " f) }'"#,
    0,
    "No such file or directory"
)]
#[case::awk_pipes(
    r#"awk -v f=$O/marker 'BEGIN { print "x" | "cat > " f }'"#,
    0,
    "No such file or directory"
)]
#[case::install("install -m 600 $D/file $O/new", 1, "parent directory not found")]
#[case::split("split $D/file $O/part", 2, "parent directory not found")]
#[case::uniq("uniq $D/file $O/marker", 1, "parent directory not found")]
#[case::patch(
    r"printf -- '--- marker\n+++ marker\n@@ -1 +1 @@\n-untouched\n+x\n' | patch $O/marker",
    1,
    "hunk at line 1 does not match"
)]
#[case::history_file(
    "set -o history; history -s x; HISTFILE=$O/marker history -w $O/marker",
    1,
    ""
)]
#[case::shell_history_append("set -o history; history -s x; history -a $O/marker", 1, "")]
#[case::archive_to("tar -cf $O/new -C $D file", 2, "parent directory not found")]
#[case::archive_from("tar -cf $D/a.tar -C $D file; tar -xf $D/a.tar -C $O", 0, "")]
#[case::archive_with_absolute_names("tar -xPf $R/absolute.tar -C $D", 2, "path traversal blocked")]
#[case::archive_through_planted_link(
    "mkdir -p $M/absdir; echo x > $M/absdir/new; tar -cf $D/a.tar -C $M absdir/new; cd $D; tar -xf a.tar --keep-directory-symlink || tar -xf a.tar",
    2,
    "leads out of"
)]
#[case::unzip_to("cd $D; zip a.zip file > $N; unzip -o a.zip -d $O", 0, "")]
#[case::unzip_with_parents(
    "unzip -: -o $R/parents.zip -d $D || unzip -o $R/parents.bkzip -d $D",
    1,
    "invalid archive entry path"
)]
#[case::unzip_with_absolute_names(
    "unzip -: -o $R/parents.zip -d $D || unzip -o $R/absolute.bkzip -d $D",
    0,
    "invalid option"
)]
#[case::unzip_through_planted_link(
    "unzip -o $R/through.zip -d $D || unzip -o $R/through.bkzip -d $D",
    2,
    "leads out of"
)]
#[case::gzip("gzip -k $O/marker", 1, "No such file or directory")]
#[case::zip_to("zip $O/new.zip $D/file", 2, "parent directory not found")]
#[case::git("git init -q $O/new", 127, "command not found")]
#[case::python(r#"python3 -c "open('$O/marker','w')""#, 127, "command not found")]
#[case::sqlite("sqlite3 $O/new.db 'create table t(x)'", 127, "command not found")]
#[case::curl("curl -s -o $O/new file://$D/file", 1, "network access not configured")]
#[case::read_only_write("echo x > $R/file", 1, "was granted for reading only")]
#[case::read_only_append("echo x >> $R/file", 1, "was granted for reading only")]
#[case::read_only_create("echo x > $R/new", 1, "was granted for reading only")]
#[case::read_only_tee("echo x | tee $R/file", 1, "was granted for reading only")]
#[case::read_only_remove("rm -f $R/file", 1, "was granted for reading only")]
#[case::read_only_remove_tree("rm -rf $R", 1, "was granted for reading only")]
#[case::read_only_directory("mkdir $R/new", 1, "was granted for reading only")]
#[case::read_only_rename("mv $R/file $R/new", 1, "was granted for reading only")]
#[case::read_only_move_in("mv $D/file $R/new", 1, "was granted for reading only")]
#[case::read_only_copy("cp $D/file $R/file", 1, "was granted for reading only")]
#[case::read_only_mode("chmod 777 $R/file", 1, "was granted for reading only")]
#[case::read_only_time("touch -d @1 $R/file", 1, "was granted for reading only")]
#[case::read_only_truncate("truncate -s 0 $R/file", 1, "was granted for reading only")]
#[case::read_only_in_place("sed -i s/r/x/ $R/file", 4, "was granted for reading only")]
#[case::read_only_link("ln -s file $R/new", 1, "was granted for reading only")]
#[case::read_only_hard_link("ln $R/file $D/hard; echo x > $D/hard", 0, "without '..'")]
#[case::read_only_by_parent("echo x > $D/../readonly/file", 1, "was granted for reading only")]
#[case::read_only_by_grant_link("echo x > $R/inside", 1, "was granted for reading only")]
#[case::read_only_opened_for_both(
    "exec 3<> $R/file; echo x >&3",
    1,
    "was granted for reading only"
)]
#[case::read_only_mount_over(
    "ln -sfn $D $R/sub; echo x > $R/sub/new",
    1,
    "was granted for reading only"
)]
#[case::read_only_over("mv -T $D/sub $R/empty", 1, "cross-mount rename")]
#[case::archive_with_parents("tar -xPf $R/parents.tar -C $D", 2, "path traversal blocked")]
#[case::archive_with_a_link(
    "tar -xf $R/link.tar -C $D; echo x > $D/out/new",
    1,
    "No such file or directory"
)]
fn files_outside_are_unchanged(#[case] script: &str, #[case] status: i32, #[case] message: &str) {
    fails(Aim::Change, script, status, message);
}

#[rstest]
#[case::create("echo x > $D/new; cat $D/new", "x\n")]
#[case::append("echo x >> $D/file; cat $D/file", "granted\nx\n")]
#[case::opened("exec 3> $D/new; echo x >&3; exec 3>&-; cat $D/new", "x\n")]
#[case::printf("printf x > $D/new; cat $D/new", "x")]
#[case::tee("echo x | tee $D/new > $N; cat $D/new", "x\n")]
#[case::copy("cp $D/file $D/new; cat $D/new", "granted\n")]
#[case::rename("mv $D/file $D/new; cat $D/new", "granted\n")]
#[case::link("ln -s file $D/new; cat $D/new", "granted\n")]
#[case::remove("rm $D/file; ls $D/file 2> $N || echo gone", "gone\n")]
#[case::remove_a_link("rm $D/abs; cat $D/abs 2> $N || echo gone", "gone\n")]
#[case::directories("mkdir -p $D/a/b && rmdir $D/a/b && ls $D/a", "")]
#[case::mode("chmod 600 $D/file; stat -c %a $D/file", "600\n")]
#[case::time("touch -d @1 $D/file; stat -c %Y $D/file", "1\n")]
#[case::truncate("truncate -s 0 $D/file; wc -c < $D/file", "0\n")]
#[case::dd("dd if=$D/file of=$D/new status=none; cat $D/new", "granted\n")]
#[case::sort("sort -o $D/new $D/file; cat $D/new", "granted\n")]
#[case::in_place("sed -i s/g/x/ $D/file; cat $D/file", "xranted\n")]
#[case::sed_writes(r#"echo x | sed -n "w $D/new"; cat $D/new"#, "x\n")]
#[case::awk_writes(r#"awk -v f=$D/new 'BEGIN { print "x" > f }'; cat $D/new"#, "x\n")]
#[case::find_deletes("find $D -name inner -delete; ls $D/sub/inner 2> $N || echo gone", "gone\n")]
#[case::archive("tar -xf $R/link.tar -C $D other; cat $D/other", "changed\n")]
#[case::unzip(
    "mkdir $D/absolute; cd $D; zip a.zip file > $N; unzip -o a.zip -d sub > $N; cat sub/file",
    "granted\n"
)]
#[case::over_a_read_only_name("cp $R/file $D/new; echo x >> $D/new; cat $D/new", "readonly\nx\n")]
fn files_inside_change(#[case] script: &str, #[case] stdout: &str) {
    works(script, stdout);
}
