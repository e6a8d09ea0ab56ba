//! A pool's day as one row: who it is, its features, its targets, how far to rely on it.
//!
//! Features and targets come from their own lists; what stands around them is declared here.

use super::cells::column;
use super::named_pool::NamedPool;
use crate::cell::{Cell, Column, Kind};
use tidegauge_features::{
    Cell as Value, Fingerprint, Kind as Held, PoolDay, ROW_COLUMNS, TARGET_COLUMNS,
};

const BEFORE: [Column; 8] = [
    column("pool_address", Kind::Text, "The pool's contract"),
    column("date", Kind::Day, "UTC calendar day"),
    column(
        "pool_name",
        Kind::Text,
        "Symbols of its tokens; NULL where one is unknown",
    ),
    column(
        "token0_symbol",
        Kind::Text,
        "Symbol of token0; NULL where it has none",
    ),
    column(
        "token1_symbol",
        Kind::Text,
        "Symbol of token1; NULL where it has none",
    ),
    column(
        "fee",
        Kind::Int,
        "Fee tier in hundredths of a basis point (3000 = 0.3 %)",
    ),
    column(
        "fee_percentage",
        Kind::Float,
        "Fee tier as a share (0.003 = 0.3 %)",
    ),
    column(
        "pool_type",
        Kind::Word,
        "What the pool pairs, under the earlier pipeline's name of pool_class",
    ),
];

const AFTER: [Column; 2] = [
    column(
        "status",
        Kind::Word,
        "partial: not every block of the day is known; provisional: its last block is not final; final",
    ),
    column(
        "as_of_block",
        Kind::Int,
        "The day's last block that is known",
    ),
];

/// Shown as sixteen hex digits wherever people see it.
const FINGERPRINT: &str = "feature_set";
const PIPS: f64 = 1e6;

/// The columns of a pool's day, in order.
pub fn pool_day_columns() -> Vec<Column> {
    let inner = ROW_COLUMNS
        .iter()
        .chain(TARGET_COLUMNS)
        .map(|inner| Column {
            name: inner.name,
            kind: match inner.kind {
                _ if inner.name == FINGERPRINT => Kind::Text,
                Held::Int => Kind::Int,
                Held::Float => Kind::Float,
                Held::Usd => Kind::Usd,
                Held::Bool => Kind::Bool,
                Held::Word(_) => Kind::Word,
            },
            meaning: inner.meaning,
        });
    BEFORE.into_iter().chain(inner).chain(AFTER).collect()
}

/// A day's values, in the order of the columns.
pub fn pool_day_cells<'a>(pool: &'a NamedPool, day: &PoolDay) -> Vec<Cell<'a>> {
    let symbol = |at: usize| Cell::or_null(pool.symbols[at].as_deref(), Cell::text);
    let fee = pool.info.pool.fee_pips;
    let before: [Cell<'a>; BEFORE.len()] = [
        Cell::text(day.pool.to_string()),
        Cell::Day(day.day),
        Cell::or_null(pool.name(), Cell::text),
        symbol(0),
        symbol(1),
        Cell::Int(fee.into()),
        Cell::Float(f64::from(fee) / PIPS),
        Cell::text(day.row.pool_class),
    ];
    let inner = ROW_COLUMNS
        .iter()
        .zip(day.row.cells())
        .chain(TARGET_COLUMNS.iter().zip(day.targets.cells()))
        .map(|(column, value)| match value {
            Value::Int(bits) if column.name == FINGERPRINT => {
                Cell::text(Fingerprint(bits.cast_unsigned()).to_string())
            }
            Value::Null => Cell::Null,
            Value::Int(value) => Cell::Int(value),
            Value::Float(value) => Cell::Float(value),
            Value::Usd(value) => Cell::Usd(value),
            Value::Bool(value) => Cell::Bool(value),
            Value::Word(value) => Cell::text(value),
        });
    let after: [Cell<'a>; AFTER.len()] = [
        Cell::text(day.status.name()),
        Cell::Int(i64::try_from(day.as_of_block.0).unwrap_or(i64::MAX)),
    ];
    before.into_iter().chain(inner).chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tidegauge_features::{DailyRow, PoolInfo, Status, TargetRow};
    use tidegauge_model::{Address, BlockNumber, LogIndex, Pool, PoolId, PoolOrigin};

    #[test]
    fn each_column_stands_once() {
        let columns = pool_day_columns();
        let names: BTreeSet<_> = columns.iter().map(|column| column.name).collect();
        assert_eq!(names.len(), columns.len());
        assert_eq!(
            columns.len(),
            BEFORE.len() + ROW_COLUMNS.len() + TARGET_COLUMNS.len() + AFTER.len()
        );
    }

    #[test]
    fn the_documentation_lists_them_in_this_order() {
        let page = include_str!("../../../docs/columns.md");
        let kind = |kind| match kind {
            Kind::Int => "integer",
            Kind::Float => "float",
            Kind::Usd => "dollars",
            Kind::Bool => "yes or no",
            Kind::Word => "word",
            Kind::Text | Kind::Unique => "text",
            Kind::Day => "day",
            Kind::Moment => "moment",
        };
        let expected: Vec<String> = pool_day_columns()
            .iter()
            .map(|c| format!("| `{}` | {} | {} |", c.name, kind(c.kind), c.meaning))
            .collect();
        let found: Vec<&str> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_row_fills_the_columns() {
        let id = PoolId(Address::repeat_byte(0xAB));
        let pool = NamedPool {
            info: PoolInfo {
                pool: Pool {
                    id,
                    factory: Address::ZERO,
                    token0: Address::ZERO,
                    token1: Address::ZERO,
                    fee_pips: 500,
                    tick_spacing: 10,
                    origin: PoolOrigin::Created {
                        block: BlockNumber(1),
                        log_index: LogIndex(0),
                    },
                },
                decimals0: 6,
                decimals1: 18,
            },
            symbols: [Some("USDC".to_owned()), None],
        };
        let day = PoolDay {
            pool: id,
            day: "2024-01-05".parse().unwrap(),
            row: DailyRow {
                tx_count: 7,
                feature_set: -1,
                pool_class: "stablecoin",
                ..DailyRow::default()
            },
            targets: TargetRow {
                target_tx_3d_ahead: Some(4),
                ..TargetRow::default()
            },
            status: Status::Provisional,
            as_of_block: BlockNumber(99),
        };
        let cells = pool_day_cells(&pool, &day);
        let columns = pool_day_columns();
        assert_eq!(cells.len(), columns.len());
        let of = |name: &str| {
            let at = columns.iter().position(|column| column.name == name);
            cells[at.unwrap_or_else(|| panic!("no {name}"))].clone()
        };
        for (name, cell) in [
            (
                "pool_address",
                Cell::text("0xabababababababababababababababababababab"),
            ),
            ("pool_name", Cell::Null),
            ("token0_symbol", Cell::text("USDC")),
            ("token1_symbol", Cell::Null),
            ("fee", Cell::Int(500)),
            ("fee_percentage", Cell::Float(0.0005)),
            ("pool_type", Cell::text("stablecoin")),
            ("pool_class", Cell::text("stablecoin")),
            ("tx_count", Cell::Int(7)),
            ("feature_set", Cell::text("ffffffffffffffff")),
            ("target_tx_3d_ahead", Cell::Int(4)),
            ("target_tx_7d_ahead", Cell::Null),
            ("status", Cell::text("provisional")),
            ("as_of_block", Cell::Int(99)),
        ] {
            assert_eq!(of(name), cell, "{name}");
        }
    }
}
