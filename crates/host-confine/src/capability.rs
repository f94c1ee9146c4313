//! Capabilities: what a privileged process gives up, and what is left to it.
//!
//! Kernel: a process has several sets (`capabilities(7)`). What is in force is the effective one;
//! the permitted one is what may be put there; the bounding one is what a program that is started
//! may gain. They belong to a thread, so all of this comes before the second one.

use std::{fmt, io};

use rustix::{
    io::Errno,
    thread::{
        CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
        remove_capability_from_bounding_set, set_capabilities,
    },
};

use crate::error::{ConfineError, Repr};

/// Bits of a set of capabilities, of which the kernel knows 41 (Linux 5.9).
const BITS: u32 = 64;

/// The capabilities of a process, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CapabilityState {
    /// Those in force.
    effective: CapabilitySet,
    /// Those that it may put in force, or pass on.
    permitted: CapabilitySet,
    /// Those that a program may gain that it starts.
    bounding: CapabilitySet,
}

/// Which capabilities are kept, of those that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptCapabilities {
    /// In force.
    InForce(CapabilitySet),
    /// For processes that this one starts, and not in force in itself.
    ForOthers(CapabilitySet),
}

/// Gives up all capabilities of this thread but those, of which it may have none, from the bounding
/// set too where the thread may reduce that.
pub(crate) fn keep(kept: KeptCapabilities) -> Result<CapabilityState, ConfineError> {
    let (needed, effective, inheritable) = match kept {
        KeptCapabilities::InForce(needed) => (needed, needed, CapabilitySet::empty()),
        // Those that it starts reduce their own bounding sets.
        KeptCapabilities::ForOthers(needed) => {
            let needed = needed | CapabilitySet::SETPCAP;
            (needed, CapabilitySet::empty(), needed)
        }
    };
    let before = capabilities(None).map_err(failed)?;
    if before.effective.contains(CapabilitySet::SETPCAP) {
        for one in bounding().map_err(failed)? {
            if !needed.contains(one) {
                remove_capability_from_bounding_set(one).map_err(failed)?;
            }
        }
    }
    let left = CapabilitySets {
        effective: before.permitted & effective,
        permitted: before.permitted & needed,
        inheritable: before.inheritable & inheritable,
    };
    set_capabilities(None, left).map_err(failed)?;
    // Nothing is believed to be in force that the kernel does not say.
    let found = capabilities(None).map_err(failed)?;
    let state = state().map_err(failed)?;
    let is_reduced = needed.contains(state.bounding);
    if found != left || before.effective.contains(CapabilitySet::SETPCAP) && !is_reduced {
        return Err(Repr::MoreCapabilities.into());
    }
    Ok(state)
}

/// Puts in force what this thread may put in force: what was kept for it by the process that it is
/// a copy of.
///
/// # Errors
///
/// [`State`](crate::ConfineErrorKind::State) when the kernel refuses.
pub fn raise_capabilities() -> Result<(), ConfineError> {
    let before = capabilities(None).map_err(failed)?;
    let raised = CapabilitySets { effective: before.permitted, ..before };
    Ok(set_capabilities(None, raised).map_err(failed)?)
}

fn failed(errno: Errno) -> Repr {
    Repr::Capabilities(io::Error::from(errno))
}

fn state() -> Result<CapabilityState, Errno> {
    let CapabilitySets { effective, permitted, .. } = capabilities(None)?;
    Ok(CapabilityState { effective, permitted, bounding: bounding()?.into_iter().collect() })
}

/// Returns the bounding set, one capability after the other.
fn bounding() -> Result<Vec<CapabilitySet>, Errno> {
    let mut found = Vec::new();
    for bit in 0..BITS {
        let one = CapabilitySet::from_bits_retain(1 << bit);
        match capability_is_in_bounding_set(one) {
            Ok(true) => found.push(one),
            Ok(false) => {}
            // The kernel knows no further ones.
            Err(Errno::INVAL) => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(found)
}

impl fmt::Display for CapabilityState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", CapabilityNames(self.effective))?;
        let further = self.permitted - self.effective;
        if !further.is_empty() {
            write!(f, ", and for processes that it starts {}", CapabilityNames(further))?;
        }
        if !self.permitted.contains(self.bounding) {
            write!(f, "; the bounding set has more, which this user may not reduce")?;
        }
        Ok(())
    }
}

/// Capabilities by their names, or `none`.
struct CapabilityNames(CapabilitySet);

impl fmt::Display for CapabilityNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        let mut comma = "";
        for (name, _) in self.0.iter_names() {
            write!(f, "{comma}CAP_{name}")?;
            comma = ", ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NONE: CapabilitySet = CapabilitySet::empty();
    const ADMIN: CapabilitySet = CapabilitySet::NET_ADMIN;
    const TRACE: CapabilitySet = CapabilitySet::SYS_PTRACE;

    #[rstest]
    #[case::nothing(NONE, NONE, NONE, "none")]
    #[case::in_force(ADMIN, ADMIN, ADMIN, "CAP_NET_ADMIN")]
    #[case::passed_on(
        NONE,
        ADMIN | TRACE,
        ADMIN | TRACE,
        "none, and for processes that it starts CAP_NET_ADMIN, CAP_SYS_PTRACE"
    )]
    #[case::not_reduced(
        NONE,
        NONE,
        ADMIN,
        "none; the bounding set has more, which this user may not reduce"
    )]
    fn state_is_described(
        #[case] effective: CapabilitySet,
        #[case] permitted: CapabilitySet,
        #[case] bounding: CapabilitySet,
        #[case] expected: &str,
    ) {
        let state = CapabilityState { effective, permitted, bounding };
        assert_eq!(state.to_string(), expected);
    }
}
