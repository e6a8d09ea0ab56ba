//! The v3-subgraph's own pool-days, for those who compare with it: its prices, its rules, its
//! decimals of 34 digits.

use super::engine::{Source, Wanted, end_of};
use super::history::{covered, history};
use crate::error::Error;
use crate::table::{Cell, Column, Kind};
use tidegauge_features::subgraph::{PoolDayData, Rules, pool_days};
use tidegauge_model::PoolId;

/// The columns; amounts are texts, since their decimals have no fixed place.
pub(crate) const SUBGRAPH_COLUMNS: [Column; 14] = [
    column("pool_address", Kind::Text, "The pool's contract"),
    column("date", Kind::Day, "UTC calendar day"),
    column(
        "pool_name",
        Kind::Text,
        "Symbols of its tokens; NULL where one is unknown",
    ),
    column(
        "volume_token0",
        Kind::Unique,
        "Sum of the absolute amounts of token0, whole tokens",
    ),
    column(
        "volume_token1",
        Kind::Unique,
        "Sum of the absolute amounts of token1, whole tokens",
    ),
    column(
        "volume_usd",
        Kind::Unique,
        "Tracked value of the swaps in USD",
    ),
    column(
        "untracked_volume_usd",
        Kind::Unique,
        "Value of the swaps in USD, whitelisted or not",
    ),
    column("fees_usd", Kind::Unique, "Fees of the tracked value in USD"),
    column(
        "tx_count",
        Kind::Int,
        "Events that the subgraph counts: initialize, mint, swap, burn, collect",
    ),
    column(
        "tick",
        Kind::Int,
        "Tick after the last event; NULL before any",
    ),
    column("token0_price", Kind::Unique, "token0 per token1"),
    column("token1_price", Kind::Unique, "token1 per token0"),
    column(
        "status",
        Kind::Word,
        "provisional: the day's last block is not final; final",
    ),
    column(
        "as_of_block",
        Kind::Int,
        "The day's last block that is known",
    ),
];

const fn column(name: &'static str, kind: Kind, meaning: &'static str) -> Column {
    Column {
        name,
        kind,
        meaning,
    }
}

/// The rows of the asked whole days, by day and pool. Its prices rest on all that was ever
/// collected: where collection began later than the pools, so do its numbers.
pub(crate) fn subgraph(
    source: &Source<'_>,
    wanted: &Wanted,
) -> Result<Vec<Vec<Cell<'static>>>, Error> {
    let chain = source.set.chain;
    let rules = Rules::of(chain).ok_or_else(|| {
        Error::Usage(format!(
            "--pricing subgraph: the subgraph's rules for chain {chain} are not known"
        ))
    })?;
    let history = history(
        source.view,
        source.set.clone(),
        source.book,
        covered(&source.whole),
    )?;
    let mut rows = Vec::new();
    for data in pool_days(&history, rules)? {
        if source.whole.holds(data.day) && wanted.takes(data.day, data.pool) {
            rows.push(cells(source, &data)?);
        }
    }
    Ok(rows)
}

fn cells(source: &Source<'_>, data: &PoolDayData) -> Result<Vec<Cell<'static>>, Error> {
    let PoolId(address) = data.pool;
    let (last, status) = end_of(source.view, data.day)?;
    let digits = |value: &dyn std::fmt::Display| Cell::text(value.to_string());
    let count = |value: u64| Cell::Int(i64::try_from(value).unwrap_or(i64::MAX));
    Ok(vec![
        Cell::text(format!("{address:#x}")),
        Cell::Day(data.day),
        Cell::or_null(source.book.of_row(data.pool)?.name(), Cell::text),
        digits(&data.volume_token0),
        digits(&data.volume_token1),
        digits(&data.volume_usd),
        digits(&data.untracked_volume_usd),
        digits(&data.fees_usd),
        count(data.tx_count),
        Cell::or_null(data.tick, |tick| Cell::Int(tick.into())),
        digits(&data.token0_price),
        digits(&data.token1_price),
        Cell::text(status.name()),
        count(last.0),
    ])
}
