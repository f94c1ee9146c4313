//! Parses options as GNU programs do: bundled, with values attached or in the next word.

/// One option of a command.
pub(super) struct Flag {
    pub(super) short: Option<char>,
    pub(super) long: &'static str,
    pub(super) value: Value,
}

/// Whether an option has a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    None,
    Needed,
    /// Only as `--long=VALUE`.
    Inline,
}

/// A parsed command line.
pub(super) struct Parsed<'a> {
    /// The long names of the options with their values, in order.
    pub(super) options: Vec<(&'static str, Option<&'a str>)>,
    pub(super) operands: Vec<&'a str>,
}

impl Parsed<'_> {
    /// Returns whether an option is given.
    pub(super) fn has(&self, long: &str) -> bool {
        self.options.iter().any(|(option, _)| *option == long)
    }
}

/// Parses a command line. The error is a message for the user.
pub(super) fn parse<'a>(flags: &[Flag], args: &'a [String]) -> Result<Parsed<'a>, String> {
    let mut parsed = Parsed { options: Vec::new(), operands: Vec::new() };
    let mut words = args.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if word == "--" {
            parsed.operands.extend(words.by_ref());
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, inline) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            let flag =
                find_long(flags, name).ok_or_else(|| format!("unrecognized option '{word}'"))?;
            let value = match (flag.value, inline) {
                (Value::None, Some(_)) => {
                    return Err(format!("option '--{}' doesn't allow an argument", flag.long));
                }
                (Value::Needed, None) => Some(
                    words
                        .next()
                        .ok_or_else(|| format!("option '--{}' requires an argument", flag.long))?,
                ),
                (_, inline) => inline,
            };
            parsed.options.push((flag.long, value));
        } else if word.len() > 1 && word.starts_with('-') {
            for (at, letter) in word.char_indices().skip(1) {
                let flag = flags
                    .iter()
                    .find(|flag| flag.short == Some(letter))
                    .ok_or_else(|| format!("invalid option -- '{letter}'"))?;
                if flag.value != Value::Needed {
                    parsed.options.push((flag.long, None));
                    continue;
                }
                let behind = word.get(at + letter.len_utf8()..).filter(|rest| !rest.is_empty());
                let value = behind.or_else(|| words.next());
                let missing = || format!("option requires an argument -- '{letter}'");
                parsed.options.push((flag.long, Some(value.ok_or_else(missing)?)));
                break;
            }
        } else {
            parsed.operands.push(word);
        }
    }
    Ok(parsed)
}

/// Returns the option with this name, or the only one that starts with it.
fn find_long<'a>(flags: &'a [Flag], name: &str) -> Option<&'a Flag> {
    flags.iter().find(|flag| flag.long == name).or_else(|| {
        let mut found = flags.iter().filter(|flag| flag.long.starts_with(name));
        let first = found.next();
        found.next().map_or(first, |_| None)
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const FLAGS: [Flag; 3] = [
        Flag { short: Some('n'), long: "lines", value: Value::Needed },
        Flag { short: Some('q'), long: "quiet", value: Value::None },
        Flag { short: None, long: "mode", value: Value::Inline },
    ];

    #[rstest]
    #[case::separate(&["-n", "5", "f"], "lines=5 / f")]
    #[case::attached(&["-n5", "f"], "lines=5 / f")]
    #[case::bundled(&["-qn", "5"], "quiet lines=5 /")]
    #[case::long(&["--lines=5", "--quiet"], "lines=5 quiet /")]
    #[case::long_separate(&["--lines", "-5"], "lines=-5 /")]
    #[case::short_of_long(&["--li=5"], "lines=5 /")]
    #[case::inline(&["--mode=a", "--mode", "b"], "mode=a mode / b")]
    #[case::behind_operands(&["a", "-q", "-"], "quiet / a -")]
    #[case::end(&["--", "-q"], "/ -q")]
    #[case::unknown(&["-x"], "invalid option -- 'x'")]
    #[case::unknown_long(&["--x"], "unrecognized option '--x'")]
    #[case::without_a_value(&["-n"], "option requires an argument -- 'n'")]
    #[case::with_a_value(&["--quiet=1"], "option '--quiet' doesn't allow an argument")]
    fn command_lines_are_read(#[case] args: &[&str], #[case] read: &str) {
        let args: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
        let text = parse(&FLAGS, &args).map_or_else(
            |problem| problem,
            |parsed| {
                let options = parsed.options.iter().map(|(name, value)| {
                    value.map_or((*name).to_owned(), |value| format!("{name}={value}"))
                });
                let operands = parsed.operands.iter().map(|&word| word.to_owned());
                let words = options.chain(["/".to_owned()]).chain(operands);
                words.collect::<Vec<_>>().join(" ")
            },
        );
        assert_eq!(text, read);
    }
}
