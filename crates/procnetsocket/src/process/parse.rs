//! The files and links of a process, as the kernel prints them.
//!
//! ```text
//! fd/3      socket:[4711]                                 sockfs_dname
//! stat      42 (a) (b) S 1 42 42 0 -1 ...                 do_task_stat
//! status    Name:\ta\\nb\n...Uid:\t1000\t1000\t1000\t1000\n   proc_pid_status
//! cmdline   cat\0-n\0/etc/passwd\0                        get_mm_cmdline
//! ```
//!
//! A name in `stat` is not escaped. It may contain blanks, parentheses and newlines, but what
//! follows it contains no parenthesis, so it ends at the last one.

use bstr::{BString, ByteSlice};

use crate::{model::Inode, proc::text::number::unsigned};

/// Parses the link of a descriptor: the inode, if it is that of a socket.
pub(super) fn parse_link(text: &[u8]) -> Option<Inode> {
    let (number, rest) = unsigned(text.strip_prefix(b"socket:[")?)?;
    if rest == b"]" { Inode::new(number) } else { None }
}

/// Parses the name in a `stat` line.
pub(super) fn parse_name(stat: &[u8]) -> Option<BString> {
    let start = stat.find_byte(b'(')? + 1;
    let end = stat.rfind_byte(b')')?;
    Some(stat.get(start..end)?.into())
}

/// Returns whether a `stat` line is that of a thread that has ended, by the word after the name.
pub(super) fn has_ended(stat: &[u8]) -> bool {
    let behind = stat.rfind_byte(b')').and_then(|end| stat.get(end..));
    behind.is_some_and(|behind| behind.starts_with(b") Z "))
}

/// Returns whether a `stat` line is that of a kernel thread: by the seventh word after the name,
/// which no process chooses (`PF_KTHREAD` in `include/linux/sched.h`).
pub(super) fn is_kernel_thread(stat: &[u8]) -> bool {
    const PF_KTHREAD: u64 = 0x0020_0000;
    let behind = stat.rfind_byte(b')').and_then(|end| stat.get(end..));
    let word = behind.and_then(|behind| behind.split(u8::is_ascii_whitespace).nth(7));
    let flags = word.and_then(unsigned);
    flags.is_some_and(|(flags, rest)| rest.is_empty() && flags & PF_KTHREAD != 0)
}

/// Parses the effective user id in `status`: the second of four numbers.
pub(super) fn parse_uid(status: &[u8]) -> Option<u32> {
    // The name is in a line before it, whose newlines the kernel escapes.
    let line = status.lines().find_map(|line| line.strip_prefix(b"Uid:"))?;
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let second = words.nth(1)?;
    match unsigned(second)? {
        (uid, []) => u32::try_from(uid).ok(),
        _ => None,
    }
}

