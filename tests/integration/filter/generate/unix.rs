//! Patterns for the names of unix sockets.

use super::{FilterDraft, Generator, Kind, SocketEnd, below};

impl Generator<'_> {
    pub(super) fn unix(&mut self, draft: &mut FilterDraft, prefix: &str) {
        draft.filter.kinds.insert(Kind::UnixGlob);
        // An empty pattern is no word.
        let glob = match self.glob() {
            glob if prefix.is_empty() && glob.is_empty() => "*".to_owned(),
            glob => glob,
        };
        let side = if self.random.one_in(8) { SocketEnd::Remote } else { SocketEnd::Local };
        if self.random.one_in(6) {
            let operator = self.equal_or_not();
            return draft.port(side, operator, prefix, &glob);
        }
        draft.host(side, self.equal(), &format!("{prefix}{glob}"));
    }

    /// Returns a pattern that a name matches, or nearly.
    fn glob(&mut self) -> String {
        let name = self.values.name(self.random);
        let letters: Vec<_> = name.chars().collect();
        let cut = below(letters.len() + 1, self.random);
        let (head, tail) = letters.split_at(cut);
        let [head, tail] = [head, tail].map(Self::literal);
        match self.random.below(9) {
            0 => format!("{head}*"),
            1 => format!("*{tail}"),
            2 => format!("*{}*", Self::literal(&letters[cut / 2..cut])),
            3 => format!("{head}*{tail}"),
            4 => Self::literal(&letters).to_uppercase(),
            5 => self.classes(&letters),
            6 => {
                letters.iter().map(|letter| if letter.is_ascii() { '?' } else { *letter }).collect()
            }
            7 => (self.one(&["*", "?*", "@*", "/*", "", "[@/]*", "[!@]*"])).to_owned(),
            _ => Self::literal(&letters),
        }
    }

    /// Returns a pattern that matches only these letters.
    fn literal(letters: &[char]) -> String {
        let mut pattern = String::new();
        for letter in letters {
            if matches!(letter, '*' | '?' | '[' | '\\') {
                pattern.push('\\');
            }
            pattern.push(*letter);
        }
        pattern
    }

    /// Returns a pattern with a class instead of some letters.
    fn classes(&mut self, letters: &[char]) -> String {
        let mut pattern = String::new();
        for letter in letters {
            if !letter.is_ascii_alphanumeric() || !self.random.one_in(4) {
                pattern += &Self::literal(&[*letter]);
                continue;
            }
            let class = match self.random.below(8) {
                0 => format!("[{letter}]"),
                1 => format!("[x{letter}y]"),
                2 => format!("[!{letter}]"),
                3 => "[a-z]".to_owned(),
                4 => "[[:alnum:]]".to_owned(),
                5 => "[[:upper:]]".to_owned(),
                6 => "[![:lower:]0-3]".to_owned(),
                _ => "[^0-9]".to_owned(),
            };
            pattern += &class;
        }
        pattern
    }
}
