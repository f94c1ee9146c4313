//! The builtins that a host offers, by name.

use std::{collections::BTreeMap, sync::Arc};

use builtin_cli::is_unsafe_to_show;

use crate::builtin::Builtin;

/// A set of builtins with unique names, sorted by name.
///
/// Names are compared byte by byte, so the order is the same in every locale.
#[derive(Clone, Default)]
pub struct Registry {
    /// The keys are the names that were checked at registration.
    builtins: BTreeMap<String, Arc<dyn Builtin>>,
}

/// The error of [`Registry::register`].
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct RegistryError(#[from] Repr);

/// The kinds of [`RegistryError`]; more may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegistryErrorKind {
    /// A builtin with this name is registered already.
    Duplicate,
    /// The name is empty, or contains a slash, a blank or a character that cannot be shown.
    InvalidName,
    /// The summary is empty, or is not one line that can be shown.
    InvalidSummary,
}

#[derive(Debug, thiserror::Error)]
enum Repr {
    #[error("'{name}' is registered already")]
    Duplicate { name: String },
    #[error(
        "expected a name of visible characters without blanks and slashes, but found '{}'",
        name.escape_debug()
    )]
    InvalidName { name: String },
    #[error(
        "expected one line as the summary of '{name}', but found '{}'",
        summary.escape_debug()
    )]
    InvalidSummary { name: String, summary: String },
}

impl Registry {
    /// Returns a registry without builtins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a builtin under its name.
    ///
    /// # Errors
    ///
    /// [`RegistryErrorKind::Duplicate`] when the name is taken; the first builtin is kept.
    /// [`RegistryErrorKind::InvalidName`] and [`RegistryErrorKind::InvalidSummary`] when `help`
    /// could not show them or a script could not call the builtin.
    pub fn register(&mut self, builtin: impl Builtin + 'static) -> Result<(), RegistryError> {
        let name = builtin.name().to_owned();
        if name.is_empty() || name.contains(is_barred_from_names) {
            return Err(Repr::InvalidName { name }.into());
        }
        let summary = builtin.summary();
        if summary.trim().is_empty() || summary.contains(is_unsafe_to_show) {
            return Err(Repr::InvalidSummary { name, summary: summary.to_owned() }.into());
        }
        if self.builtins.contains_key(&name) {
            return Err(Repr::Duplicate { name }.into());
        }
        self.builtins.insert(name, Arc::new(builtin));
        Ok(())
    }

    /// Returns the builtin with this name. A clone of the [`Arc`] can be run on another thread.
    ///
    /// Names are UTF-8, so other bytes match no builtin.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&Arc<dyn Builtin>> {
        self.builtins.get(str::from_utf8(name.as_ref()).ok()?)
    }

    /// Returns the builtins, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Builtin>> {
        self.builtins.values()
    }

    /// Returns the name and the summary of each listed builtin, sorted by name.
    pub fn help(&self) -> impl Iterator<Item = (&str, &str)> {
        let listed = self.builtins.iter().filter(|(_, builtin)| builtin.is_listed());
        listed.map(|(name, builtin)| (name.as_str(), builtin.summary()))
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.help()).finish()
    }
}

impl RegistryError {
    /// Returns the kind.
    pub fn kind(&self) -> RegistryErrorKind {
        match &self.0 {
            Repr::Duplicate { .. } => RegistryErrorKind::Duplicate,
            Repr::InvalidName { .. } => RegistryErrorKind::InvalidName,
            Repr::InvalidSummary { .. } => RegistryErrorKind::InvalidSummary,
        }
    }
}

