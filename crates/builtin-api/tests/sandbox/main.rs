//! The sandbox over a real file system: what works, what it says, and a flat list of escapes that
//! must not.

#![expect(clippy::disallowed_methods, reason = "the tests play the host, and who attacks it")]

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
