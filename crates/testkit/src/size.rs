//! The sizes of tests: for every change, and at full size.

/// Returns how many cases a test tries: `usual` on every change, `full` where `SS_TESTS_FULL` is
/// set, as `scripts/nightly` does. Only this function reads the variable.
#[must_use]
pub fn cases<T>(usual: T, full: T) -> T {
    #[expect(clippy::disallowed_methods, reason = "a setting for the run of the tests")]
    let is_full = std::env::var_os("SS_TESTS_FULL").is_some_and(|value| !value.is_empty());
    if is_full { full } else { usual }
}
