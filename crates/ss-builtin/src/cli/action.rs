//! Listing, following, destroying or repeating, and when it ends.

use std::time::{Duration, Instant};

use builtin_cli::Typed;

use super::{
    effect::Effect,
    error::CliError,
    output::{ListingKind, Order, OutputFormat},
};

/// What to do with the selected sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    /// List them.
    #[default]
    List,
    /// List each when it is destroyed.
    Follow(End),
    /// Destroy them.
    Destroy,
    /// List them at each tick.
    Repeat(Ticks),
}

/// When a listing is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticks {
    pub(crate) period: Duration,
    pub(crate) end: End,
}

impl Ticks {
    /// Returns the first tick after `now`, if the last one was at `tick`.
    pub(crate) fn next(self, tick: Instant, now: Instant) -> Instant {
        let late = now.saturating_duration_since(tick).as_nanos() % self.period.as_nanos();
        // OK because a remainder of a period of at most 30 days fits.
        let late = Duration::from_nanos(u64::try_from(late).unwrap_or_default());
        // OK because a time that the clock cannot represent is never reached.
        now.checked_add(self.period.saturating_sub(late)).unwrap_or(now)
    }
}

/// When following or repeating ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) after: Option<Duration>,
    pub(crate) count: Option<u64>,
}

/// The options `-E`, `-K`, `--every`, `--count` and `--for`. The last of a repeated option counts.
#[derive(Debug, Default)]
pub(super) struct TypedActions<'a> {
    pub(super) events: bool,
    pub(super) kill: bool,
    pub(super) every: Option<&'a Typed<'a, Effect>>,
    pub(super) count: Option<&'a Typed<'a, Effect>>,
    pub(super) after: Option<&'a Typed<'a, Effect>>,
}

impl TypedActions<'_> {
    /// Returns the action, after all options were read.
    pub(super) fn action(
        &self,
        order: &Order,
        output: OutputFormat,
        has_filter: bool,
    ) -> Result<Action, CliError> {
        let has_order = *order != Order::default();
        match (self.events, self.kill) {
            (true, _) if has_order => Err(CliError::Together("--sort and --limit", "-E")),
            (_, true) if has_order => Err(CliError::Together("--sort and --limit", "-K")),
            (true, _) => Ok(Action::Follow(self.end()?)),
            (false, false) if let Some(every) = self.every => {
                if output != OutputFormat::JsonLines {
                    return Err(CliError::Without("--every", "--json-lines"));
                }
                Ok(Action::Repeat(Ticks { period: every.bounded_duration()?, end: self.end()? }))
            }
            (false, _) if self.after.is_some() => Err(CliError::Without("--for", "-E or --every")),
            (false, _) if self.count.is_some_and(|count| count.value.is_some()) => {
                Err(CliError::CountOfNothing)
            }
            // Security: closing every socket of the machine is almost certainly a mistake.
            (false, true) if !has_filter => Err(CliError::no_filter()),
            (false, true) => Ok(Action::Destroy),
            (false, false) => Ok(Action::List),
        }
    }

    /// Returns whether sockets or their number are printed. With `-E` or `--every`, `--count` is
    /// the end of the output, and sockets are printed.
    pub(super) fn answer(&self) -> ListingKind {
        if self.count.is_some() && !self.events && self.every.is_none() {
            ListingKind::Number
        } else {
            ListingKind::Sockets
        }
    }

    fn end(&self) -> Result<End, CliError> {
        let count = |typed: &Typed<'_, Effect>| {
            let expected = match self.every {
                Some(_) => "with --every a number of passes above 0",
                None => "with -E a number of events above 0",
            };
            typed.number(1..=u64::MAX).ok_or_else(|| typed.mismatch(expected))
        };
        Ok(End {
            after: self.after.map(Typed::bounded_duration).transpose()?,
            count: self.count.map(count).transpose()?,
        })
    }
}
