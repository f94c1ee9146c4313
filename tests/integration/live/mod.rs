//! Live sockets: ours compared with the real `ss`, sock_diag with `/proc`, and tables under churn.
//!
//! ```text
//! test ──► unshare -Urnm: the same test again, in separate namespaces
//!            └──► fixture/sockets.py: sockets of every kind that the kernel allows
//!                   ├──► real ss ──► ours ──► real ss again: what differs between the two real
//!                   │                                        runs moves by itself
//!                   └──► procnetsocket: sock_diag and the text tables, row by row
//! ```
//!
//! - `compare`: option combinations, byte for byte.
//! - `filter`: filters made from the grammar, byte for byte.
//! - `decided`: intended differences in what is printed.
//! - `agree`: the two sources of the library.
//! - `cookbook`: the commands of docs/cookbook.md, in the situations that it describes.
//! - `everywhere`: every network namespace of a machine, with and without rights.
//! - `event`: destroy events, compared with the real one, and the ends of `-E`.
//! - `json`: the objects of sock_diag, checked by the schema and against the text.
//! - `kill`: sockets that are destroyed, compared with twins that the real one destroys.
//! - `peers`: other ends of connections, within and between namespaces.
//! - `policy`: hidden sockets cannot be inferred.
//! - `privilege`: root without `CAP_NET_ADMIN`, compared with the real one without it.
//! - `processes`: processes of sockets, and processes that may not be read.
//! - `resolve`: names of hosts, with a host table and a name server of the test.
//! - `secret`: keys of connections, where the policy shows them.
//! - `churn`: connections that open and close while they are listed.
//! - `name`: names that would forge columns.
//! - `netstat`: the same sockets, compared with net-tools' `netstat`.
//! - `monitor`: ports that open and close.
//! - `portwatch`: a script in a shell that waits for servers outside of it.
//! - `typed`: command lines that people and agents type, as whole pipelines.
//! - `soak`: random scripts for a long time, with constant descriptors and memory; `scripts/soak`
//!   runs it.
//!
//! No test depends on the sockets of the machine, and none on time.

mod agree;
mod capture;
mod churn;
mod compare;
mod cookbook;
mod decided;
mod event;
mod everywhere;
mod filter;
mod fixture;
mod json;
mod kill;
mod line;
pub(crate) mod mask;
mod monitor;
mod name;
mod namespace;
mod netstat;
mod other;
mod peers;
mod policy;
mod portwatch;
mod privilege;
mod processes;
mod program;
mod pushdown;
mod resolve;
mod secret;
mod shell;
mod soak;
mod typed;
mod workload;
