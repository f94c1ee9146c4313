//! `head`: the first lines or bytes.
//!
//! The interpreter's `head` counts all lines again for each chunk of its input, so its time is
//! quadratic in their number.

use bashkit::{CommandContext, CommandStatus, Error, LimitExceeded, Result};
use bstr::ByteSlice as _;

use builtin_cli::{Flag, ValueDoc};

use super::{
    operand::{path, reason, report},
    options::{CommandLine, flag, print_help},
};
use crate::limits::MAX_LIVE_BYTES;

const PURPOSE: &str = "\
Print the first 10 lines of each FILE, or of standard input, to standard output.
With '-' before NUM, print all but the last NUM.
NUM may have a suffix: b (512), kB, K, MB, M, GB, G and so on.";

#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Count(Unit),
    Titles(bool),
    Help,
}

static FLAGS: &[Flag<Effect>] = {
    use Effect::{Count, Help, Titles};
    const NUMBER: ValueDoc = ValueDoc::text("[-]NUM");
    &[
        flag(Some('n'), &["lines"], Count(Unit::Lines), "print the first NUM lines")
            .with_value(NUMBER),
        flag(Some('c'), &["bytes"], Count(Unit::Bytes), "print the first NUM bytes")
            .with_value(NUMBER),
        flag(Some('q'), &["quiet", "silent"], Titles(false), "print no names of files"),
        flag(Some('v'), &["verbose"], Titles(true), "print the names of files always"),
        flag(None, &["help"], Help, "print this"),
    ]
};

/// Lines that are printed by default.
const DEFAULT_LINES: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Lines,
    Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    First(usize),
    AllButLast(usize),
}

struct Plan {
    unit: Unit,
    part: Part,
    /// Whether file names are printed; `None` prints them if there are several files.
    has_titles: Option<bool>,
    files: Vec<String>,
}

pub(super) async fn run(context: &CommandContext<'_>) -> Result<CommandStatus> {
    let args = with_option(context.args);
    let call = match read(&args) {
        Ok(Some(call)) => call,
        Ok(None) => return print_help(context, PURPOSE, FLAGS).await,
        Err(problem) => {
            report(context, &problem).await?;
            return Ok(CommandStatus::with_code(1));
        }
    };
    let has_titles = call.has_titles.unwrap_or(call.files.len() > 1);
    let (mut status, mut is_first) = (CommandStatus::success(), true);
    for file in &call.files {
        let content = if file == "-" || file == "/dev/stdin" {
            None
        } else {
            match context.fs.read_file(&path(context, file)).await {
                Ok(content) => Some(content),
                Err(error) => {
                    report(context, &format!("{file}: {}", reason(error)?)).await?;
                    status = CommandStatus::with_code(1);
                    continue;
                }
            }
        };
        if has_titles {
            let name = if file == "-" { "standard input" } else { file };
            let title = format!("{}==> {name} <==\n", if is_first { "" } else { "\n" });
            context.stdout.write_all(title.as_bytes()).await?;
        }
        is_first = false;
        match (content, call.part) {
            (Some(content), part) => {
                context.stdout.write_all(part_of(&content, part, call.unit)).await?;
            }
            (None, Part::First(count)) => print_first(context, count, call.unit).await?,
            (None, part) => {
                let content = read_whole(context).await?;
                context.stdout.write_all(part_of(&content, part, call.unit)).await?;
            }
        }
    }
    Ok(status)
}

/// Returns the arguments with `-NUM` as `-nNUM`.
fn with_option(args: &[String]) -> Vec<String> {
    let mut is_value = false;
    let mut is_over = false;
    let words = args.iter().map(|word| {
        let is_count = !is_value
            && !is_over
            && word.strip_prefix('-').is_some_and(|digits| {
                !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
            });
        is_over |= word == "--" && !is_value;
        is_value = !is_value
            && (matches!(&**word, "--lines" | "--bytes")
                || (word.starts_with('-')
                    && !word.starts_with("--")
                    && word.ends_with(['n', 'c'])
                    && word.bytes().skip(1).all(|byte| b"ncqv".contains(&byte))));
        if is_count { word.replacen('-', "-n", 1) } else { word.clone() }
    });
    words.collect()
}

/// Parses a command line; returns `None` for `--help`.
fn read(args: &[String]) -> std::result::Result<Option<Plan>, String> {
    let line = CommandLine::read(FLAGS, Effect::Help, args).map_err(|error| error.to_string())?;
    let mut call = Plan {
        unit: Unit::Lines,
        part: Part::First(DEFAULT_LINES),
        has_titles: None,
        files: line.operands,
    };
    for (effect, value) in line.options {
        match effect {
            Effect::Help => return Ok(None),
            Effect::Count(unit) => {
                let what = match unit {
                    Unit::Lines => "lines",
                    Unit::Bytes => "bytes",
                };
                call.unit = unit;
                call.part = read_part(&value)
                    .ok_or_else(|| format!("invalid number of {what}: '{value}'"))?;
            }
            Effect::Titles(has_titles) => call.has_titles = Some(has_titles),
        }
    }
    if call.files.is_empty() {
        call.files.push("-".to_owned());
    }
    Ok(Some(call))
}

