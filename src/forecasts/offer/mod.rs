//! Forecasts of somebody else's model: read from a file or a request, checked against the store, and
//! kept whole or not at all.

mod accept;
mod keep;
mod read;
mod rows;

pub(crate) use accept::Accepted;
pub(crate) use keep::{OfferedRows, Offers, keep_here, keep_offers};
pub(crate) use read::Shape;

use std::fmt;

/// Most rows at once: 6,000 pools by 8 targets are 48,000.
const MOST_ROWS: usize = 200_000;

/// Longest file, in bytes.
pub(crate) const MOST_BYTES: usize = 64 << 20;

/// Why forecasts are not taken; nothing of them was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The row, from 1; `None`: it is not about one.
    pub(crate) row: Option<usize>,
    /// What is wrong with it.
    pub(crate) why: String,
}

impl Refused {
    fn all(why: impl Into<String>) -> Self {
        Self {
            row: None,
            why: why.into(),
        }
    }

    fn row(row: usize, why: impl Into<String>) -> Self {
        Self {
            row: Some(row),
            why: why.into(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(f, "row {row}: {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}
