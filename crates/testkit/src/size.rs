//! The number of cases in a test, which depends on the run.

/// Returns `full` if `SS_TESTS_FULL` is set, as in `scripts/nightly`, and otherwise `usual`. Only
/// this function reads the variable.
#[must_use]
pub fn cases<T>(usual: T, full: T) -> T {
    #[expect(clippy::disallowed_methods, reason = "a setting for the run of the tests")]
    let is_full = std::env::var_os("SS_TESTS_FULL").is_some_and(|value| !value.is_empty());
    if is_full { full } else { usual }
}
