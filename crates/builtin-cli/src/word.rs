//! Tables of the words that an option takes as its value. A command's parser finds words in them;
//! help, messages, manual page and completions list the names through a [`WordList`].

/// A word and its value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Word<T> {
    /// The spelling in the documentation.
    pub name: &'static str,
    /// Other spellings, which are not documented.
    pub aliases: &'static [&'static str],
    /// Whether the word is documented.
    pub is_listed: bool,
    /// The value.
    pub value: T,
}

impl<T: Copy> Word<T> {
    /// Returns a word with its value.
    pub const fn new(name: &'static str, value: T) -> Self {
        Self { name, aliases: &[], is_listed: true, value }
    }

    /// Returns the word with other spellings.
    #[must_use]
    pub const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// Returns the word as one that is not documented.
    #[must_use]
    pub const fn unlisted(self) -> Self {
        Self { is_listed: false, ..self }
    }
}

/// The words of one kind, in the order of the help.
#[derive(Clone, Copy, Debug)]
pub struct WordTable<T: 'static>(pub &'static [Word<T>]);

impl<T: Copy> WordTable<T> {
    /// Returns the value of a word.
    pub fn find(&self, word: &[u8]) -> Option<T> {
        let is_it = |name: &&str| name.as_bytes() == word;
        let found = self.0.iter().find(|row| is_it(&row.name) || row.aliases.iter().any(is_it));
        found.map(|row| row.value)
    }

    /// Returns the value of a word, which may be in upper or lower case. The words of the table are in
    /// lower case.
    pub fn find_ignoring_case(&self, word: &[u8]) -> Option<T> {
        self.find(&word.to_ascii_lowercase())
    }

    /// Returns the documented words.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.iter().filter(|row| row.is_listed).map(|row| row.name).collect()
    }
}

/// A list of words for documentation and completions.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct WordList {
    /// The placeholder for one of them: `TABLE`.
    pub name: &'static str,
    names: fn() -> Vec<&'static str>,
    /// A character that may precede a word, and its meaning there.
    pub prefix: Option<(char, &'static str)>,
}

impl WordList {
    /// Returns a list; `names` usually calls [`WordTable::names`].
    pub const fn new(name: &'static str, names: fn() -> Vec<&'static str>) -> Self {
        Self { name, names, prefix: None }
    }

    /// Returns the list with a character that may precede each word.
    #[must_use]
    pub const fn with_prefix(self, prefix: char, meaning: &'static str) -> Self {
        Self { prefix: Some((prefix, meaning)), ..self }
    }

    /// Returns the words, in the order of the help.
    pub fn names(&self) -> Vec<&'static str> {
        (self.names)()
    }

    /// Returns the words as part of a sentence: `a, b or c`.
    pub fn alternatives(&self) -> String {
        alternatives(&self.names())
    }
}

/// Returns words as part of a sentence: `a, b or c`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        words => words.concat(),
    }
}
