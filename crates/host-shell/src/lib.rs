//! host-shell
