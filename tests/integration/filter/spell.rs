//! Filters as arguments: joined or spread words, more blanks than needed, backslashes.

use testkit::Xorshift;

use super::{
    choice::OptionChoice,
    generate::{GeneratedFilter, below},
};

/// Returns a command line of the options and the filter.
pub(crate) fn spell(
    filter: &GeneratedFilter,
    choice: OptionChoice,
    random: &mut Xorshift,
) -> Vec<String> {
    let words: Vec<_> = filter.tokens.iter().map(|token| escape(token, random)).collect();
    let mut arguments = filter.states.clone();
    arguments.extend(join(&words, random));
    let options = choice.words();
    if arguments.iter().any(|argument| argument.starts_with('-')) {
        return [options, vec!["--".to_owned()], arguments].concat();
    }
    // Options may be anywhere.
    let place = if random.one_in(4) { below(arguments.len() + 1, random) } else { 0 };
    arguments.splice(place..place, options);
    arguments
}

/// Returns a word whose blanks and backslashes are escaped, and perhaps other letters; but never so
/// that `\x20` arises.
fn escape(word: &str, random: &mut Xorshift) -> String {
    let mut escaped = String::new();
    for letter in word.chars() {
        if matches!(letter, ' ' | '\t' | '\\') || random.one_in(60) && letter != 'x' {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// Spreads words over arguments.
fn join(words: &[String], random: &mut Xorshift) -> Vec<String> {
    let mut arguments = Vec::new();
    let spread = *random.pick(&[1, 2, 1000]);
    for word in words {
        if random.one_in(spread) || arguments.is_empty() {
            arguments.push(word.clone());
        } else {
            let last: &mut String = arguments.last_mut().expect("one was pushed");
            *last += *random.pick(&[" ", " ", "  ", "\t"]);
            *last += word;
        }
    }
    if random.one_in(20) {
        let place = below(arguments.len() + 1, random);
        arguments.insert(place, (*random.pick(&["", " ", "\t"])).to_owned());
    }
    arguments
}
