//! Tests the suite with two hosts: one has every feature, one has none.

use std::{
    io::{Read as _, Write as _},
    sync::atomic::{AtomicBool, Ordering},
};

use bstr::ByteSlice as _;
use cap_std::{ambient_authority, fs::Dir};

use super::{Answer, Call, Feature, Host, HostError, Report, Session, run};
use crate::{
    builtin::invoke, cancel::Cancel, context::CallContext, exit::ExitCode, registry::Registry,
    sandbox::Sandbox,
};

#[expect(clippy::disallowed_methods, reason = "an empty directory of the test")]
fn report(host: &dyn Host) -> Report {
    let directory = tempfile::tempdir().unwrap();
    run(host, Dir::open_ambient_dir(directory.path(), ambient_authority()).unwrap()).unwrap()
}

/// A host that passes everything on, unchanged.
struct Direct;

struct DirectSession(Registry, Sandbox);

impl Host for Direct {
    fn start(&self, registry: Registry, sandbox: Sandbox) -> Result<Box<dyn Session>, HostError> {
        Ok(Box::new(DirectSession(registry, sandbox)))
    }
}

impl Session for DirectSession {
    fn call(&mut self, mut call: Call) -> Result<ExitCode, HostError> {
        let builtin = self.0.get(call.name).ok_or("no such builtin")?;
        let cancel = Cancel::new();
        let flag = cancel.clone();
        call.stop.on_stop(move || flag.cancel());
        let mut context = CallContext::new(&mut call.stdin, &mut call.stdout, &mut call.stderr)
            .with_sandbox(&self.1)
            .with_cancel(&cancel)
            .with_terminal_width(call.terminal_width);
        Ok(invoke(&**builtin, &mut context, &call.args))
    }
}

/// A host that buffers everything, and changes it.
#[derive(Default)]
struct Lossy(AtomicBool);

struct LossySession(Registry);

impl Host for Lossy {
    fn start(&self, registry: Registry, _: Sandbox) -> Result<Box<dyn Session>, HostError> {
        if self.0.swap(true, Ordering::Relaxed) {
            return Err("there can be one registry".into());
        }
        Ok(Box::new(LossySession(registry)))
    }
}

impl Session for LossySession {
    fn call(&mut self, mut call: Call) -> Result<ExitCode, HostError> {
        let builtin = self.0.get(call.name).ok_or("no such builtin")?;
        let mut stdin = Vec::new();
        call.stdin.read_to_end(&mut stdin)?;
        stdin.retain(|&byte| byte != 0);
        let words: Vec<_> = call.args.iter().filter(|word| !word.is_empty()).collect();
        let args: Vec<_> = words.iter().map(|word| word.to_str_lossy().as_ref().into()).collect();
        let (mut stdin, mut stdout, mut stderr) = (&*stdin, Vec::new(), Vec::new());
        let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr);
        let status = invoke(&**builtin, &mut context, &args);
        call.stdout.write_all(&[stdout, stderr].concat().replace(b"\r\n", b"\n"))?;
        Ok(ExitCode::new(status.code().min(127)))
    }
}

#[test]
fn answers_yes_to_a_direct_host() {
    for (feature, answer) in report(&Direct).answers() {
        assert_eq!(answer, &Answer::Yes, "{feature}");
    }
}

#[test]
fn answers_no_to_a_lossy_host() {
    let report = report(&Lossy::default());
    assert_found(
        &report,
        &[
            (Feature::Status, "130 became 127"),
            (Feature::TextArguments, r#"found [" ", "two words", "-x""#),
            (Feature::ByteArguments, r#"found ["�""#),
            (Feature::StdinBytes, r#"found "\x01\x02"#),
            (Feature::StdinStream, "the input was read whole before"),
            (Feature::StdoutBytes, r#"found "\0\x01"#),
            (Feature::StderrBytes, r#"found """#),
            (Feature::StdoutStream, "4194304 bytes were held back"),
            (Feature::LineStream, "output is not passed on while a call runs"),
            (Feature::ClosedOutput, "4194304 bytes were taken"),
            (Feature::Sandbox, "found the directories []"),
            (Feature::TerminalWidth, "found no terminal"),
            (Feature::Cancel, "the host has no way to end a call"),
            (Feature::Registries, "there can be one registry"),
        ],
    );
    assert_eq!(report.answer(Feature::State), &Answer::Yes);
}

fn assert_found(report: &Report, expected: &[(Feature, &str)]) {
    for (feature, expected) in expected {
        let Answer::No(found) = report.answer(*feature) else { panic!("{feature}: yes") };
        assert!(found.starts_with(expected), "{feature}: {found}");
    }
}

#[test]
fn table_is_compared_by_feature_and_column() {
    let report = report(&Direct);
    let rows: String =
        Feature::ALL.map(|feature| format!("| {feature} | no, never | yes |")).join("\n");
    let table = format!(
        "| direct | x |\n\n| a builtin has | other | direct |\n| --- | --- | --- |\n{rows}"
    );
    report.check_table(&table, "direct").unwrap();
    let error = report.check_table(&table, "other").unwrap_err().to_string();
    assert!(error.starts_with("the column \"other\" should be:\n| status | yes |\n"), "{error}");
    assert!(report.check_table(&table, "absent").is_err());
    let short = table.replace("| cancellation ", "| another ");
    assert!(report.check_table(&short, "direct").is_err());
}

#[test]
fn script_quotes_every_word() {
    let args = vec!["".into(), "it's".into(), b"\xff $x".into()];
    let call = Call { args, ..Call::new("probe") };
    assert_eq!(call.script(), b"probe '' 'it'\\''s' '\xff $x'".as_bstr());
}
