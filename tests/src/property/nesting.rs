//! Scripts with nested forms.
//!
//! ```text
//! two bytes for each form, the innermost first: which one      how deep
//! ```

use std::time::Duration;

use host_shell::{Script, ScriptLimits, Shell};
use testkit::{NESTED_FORMS, mixed_forms};

/// Depth of all forms together. The interpreter's stack is enough for that in unoptimised code; for
/// more the host has a separate process for scripts.
const DEEPEST: usize = 1_000;

/// A script ends with a status and, if the shell ended it, one line with the reason. Nothing
/// panics, and no stack overflows.
///
/// # Panics
///
/// If the property does not hold.
pub fn holds(input: &[u8]) {
    let mut left = DEEPEST;
    let forms = input.chunks_exact(2).map_while(|pair| {
        let depth = usize::from(pair[1]) + 1;
        left = left.checked_sub(depth)?;
        Some((NESTED_FORMS[usize::from(pair[0]) % NESTED_FORMS.len()], depth))
    });
    let script = Script { text: mixed_forms(forms), ..Script::default() };
    let limits = ScriptLimits { timeout: Duration::from_secs(2), ..ScriptLimits::default() };
    let mut shell = Shell::builder().limits(limits).build().expect("no builtin");
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let finished = shell.run_unreported(&script, &mut stdout, &mut stderr);
    let said = String::from_utf8_lossy(&stderr);
    for broken in ["panicked", "failed unexpectedly", ".rs:"] {
        assert!(!said.contains(broken) && !finished.message.contains(broken), "{said}");
    }
    assert!(finished.message.is_empty() || !finished.outcome.status.is_success());
}
