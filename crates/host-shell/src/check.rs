//! Checks that are inserted before expansions which the interpreter may cut.
//!
//! The value of a variable is known only when it is expanded, and the interpreter has no hook for
//! that. Therefore a script is changed before it is parsed: `${v##*[0-9]}` becomes
//!
//! ```text
//! ${BASH_VERSINFO[${#v}>9999?0:9]+$(eval host-shell:expansion 7 0)}${v##*[0-9]}
//! ```
//!
//! The first part is always empty. Element 9 does not exist, so the command runs only if the value
//! is large, and the hook for every command decides whether the expansion is cut. If it needs the
//! value or the result for that, it makes `eval` run a command with these as arguments, because
//! quotation marks have a different meaning within the first part.
//!
//! A check must not become part of quoted text, and must change nothing else. Therefore the changed
//! script is parsed, and its tree without the checks has to equal that of the original script. A
//! check is left out where it would not be a part of a word: in arithmetic, in the index of an
//! array, and in text that is not an expansion. A nested expansion is checked before the outer one.
//! Expansions of arrays are not checked.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use bashkit::parser::Parser;
use serde_json::Value;

use crate::{
    expansion::{
        Cut, Expansion, Operation, end_of, expansion_at, has_risk, is_literal, is_tried_at_places,
        replaced,
    },
    limits::{MAX_CHECKED_BYTES, MAX_PATTERN_PLACES, MAX_REPLACED_BYTES},
};

/// The first argument of the commands that a check runs.
const MARK: &str = "host-shell:expansion";
/// The beginning of a check.
const BEGIN: &str = "${BASH_VERSINFO[";

/// Characters of a value from which on a replacement is looked at whose text may have any length.
const UNKNOWN_TEXT_PLACES: usize = 1_000;
/// The same, where the operands do something, so that they must not be expanded twice: such an
/// expansion is not looked at but refused.
const ACTING_PLACES: usize = 100_000;

/// The depth and the steps of the interpreter's parser.
const PARSER_LIMITS: (usize, usize) = (100, 100_000);

/// The checked expansions of all scripts that a shell has run, because functions are kept.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    known: Mutex<Vec<Checked>>,
}

/// An expansion, and the rule of its check.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Checked {
    cut: Cut,
    rule: Rule,
    /// What the rule decides by: words of a script, each with a blank before it.
    args: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    /// It is cut where the value is large.
    Large,
    /// The arguments are the pattern, as it is expanded.
    Pattern,
    /// The argument is the value.
    Literal { pattern: String, text: String, is_of_all: bool },
    /// The arguments are the value, the result, and the value without what is replaced.
    Result,
}

/// What a check consists of.
struct Check {
    /// Arithmetic that is not 0 if the value is large.
    condition: String,
    rule: Rule,
    args: String,
}

/// The position of a check.
struct Insertion {
    at: usize,
    /// Its number in this script.
    number: usize,
    text: String,
}

impl Checks {
    /// Returns a script with its checks, or `None` if it needs none.
    ///
    /// # Errors
    ///
    /// An expansion that cannot be checked, because the script is too large.
    pub(crate) fn add_to(&self, script: &str) -> Result<Option<String>, Cut> {
        if !has_risk(script) {
            return Ok(None);
        }
        if script.len() > MAX_CHECKED_BYTES {
            return Err(Cut::unchecked());
        }
        let insertions = self.insertions(script)?;
        Ok(if insertions.is_empty() { None } else { verified(script, insertions) })
    }

    /// Returns whether a call is one of a check.
    pub(crate) fn is_check(name: &str, args: &[String]) -> bool {
        matches!(name, "eval" | ":") && args.first().is_some_and(|mark| mark == MARK)
    }

    /// Returns why the expansion of a check is cut, or changes the call to one that can decide it.
    pub(crate) fn find_cut(&self, name: &str, args: &mut Vec<String>) -> Option<Cut> {
        let [_, _, position, rest @ ..] = args.as_slice() else { return None };
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let checked = known.get(position.parse::<usize>().ok()?)?;
        if name == "eval" && checked.rule != Rule::Large {
            *args = vec![format!(": {MARK} - {position}{}", checked.args)];
            return None;
        }
        checked.rule.is_cut(rest).then(|| checked.cut.clone())
    }