fn read_part(text: &str) -> Option<Part> {
    let (part, number): (fn(usize) -> Part, _) = match text.strip_prefix('-') {
        Some(number) => (Part::AllButLast, number),
        None => (Part::First, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    let (digits, suffix) = number.split_at(end);
    if digits.is_empty() {
        return None;
    }
    // A number that is too large means everything.
    let count: usize = digits.parse().unwrap_or(usize::MAX);
    Some(part(count.saturating_mul(multiplier(suffix)?)))
}

fn multiplier(suffix: &str) -> Option<usize> {
    let mut letters = suffix.chars();
    let power = match letters.next() {
        None => return Some(1),
        Some('b') if suffix == "b" => return Some(512),
        Some('k' | 'K') => 1,
        Some('M') => 2,
        Some('G') => 3,
        Some('T') => 4,
        Some('P') => 5,
        Some('E') => 6,
        Some(_) => return None,
    };
    match letters.as_str() {
        "" | "iB" => Some(1024_usize.saturating_pow(power)),
        "B" => Some(1000_usize.saturating_pow(power)),
        _ => None,
    }
}

/// Prints the first lines or bytes of standard input, and reads no more.
async fn print_first(context: &CommandContext<'_>, count: usize, unit: Unit) -> Result<()> {
    let mut left = count;
    while left > 0 {
        let Some(chunk) = context.stdin.read_chunk().await? else { break };
        let first = first(&chunk, left, unit);
        context.stdout.write_all(first).await?;
        left -= match unit {
            Unit::Lines => first.find_iter(b"\n").count(),
            Unit::Bytes => first.len(),
        };
    }
    Ok(())
}

async fn read_whole(context: &CommandContext<'_>) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    while let Some(chunk) = context.stdin.read_chunk().await? {
        content.extend_from_slice(&chunk);
        if content.len() > MAX_LIVE_BYTES {
            let problem = format!("head: more than {MAX_LIVE_BYTES} bytes of standard input");
            return Err(Error::ResourceLimit(LimitExceeded::Memory(problem)));
        }
    }
    Ok(content)
}

fn part_of(content: &[u8], part: Part, unit: Unit) -> &[u8] {
    match part {
        Part::First(count) => first(content, count, unit),
        Part::AllButLast(count) => {
            let length = match unit {
                Unit::Bytes => content.len().saturating_sub(count),
                Unit::Lines => length_without_last(content, count),
            };
            content.get(..length).unwrap_or(content)
        }
    }
}

/// Returns the first lines or bytes of a text, or all of it.
fn first(content: &[u8], count: usize, unit: Unit) -> &[u8] {
    let length = match unit {
        _ if count == 0 => 0,
        Unit::Bytes => count,
        Unit::Lines => {
            let mut ends = content.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
            ends.nth(count - 1).map_or(content.len(), |(at, _)| at + 1)
        }
    };
    content.get(..length).unwrap_or(content)
}

/// Returns the length of a text without its last lines. The last line may lack a newline.
fn length_without_last(content: &[u8], count: usize) -> usize {
    if count == 0 {
        return content.len();
    }
    let body = content.strip_suffix(b"\n").unwrap_or(content);
    let mut ends = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    ends.nth(count - 1).map_or(0, |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::lines("2", Unit::Lines, "a\nb\n")]
    #[case::more_lines("9", Unit::Lines, "a\nb\nc")]
    #[case::no_lines("0", Unit::Lines, "")]
    #[case::all_but_one("-1", Unit::Lines, "a\nb\n")]
    #[case::all_but_three("-3", Unit::Lines, "")]
    #[case::all_but_none("-0", Unit::Lines, "a\nb\nc")]
    #[case::bytes("3", Unit::Bytes, "a\nb")]
    #[case::all_but_two_bytes("-2", Unit::Bytes, "a\nb")]
    #[case::beyond_numbers("99999999999999999999999", Unit::Bytes, "a\nb\nc")]
    fn parts_of_a_text(#[case] number: &str, #[case] unit: Unit, #[case] part: &str) {
        let found = part_of(b"a\nb\nc", read_part(number).unwrap(), unit);
        assert_eq!(String::from_utf8_lossy(found), part);
    }

    #[rstest]
    #[case::plus("+3", Some(Part::First(3)))]
    #[case::blocks("2b", Some(Part::First(1024)))]
    #[case::kilo("1k", Some(Part::First(1024)))]
    #[case::decimal("-2kB", Some(Part::AllButLast(2000)))]
    #[case::binary("1MiB", Some(Part::First(1_048_576)))]
    #[case::empty("", None)]
    #[case::sign("-", None)]
    #[case::letters("3x", None)]
    #[case::letters_behind("3bb", None)]
    fn numbers_are_read(#[case] text: &str, #[case] part: Option<Part>) {
        assert_eq!(read_part(text), part);
    }

    #[rstest]
    #[case::obsolete(&["-5", "f"], &["-n5", "f"])]
    #[case::value(&["-n", "-5"], &["-n", "-5"])]
    #[case::value_of_a_bundle(&["-qc", "-5", "-5"], &["-qc", "-5", "-n5"])]
    #[case::end(&["--", "-5"], &["--", "-5"])]
    fn obsolete_option_is_read(#[case] args: &[&str], #[case] read: &[&str]) {
        let args: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
        assert_eq!(with_option(&args), read);
    }
}
