//! Completions for `ss`.

#![expect(clippy::disallowed_methods, reason = "the test asks the shells themselves")]

use std::process::Command as Process;

use rstest::rstest;
use ss_builtin::{Flag, Value, flags};
use testkit::completion::{Command, CommandOption, CommandValue};

use crate::workspace;

const FAMILIES: [&str; 8] = ["inet", "inet6", "link", "unix", "netlink", "vsock", "xdp", "help"];
const TABLES: [&str; 20] = [
    "all",
    "inet",
    "tcp",
    "mptcp",
    "udp",
    "sctp",
    "dccp",
    "raw",
    "unix",
    "unix_stream",
    "unix_dgram",
    "unix_seqpacket",
    "packet",
    "packet_raw",
    "packet_dgram",
    "netlink",
    "vsock",
    "vsock_stream",
    "vsock_dgram",
    "xdp",
];
const KEYS: [&str; 8] = ["recv-q", "send-q", "local", "peer", "port", "uid", "inode", "state"];

pub(super) fn command() -> Command {
    Command { name: "ss", options: flags().iter().filter(|flag| works(flag)).map(option).collect() }
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
            Value::None => CommandValue::None,
            Value::OptionalNumber(_) => CommandValue::Optional,
            Value::Needed("FAMILY") => CommandValue::Word(FAMILIES.to_vec()),
            Value::Needed("TABLE[,...]") => CommandValue::Words(TABLES.to_vec()),
            Value::Needed("KEY[,...]") => CommandValue::Words(KEYS.to_vec()),
            Value::Needed("FILE") => CommandValue::File,
            _ => CommandValue::Free,
        },
        help: flag.help.to_owned(),
    }
}

/// Returns what bash offers behind those words.
fn offered(words: &[&str]) -> String {
    let script = format!(
        "source {}; COMP_WORDS=(ss {}); COMP_CWORD={}; _ss; echo \"${{COMPREPLY[*]}}\"",
        workspace::path("docs/completions/ss.bash").display(),
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len()
    );
    let output = Process::new("bash").args(["-c", &script]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[rstest]
#[case::long_options(&["-t", "--num"], "--numeric")]
#[case::words(&["-f", "in"], "inet inet6")]
#[case::words_behind_an_equals_sign(&["--family", "=", "uni"], "unix")]
#[case::lists(&["-A", "tcp,unix_s"], "tcp,unix_stream tcp,unix_seqpacket")]
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
