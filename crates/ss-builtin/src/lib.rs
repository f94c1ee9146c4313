//! iproute2's `ss` as a builtin that holds no authority.
mod builtin;
mod cli;
mod render;

pub use builtin::Ss;
pub use cli::{Flag, Refusal, flags};
