//! Filters compared with the real `ss`: random ones of the grammar, and odd ones by hand.
//!
//! ```text
//! table rows ──► values ──► generate: words of the grammar, tagged by kind ──► spell: arguments
//!                                                                               │
//!                       odd: written by hand ───────────────────────────────────┤
//!                                                                               ▼
//!           tally: pairs and selections by kind  ◄── compare: ours and the real ss over fake roots
//! ```
//!
//! - `file`: filters in files.
//! - `decided`: intended differences.
//!
//! Filters over live sockets are in `live::filter`.

mod choice;
mod compare;
mod decided;
mod file;
mod generate;
mod kind;
mod odd;
mod sample;
mod spell;
mod tally;
mod values;

pub(crate) use self::{
    choice::OptionChoice,
    generate::{Autobound, Generator, LocalNames},
    kind::Kind,
    odd::root as odd_root,
    sample::{odd_samples, samples},
    spell::spell,
    tally::{SelectedPart, Tally},
    values::Values,
};
