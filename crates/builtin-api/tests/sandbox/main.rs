//! Tests of the sandbox with a real file system: operations, messages, and a list of escape
//! attempts that must fail.

#![expect(clippy::disallowed_methods, reason = "the tests play the host and its attacker")]

#[cfg(test)]
mod escape;
#[cfg(test)]
mod grant;
#[cfg(test)]
mod message;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod race;
#[cfg(test)]
mod tree;
