//! Capabilities: what a privileged process gives up.

use std::io;

use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use crate::error::{ConfineError, Repr};

/// Gives up all capabilities of this thread but those, of which it may have none.
pub(crate) fn keep(needed: CapabilitySet) -> Result<(), ConfineError> {
    let failed = |errno| Repr::Capabilities(io::Error::from(errno));
    let permitted = capabilities(None).map_err(failed)?.permitted & needed;
    let left =
        CapabilitySets { effective: permitted, permitted, inheritable: CapabilitySet::empty() };
    set_capabilities(None, left).map_err(failed)?;
    // Nothing is believed to be in force that the kernel does not tell.
    let found = capabilities(None).map_err(failed)?;
    if found == left { Ok(()) } else { Err(Repr::MoreCapabilities.into()) }
}
