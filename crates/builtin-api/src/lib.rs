//! The trait of a shell builtin that holds no authority of its own.

mod builtin;
mod cancel;
mod clock;
mod context;
mod error;
mod exit;
mod sandbox;

pub use builtin::{Builtin, invoke};
pub use cancel::Cancel;
pub use clock::{Clock, SystemClock};
pub use context::CallContext;
pub use error::{Error, ErrorKind};
pub use exit::ExitCode;
pub use sandbox::Sandbox;
