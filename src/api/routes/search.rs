//! `GET /api/search`: pools by symbol or address.

use crate::api::ask::Asked;
use crate::api::directory::Entry;
use crate::api::kept::Answer;
use crate::api::names::PoolShown;
use crate::api::refusal::Refusal;
use crate::api::snapshot::Snapshot;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegauge_model::BlockRef;

/// Pools answered where no limit is given.
const DEFAULT_ROWS: usize = 20;
/// Most pools answered.
const MAX_ROWS: usize = 100;
/// Longest text looked for, in bytes.
const MAX_TEXT_BYTES: usize = 100;

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Symbols, whole or in part (`usdc weth`), a pool's or token's address, or its beginning.
    #[schemars(length(min = 1, max = 100))]
    q: String,
    /// Most pools, from 1 to 100; by default 20.
    #[schemars(range(min = 1, max = 100))]
    limit: Option<usize>,
}

/// Pools found.
#[derive(Serialize, JsonSchema)]
pub(super) struct Found {
    /// The last block that is in the numbers.
    as_of: BlockRef,
    /// Best first: symbols as they were written, then the busiest on the last complete day.
    rows: Vec<FoundPool>,
}

impl Answer for Found {}

#[derive(Serialize, JsonSchema)]
struct FoundPool {
    #[serde(flatten)]
    pool: PoolShown,
    /// Its swaps of the last complete day.
    swaps_last_day: i64,
}

/// The best matches.
pub(super) fn search(snapshot: &Snapshot<'_>, _: &Asked, wanted: Wanted) -> Result<Found, Refusal> {
    let limit = match wanted.limit {
        None => DEFAULT_ROWS,
        Some(limit) if (1..=MAX_ROWS).contains(&limit) => limit,
        Some(limit) => return Err(super::bad_limit("limit", limit as u64, MAX_ROWS as u64)),
    };
    let words = words(&wanted.q)?;
    let as_of = snapshot.as_of()?.block;
    let directory = snapshot.context.directory.read(&snapshot.view)?;
    let mut found: Vec<(u8, &Entry)> = directory
        .entries()
        .filter_map(|entry| Some((entry.matches(&words)?, entry)))
        .collect();
    found.sort_by(|(a, x), (b, y)| {
        let by_pool = || x.named.info.pool.id.cmp(&y.named.info.pool.id);
        a.cmp(b).then(y.swaps.cmp(&x.swaps)).then_with(by_pool)
    });
    Ok(Found {
        as_of,
        rows: found
            .into_iter()
            .take(limit)
            .map(|(_, entry)| FoundPool {
                pool: PoolShown::of(&entry.named),
                swaps_last_day: entry.swaps,
            })
            .collect(),
    })
}

/// Lower-case words of what is looked for.
fn words(text: &str) -> Result<Vec<String>, Refusal> {
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c == '/' || c == ',')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    if words.is_empty() || text.len() > MAX_TEXT_BYTES {
        return Err(Refusal::bad(
            "bad_search",
            format!("q: write something of 1 to {MAX_TEXT_BYTES} bytes"),
            "e.g. ?q=usdc/weth or ?q=0x88e6",
        ));
    }
    Ok(words)
}
