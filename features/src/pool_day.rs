//! One pool's day as people get it: row, targets, and how far it can be relied on.

use crate::{DailyRow, TargetRow};
use schemars::JsonSchema;
use serde::Serialize;
use tidegauge_model::{BlockNumber, Day, PoolId};

/// How far a day can be relied on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Not every block of the day is known; only on request.
    Partial,
    /// Every block is known; the last is not final.
    Provisional,
    /// The day's last block is final.
    Final,
}

impl Status {
    /// Names of all.
    pub const NAMES: [&'static str; 3] = ["partial", "provisional", "final"];

    /// Its name in columns.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// One pool's day.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PoolDay {
    /// Whose.
    pub pool: PoolId,
    /// Which.
    pub day: Day,
    /// Its features.
    pub row: DailyRow,
    /// What followed, as far as it is final.
    pub targets: TargetRow,
    /// How far to rely on it.
    pub status: Status,
    /// The day's last block that is known.
    pub as_of_block: BlockNumber,
}