/// Parses a command line: byte strings, each ended by a NUL. If a process has overwritten them, the
/// last one may lack it.
pub(super) fn parse_command_line(text: &[u8]) -> Option<Vec<BString>> {
    if text.is_empty() {
        return None;
    }
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    Some(text.split(|byte| *byte == 0).map(BString::from).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::socket(b"socket:[4711]", Some(4711))]
    #[case::smallest(b"socket:[1]", Some(1))]
    #[case::largest(b"socket:[18446744073709551615]", Some(u64::MAX))]
    #[case::no_inode(b"socket:[0]", None)]
    #[case::too_large(b"socket:[18446744073709551616]", None)]
    #[case::pipe(b"pipe:[4711]", None)]
    #[case::file(b"/tmp/socket:[4711]", None)]
    #[case::not_closed(b"socket:[4711", None)]
    #[case::words_behind(b"socket:[4711]x", None)]
    #[case::deleted(b"socket:[4711] (deleted)", None)]
    #[case::no_number(b"socket:[]", None)]
    #[case::blank(b"socket:[ 4711]", None)]
    #[case::sign(b"socket:[-4711]", None)]
    #[case::plus(b"socket:[+4711]", None)]
    #[case::of_linux_2_0(b"[0000]:4711", None)]
    #[case::newline(b"socket:[4711]\n", None)]
    #[case::nothing(b"", None)]
    fn links(#[case] text: &[u8], #[case] expected: Option<u64>) {
        assert_eq!(parse_link(text).map(Inode::get), expected);
    }

    #[rstest]
    #[case::usual(b"42 (bash) S 1 42 42 0 -1 4194560", Some("bash"))]
    #[case::blank(b"42 (tmux: server) S 1", Some("tmux: server"))]
    #[case::parentheses(b"42 ((sd-pam)) S 1", Some("(sd-pam)"))]
    #[case::looks_like_the_end(b"42 (a) R 1 (b) S 1", Some("a) R 1 (b"))]
    #[case::newline(b"42 (a\nb) S 1", Some("a\nb"))]
    #[case::empty(b"42 () S 1", Some(""))]
    #[case::only_closing(b"42 ()) S 1", Some(")"))]
    #[case::only_opening(b"42 (() S 1", Some("("))]
    #[case::cut(b"42 (bash", None)]
    #[case::no_name(b"42 S 1", None)]
    #[case::wrong_way_round(b"42 )( S 1", None)]
    #[case::nothing(b"", None)]
    fn names(#[case] stat: &[u8], #[case] expected: Option<&str>) {
        assert_eq!(parse_name(stat), expected.map(BString::from));
    }

    #[rstest]
    #[case::ended(b"42 (a) Z 1 42", true)]
    #[case::running(b"42 (a) R 1 42", false)]
    #[case::name_that_looks_like_it(b"42 (a) Z 1) S 1", false)]
    #[case::cut(b"42 (a) Z", false)]
    #[case::nothing(b"", false)]
    fn ended_threads(#[case] stat: &[u8], #[case] expected: bool) {
        assert_eq!(has_ended(stat), expected);
    }

    #[rstest]
    #[case::kernel_thread(b"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0", true)]
    #[case::flag_alone(b"2 (x) S 0 0 0 0 -1 2097152", true)]
    #[case::process(b"2 (kthreadd) S 1 2 2 0 -1 4194560 0 0", false)]
    #[case::name_that_looks_like_it(
        b"2 (a) S 0 0 0 0 -1 2129984 (b) S 1 2 2 0 -1 4194560 0",
        false
    )]
    #[case::no_number(b"2 (x) S 0 0 0 0 -1 x", false)]
    #[case::sign(b"2 (x) S 0 0 0 0 -1 -2129984", false)]
    #[case::short(b"2 (x) S 0 0 0 0 -1", false)]
    #[case::nothing(b"", false)]
    fn kernel_threads(#[case] stat: &[u8], #[case] expected: bool) {
        assert_eq!(is_kernel_thread(stat), expected);
    }

    #[test]
    fn every_byte_of_a_name_is_kept() {
        for byte in 0..=u8::MAX {
            let stat = [b"42 (x", &[byte][..], b"y) S 1 42\n"].concat();
            assert_eq!(parse_name(&stat).unwrap(), [b"x", &[byte][..], b"y"].concat());
        }
    }

    #[rstest]
    #[case::usual(b"Name:\tcat\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\nGid:\t1", Some(1001))]
    #[case::root(b"Uid:\t0\t0\t0\t0\n", Some(0))]
    #[case::nobody_known(b"Uid:\t4294967295\t4294967295\t1\t1\n", Some(u32::MAX))]
    #[case::name_that_looks_like_it(b"Name:\tUid: 7 7\\nUid:\nUid:\t1\t2\t3\t4\n", Some(2))]
    #[case::too_large(b"Uid:\t0\t4294967296\t0\t0\n", None)]
    #[case::one_number(b"Uid:\t0\n", None)]
    #[case::word(b"Uid:\t0\troot\n", None)]
    #[case::sign(b"Uid:\t0\t-1\n", None)]
    #[case::missing(b"Name:\tcat\n", None)]
    #[case::nothing(b"", None)]
    fn users(#[case] status: &[u8], #[case] expected: Option<u32>) {
        assert_eq!(parse_uid(status), expected);
    }

    #[rstest]
    #[case::usual(b"cat\0-n\0a b\0", Some(&["cat", "-n", "a b"][..]))]
    #[case::one(b"cat\0", Some(&["cat"][..]))]
    #[case::empty_arguments(b"cat\0\0\0", Some(&["cat", "", ""][..]))]
    #[case::empty_name(b"\0", Some(&[""][..]))]
    #[case::title(b"nginx: master process", Some(&["nginx: master process"][..]))]
    #[case::title_with_padding(b"sshd: user\0\0", Some(&["sshd: user", ""][..]))]
    #[case::newlines(b"a\nb\0c\n\0", Some(&["a\nb", "c\n"][..]))]
    #[case::kernel_thread(b"", None)]
    fn command_lines(#[case] text: &[u8], #[case] expected: Option<&[&str]>) {
        let expected = expected.map(|words| words.iter().map(|word| (*word).into()).collect());
        assert_eq!(parse_command_line(text), expected);
    }
}