    fn insertions(&self, script: &str) -> Result<Vec<Insertion>, Cut> {
        let mut insertions = Vec::new();
        let mut steps = MAX_CHECKED_BYTES * STEPS_OF_A_BYTE;
        let mut outer = 0..0;
        for (at, _) in script.match_indices("${") {
            let Some(rest) = script.get(at..) else { continue };
            let inner = rest.get(2..).unwrap_or_default();
            let length = end_of(inner, '}').map_or(inner.len(), |end| end + 3);
            // Both looks at it are as long.
            steps = steps.checked_sub(length.saturating_mul(2)).ok_or_else(Cut::unchecked)?;
            if at >= outer.end {
                outer = at..at.saturating_add(length);
            }
            let number = insertions.len();
            let Some(expansion) = expansion_at(rest) else { continue };
            let check = self.check_of(&expansion, number)?;
            insertions.extend(check.map(|text| Insertion { at: outer.start, number, text }));
        }
        Ok(insertions)
    }

    /// Returns the check of an expansion, or `None` if it needs none, or cannot have one.
    fn check_of(&self, expansion: &Expansion<'_>, number: usize) -> Result<Option<String>, Cut> {
        let Some(variable) = variable(expansion) else { return Ok(None) };
        let check = match expansion.operation {
            Operation::Remove { pattern } => removal(&variable, pattern),
            Operation::Replace { pattern, text, is_of_all } => {
                Some(replacement(expansion.written, &variable, pattern, text, is_of_all))
            }
        };
        let Some(Check { condition, rule, args }) = check else { return Ok(None) };
        let known = self.position_of(Checked { cut: expansion.cut(), rule, args })?;
        Ok(Some(format!("{BEGIN}{condition}?0:9]+$(eval {MARK} {number} {known})}}")))
    }

    /// Returns the position of an expansion among the known ones.
    fn position_of(&self, checked: Checked) -> Result<usize, Cut> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = known.iter().position(|it| *it == checked) {
            return Ok(at);
        }
        if known.len() == MAX_KNOWN {
            return Err(Cut::unchecked());
        }
        known.push(checked);
        Ok(known.len() - 1)
    }

    /// Adds checks to the scripts in the arguments of a call.
    ///
    /// # Errors
    ///
    /// As [`add_to`](Self::add_to).
    pub(crate) fn add_to_call(&self, name: &str, args: &mut Vec<String>) -> Result<(), Cut> {
        let first = match name {
            "eval" => {
                *args = vec![args.join(" ")];
                Some(0)
            }
            "alias" => {
                for arg in args {
                    let Some((name, value)) = arg.split_once('=') else { continue };
                    if let Some(checked) = self.add_to(value)? {
                        *arg = format!("{name}={checked}");
                    }
                }
                return Ok(());
            }
            "bash" | "sh" => {
                let is_command = |word: &String| word.starts_with('-') && word.contains('c');
                args.iter().position(is_command).map(|at| at + 1)
            }
            "trap" => args.iter().position(|word| !word.starts_with('-')),
            _ => None,
        };
        if let Some(script) = first.and_then(|at| args.get_mut(at))
            && let Some(checked) = self.add_to(script)?
        {
            *script = checked;
        }
        Ok(())
    }
}

/// Maximum number of different expansions in one shell.
const MAX_KNOWN: usize = 10_000;

/// Steps of the search for the ends of expansions, per byte of the longest script.
const STEPS_OF_A_BYTE: usize = 32;

/// Returns the text between the braces of an expansion of only the variable.
fn variable(expansion: &Expansion<'_>) -> Option<String> {
    match expansion.index {
        None => Some(expansion.name.to_owned()),
        Some(_) if expansion.is_of_elements() => None,
        Some(index) => {
            let is_simple = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
            index.chars().all(is_simple).then(|| format!("{}[{index}]", expansion.name))
        }
    }
}

