//! What is done with the sockets that are admitted, and until when.

use std::time::Duration;

use builtin_cli::Typed;

use super::{
    effect::Effect,
    error::CliError,
    output::{ListingKind, Order},
};

/// What is done with the sockets that are admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    /// They are listed.
    #[default]
    List,
    /// They are listed as they end.
    Follow(End),
    /// They are destroyed.
    Destroy,
}

/// When following ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) after: Option<Duration>,
    pub(crate) count: Option<u64>,
}

/// The options `-E`, `-K`, `--count` and `--for`, of which the last one counts.
#[derive(Debug, Default)]
pub(super) struct TypedActions<'a> {
    pub(super) events: bool,
    pub(super) kill: bool,
    pub(super) count: Option<&'a Typed<'a, Effect>>,
    pub(super) after: Option<&'a Typed<'a, Effect>>,
}

impl TypedActions<'_> {
    /// Returns what is done, once the whole command line is known.
    pub(super) fn action(&self, order: &Order, has_filter: bool) -> Result<Action, CliError> {
        let has_order = *order != Order::default();
        match (self.events, self.kill) {
            (true, _) if has_order => Err(CliError::Together("--sort and --limit", "-E")),
            (_, true) if has_order => Err(CliError::Together("--sort and --limit", "-K")),
            (true, _) => Ok(Action::Follow(self.end()?)),
            (false, _) if self.after.is_some() => Err(CliError::Without("--for", "-E")),
            (false, _) if self.count.is_some_and(|count| count.value.is_some()) => {
                Err(CliError::CountWithoutEvents)
            }
            // Security: closing every socket of the machine is almost certainly a mistake.
            (false, true) if !has_filter => Err(CliError::no_filter()),
            (false, true) => Ok(Action::Destroy),
            (false, false) => Ok(Action::List),
        }
    }

    /// Returns what is printed. With `-E` the number of `--count` ends it, and the sockets are printed.
    pub(super) fn answer(&self) -> ListingKind {
        if self.count.is_some() && !self.events {
            ListingKind::Number
        } else {
            ListingKind::Sockets
        }
    }

    fn end(&self) -> Result<End, CliError> {
        let count = |typed: &Typed<'_, Effect>| {
            let number = typed.number(1..=u64::MAX);
            number.ok_or_else(|| typed.mismatch("with -E a number of events above 0"))
        };
        Ok(End {
            after: self.after.map(Typed::bounded_duration).transpose()?,
            count: self.count.map(count).transpose()?,
        })
    }
}
