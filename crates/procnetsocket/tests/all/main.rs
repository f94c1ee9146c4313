//! Everything that needs more than one module, in one binary.
//!
//! - `allocation`: a row costs no allocation. The counter counts per thread, so it needs no
//!   process.
//! - `diag`: the wire format of sock_diag, and the kernel in network namespaces.
//! - `mutation`: rows that were changed at random.
//! - `processes`: the processes of sockets.
//! - `proc_root`: the verified `/proc`.
//! - `tables`: `SocketTables` over a fake root.
//! - `visit`: the pipeline over bytes.

// `cfg(test)` shows clippy that helpers, too, may unwrap here.
#[cfg(test)]
mod allocation;
#[cfg(test)]
mod diag;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod proc_root;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod visit;