/// Returns whether expanding an operand may have side effects.
fn acts(operand: &str) -> bool {
    operand.contains(['`', '\0']) || operand.contains("$(") || {
        operand.contains("${") && operand.contains(['=', '?'])
    }
}

/// Returns the check of `${v#PATTERN}` and similar expansions, or `None` if it needs none.
fn removal(variable: &str, pattern: &str) -> Option<Check> {
    let is_variable = without_double_quoted(pattern).contains(['$', '`']);
    let rule = match (is_variable, is_tried_at_places(pattern)) {
        (false, false) => return None,
        (true, false) if !acts(pattern) => Rule::Pattern,
        _ => Rule::Large,
    };
    let args = match rule {
        Rule::Pattern => format!(" \"{BEGIN}9]-{pattern}}}\""),
        _ => String::new(),
    };
    let condition = format!("${{#{variable}}}>{}", MAX_PATTERN_PLACES - 1);
    Some(Check { condition, rule, args })
}

/// Returns a text without its parts in double quotation marks, which are not patterns.
fn without_double_quoted(text: &str) -> String {
    let outside = text.split('"').step_by(2);
    outside.collect()
}

/// Returns the check of `${v//PATTERN/TEXT}`.
fn replacement(written: &str, variable: &str, pattern: &str, text: &str, is_of_all: bool) -> Check {
    let count = format!("${{#{variable}}}");
    if acts(pattern) || acts(text) {
        let condition = format!("{count}>{ACTING_PLACES}");
        return Check { condition, rule: Rule::Large, args: String::new() };
    }
    // A character has four bytes at most, and matches are not more than characters.
    let condition = match text_length(text) {
        Some(length) => format!("{count}*({length}+4)>{MAX_REPLACED_BYTES}"),
        None => format!("{count}>{UNKNOWN_TEXT_PLACES}"),
    };
    let value = format!(" \"${{{variable}}}\"");
    if !pattern.is_empty() && is_literal(pattern) && is_literal(text) {
        let (pattern, text) = (pattern.to_owned(), text.to_owned());
        return Check { condition, rule: Rule::Literal { pattern, text, is_of_all }, args: value };
    }
    let operator = if is_of_all { "//" } else { "/" };
    let args = format!("{value} \"{written}\" \"${{{variable}{operator}{pattern}/}}\"");
    Check { condition, rule: Rule::Result, args }
}

/// Returns the maximum length of the text of a replacement, as arithmetic; `None` if it is unknown.
fn text_length(text: &str) -> Option<String> {
    // `&` may stand for what was found, and all that is found has no more bytes than the value.
    let mut length = (text.len() + 4 * text.matches('&').count()).to_string();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('$') {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, behind) = match behind.strip_prefix('{') {
            Some(inner) => inner.split_once('}')?,
            None => behind.split_at(behind.find(|c| !is_of_name(c)).unwrap_or(behind.len())),
        };
        if name.is_empty() || !name.chars().all(is_of_name) {
            return None;
        }
        length = format!("{length}+4*${{#{name}}}");
        rest = behind;
    }
    Some(length)
}

impl Rule {
    fn is_cut(&self, args: &[String]) -> bool {
        match (self, args) {
            (Self::Pattern, [pattern]) => is_tried_at_places(pattern),
            (Self::Literal { pattern, text, is_of_all }, [value]) => {
                let result = replaced(value, pattern, text, *is_of_all);
                result.is_changed && result.bytes > MAX_REPLACED_BYTES
            }
            (Self::Result, [value, result, without]) => {
                result == value && (without != value || value.len() > MAX_REPLACED_BYTES)
            }
            // Only a script that calls it directly uses other arguments.
            (Self::Large | Self::Pattern | Self::Literal { .. } | Self::Result, _) => true,
        }
    }
}

