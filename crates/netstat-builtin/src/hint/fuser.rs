//! Hints for `fuser`, from the ports in its arguments.

use super::{
    Hint,
    command::{SocketChoice, SsCommand, Term, port},
};

/// Returns the command to use instead, or `None` for options with another meaning.
pub(super) fn hint(words: &[&str]) -> Option<Hint> {
    let mut ss = SsCommand { sockets: SocketChoice::Listening, ..SsCommand::default() };
    let mut ports = Term::new();
    let (mut space, mut kills) = ("file", false);
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        if let Some(cluster) = word.strip_prefix('-') {
            if let Some(at) = cluster.find('n') {
                let value = cluster.get(at + 1..)?;
                space = if value.is_empty() { words.next()? } else { value };
            }
            let letters = cluster.split_once('n').map_or(cluster, |(letters, _)| letters);
            for letter in letters.chars() {
                match letter {
                    '4' | '6' => ss.family = Some(letter),
                    'k' => kills = true,
                    _ => {}
                }
            }
            continue;
        }
        let (name, space) =
            word.rsplit_once('/').filter(|(_, space)| is_space(space)).unwrap_or((word, space));
        match space {
            "tcp" => ss.tables.insert('t'),
            "udp" => ss.tables.insert('u'),
            _ => return Some(Hint::OPEN_FILES),
        };
        ports.push(format!("sport = :{}", port(name)?));
    }
    if ports.is_empty() {
        return Some(Hint::OPEN_FILES);
    }
    ss.terms.push(ports);
    Some(ss.hint().with_note(kills.then_some("it ends no process")))
}

fn is_space(word: &str) -> bool {
    matches!(word, "tcp" | "udp")
}
