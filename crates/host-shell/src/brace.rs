//! Ranges in braces that the interpreter would leave as they are.
//!
//! It expands `{1..10000}`, and takes a longer range for text without a word; past 100 000 it
//! refuses the script itself. So a script with a range between the two is refused before it runs.
//! What a script makes while it runs (`eval`, a sourced file) is not looked at.

use crate::limits::MAX_BRACE_WORDS;

/// Returns the first range of a script that has too many words, as it is written there.
pub(crate) fn too_long_range(script: &str) -> Option<&str> {
    let bytes = script.as_bytes();
    let mut scanner = Scanner { script, at: 0, contexts: Vec::new(), bodies: Vec::new() };
    while scanner.at < bytes.len() {
        if let Some(range) = scanner.step() {
            return Some(range);
        }
    }
    None
}

/// Bytes of a range that is a range: three numbers of 20 digits, and what is between them.
const MAX_RANGE_BYTES: usize = 66;

/// What the place in a script is in, below the script itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    /// `(…)` and `$(…)`.
    Parentheses,
    /// `"…"`, in which nothing is expanded but what a dollar sign begins.
    Quotes,
}

struct Scanner<'a> {
    script: &'a str,
    at: usize,
    contexts: Vec<Context>,
    /// The words that end the here-documents which begin with the next line.
    bodies: Vec<&'a str>,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        self.script.get(self.at..).unwrap_or_default()
    }

    /// Goes on by one thing, and returns the range that it is if it is too long.
    fn step(&mut self) -> Option<&'a str> {
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
            // A range has neither a dollar sign before it nor a variable in it.
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
                if let Some(range) = range_at(rest) {
                    return Some(range);
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

    /// Keeps the word behind `<<` or `<<-`, and returns how long all of it is.
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

    /// Returns how long the here-documents are that begin behind a line.
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

/// Returns the length of a text up to a character, without it.
fn until(text: &str, end: char) -> usize {
    text.find(end).unwrap_or(text.len())
}

/// Returns the length of `…'`, in which a backslash takes away what a quotation mark means.
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

/// Returns the range that a text begins with, if it has too many words and not so many that the
/// interpreter refuses it.
fn range_at(text: &str) -> Option<&str> {
    // Three numbers of 64 bits are no longer.
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
    let words = first.abs_diff(last) / step.unsigned_abs().max(1);
    (words >= MAX_BRACE_WORDS).then_some(range)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::too_long_range;

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
        assert_eq!(too_long_range(script), range);
    }
}