/// Returns a script with the insertions that are parts of words; `None` if there are none.
fn verified(script: &str, mut insertions: Vec<Insertion>) -> Option<String> {
    let mut original = tree(script)?;
    take_checks(&mut original);
    while !insertions.is_empty() {
        let changed = with_insertions(script, &insertions);
        let mut parsed = tree(&changed)?;
        let misplaced = take_checks(&mut parsed);
        if misplaced.is_empty() {
            return (parsed == original).then_some(changed);
        }
        insertions.retain(|insertion| !misplaced.contains(&insertion.number));
    }
    None
}

fn with_insertions(script: &str, insertions: &[Insertion]) -> String {
    let mut changed = String::with_capacity(script.len() + 128 * insertions.len());
    let mut done = 0;
    for Insertion { at, text, .. } in insertions {
        changed.push_str(script.get(done..*at).unwrap_or_default());
        changed.push_str(text);
        done = (*at).max(done);
    }
    changed.push_str(script.get(done..).unwrap_or_default());
    changed
}

/// Returns the tree of a script.
fn tree(script: &str) -> Option<Value> {
    let (depth, steps) = PARSER_LIMITS;
    let parsed = Parser::with_limits(script, depth, steps).parse().ok()?;
    serde_json::to_value(parsed).ok()
}

/// Keys of a tree that contain positions.
const PLACES: [&str; 4] = ["span", "command_end_lines", "raw", "source"];

