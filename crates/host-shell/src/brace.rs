//! Brace expansions that the interpreter would leave unexpanded, or cut.
//!
//! The interpreter expands `{1..10000}`, but silently treats a longer range as text; past 100 000
//! it refuses the script itself. Of several groups in one word (`{1..1000}{a,b}`) it drops the
//! words past 100 000. So a script with such a word is refused before it runs.
//!
//! Code that a script creates is checked when it is run: the arguments of `eval`, `bash -c`, `trap`
//! and `alias`, and the files of `source` and `bash`. The standard input of `bash` is not checked.

use crate::limits::{MAX_BRACE_BYTES, MAX_BRACE_TOTAL, MAX_BRACE_WORDS};

/// An expansion with too many words, as it is written in the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TooManyWords {
    /// A range.
    Range(String),
    /// All groups of one word together.
    Groups(String),
}

/// Returns the first word of a script that has too many words in braces.
pub(crate) fn too_many_words(script: &str) -> Option<TooManyWords> {
    let bytes = script.as_bytes();
    let steps = LEAST_STEPS.saturating_add(bytes.len().saturating_mul(STEPS_OF_A_BYTE));
    let mut scanner = Scanner { script, at: 0, contexts: Vec::new(), bodies: Vec::new(), steps };
    while scanner.at < bytes.len() {
        if let Some(found) = scanner.step() {
            return Some(found);
        }
    }
    None
}

/// Steps that the scanner may take, and additional steps for each byte of the script: groups that
/// are not closed are scanned repeatedly. A script that needs more is refused.
const LEAST_STEPS: usize = 100_000;
const STEPS_OF_A_BYTE: usize = 10;

/// Longest range: three numbers of 20 digits, and the characters between them.
const MAX_RANGE_BYTES: usize = 66;

/// What surrounds the current position in a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    /// `(…)` and `$(…)`.
    Parentheses,
    /// `"…"`, in which braces are not expanded.
    Quotes,
}

struct Scanner<'a> {
    script: &'a str,
    at: usize,
    contexts: Vec<Context>,
    /// The words that end the here-documents that start on the next line.
    bodies: Vec<&'a str>,
    /// The remaining steps of the scanner.
    steps: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.script.get(self.at..).unwrap_or_default()
    }

    /// Advances by one token, and returns it if it is a brace expansion with too many words.
    fn step(&mut self) -> Option<TooManyWords> {
        let rest = self.rest();
        let is_quoted = self.contexts.last() == Some(&Context::Quotes);
        let mut length = rest.chars().next().map_or(1, char::len_utf8);
        match rest.as_bytes() {
            [b'\\', ..] => length = 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            [b'"', ..] if is_quoted => drop(self.contexts.pop()),
            [b'"', ..] => self.contexts.push(Context::Quotes),
            [b'$', b'(', ..] => {
                self.contexts.push(Context::Parentheses);
                length = 2;
            }
            _ if is_quoted => {}
            [b'(', ..] => self.contexts.push(Context::Parentheses),
            [b')', ..] => drop(self.contexts.pop()),
            // `${` starts an expansion of a parameter, not of braces.
            [b'$', b'{', ..] => length = 2,
            [b'$', b'\'', ..] => length = 2 + length_of_escaped(rest.get(2..).unwrap_or_default()),
            [b'\'', ..] => length = 2 + until(rest.get(1..).unwrap_or_default(), '\''),
            [b'#', ..] if self.begins_word() => length = until(rest, '\n'),
            [b'<', b'<', b'<', ..] => length = 3,
            [b'<', b'<', behind @ ..] => {
                let behind = rest.len().saturating_sub(behind.len());
                length = self.note_body(behind);
            }
            [b'\n', ..] => length = 1 + self.length_of_bodies(),
            [b'{', ..] => {
                if let Some(range) = range_at(rest).filter(|range| range.words > MAX_BRACE_WORDS) {
                    return Some(TooManyWords::Range(range.text.to_owned()));
                }
                if let Some(groups) = too_many_in_groups(rest, &mut self.steps) {
                    return Some(TooManyWords::Groups(groups.to_owned()));
                }
            }
            _ => {}
        }
        self.at = self.at.saturating_add(length);
        None
    }

    fn begins_word(&self) -> bool {
        let before = self.script.as_bytes().get(..self.at).and_then(<[u8]>::last);
        before.is_none_or(|byte| b" \t\n;&|(".contains(byte))
    }

    /// Remembers the word after `<<` or `<<-`, and returns the length of both.
    fn note_body(&mut self, mut length: usize) -> usize {
        let rest = self.rest();
        let behind = |length| rest.get(length..).unwrap_or_default();
        length += usize::from(behind(length).starts_with('-'));
        let blanks = behind(length).len() - behind(length).trim_start_matches([' ', '\t']).len();
        length += blanks;
        let end = behind(length).find([' ', '\t', '\n', ';', '&', '|', ')', '>', '<']);
        let word = behind(length).get(..end.unwrap_or(behind(length).len())).unwrap_or_default();
        self.bodies.push(word.trim_matches(['\'', '"', '\\']));
        length + word.len()
    }

    /// Returns the length of the here-documents that start after a line.
    fn length_of_bodies(&mut self) -> usize {
        let begin = self.rest().get(1..).unwrap_or_default();
        let mut length = 0;
        for end in std::mem::take(&mut self.bodies) {
            for line in begin.get(length..).unwrap_or_default().split_inclusive('\n') {
                length += line.len();
                if line.trim_end_matches('\n').trim_start_matches('\t') == end {
                    break;
                }
            }
        }
        length
    }
}

