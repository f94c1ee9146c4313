//! Errors in a message.

use std::fmt::{self, Write as _};

use crate::escape::OneLine;

/// An error with its causes, on one line. Line ends, control characters and marks of direction are
/// escaped.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'a>(pub &'a dyn std::error::Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = OneLine(f);
        write!(line, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(line, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Chain;

    #[derive(Debug, thiserror::Error)]
    #[error("reading\n{0}")]
    struct Outer(&'static str, #[source] std::fmt::Error);

    #[test]
    fn causes_follow_on_one_line() {
        let error = Outer("a\u{202e}b", std::fmt::Error);
        assert_eq!(
            Chain(&error).to_string(),
            format!(r"reading\na\u{{202e}}b: {}", std::fmt::Error)
        );
    }
}
