//! `ProcRoot` against the mounts of an attacker, on a clean `/proc`, and over fake roots.

#![expect(clippy::disallowed_methods, reason = "the tests play the host, and the attacker")]

// `cfg(test)` shows clippy that helpers, too, may unwrap here.
#[cfg(test)]
mod attack;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod live;
#[cfg(test)]
mod namespace;