/// Returns the length of the text before a character.
fn until(text: &str, end: char) -> usize {
    text.find(end).unwrap_or(text.len())
}

/// Returns the length of the rest of a `$'…'` string, in which a backslash escapes a quotation
/// mark.
fn length_of_escaped(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' if !is_escaped => return at + 1,
            c => is_escaped = c == '\\' && !is_escaped,
        }
    }
    text.len()
}

/// A range of numbers.
struct Range<'a> {
    text: &'a str,
    words: u64,
}

/// Returns the range of numbers that a text begins with.
fn range_at(text: &str) -> Option<Range<'_>> {
    // Three numbers of 64 bits fit.
    let end = text.bytes().take(MAX_RANGE_BYTES).position(|byte| byte == b'}')?;
    let range = text.get(..=end)?;
    let mut parts = range.strip_prefix('{')?.strip_suffix('}')?.split("..");
    let mut number = || parts.next().map(|part| part.parse::<i64>().ok());
    let (first, last) = (number()??, number()??);
    let step = match number() {
        None => 1,
        Some(step) => step?,
    };
    if parts.next().is_some() {
        return None;
    }
    let more = first.abs_diff(last) / step.unsigned_abs().max(1);
    Some(Range { text: range, words: more.saturating_add(1) })
}

/// Nesting depth of groups; deeper ones are treated as text.
const MAX_GROUP_DEPTH: usize = 50;

/// The number of words of a text, and how often the interpreter counts each.
#[derive(Clone, Copy)]
struct Size {
    words: u64,
    /// Nested or adjacent groups: the interpreter counts each word once per group.
    levels: u64,
    /// Bytes of the text.
    length: usize,
}

/// Returns the rest of a word that begins with a brace, if its groups have too many words.
fn too_many_in_groups<'a>(text: &'a str, steps: &mut usize) -> Option<&'a str> {
    let size = sequence(text, 0, steps);
    let counted = size.words.saturating_mul(size.levels);
    let length = u64::try_from(size.length).unwrap_or(u64::MAX);
    let is_too_much = counted > MAX_BRACE_TOTAL || counted.saturating_mul(length) > MAX_BRACE_BYTES;
    // A single group is already limited by the size of a range or script.
    (is_too_much && size.levels > 1 || *steps == 0).then(|| text.get(..size.length).unwrap_or(text))
}