/// Removes the checks from a tree, and returns the numbers of those that are not part of a word.
fn take_checks(tree: &mut Value) -> BTreeSet<usize> {
    let mut misplaced = BTreeSet::new();
    let mut open = vec![tree];
    while let Some(part) = open.pop() {
        match part {
            Value::Object(members) => {
                members.retain(|key, _| !PLACES.contains(&key.as_str()));
                take_parts(members);
                open.extend(members.values_mut());
            }
            Value::Array(items) => open.extend(items.iter_mut()),
            Value::String(text) => misplaced.extend(numbers(text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    misplaced
}

/// Removes the checks from the parts of a word.
fn take_parts(word: &mut serde_json::Map<String, Value>) {
    let Some(Value::Array(parts)) = word.get_mut("parts") else { return };
    let is_kept: Vec<_> = parts.iter().map(|part| !is_check(part)).collect();
    let mut flags = is_kept.iter();
    parts.retain(|_| flags.next().is_none_or(|kept| *kept));
    if let Some(Value::Array(quoted)) = word.get_mut("part_quoted") {
        let mut flags = is_kept.iter();
        quoted.retain(|_| flags.next().is_none_or(|kept| *kept));
    }
}

fn is_check(part: &Value) -> bool {
    let expansion = part.get("ParameterExpansion");
    let text = |key| expansion.and_then(|it| it.get(key)).and_then(Value::as_str);
    text("name").is_some_and(|name| name.starts_with("BASH_VERSINFO["))
        && text("operand").is_some_and(|operand| {
            operand.strip_prefix("$(eval ").is_some_and(|rest| rest.starts_with(MARK))
        })
}

/// Returns the numbers of the checks in a text.
fn numbers(text: &str) -> impl Iterator<Item = usize> {
    text.split(MARK).skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix(' ')?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// Returns a script with each check replaced by `§`.
    fn marked(script: &str) -> String {
        let changed = Checks::default().add_to(script).unwrap().unwrap_or(script.to_owned());
        let mut marked = String::new();
        let mut rest = changed.as_str();
        while let Some((before, check)) = rest.split_once(BEGIN) {
            let (inside, behind) = check.split_at(end_of(check, '}').unwrap());
            assert!(inside.contains(MARK), "{changed}");
            marked.push_str(before);
            marked.push('§');
            rest = behind.strip_prefix('}').unwrap();
        }
        marked + rest
    }

    #[rstest]
    // usual
    #[case::assignment("w=${v##*[r]}", "w=§${v##*[r]}")]
    #[case::quoted(r#"echo "a ${v//b/c}" d"#, r#"echo "a §${v//b/c}" d"#)]
    #[case::parameter("f() { local w=${1%%[x]*}; }", "f() { local w=§${1%%[x]*}; }")]
    #[case::element("echo ${a[0]#?} ${m[$k]/x}", "echo §${a[0]#?} §${m[$k]/x}")]
    #[case::two("${v#?} ${w%?}", "§${v#?} §${w%?}")]
    #[case::variable_as_pattern("${v%$p}", "§${v%$p}")]
    #[case::substitution("echo $(cat <<< ${v#?})", "echo $(cat <<< §${v#?})")]
    #[case::here_document("cat <<E\n${v#?}\nE", "cat <<E\n§${v#?}\nE")]
    #[case::condition("[[ ${v#?} == a ]] && :", "[[ §${v#?} == a ]] && :")]
    #[case::case_word("case ${v#?} in a) ;; esac", "case §${v#?} in a) ;; esac")]
    #[case::file("cat < ${v#?}", "cat < §${v#?}")]
    #[case::quotes_in_operands(
        r#"x="${v//"a b"/'c'}" y=${v//\//$'\n'}"#,
        r#"x="§${v//"a b"/'c'}" y=§${v//\//$'\n'}"#
    )]
    #[case::within_another("${x:-${v#?}}", "§${x:-${v#?}}")]
    #[case::two_within_another("\"${x:-${v#?}${w#?}}\"", "\"§§${x:-${v#?}${w#?}}\"")]
    // none is needed
    #[case::text("${v##*/} ${v%.*} ${v#a}", "${v##*/} ${v%.*} ${v#a}")]
    #[case::quoted_pattern("${v#\"$p\"}", "${v#\"$p\"}")]
    #[case::others("${#v} ${v:-?} ${v^^} ${v:1:2}", "${#v} ${v:-?} ${v^^} ${v:1:2}")]
    // they have no place
    #[case::elements("${a[@]#?} \"${a[*]//x/y}\"", "${a[@]#?} \"${a[*]//x/y}\"")]
    #[case::single_quotes("echo '${v#?}' ${v#?}", "echo '${v#?}' §${v#?}")]
    #[case::escaped("echo \\${v#?} \"\\${v#?}\"", "echo \\${v#?} \"\\${v#?}\"")]
    #[case::quoted_here_document("cat <<'E'\n${v#?}\nE", "cat <<'E'\n${v#?}\nE")]
    #[case::arithmetic("echo $((${v#?} + 1))", "echo $((${v#?} + 1))")]
    #[case::wrong_syntax("if ${v#?}", "if ${v#?}")]
    #[case::awk("awk '{ print \"${v#?}\" }'", "awk '{ print \"${v#?}\" }'")]
    fn checks_are_put_before_expansions(#[case] script: &str, #[case] expected: &str) {
        assert_eq!(marked(script), expected);
    }

    #[rstest]
    #[case::literal("${v//ab/c}", "${#v}*(1+4)>10485760", "\"${v}\"")]
    #[case::variable(
        "${v//ab/-$x${y}}",
        "${#v}*(7+4*${#x}+4*${#y}+4)>10485760",
        "\"${v}\" \"${v//ab/-$x${y}}\" \"${v//ab/}\""
    )]
    #[case::found_text(
        "${v/[a]/<&>}",
        "${#v}*(7+4)>10485760",
        "\"${v}\" \"${v/[a]/<&>}\" \"${v/[a]/}\""
    )]
    #[case::unknown_text(
        "${v//a/${x:1}}",
        "${#v}>1000",
        "\"${v}\" \"${v//a/${x:1}}\" \"${v//a/}\""
    )]
    #[case::acting("${v//a/$(b)}", "${#v}>100000", "")]
    #[case::assigning("${v//a/${x:=b}}", "${#v}>100000", "")]
    #[case::removal("${v##*[a]}", "${#v}>9999", "")]
    #[case::pattern("${v%$p}", "${#v}>9999", "\"${BASH_VERSINFO[9]-$p}\"")]
    #[case::acting_pattern("${v%$(p)}", "${#v}>9999", "")]
    fn checks_run_where_a_value_is_large(
        #[case] written: &str,
        #[case] condition: &str,
        #[case] args: &str,
    ) {
        let checks = Checks::default();
        let check = checks.check_of(&expansion_at(written).unwrap(), 3).unwrap().unwrap();
        assert_eq!(check, format!("{BEGIN}{condition}?0:9]+$(eval {MARK} 3 0)}}"));
        let mut call = [MARK, "3", "0"].map(str::to_owned).to_vec();
        let is_cut = checks.find_cut("eval", &mut call).is_some();
        assert_eq!(is_cut, args.is_empty());
        if !is_cut {
            assert_eq!(call, [format!(": {MARK} - 0 {args}")]);
        }
    }

    #[rstest]
    #[case::removal("${v##*[a]}", &[], true)]
    #[case::pattern_of_text("${v%$p}", &["text"], false)]
    #[case::pattern("${v%$p}", &["te?t"], true)]
    #[case::few_bytes("${v//a/bcd}", &["aaa"], false)]
    #[case::changed("${v//[a]/b}", &["aaa", "bbb", ""], false)]
    #[case::not_found("${v//[a]/b}", &["bbb", "bbb", "bbb"], false)]
    #[case::unchanged("${v//[a]/b}", &["aaa", "aaa", ""], true)]
    #[case::other_arguments("${v//[a]/b}", &["aaa"], true)]
    fn calls_of_checks_find_cuts(#[case] written: &str, #[case] args: &[&str], #[case] cut: bool) {
        let checks = Checks::default();
        checks.check_of(&expansion_at(written).unwrap(), 3).unwrap().unwrap();
        let mut call = [MARK, "-", "0"].map(str::to_owned).to_vec();
        call.extend(args.iter().map(|&arg| arg.to_owned()));
        assert!(Checks::is_check(":", &call) && !Checks::is_check("echo", &call));
        assert_eq!(checks.find_cut(":", &mut call).is_some(), cut);
        call[2] = "1".to_owned();
        assert_eq!(checks.find_cut(":", &mut call), None);
    }

    #[rstest]
    #[case::found(1, true)]
    #[case::not_found(0, false)]
    fn literal_replacements_are_measured(#[case] found: usize, #[case] cut: bool) {
        let rule = Rule::Literal { pattern: "a".into(), text: "b".into(), is_of_all: true };
        let value = "a".repeat(found) + &"c".repeat(MAX_REPLACED_BYTES);
        assert_eq!(rule.is_cut(&[value]), cut);
    }

    #[rstest]
    #[case::large(format!("{}\n${{v#?}}", "#".repeat(MAX_CHECKED_BYTES)))]
    #[case::open("${v//".repeat(20_000))]
    #[case::different((0..=MAX_KNOWN).map(|n| format!("${{v#?{n}}}")).collect::<Vec<_>>().join(" "))]
    fn scripts_that_cannot_be_checked_are_refused(#[case] script: String) {
        let script = format!("{script} ${{v#?}}");
        assert_eq!(Checks::default().add_to(&script), Err(Cut::unchecked()));
    }

    #[test]
    fn scripts_without_risk_may_be_large() {
        assert_eq!(Checks::default().add_to(&"echo ${v}\n".repeat(200_000)), Ok(None));
    }

    #[rstest]
    #[case::eval("eval", &["echo", "${v#?}"], &["echo §${v#?}"])]
    #[case::shell("bash", &["-c", "${v#?}", "${v#?}"], &["-c", "§${v#?}", "${v#?}"])]
    #[case::trap("trap", &["--", "${v#?}", "EXIT"], &["--", "§${v#?}", "EXIT"])]
    #[case::alias("alias", &["a=${v#?}", "b"], &["a=§${v#?}", "b"])]
    #[case::other("echo", &["${v#?}"], &["${v#?}"])]
    fn texts_of_calls_are_checked(
        #[case] name: &str,
        #[case] args: &[&str],
        #[case] expected: &[&str],
    ) {
        let mut args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        Checks::default().add_to_call(name, &mut args).unwrap();
        let check =
            Checks::default().check_of(&expansion_at("${v#?}").unwrap(), 0).unwrap().unwrap();
        let args: Vec<String> = args.iter().map(|arg| arg.replace(&check, "§")).collect();
        assert_eq!(args, expected);
    }
}
