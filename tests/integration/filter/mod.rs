//! Filters: ours against the real `ss`, on filters made from the grammar and on odd ones by hand.
//!
//! ```text
//! table rows ──► values ──► generate: words of the grammar, tagged by kind ──► spell: arguments
//!                                                                               │
//!                       odd: written by hand ───────────────────────────────────┤
//!                                                                               ▼
//!           tally: pairs and selections by kind  ◄── compare: ours and the real ss over fake roots
//! ```
//!
//! Filters over live sockets are in `live::filter`.

mod choice;
mod compare;
mod generate;
mod kind;
mod odd;
mod sample;
mod spell;
mod tally;
mod values;

pub(crate) use self::{
    odd::root as odd_root,
    sample::{odd_samples, samples},
};
