//! Completions for `ss`.

#![expect(clippy::disallowed_methods, reason = "the test asks the shells themselves")]

use std::{collections::BTreeSet, process::Command as Process};

use rstest::rstest;
use ss_builtin::{Flag, FlagValue, WordList, flags};
use testkit::completion::{Command, CommandOption, CommandValue};

use crate::workspace;

/// The options of the program alone, which come before the others: name, value and help.
fn own_options() -> Vec<CommandOption> {
    [
        ("proc-root", CommandValue::Directory, "first: list a fake proc root"),
        ("proc-only", CommandValue::None, "first: list the text tables of the system"),
    ]
    .map(|(long, value, help)| CommandOption {
        short: None,
        long: Some(long.to_owned()),
        value,
        help: help.to_owned(),
    })
    .into()
}

pub(super) fn command() -> Command {
    let options = flags().iter().filter(|flag| works(flag)).map(option);
    Command { name: "ss", options: own_options().into_iter().chain(options).collect() }
}

/// Options that are refused whatever the host grants are not offered.
fn works(flag: &Flag) -> bool {
    !matches!(flag.refusal(), Some(ss_builtin::Refusal::Never(_)))
}

fn option(flag: &Flag) -> CommandOption {
    CommandOption {
        short: flag.short.map(char::from),
        long: Some(flag.long.to_owned()),
        value: match flag.value {
            FlagValue::Needed(name) if let Some(words) = flag.words => words_of(name, words),
            FlagValue::None => CommandValue::None,
            FlagValue::OptionalNumber(_) => CommandValue::Optional,
            FlagValue::Needed("FILE") => CommandValue::File,
            _ => CommandValue::Free,
        },
        help: flag.help.to_owned(),
    }
}

/// Returns one word, or a list of them where the value is called one.
fn words_of(name: &str, words: &WordList) -> CommandValue {
    let all = words.all.to_vec();
    if name.contains(",...") {
        CommandValue::Words(all, words.prefix.map(|(prefix, _)| prefix))
    } else {
        CommandValue::Word(all)
    }
}

/// Returns what bash offers behind those words.
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
    let known = own_options().into_iter().filter_map(|option| option.long);
    assert_eq!(
        taken.collect::<BTreeSet<_>>(),
        known.collect::<Vec<_>>().iter().map(String::as_str).collect()
    );
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
#[case::bash_of_the_shell("bash", &["-n"], "docs/completions/host-shell.bash")]
#[case::zsh_of_the_shell("zsh", &["-n"], "docs/completions/_host-shell")]
#[case::fish_of_the_shell("fish", &["--no-execute"], "docs/completions/host-shell.fish")]
fn a_shell_understands_its_file(#[case] shell: &str, #[case] args: &[&str], #[case] file: &str) {
    let Ok(output) = Process::new(shell).args(args).arg(workspace::path(file)).output() else {
        eprintln!("*** {file} WAS NOT CHECKED, because there is no {shell}. ***");
        return;
    };
    assert!(output.status.success() && output.stderr.is_empty(), "{file}: {output:?}");
}
