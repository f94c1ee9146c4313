//! Capabilities that a process drops, and those that it keeps.
//!
//! Kernel: there are several sets (`capabilities(7)`). The effective set is in force; the permitted
//! set is what may be added to it; the bounding set limits what a started program can gain. They
//! belong to a thread, so they have to be reduced before there is a second one.

use std::{fmt, io};

use rustix::{
    io::Errno,
    thread::{
        CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
        remove_capability_from_bounding_set, set_capabilities,
    },
};

use crate::error::{ConfineError, Repr};

/// Bits of a set of capabilities. Linux 5.9 has 41 capabilities.
const BITS: u32 = 64;

/// The capabilities of a process, as the kernel reports them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CapabilityState {
    /// Those in force.
    effective: CapabilitySet,
    /// Those that it may raise, or pass on.
    permitted: CapabilitySet,
    /// Those that a program that it starts can gain.
    bounding: CapabilitySet,
}

/// Which of its capabilities a process keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptCapabilities {
    /// In force.
    InForce(CapabilitySet),
    /// For processes that this one starts; not in force in this one.
    ForOthers(CapabilitySet),
}

/// Drops all capabilities of this thread except those to keep, which it need not have. The bounding
/// set is reduced too if the thread may do that.
pub(crate) fn keep(kept: KeptCapabilities) -> Result<CapabilityState, ConfineError> {
    let (needed, effective, inheritable) = match kept {
        KeptCapabilities::InForce(needed) => (needed, needed, CapabilitySet::empty()),
        // Processes that it starts need this to reduce their bounding sets.
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
    // Checks what the kernel reports instead of trusting the calls.
    let found = capabilities(None).map_err(failed)?;
    let state = state().map_err(failed)?;
    let is_reduced = needed.contains(state.bounding);
    if found != left || before.effective.contains(CapabilitySet::SETPCAP) && !is_reduced {
        return Err(Repr::MoreCapabilities.into());
    }
    Ok(state)
}

/// Raises all permitted capabilities of this thread: those that its parent process kept for it.
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
            // The kernel has no further ones.
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
            write!(f, ", and {} for processes that it starts", CapabilityNames(further))?;
        }
        if !self.permitted.contains(self.bounding) {
            write!(f, "; the bounding set has more, which this user may not reduce")?;
        }
        Ok(())
    }
}

/// Displays the names of capabilities, or `none`.
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
        "none, and CAP_NET_ADMIN, CAP_SYS_PTRACE for processes that it starts"
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
