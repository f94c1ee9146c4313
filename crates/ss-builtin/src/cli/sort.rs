//! The value of `--sort`.

use bstr::{BStr, ByteSlice as _};

use super::{
    error::CliError,
    output::{Direction, SortKey},
    word::SORT_KEYS,
};

/// Returns the keys of a list such as `-recv-q,port`.
pub(super) fn sort_keys(list: &BStr) -> Result<Vec<(SortKey, Direction)>, CliError> {
    list.split_str(",").map(|word| sort_key(word.as_bstr())).collect()
}

fn sort_key(word: &BStr) -> Result<(SortKey, Direction), CliError> {
    let (name, direction) = match word.strip_prefix(b"-") {
        Some(name) => (name, Direction::Down),
        None => (word.as_bytes(), Direction::Up),
    };
    let key = SORT_KEYS.find(name).ok_or_else(|| CliError::UnknownKey(word.to_owned()))?;
    Ok((key, direction))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::one("port", &[(SortKey::Port, Direction::Up)])]
    #[case::backwards("-recv-q", &[(SortKey::RecvQ, Direction::Down)])]
    #[case::several(
        "state,-uid,local",
        &[
            (SortKey::State, Direction::Up),
            (SortKey::Uid, Direction::Down),
            (SortKey::Local, Direction::Up),
        ]
    )]
    #[case::twice("port,-port", &[(SortKey::Port, Direction::Up), (SortKey::Port, Direction::Down)])]
    fn reads_keys(#[case] list: &str, #[case] keys: &[(SortKey, Direction)]) {
        assert_eq!(sort_keys(list.into()).unwrap(), keys);
    }

    #[rstest]
    #[case::none("", "\"\" is not a key to sort by")]
    #[case::empty_key("port,", "\"\" is not a key to sort by")]
    #[case::two_dashes("--port", "\"--port\" is not a key to sort by")]
    #[case::letters_matter("Port", "\"Port\" is not a key to sort by")]
    #[case::hostile("\u{1b}[2J", "\"\\x1b[2J\" is not a key to sort by")]
    fn rejects_other_keys(#[case] list: &str, #[case] message: &str) {
        let expected = "expected recv-q, send-q, local, peer, port, uid, inode or state, or one of them after -";
        let error = sort_keys(list.into()).unwrap_err();
        assert_eq!(error.to_string(), format!("{message}; {expected}"));
        assert_eq!(error.status(), 255);
    }
}
