//! Completions for `ss` and `portwatch`.

#![expect(clippy::disallowed_methods, reason = "the test asks the shells themselves")]

use std::{collections::BTreeSet, process::Command as Process};

use builtin_cli::{FlagDoc, ValueDoc, ValueKind, completion::Completion};
use rstest::rstest;

use crate::workspace;

/// Options that only the program has, which have to be first.
const OWN: [FlagDoc; 3] = [
    FlagDoc::new(None, &["proc-root"], "first: list a fake proc root")
        .with_value(ValueDoc::new("DIR", ValueKind::Directory)),
    FlagDoc::new(None, &["proc-only"], "first: list the text tables of the system"),
    FlagDoc::new(None, &["host-proc"], "first: list process 1 of a mounted procfs, as text")
        .with_value(ValueDoc::new("DIR", ValueKind::Directory)),
];

/// Options that are refused in every host are not offered.
pub(super) fn ss() -> Completion {
    let options = ss_builtin::flags().filter(|doc| doc.refusal.is_none());
    Completion::new("ss", OWN.iter().chain(options))
}

pub(super) fn portwatch() -> Completion {
    Completion::new("portwatch", OWN.iter().chain(portwatch_builtin::flags()))
}

/// Returns what bash offers after these words.
fn offered(words: &[&str]) -> String {
    let script = format!(
        "source {}; COMP_WORDS=(ss {}); COMP_CWORD={}; _ss; echo \"${{COMPREPLY[*]}}\"",
        workspace::path("docs/completions/ss.bash").display(),
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
        words.len()
    );
    let output = Process::new("bash").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Returns a word as bash reads it.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[test]
fn bash_offers_directories_for_a_proc_root() {
    let here = workspace::path("docs/comp");
    assert_eq!(
        offered(&["--proc-root", here.to_str().unwrap()]),
        workspace::path("docs/completions").to_str().unwrap()
    );
}

#[test]
fn every_option_of_the_program_is_completed() {
    let source = String::from_utf8(workspace::read("crates/ss-cli/src/lib.rs")).unwrap();
    let taken = source.split("b\"--").skip(1).filter_map(|rest| rest.split('"').next());
    assert_eq!(taken.collect::<BTreeSet<_>>(), OWN.iter().map(FlagDoc::name).collect());
}

#[rstest]
#[case::long_options(&["-t", "--num"], "--numeric")]
#[case::words(&["-f", "in"], "inet inet6")]
#[case::words_behind_an_equals_sign(&["--family", "=", "uni"], "unix")]
#[case::lists(&["-A", "tcp,unix_s"], "tcp,unix_stream tcp,unix_seqpacket")]
#[case::first_of_a_list(&["-A", "vsock_"], "vsock_stream vsock_dgram")]
#[case::key_backwards(&["--sort", "-re"], "-recv-q")]
#[case::key_behind_a_key(&["--sort", "port,u"], "port,uid")]
#[case::key_backwards_behind_a_key(&["--sort", "port,-u"], "port,-uid")]
#[case::key_backwards_behind_an_equals_sign(&["--sort", "=", "-lo"], "-local")]
#[case::keys_have_one_dash(&["--sort", "--lo"], "")]
#[case::table_taken_away(&["-A", "!t"], "!tcp")]
#[case::table_taken_away_in_quotes(&["-A", "'!t"], "!tcp")]
#[case::table_taken_away_in_double_quotes(&["-A", "\"all,!x"], "all,!xdp")]
#[case::options_of_the_program(&["--pro"], "--proc-root --proc-only --processes")]
#[case::words_of_a_filter(&["sport"], "")]
fn bash_offers(#[case] words: &[&str], #[case] offers: &str) {
    assert_eq!(offered(words), offers);
}

#[rstest]
#[case::bash("bash", &["-n"], "docs/completions/ss.bash")]
#[case::zsh("zsh", &["-n"], "docs/completions/_ss")]
#[case::fish("fish", &["--no-execute"], "docs/completions/ss.fish")]
#[case::bash_of_portwatch("bash", &["-n"], "docs/completions/portwatch.bash")]
#[case::zsh_of_portwatch("zsh", &["-n"], "docs/completions/_portwatch")]
#[case::fish_of_portwatch("fish", &["--no-execute"], "docs/completions/portwatch.fish")]
#[case::bash_of_the_shell("bash", &["-n"], "docs/completions/host-shell.bash")]
#[case::zsh_of_the_shell("zsh", &["-n"], "docs/completions/_host-shell")]
#[case::fish_of_the_shell("fish", &["--no-execute"], "docs/completions/host-shell.fish")]
fn shell_understands_its_file(#[case] shell: &str, #[case] args: &[&str], #[case] file: &str) {
    let Ok(output) = Process::new(shell).args(args).arg(workspace::path(file)).output() else {
        eprintln!("*** {file} WAS NOT CHECKED, because there is no {shell}. ***");
        return;
    };
    assert!(output.status.success() && output.stderr.is_empty(), "{file}: {output:?}");
}
