//! `GET /api/swaps/{pool}`: a pool's swaps, as the mirrors have them.

use crate::api::ask::{Asked, read_cursor, write_cursor};
use crate::api::cells::{Swap, TableRow};
use crate::api::kept::Answer;
use crate::api::names::label;
use crate::api::refusal::Refusal;
use crate::api::snapshot::Snapshot;
use crate::error::Error;
use crate::span::{self, Moment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, Day, PoolId};
use tidegauge_storage::View;
use tidegauge_sync::swap_cells;

/// Rows of a page where no limit is given.
const DEFAULT_ROWS: usize = 1_000;
/// Most rows of a page.
const MAX_ROWS: usize = 10_000;

/// Which swaps.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The first block, or the first UTC day (2024-01-05); by default the first in the store.
    from: Option<String>,
    /// The last block, or the last UTC day; by default the tip.
    to: Option<String>,
    /// Most rows, from 1 to 10000; by default 1000.
    #[schemars(range(min = 1, max = 10_000))]
    limit: Option<usize>,
    /// The `next` of the page before; it goes on behind the last swap of that.
    cursor: Option<String>,
}

/// A pool's swaps.
#[derive(Serialize, JsonSchema)]
pub(super) struct Swaps {
    pool_address: PoolId,
    /// `SYMBOL0/SYMBOL1 FEE %`.
    pool_name: String,
    /// The tip.
    as_of: BlockRef,
    /// The blocks asked for, as far as the store has them.
    blocks: BlockRange,
    /// By block and log index, ascending.
    rows: Vec<TableRow<Swap>>,
    /// Where the next page begins; null on the last.
    next: Option<String>,
}

impl Answer for Swaps {}

/// The place of a page's last swap: block and log index.
type Cursor = (u64, u32);

/// A page of a pool's swaps.
pub(super) fn swaps(
    snapshot: &Snapshot<'_>,
    asked: &Asked,
    wanted: Wanted,
) -> Result<Swaps, Refusal> {
    let view = &snapshot.view;
    let pool = asked.pool(0)?;
    let limit = match wanted.limit {
        None => DEFAULT_ROWS,
        Some(limit) if (1..=MAX_ROWS).contains(&limit) => limit,
        Some(limit) => return Err(super::bad_limit("limit", limit as u64, MAX_ROWS as u64)),
    };
    let cursor: Option<Cursor> = wanted.cursor.as_deref().map(read_cursor).transpose()?;
    let named = super::known(snapshot, pool)?;
    let tip = view.tip()?.map(|tip| tip.block);
    let as_of = match tip {
        Some(tip) => tip,
        None => snapshot.as_of()?.block,
    };
    let blocks = range(view, &wanted, as_of.number)?;
    let from = cursor.map_or(blocks.from, |(block, _)| {
        blocks.from.max(BlockNumber(block))
    });
    let chain = view.chain_id()?;
    let mut rows = Vec::new();
    let mut next = None;
    let mut last: Option<Cursor> = None;
    if let Some(rest) = BlockRange::new(from, blocks.to) {
        for swap in view.valued_swaps(pool, rest)? {
            let (swap, value) = swap?;
            let place = (swap.block.0, swap.log_index.0);
            if cursor.is_some_and(|seen| place <= seen) {
                continue;
            }
            if rows.len() == limit {
                next = last.and_then(|last| write_cursor(&last));
                break;
            }
            let usd = value.and_then(|value| value.usd);
            rows.push(TableRow::of(swap_cells(chain, &swap, usd, &named.info)));
            last = Some(place);
        }
    }
    Ok(Swaps {
        pool_address: pool,
        pool_name: label(&named),
        as_of,
        blocks,
        rows,
        next,
    })
}

/// The blocks that are asked for, within what the store holds.
fn range(view: &View<'_>, wanted: &Wanted, tip: BlockNumber) -> Result<BlockRange, Refusal> {
    let start = view.start().unwrap_or(tip);
    let from = match read("from", wanted.from.as_deref())? {
        None => start,
        Some(Moment::Day(day)) => last_block_before(view, day)?.map_or(start, BlockNumber::next),
        Some(Moment::Block(block)) => block,
        Some(Moment::SecondsAgo(_)) => return Err(no_moment("from")),
    };
    let to = match read("to", wanted.to.as_deref())? {
        None => tip,
        Some(Moment::Day(day)) => last_block_of(view, day)?.unwrap_or(tip),
        Some(Moment::Block(block)) => block,
        Some(Moment::SecondsAgo(_)) => return Err(no_moment("to")),
    };
    let held = BlockRange {
        from: start,
        to: tip,
    };
    let outside = || {
        Refusal::missing(
            "not_collected",
            format!("blocks {from} to {to} lie outside of what the store holds, {held}"),
            "/api/coverage says which blocks are there",
        )
    };
    let asked = BlockRange::new(from, to).ok_or_else(|| {
        // A day that lies beyond the tip begins behind it.
        if from > tip {
            return outside();
        }
        Refusal::bad(
            "bad_range",
            format!("block {to} lies before block {from}"),
            "use from and to with from <= to, each a block or a day",
        )
    })?;
    BlockRange::new(asked.from.max(start), asked.to.min(tip)).ok_or_else(outside)
}

fn read(key: &str, text: Option<&str>) -> Result<Option<Moment>, Refusal> {
    text.map(|text| span::moment(text).ok_or_else(|| no_moment(key)))
        .transpose()
}

fn no_moment(key: &str) -> Refusal {
    Refusal::bad(
        "bad_moment",
        format!("{key}: this is neither a block nor a day"),
        "write a block number or a UTC day as YYYY-MM-DD",
    )
}

/// The last block of the days before one; `None` if the store has none of them whole.
fn last_block_before(view: &View<'_>, day: Day) -> Result<Option<BlockNumber>, Error> {
    let mut last = None;
    for closed in view.calendar()? {
        let closed = closed?;
        if closed.day >= day {
            return Ok(last);
        }
        last = Some(closed.last_block);
    }
    // None is closed behind it: the day is the tip's, or lies ahead.
    let tip = view.blocks_backwards()?.next().transpose()?;
    Ok(match tip {
        Some((number, block)) if Day::of(block.timestamp) < day => Some(number),
        _ => last,
    })
}

/// The last block up to the end of a day; `None` if the tip is not beyond.
fn last_block_of(view: &View<'_>, day: Day) -> Result<Option<BlockNumber>, Error> {
    last_block_before(view, day.plus_days(1))
}
