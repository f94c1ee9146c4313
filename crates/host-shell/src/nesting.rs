//! Detects nesting so deep that the interpreter would overflow its stack.
//!
//! The interpreter limits most of its recursion, to 100 levels. Without a limit are the keyword
//! `time`, commands that run another one, and the expressions of `test`, `find` and `jq`. So these
//! are checked first: scripts before they are parsed, calls by a hook. Recursion that is missing
//! here would end the process that runs the script.

use crate::{
    brace::{TooManyWords, too_many_words},
    limits::{MAX_EXPRESSION_WORDS, MAX_NESTED_COMMANDS},
};

/// Commands that run the command in their arguments, for which the interpreter recurses.
pub(crate) const PREFIXES: [&str; 10] =
    ["builtin", "command", "env", "eval", "exec", "nice", "nohup", "parallel", "timeout", "xargs"];

/// Commands whose arguments may be scripts.
const SCRIPTS: [&str; 5] = ["alias", "bash", "eval", "sh", "trap"];

/// Options of `jq` and the number of their values; the first other word is the filter.
const JQ_VALUES: [(&str, usize); 10] = [
    ("--arg", 2),
    ("--argjson", 2),
    ("--slurpfile", 2),
    ("--rawfile", 2),
    ("--indent", 1),
    ("--tab", 0),
    ("--library-path", 1),
    ("-L", 1),
    ("--from-file", 1),
    ("-f", 1),
];

/// Words that nest filters of `jq`, in addition to punctuation.
const JQ_WORDS: [&str; 8] = ["and", "as", "def", "foreach", "if", "or", "reduce", "try"];

/// Returns whether a command in a script has more than [`MAX_NESTED_COMMANDS`] words `time`.
pub(crate) fn is_script_too_deep(text: &str) -> bool {
    let mut carried = 0;
    for line in text.lines().filter(|line| !line.trim_ascii().is_empty()) {
        for command in line.split([';', '&', '|', '(', ')', '`']) {
            let words = || command.split_ascii_whitespace();
            let count = carried + words().filter(|word| *word == "time").count();
            if count > MAX_NESTED_COMMANDS {
                return true;
            }
            // The line may end between it and its command.
            let goes_on = |word: &str| word == "time" || word.starts_with(['-', '!', '\\']);
            carried = if words().last().is_some_and(goes_on) { count } else { 0 };
        }
    }
    false
}

/// Returns whether a call of one of the interpreter's commands would nest too deep.
pub(crate) fn is_call_too_deep(name: &str, args: &[String]) -> bool {
    let words = |is_one: fn(&str) -> bool| args.iter().filter(|word| is_one(word)).count();
    if PREFIXES.contains(&name) && words(|word| PREFIXES.contains(&word)) > MAX_NESTED_COMMANDS {
        return true;
    }
    if SCRIPTS.contains(&name) && args.iter().any(|text| is_script_too_deep(text)) {
        return true;
    }
    match name {
        "test" | "[" => args.len() > MAX_EXPRESSION_WORDS,
        "find" => {
            let is_path = |word: &&String| !word.starts_with(['-', '(', ')', '!', ',']);
            args.iter().skip_while(is_path).count() > MAX_EXPRESSION_WORDS
        }
        "jq" => jq_filter(args).is_some_and(|filter| jq_depth(filter) > MAX_EXPRESSION_WORDS),
        _ => false,
    }
}

/// Returns the first brace expansion with too many words in the scripts among the arguments of a
/// call.
pub(crate) fn too_many_words_in_call(name: &str, args: &[String]) -> Option<TooManyWords> {
    if !SCRIPTS.contains(&name) {
        return None;
    }
    // The words of `eval` are one script.
    let joined = if name == "eval" { vec![args.join(" ")] } else { args.to_vec() };
    joined.iter().find_map(|text| too_many_words(text))
}

