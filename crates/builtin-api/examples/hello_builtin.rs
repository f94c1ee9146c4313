//! Writing a builtin, in four steps.
//!
//! `hello NAME...` greets each name; `hello -f FILE` takes the names from a file, one a line.
//!
//! Run it with `cargo run -p builtin-api --example hello_builtin`.

use std::io::{self, BufRead as _, BufReader, Read as _};

use bstr::{BStr, BString};
use builtin_api::{
    Builtin, CallContext, Error, ErrorKind, ExitCode, Registry, RegistryError, invoke,
};

/// Largest file of names that is read, in bytes. Every loop over input has a limit.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A builtin is a type. If it may use more than the context of a call, such as a table that it
/// reads, that is a field, which the host sets when it creates the builtin.
struct Hello;

impl Builtin for Hello {
    // Step 1: name it. Scripts call it by this name.
    fn name(&self) -> &'static str {
        "hello"
    }

    // Step 2: describe it, in one line for `help`.
    fn summary(&self) -> &'static str {
        "greets each name"
    }

    // Step 3: implement it. Everything outside is reached through the context: output goes to
    // `context.stdout`, files come from `context.sandbox`, the time from `context.clock`. Arguments
    // are bytes, because names of files need not be text.
    fn run(&self, context: &mut CallContext<'_>, args: &[BString]) -> Result<ExitCode, Error> {
        match args {
            [] => Err(Error::new(ErrorKind::Usage, "expected a name, or -f and a file")),
            [option, file] if option == "-f" => greet_file(context, file),
            names => names.iter().try_for_each(|name| greet(context, name.as_ref())),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Greets each line of a file in a granted directory.
fn greet_file(context: &mut CallContext<'_>, path: &BString) -> Result<(), Error> {
    // `?` converts an error of the sandbox. Its text contains the path.
    let file = context.sandbox.open(path)?;
    if file.metadata()?.len() > MAX_FILE_BYTES {
        let message = format!("expected a file of at most {MAX_FILE_BYTES} bytes");
        return Err(Error::new(ErrorKind::Failed, message));
    }
    for name in BufReader::new(file.take(MAX_FILE_BYTES)).split(b'\n') {
        let name = name.map_err(|error| Error::io("reading the names", error))?;
        greet(context, name.as_slice().into())?;
    }
    Ok(())
}

fn greet(context: &mut CallContext<'_>, name: &BStr) -> Result<(), Error> {
    // Every loop checks whether the host cancelled the call.
    context.cancel.check()?;
    // `escape_ascii` prevents a hostile name from controlling the terminal.
    Ok(writeln!(context.stdout, "hello, {}", name.escape_ascii())?)
}

// Step 4: the host registers it, and calls it by its name.
fn main() -> Result<(), RegistryError> {
    let mut registry = Registry::new();
    registry.register(Hello)?;

    for (name, summary) in registry.help() {
        show_help_line(name, summary);
    }
    for line in ["hello world", "hello -f /etc/passwd", "hello", "goodbye"] {
        call(&registry, line);
    }
    Ok(())
}

/// Prints one line of `help`.
#[expect(clippy::print_stdout, reason = "the example plays the host, which owns the terminal")]
fn show_help_line(name: &str, summary: &str) {
    println!("{name:<8}{summary}");
}

/// Calls a builtin as an interpreter does after splitting the line into words.
#[expect(clippy::disallowed_methods, reason = "the example plays the host, which owns the streams")]
#[expect(clippy::print_stdout, reason = "the example plays the host, which owns the terminal")]
fn call(registry: &Registry, line: &str) -> ExitCode {
    println!("$ {line}");
    let mut words = line.split(' ');
    let builtin = words.next().and_then(|name| registry.get(name));
    let args: Vec<BString> = words.map(BString::from).collect();
    // No directory is granted, so `hello -f` finds no file.
    let (mut stdin, mut stdout, mut stderr) = (io::stdin(), io::stdout(), io::stderr());
    let mut context = CallContext::new(&mut stdin, &mut stdout, &mut stderr);
    let status = match builtin {
        Some(builtin) => invoke(&**builtin, &mut context, &args),
        None => ExitCode::NOT_FOUND,
    };
    println!("status {}", status.code());
    status
}
