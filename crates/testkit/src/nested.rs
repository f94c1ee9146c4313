//! Nested forms of the shell's language, and of commands with an expression language.

/// The text that is repeated, and the text around it.
#[derive(Clone, Copy, Debug)]
pub struct NestedForm {
    before: &'static str,
    open: &'static str,
    middle: &'static str,
    close: &'static str,
}

const fn form(
    before: &'static str,
    open: &'static str,
    middle: &'static str,
    close: &'static str,
) -> NestedForm {
    NestedForm { before, open, middle, close }
}

/// All forms. Where a text is quoted, the closing quote is left out.
pub const NESTED_FORMS: &[NestedForm] = &[
    form("", "( ", ":", " )"),
    form("", "{ ", ":;", " }"),
    form("", "! ", ":", ""),
    form("", "time ", ":", ""),
    form("echo ", "$(echo ", "a", ")"),
    form("echo ", "`echo ", "a", "`"),
    form("echo ", "\"$(echo ", "a", ")\""),
    form("echo ", "<(echo ", "a", ")"),
    form("echo ", "${v:-", "a", "}"),
    form("echo ", "$((", "1", "))"),
    form("echo $((", "(", "1", ")"),
    form("echo $((", "-", "1", ""),
    form("echo $((", "1?", "1", ":1"),
    form("echo {", "{a,", "b", "}"),
    form("", "if :; then ", ":;", " fi;"),
    form("", "while :; do ", "break;", " done;"),
    form("", "for i in 1; do ", ":;", " done;"),
    form("", "case a in a) ", ":;", " ;; esac"),
    form("", "f() { ", ":;", " }"),
    form("", "eval ", ":", ""),
    form("", "command ", ":", ""),
    form("[[ ", "( ", "a", " )"),
    form("[[ ", "! ", "a", ""),
    form("test ", "\\( ", "a", " \\)"),
    form("test ", "! ", "a", ""),
    form("test ", "a -a ", "a", ""),
    form("find . ", "\\( ", "-name x", " \\)"),
    form("find . ", "! ", "-name x", ""),
    form("find . ", "-name x -o ", "-name x", ""),
    form("expr ", "\\( ", "1", " \\)"),
    form("expr ", "1 + ", "1", ""),
    form("echo '", "[", "1", "]' | jq ."),
    form("jq -n '", "[", "1", "]"),
    form("jq -n '", "-", "1", ""),
    form("awk 'BEGIN { print ", "(", "1", ")"),
    form("awk 'BEGIN { print ", "-", "1", ""),
    form("awk 'BEGIN { print ", "!", "1", ""),
    form("echo a | grep -E '", "(", "a", ")"),
    form("echo a | sed -E 's/", "(", "a", ")"),
    form("echo a | sed '", "{", "p", "}"),
    form("echo a | tr '", "[", "a", "]"),
    form("ss '", "( ", "sport = :1", " )"),
    form("ss '", "not ", "sport = :1", ""),
    form("bc <<< '", "(", "1", ")"),
    form("printf '", "%", "s", ""),
    form("", "coproc ", ":", ""),
    form("", "a && ", ":", ""),
    form("[[ ", "a && ", "a", " ]]"),
    form("[ ", "a -o ", "a", " ]"),
    form("find . ", "-name x ", "-name x", ""),
    form("find . ", "-name x , ", "-name x", ""),
    form("jq -n '", "{a:", "1", "}"),
    form("jq -n '", "if 1 then ", "1", " else 1 end"),
    form("jq -n '", "1|", "1", ""),
    form("jq -n '", "1,", "1", ""),
    form("jq -n '", "def f: ", "1", "; f"),
    form("jq -n '", "try ", "1", ""),
    form("jq -n '", "reduce 1 as $x (0;", "1", ")"),
    form("jq -n '", "\"\\(", "1", ")\""),
    form("awk 'BEGIN { x = ", "1?", "1", ":1"),
    form("awk 'BEGIN { ", "if(1) ", "print 1", ""),
    form("echo a | grep -P '", "(?=", "a", ")"),
    form("bc <<< '", "-", "1", ""),
    form("expr ", "1 \\| ", "1", ""),
    form("xargs ", "xargs ", "echo", ""),
    form("", "builtin ", ":", ""),
    form("env ", "env ", "true", ""),
];

impl NestedForm {
    /// Returns a script of the form with this depth.
    pub fn repeated(self, depth: usize) -> String {
        self.around(self.middle, depth)
    }

    fn around(self, inner: &str, depth: usize) -> String {
        let Self { before, open, close, .. } = self;
        let script = format!("{before}{}{inner}{}", open.repeat(depth), close.repeat(depth));
        let is_open = script.matches('\'').count() % 2 == 1;
        script + if is_open { "'" } else { "" }
    }
}

/// Returns nested forms, each with its depth: the first is the innermost. A form with a quote takes
/// no other one inside, so it is an innermost one, too, and replaces those before it.
pub fn mixed_forms(forms: impl IntoIterator<Item = (NestedForm, usize)>) -> String {
    forms.into_iter().fold(":".to_owned(), |inner, (form, depth)| {
        if form.before.contains('\'') { form.repeated(depth) } else { form.around(&inner, depth) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_closed() {
        assert_eq!(form("", "( ", ":", " )").repeated(2), "( ( : ) )");
        assert_eq!(form("jq '", "[", "1", "]").repeated(2), "jq '[[1]]'");
        assert_eq!(form("echo '", "[", "1", "]' | jq .").repeated(1), "echo '[1]' | jq .");
        let mixed = mixed_forms([(form("", "! ", ":", ""), 2), (form("", "( ", ":", " )"), 1)]);
        assert_eq!(mixed, "( ! ! : )");
    }
}
