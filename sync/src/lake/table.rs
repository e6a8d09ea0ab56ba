//! The lake's tables: one more is one more line in each function here, and its rows in `rows`.

use crate::cell::{Cell, Column};
use crate::parquet::Layout;
use crate::tables::{FORECAST_COLUMNS, LIQUIDITY_COLUMNS, SWAP_COLUMNS, pool_day_columns};
use serde::{Deserialize, Serialize};
use std::fmt;
use tidegauge_features::{HORIZON_DAYS, TARGET_COLUMNS};

/// Columns that the folders' names give, and files therefore lack.
const IN_FOLDER_NAMES: [&str; 2] = ["chain_id", "date"];

/// Batches of a row group, 32,768 rows: sorted by pool, a day's busiest pools fill some of their
/// own, so that a reader of one pool skips most of the file; few enough rows to be held in memory.
const BATCHES_PER_GROUP: usize = 4;

/// A table of the lake.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LakeTable {
    /// One row a swap.
    Swaps,
    /// One row a mint, burn, collect, flash or setting.
    Liquidity,
    /// One row a pool and day with a swap.
    Features,
    /// What followed each of these.
    Targets,
    /// One row a forecast: of a model, a pool and what it forecast, from a day.
    Predictions,
}

impl LakeTable {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Swaps,
        Self::Liquidity,
        Self::Features,
        Self::Targets,
        Self::Predictions,
    ];

    /// Its name, which is its folder's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Swaps => "swaps",
            Self::Liquidity => "liquidity",
            Self::Features => "features",
            Self::Targets => "targets",
            Self::Predictions => "predictions",
        }
    }

    /// Its columns with those that the folders' names give.
    fn all_columns(self) -> Vec<Column> {
        match self {
            Self::Swaps => SWAP_COLUMNS.to_vec(),
            Self::Liquidity => LIQUIDITY_COLUMNS.to_vec(),
            Self::Features | Self::Targets => pool_day_columns(),
            Self::Predictions => FORECAST_COLUMNS.to_vec(),
        }
    }

    /// Whether its files hold a column.
    fn holds(self, name: &str) -> bool {
        let is_target = TARGET_COLUMNS.iter().any(|column| column.name == name);
        let is_its_own = match self {
            Self::Swaps | Self::Liquidity | Self::Predictions => true,
            Self::Features => !is_target,
            Self::Targets => is_target || name == "pool_address",
        };
        is_its_own && !IN_FOLDER_NAMES.contains(&name)
    }

    /// How its rows lie: what `order` names tells any two rows of a day apart.
    pub(super) fn layout(self) -> Layout {
        Layout {
            order: match self {
                Self::Swaps | Self::Liquidity => &["pool_address", "block_number", "log_index"],
                Self::Features | Self::Targets => &["pool_address"],
                Self::Predictions => &["model", "pool_address", "target"],
            },
            batches_per_group: BATCHES_PER_GROUP,
        }
    }

    /// Days that have to be final after a day before its rows are.
    pub(super) fn horizon_days(self) -> u32 {
        match self {
            Self::Swaps | Self::Liquidity | Self::Features | Self::Predictions => 0,
            Self::Targets => HORIZON_DAYS,
        }
    }

    /// Whether only days have rows of which every block is known.
    pub(super) fn is_of_whole_days(self) -> bool {
        matches!(self, Self::Features | Self::Targets)
    }
}

impl fmt::Display for LakeTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The columns of a table's files, and how they come out of a whole row.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) columns: Vec<Column>,
    kept: Vec<bool>,
}

impl Shape {
    pub(super) fn of(table: LakeTable) -> Self {
        let all = table.all_columns();
        let kept: Vec<bool> = all.iter().map(|column| table.holds(column.name)).collect();
        let columns = all.into_iter().zip(&kept).filter(|(_, kept)| **kept);
        Self {
            columns: columns.map(|(column, _)| column).collect(),
            kept,
        }
    }

    /// A file's row out of a whole one.
    pub(super) fn row<'c>(&self, cells: impl IntoIterator<Item = Cell<'c>>) -> Vec<Cell<'c>> {
        let kept = cells.into_iter().zip(&self.kept).filter(|(_, kept)| **kept);
        kept.map(|(cell, _)| cell).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_files_share_out_the_columns() {
        for table in LakeTable::ALL {
            let shape = Shape::of(table);
            let names: Vec<_> = shape.columns.iter().map(|column| column.name).collect();
            assert!(names.contains(&"pool_address"), "{table}: {names:?}");
            for absent in IN_FOLDER_NAMES {
                assert!(!names.contains(&absent), "{table}: {absent}");
            }
            for column in table.layout().order {
                assert!(names.contains(column), "{table}: {column}");
            }
            let cells = table.all_columns().into_iter().map(|c| Cell::text(c.name));
            let row = shape.row(cells);
            assert_eq!(
                row,
                names.iter().map(|n| Cell::text(*n)).collect::<Vec<_>>()
            );
        }
        let of = |table| Shape::of(table).columns.len();
        // A pool's day is dealt out to two tables, which share the pool and leave out the day.
        let whole = pool_day_columns().len();
        assert_eq!(of(LakeTable::Features) + of(LakeTable::Targets), whole);
        assert_eq!(of(LakeTable::Swaps), SWAP_COLUMNS.len() - 1);
        assert_eq!(of(LakeTable::Liquidity), LIQUIDITY_COLUMNS.len() - 1);
        assert_eq!(of(LakeTable::Predictions), FORECAST_COLUMNS.len() - 1);
    }
}
