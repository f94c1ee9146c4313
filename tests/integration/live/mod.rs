//! Live sockets: ours against the real `ss`, sock_diag against `/proc`, and a table under churn.
//!
//! ```text
//! test ──► unshare -Urnm: the same test again, in namespaces of its own
//!            └──► fixture/sockets.py: sockets of every kind that the kernel allows
//!                   ├──► real ss ──► ours ──► real ss again: what differs between the two real
//!                   │                                        runs moves by itself
//!                   └──► procnetsocket: sock_diag and the text tables, row by row
//! ```
//!
//! - `compare`: option combinations, byte for byte.
//! - `decided`: what this project prints otherwise, on purpose.
//! - `agree`: the two sources of the library.
//! - `churn`: connections that come and go while they are listed.
//! - `monitor`: ports that open and close.
//! - `portwatch`: a script in a shell that waits for servers outside of it.
//!
//! No test looks at the sockets of the machine, and none at time.

mod agree;
mod churn;
mod compare;
mod decided;
mod fixture;
mod line;
mod mask;
mod monitor;
mod namespace;
mod portwatch;
mod program;
