//! The directories that a script was granted.

/// Directories, each at the path that the script sees.
#[derive(Debug, Default)]
pub struct Sandbox;

impl Sandbox {
    /// Returns a sandbox that grants nothing.
    pub fn empty() -> Self {
        Self
    }
}