/// Definitions of `INDEX/1` and `INDEX/2`, which behave as in the manual of `jq`.
const INDEX: &str = "def INDEX(s; f): reduce s as $row ({}; .[$row | f | tostring] = $row); \
                     def INDEX(f): INDEX(.[]; f); ";

/// Adds the definitions of `INDEX` to a call of `jq`, because the interpreter's `jq` lacks them.
pub(crate) fn define_index(args: &mut [String]) {
    let Some(filter) = jq_filter(args) else { return };
    // Directives have to be first.
    let is_plain = !["import", "include", "module"].iter().any(|it| filter.starts_with(it));
    if !is_plain || !filter.contains("INDEX(") || filter.contains("def INDEX(") {
        return;
    }
    if let Some(at) = args.iter().position(|word| std::ptr::eq(word.as_str(), filter))
        && let Some(word) = args.get_mut(at)
    {
        word.insert_str(0, INDEX);
    }
}

fn jq_filter(args: &[String]) -> Option<&str> {
    let mut words = args.iter();
    loop {
        let word = words.next()?;
        if let Some((_, values)) = JQ_VALUES.iter().find(|(option, _)| option == word) {
            words.by_ref().take(*values).for_each(drop);
        } else if !word.starts_with('-') || word.len() == 1 || !word.is_ascii() {
            return Some(word);
        } else if word
            .get(1..)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphabetic() || c == '-'))
        {
            // A filter may begin with a minus.
            return Some(word);
        }
    }
}

