//! The programs of the workspace, for tests that start them.

#![expect(
    clippy::disallowed_methods,
    reason = "a test builds the programs that it starts, and needs its own path"
)]

use std::{env, path::PathBuf, process::Command, sync::LazyLock};

/// The variable that is set for a test that another test starts after building the programs.
pub const ALREADY_BUILT: &str = "SS_TESTS_BUILT";

/// The same arguments for every test. Other arguments would select other features of the
/// dependencies, and `cargo` would build them again.
const BUILD: [&str; 6] = ["build", "--quiet", "--workspace", "--bins", "--example", PROBE];
const PROBE: &str = "confined_probe";

/// Returns the path of a program of the workspace, or of the example `confined_probe`, in the build
/// directory of the running test.
///
/// The first call builds them. After `cargo test --workspace` there is nothing to build.
///
/// # Panics
///
/// When they cannot be built.
#[must_use]
pub fn built(name: &str) -> PathBuf {
    if name == PROBE { PROFILE.join("examples").join(name) } else { PROFILE.join(name) }
}

/// The directory of the build profile, `target/debug` or `target/release`.
static PROFILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = env::current_exe().unwrap();
    // target/debug/deps/TEST
    let profile = test.ancestors().nth(2).expect("a test is in a build directory");
    if env::var_os(ALREADY_BUILT).is_none() {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(BUILD).arg("--manifest-path");
        cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml"));
        cargo.arg("--target-dir").arg(profile.parent().expect("target/debug has a parent"));
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "expected the programs to be built");
    }
    profile.to_owned()
});
