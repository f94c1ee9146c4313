//! Lists sockets within the policy of a host and the selection of a caller.
//!
//! ```text
//! Policy ∩ Selection ─► collect ─► Sink          the tables stay behind the PolicyView
//! ```
//!
//! A host creates a [`PolicyView`] from socket tables, a [`Policy`] and the machine's [`Names`],
//! and passes it to a builtin. The builtin asks with a [`Selection`], and receives the rows that
//! both admit through a [`Sink`]. It never has access to the tables themselves, so no option,
//! filter or mistake of the builtin can reach what the policy does not grant.
//!
//! ```
//! use std::{ops::ControlFlow, sync::Arc};
//! use procnetsocket::{RowError, SocketTables, Uninterrupted, model::Socket};
//! use socket_query::{Names, Policy, PolicyView, ListingProblem, Selection, Sink, SocketTable};
//!
//! struct Count(u64);
//! impl Sink for Count {
//!     fn socket(&mut self, _: SocketTable, _: Socket<'_>) -> ControlFlow<()> {
//!         self.0 += 1;
//!         ControlFlow::Continue(())
//!     }
//!     fn problem(&mut self, _: ListingProblem<'_>) -> ControlFlow<()> {
//!         ControlFlow::Continue(())
//!     }
//! }
//!
//! # fn demo(tables: SocketTables) -> Result<(), socket_query::Error> {
//! let view = PolicyView::new(Arc::new(tables), Policy::default(), Names::default());
//! let mut count = Count(0);
//! view.collect(&Selection::everything(), &Uninterrupted, &mut count)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Other operations
//!
//! Each of these needs a grant, and resources that a [`System`] opens for it:
//! [`PolicyView::processes`] finds the processes of sockets, [`PolicyView::events`] reports
//! destroyed sockets, [`PolicyView::kill`] destroys the sockets that a filter admits,
//! [`PolicyView::namespace`] shows another network namespace, and [`PolicyView::resolver`] resolves
//! host names.
//!
//! # Trust
//!
//! Rows contain bytes that other users chose (names of unix sockets), and so do processes (names
//! and arguments). They pass through unchanged: the code that prints them has to escape them.

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod cgroup;
mod collect;
mod destroy;
mod error;
mod events;
mod follow;
mod host_name;
mod host_name_cache;
mod names;
mod namespace_source;
mod netns;
mod policy;
mod process_source;
mod reading;
#[cfg(feature = "resolver")]
mod resolver;
mod select;
mod sink;
mod system;
mod unix_name;
mod view;
mod wire_name;
mod word;
mod workload;

pub use bstr;
pub use cap_std;

pub use cgroup::CgroupPaths;
pub use destroy::KillGate;
pub use error::{Error, ErrorKind};
pub use events::EventSource;
pub use follow::{EventGate, EventSink, FollowEnd, Followed, Until};
pub use host_name::{BlockingHostNames, HostNameError, HostNames, TimedHostNames};
pub use host_name_cache::HostNameCache;
pub use names::{Names, TransportProtocol};
pub use namespace_source::{NamespaceSource, OpenedInTurn};
pub use netns::NetnsDir;
#[cfg(feature = "serde")]
pub use policy::PolicyLayer;
pub use policy::{
    Grant, GrantSet, NamespaceScope, Policy, ProcessVisibility, Visibility, VisibleUsers,
};
pub use process_source::{ProcessSource, ProcessSourceError, ProcessSourceErrorKind};
#[cfg(feature = "resolver")]
pub use resolver::SystemHostNames;
pub use select::expr;
pub use select::{
    AddressFamily, FamilySet, Filter, Selection, ShownProcesses, SocketTable, StateSet, TableSet,
    shown_state_of, state_of,
};
pub use sink::{Collected, ListingProblem, Sink, UnreportedTables, WhyKept};
pub use system::System;
pub use unix_name::push_unix_name;
pub use view::{
    ListedNamespace, Look, MAX_SORTED_ROWS, PolicyView, ProcessGate, Usage, UsageCounter,
};
pub use wire_name::{ethertype, netlink_family};
pub use word::UnknownWord;
pub use workload::{container_id, systemd_unit};
