//! Attempts to escape from the shell, as a flat list: each is a line of a table.
//!
//! ```text
//! a tree with a secret and a marker ──┬──► ordinary bash: the attempt succeeds
//!  (one for each attempt)             └──► host-shell:    it does not
//! ```
//!
//! An attempt is a script. It starts with the directories of its [`Tree`](tree::Tree) in variables:
//!
//! | variable | what it is |
//! | --- | --- |
//! | `$D` | granted for reading and writing, with links planted in it that lead out |
//! | `$R` | granted for reading |
//! | `$O` | not granted: the secret, the marker, programs and scripts that print the secret |
//! | `$T` | not granted: the parent of all of these |
//! | `$M` | not granted; in the shell a directory in memory |
//! | `$SHM` | not granted: a directory below `/dev`, with the secret |
//! | `$N` | `/dev/null` |
//!
//! The process that runs the script has `$O` as its working directory and its `HOME`, the secret in
//! its environment as `LEAK` and open as descriptor 9, and the marker open for appending as
//! descriptor 8, as in a host that is careless with its ambient authority.
//!
//! After every attempt the secret must not be in the output, and only `$D` may have changed. bash
//! shows that the attempt fails because of the shell, and not because of a mistake in the script:
//! there, the same script has to print the secret or change something. A machine without bash, or
//! without a command that an attempt needs, skips that half.
//!
//! Next to each table of attempts is one with the same operations inside the grant, which succeed.

// `cfg(test)` shows clippy that helpers, too, may unwrap here.
#[cfg(test)]
mod archive;
#[cfg(test)]
mod attempt;
#[cfg(test)]
mod grant;
#[cfg(test)]
mod network;
#[cfg(test)]
pub(crate) mod program;
#[cfg(test)]
mod race;
#[cfg(test)]
mod read;
#[cfg(test)]
mod steer;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod system;
#[cfg(test)]
mod tree;
#[cfg(test)]
mod write;