/// Measures a text up to the end of the word; within a group up to a comma or its end.
fn sequence(text: &str, depth: usize, steps: &mut usize) -> Size {
    let mut size = Size { words: 1, levels: 0, length: 0 };
    while let Some(rest) = text.get(size.length..).filter(|rest| !rest.is_empty()) {
        *steps = steps.saturating_sub(1);
        if *steps == 0 {
            break;
        }
        match rest.as_bytes() {
            [b',' | b'}', ..] if depth > 0 => break,
            // The values of these are known only when the script runs.
            [b'$' | b'`' | b'"' | b'\'', ..] => break,
            [byte, ..] if b" \t\n;&|()<>".contains(byte) => break,
            [b'\\', ..] => size.length += 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            [b'{', ..] if depth < MAX_GROUP_DEPTH => {
                let group = group(rest, depth, steps);
                size.words = size.words.saturating_mul(group.words);
                size.levels += group.levels;
                size.length += group.length;
            }
            _ => size.length += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    size
}

/// Measures the group that a text starts with; text that is not a group is one word.
fn group(text: &str, depth: usize, steps: &mut usize) -> Size {
    if let Some(range) = range_at(text) {
        return Size { words: range.words, levels: 1, length: range.text.len() };
    }
    let (mut words, mut levels, mut length, mut items) = (0_u64, 0, 1, 0);
    loop {
        let item = sequence(text.get(length..).unwrap_or_default(), depth + 1, steps);
        (words, levels) = (words.saturating_add(item.words), levels.max(item.levels));
        (length, items) = (length + item.length, items + 1);
        match text.as_bytes().get(length) {
            Some(b',') => length += 1,
            Some(b'}') if items > 1 => {
                return Size { words, levels: levels + 1, length: length + 1 };
            }
            // The brace is text, and the rest is scanned separately.
            _ => return Size { words: 1, levels: 0, length: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{TooManyWords, too_many_words};

    #[rstest]
    // usual
    #[case::loop_words("for i in {1..100000}; do :; done", Some("{1..100000}"))]
    #[case::short("for i in {1..10}; do :; done", None)]
    #[case::step("echo {0..100000..5}", Some("{0..100000..5}"))]
    #[case::long_step("echo {0..100000..50}", None)]
    #[case::down("echo a{20000..1}b", Some("{20000..1}"))]
    #[case::in_a_substitution("n=\"$(echo {1..20000} | wc -w)\"", Some("{1..20000}"))]
    // boundary
    #[case::most("echo {1..10000}", None)]
    #[case::one_more("echo {0..10000}", Some("{0..10000}"))]
    #[case::step_of_zero("echo {1..20000..0}", Some("{1..20000..0}"))]
    #[case::letters("echo {a..z}", None)]
    #[case::behind_another("echo {a,b} {1..20000}", Some("{1..20000}"))]
    #[case::four_parts("echo {1..20000..1..1}", None)]
    #[case::beyond_64_bits("echo {1..99999999999999999999}", None)]
    // quoted
    #[case::single("echo '{1..20000}'", None)]
    #[case::double("echo \"ports {1..65535}\"", None)]
    #[case::behind_quotes("echo 'a' \"b\" {1..20000}", Some("{1..20000}"))]
    #[case::escaped("echo \\{1..20000}", None)]
    #[case::escaped_quote("echo $'it\\'s {1..20000}'", None)]
    #[case::comment("echo a # {1..20000}", None)]
    #[case::no_comment("echo a#{1..20000}", Some("{1..20000}"))]
    #[case::here_document("cat <<END\n{1..20000}\nEND\necho a", None)]
    #[case::behind_a_here_document("cat <<'END'\nit's\nEND\necho {1..20000}", Some("{1..20000}"))]
    #[case::indented_here_document(
        "cat <<-END\n\t{1..20000}\n\tEND\necho {1..20001}",
        Some("{1..20001}")
    )]
    #[case::here_string("cat <<< a; echo {1..20000}", Some("{1..20000}"))]
    #[case::awk("awk '{1..20000}' f", None)]
    #[case::letters_of_any_script("echo größe \\ö {1..20000}", Some("{1..20000}"))]
    // hostile
    #[case::open_quote("echo '{1..20000}", None)]
    #[case::open_brace("echo {1..20000", None)]
    #[case::backslash_at_the_end("echo \\", None)]
    #[case::parentheses("echo )))) {1..20000}", Some("{1..20000}"))]
    fn ranges_that_would_stay_text_are_found(#[case] script: &str, #[case] range: Option<&str>) {
        let range = range.map(|range| TooManyWords::Range(range.to_owned()));
        assert_eq!(too_many_words(script), range);
    }

    #[rstest]
    // usual
    #[case::two("echo a{1..1000}{1..60}b", Some("{1..1000}{1..60}b"))]
    #[case::fewer("echo {1..1000}{1..50}", None)]
    #[case::list("echo {1..9000}{a,b,c,d,e,f}", Some("{1..9000}{a,b,c,d,e,f}"))]
    #[case::nested("echo {a,{1..9000}}{1..9}", Some("{a,{1..9000}}{1..9}"))]
    #[case::group_of_commands("f() { echo {1..1000}; { echo {1..1000}; }; }", None)]
    #[case::two_words("echo {1..9000} {1..9000}", None)]
    #[case::long_words(
        "echo {1..9000}{a,b}ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\
         ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\
         ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\
         ssssssssssssssssssssssssssssssssssssssssssss",
        Some(
            "{1..9000}{a,b}ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\
         ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\
         ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\
         ssssssssssssssssssssssssssssssssssssssssssss"
        )
    )]
    // text
    #[case::one_item("echo {a}{1..1000}{b}", None)]
    #[case::quoted("echo '{1..1000}{1..1000}'", None)]
    #[case::open("echo {1..1000}{1..1000", None)]
    #[case::blank("echo {1..1000}{1..1000 }", None)]
    fn groups_that_would_be_cut_are_found(#[case] script: &str, #[case] groups: Option<&str>) {
        let groups = groups.map(|groups| TooManyWords::Groups(groups.to_owned()));
        assert_eq!(too_many_words(script), groups);
    }

    #[rstest]
    #[case::open("{".repeat(20_000))]
    #[case::commas("{a,".repeat(20_000))]
    #[case::closed("{a,b}".repeat(20_000))]
    fn braces_without_end_are_refused_soon(#[case] word: String) {
        let found = too_many_words(&format!("echo {word}"));
        assert!(matches!(found, Some(TooManyWords::Groups(_))));
    }
}