fn is_barred_from_names(c: char) -> bool {
    c == '/' || c.is_whitespace() || is_unsafe_to_show(c)
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use rstest::rstest;

    use super::{Registry, RegistryErrorKind};
    use crate::{builtin::Builtin, context::CallContext, error::Error, exit::ExitCode};

    struct NamedBuiltin(&'static str, &'static str);

    impl Builtin for NamedBuiltin {
        fn name(&self) -> &str {
            self.0
        }

        fn summary(&self) -> &str {
            self.1
        }

        fn run(&self, _: &mut CallContext<'_>, _: &[BString]) -> Result<ExitCode, Error> {
            Ok(ExitCode::SUCCESS)
        }
    }

    fn registry(names: &[&'static str]) -> Registry {
        let mut registry = Registry::new();
        for name in names {
            registry.register(NamedBuiltin(name, "does nothing")).unwrap();
        }
        registry
    }

    #[test]
    fn is_sorted_with_summaries() {
        let mut registry = registry(&["ss", "Zed", "cat"]);
        registry.register(NamedBuiltin("ls", "lists a directory")).unwrap();
        let help: Vec<_> = registry.help().collect();
        let nothing = "does nothing";
        assert_eq!(
            help,
            [("Zed", nothing), ("cat", nothing), ("ls", "lists a directory"), ("ss", nothing)],
        );
        assert!(registry.iter().map(|builtin| builtin.name()).eq(["Zed", "cat", "ls", "ss"]));
    }

    #[rstest]
    // usual
    #[case::known(b"ss", true)]
    #[case::unknown(b"sss", false)]
    // boundary
    #[case::empty(b"", false)]
    #[case::other_case(b"SS", false)]
    // hostile
    #[case::invalid_utf8(b"ss\xff", false)]
    #[case::nul(b"ss\0", false)]
    fn finds_by_full_name(#[case] name: &[u8], #[case] found: bool) {
        assert_eq!(registry(&["ss", "cat"]).get(name).is_some(), found);
    }

    #[test]
    fn refuses_a_second_one_and_keeps_the_first() {
        let mut registry = registry(&["ss"]);
        let error = registry.register(NamedBuiltin("ss", "another")).unwrap_err();
        assert_eq!(error.kind(), RegistryErrorKind::Duplicate);
        assert_eq!(error.to_string(), "'ss' is registered already");
        assert!(registry.help().eq([("ss", "does nothing")]));
    }

    #[rstest]
    // usual
    #[case::plain("ss")]
    // boundary
    #[case::bracket("[")]
    #[case::colon(":")]
    #[case::letter_of_any_script("größe")]
    fn accepts_name(#[case] name: &'static str) {
        assert!(registry(&[name]).get(name).is_some());
    }

    #[rstest]
    // boundary
    #[case::empty("", "''")]
    #[case::slash("bin/ss", "'bin/ss'")]
    #[case::blank("s s", "'s s'")]
    #[case::tab("s\ts", r"'s\ts'")]
    // hostile
    #[case::newline("ss\n", r"'ss\n'")]
    #[case::nul("ss\0", r"'ss\0'")]
    #[case::wide_blank("s\u{3000}s", r"'s\u{3000}s'")]
    #[case::direction("s\u{202e}s", r"'s\u{202e}s'")]
    #[case::invisible("s\u{200b}s", r"'s\u{200b}s'")]
    fn refuses_name(#[case] name: &'static str, #[case] shown: &str) {
        let error = Registry::new().register(NamedBuiltin(name, "x")).unwrap_err();
        assert_eq!(error.kind(), RegistryErrorKind::InvalidName);
        let expected = "expected a name of visible characters without blanks and slashes";
        assert_eq!(error.to_string(), format!("{expected}, but found {shown}"));
    }

    #[rstest]
    #[case::empty("", "''")]
    #[case::blank(" ", "' '")]
    #[case::two_lines("lists\nss  forged", r"'lists\nss  forged'")]
    #[case::terminal_sequence("\u{1b}[2J", r"'\u{1b}[2J'")]
    fn refuses_summary(#[case] summary: &'static str, #[case] shown: &str) {
        let error = Registry::new().register(NamedBuiltin("ls", summary)).unwrap_err();
        assert_eq!(error.kind(), RegistryErrorKind::InvalidSummary);
        let expected = "expected one line as the summary of 'ls'";
        assert_eq!(error.to_string(), format!("{expected}, but found {shown}"));
    }

    #[test]
    fn shares_its_builtins_with_threads() {
        let registry = registry(&["ss"]);
        let builtin = registry.get("ss").cloned().unwrap();
        assert_eq!(std::thread::spawn(move || builtin.name().len()).join().unwrap(), 2);
        assert_eq!(format!("{registry:?}"), r#"{"ss": "does nothing"}"#);
    }
}
