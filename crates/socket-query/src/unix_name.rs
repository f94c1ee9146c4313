//! The printed form of the names of unix sockets.

use builtin_cli::Escaped;
use procnetsocket::model::UnixName;

/// Appends the name of a unix socket: `@` for the mark of an abstract one and for every NUL in it,
/// and `\xNN` for what is not shown as itself, such as a blank, which would end a column. Only
/// names that differ in `@` and NUL have the same form. For a socket without a name, nothing is
/// appended.
pub fn push_unix_name(out: &mut Vec<u8>, name: &UnixName) {
    let push = |out: &mut Vec<u8>, part| Escaped::column(part).without_backslash().push_to(out);
    match name {
        UnixName::Abstract(name) => {
            for part in name.split(|byte| *byte == 0) {
                out.push(b'@');
                push(out, part);
            }
        }
        name => push(out, name.bytes().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::path(UnixName::Pathname("/run/a".into()), "/run/a")]
    #[case::abstract_name(UnixName::Abstract("a\0b".into()), "@a@b")]
    #[case::empty_abstract_name(UnixName::Abstract("".into()), "@")]
    #[case::no_name(UnixName::Unnamed, "")]
    #[case::columns(UnixName::Abstract("x 4242 *".into()), r"@x\x204242\x20*")]
    #[case::looks_escaped(UnixName::Pathname(r"/a\x20b".into()), r"/a\x5cx20b")]
    #[case::nul_in_a_path(UnixName::Pathname("/a\0b".into()), r"/a\x00b")]
    fn name_is_printed_in_one_column(#[case] name: UnixName, #[case] shown: &str) {
        let mut out = Vec::new();
        push_unix_name(&mut out, &name);
        assert_eq!(BString::from(out), shown);
    }
}
