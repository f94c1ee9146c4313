//! Tests of the library with fake proc roots and sources, in one binary.

#[cfg(test)]
mod fake_root;
#[cfg(test)]
mod model;
#[cfg(test)]
mod monitor;