/// Returns an upper bound of the nesting depth of a filter: each level needs punctuation or a word.
fn jq_depth(filter: &str) -> usize {
    let punctuation = filter.bytes().filter(|byte| b"[({|,:+-*/%=<>\"".contains(byte)).count();
    let words = filter.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    punctuation + words.filter(|word| JQ_WORDS.contains(word)).count()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::most(format!("{}true", "time ".repeat(MAX_NESTED_COMMANDS)), false)]
    #[case::more(format!("{}true", "time ".repeat(MAX_NESTED_COMMANDS + 1)), true)]
    #[case::negated("time ! ".repeat(MAX_NESTED_COMMANDS + 1), true)]
    #[case::options("time -p -f '%e' ".repeat(MAX_NESTED_COMMANDS + 1), true)]
    #[case::lines("time\n\n".repeat(MAX_NESTED_COMMANDS + 1), true)]
    #[case::continued("time \\\n".repeat(MAX_NESTED_COMMANDS + 1), true)]
    #[case::substituted(format!("echo $({}true)", "time ".repeat(MAX_NESTED_COMMANDS + 1)), true)]
    #[case::commands("time true\n".repeat(10_000), false)]
    #[case::commands_of_a_line("time true; ".repeat(10_000), false)]
    #[case::stages("time true | ".repeat(10_000), false)]
    #[case::other_words("times timer ".repeat(10_000), false)]
    fn looks_at_scripts(#[case] text: String, #[case] is_too_deep: bool) {
        assert_eq!(is_script_too_deep(&text), is_too_deep);
    }

    /// Checks a call with a repeated word.
    fn call(line: &str, repeated: &str, count: usize) -> bool {
        let mut words = line.split(' ').map(str::to_owned);
        let name = words.next().unwrap();
        let more = (0..count).flat_map(|_| repeated.split(' ').map(str::to_owned));
        is_call_too_deep(&name, &words.chain(more).collect::<Vec<_>>())
    }

    #[rstest]
    #[case::test("test", "!")]
    #[case::bracket("[", "-n x -a")]
    #[case::find("find /a /b -name x", "-o -name x")]
    #[case::find_negated("find", "!")]
    fn looks_at_expressions(#[case] line: &str, #[case] repeated: &str) {
        assert!(call(line, repeated, MAX_EXPRESSION_WORDS + 1));
        assert!(!call(line, repeated, MAX_EXPRESSION_WORDS / 8));
        assert!(!call(&format!("echo {line}"), repeated, MAX_EXPRESSION_WORDS + 1));
    }

    #[test]
    fn many_paths_are_no_expression() {
        assert!(!call("find", "path", MAX_EXPRESSION_WORDS + 1));
    }

    #[rstest]
    #[case::command("command", "command")]
    #[case::mixed("xargs -n 1", "timeout 5 env nice")]
    fn looks_at_commands_that_run_others(#[case] line: &str, #[case] repeated: &str) {
        assert!(call(line, repeated, MAX_NESTED_COMMANDS + 1));
        assert!(!call(line, repeated, MAX_NESTED_COMMANDS / 4));
    }

    #[test]
    fn looks_at_the_texts_of_other_shells() {
        let text = "time ".repeat(MAX_NESTED_COMMANDS + 1);
        assert!(is_call_too_deep("eval", std::slice::from_ref(&text)));
        assert!(is_call_too_deep("bash", &["-c".to_owned(), text.clone()]));
        assert!(!is_call_too_deep("echo", &[text]));
    }

    #[rstest]
    #[case::eval("eval", &["echo", "{1..20000}"], true)]
    #[case::short("eval", &["echo", "{1..200}"], false)]
    #[case::shell("bash", &["-c", "echo {1..20000}"], true)]
    #[case::alias("alias", &["e=echo {1..20000}"], true)]
    #[case::other("echo", &["{1..20000}"], false)]
    fn looks_at_words_in_braces(#[case] name: &str, #[case] args: &[&str], #[case] found: bool) {
        let args: Vec<String> = args.iter().map(|&word| word.to_owned()).collect();
        assert_eq!(too_many_words_in_call(name, &args).is_some(), found);
    }

    #[rstest]
    #[case::alone(&["FILTER"])]
    #[case::after_options(&["-rc", "--arg", "a", "b", "-n", "FILTER", "file"])]
    fn finds_the_filter_of_jq(#[case] line: &[&str]) {
        let args: Vec<String> = line.iter().map(|&word| word.to_owned()).collect();
        assert_eq!(jq_filter(&args), Some("FILTER"));
        let deep = "[".repeat(MAX_EXPRESSION_WORDS + 1);
        let args: Vec<String> = args.iter().map(|word| word.replace("FILTER", &deep)).collect();
        assert!(is_call_too_deep("jq", &args));
    }

    #[rstest]
    #[case::minus("-1".to_owned(), 1)]
    #[case::words("if 1 then 1 else 1 end".to_owned(), 1)]
    #[case::field(".iffy.asset[0]".to_owned(), 1)]
    fn counts_what_nests_in_filters_of_jq(#[case] filter: String, #[case] depth: usize) {
        assert_eq!(jq_depth(&filter), depth);
        assert_eq!(jq_filter(std::slice::from_ref(&filter)), Some(&*filter));
    }

    #[rstest]
    #[case::used(&["-c", "INDEX(.a)", "INDEX(f)"], &format!("{INDEX}INDEX(.a)"))]
    #[case::not_used(&["-c", ".a", "INDEX(f)"], ".a")]
    #[case::defined(&["-c", "def INDEX(f): 1; INDEX(.)"], "def INDEX(f): 1; INDEX(.)")]
    #[case::directive(&["-c", "include \"a\"; INDEX(.)"], "include \"a\"; INDEX(.)")]
    fn defines_index_for_jq(#[case] line: &[&str], #[case] filter: &str) {
        let mut args: Vec<String> = line.iter().map(|&word| word.to_owned()).collect();
        define_index(&mut args);
        assert_eq!((&*args[0], &*args[1]), ("-c", filter));
        assert_eq!(args.get(2).map(String::as_str), line.get(2).copied());
    }

    #[test]
    fn values_of_jq_are_no_filters() {
        let data = format!("[{}1]", "1,".repeat(10_000));
        let args = ["-n", "--argjson", "data", &data, "$data | length"].map(str::to_owned);
        assert!(!is_call_too_deep("jq", &args));
    }
}
