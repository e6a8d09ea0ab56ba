//! `GET /api/features/{pool}/history`: a pool's daily rows.

use super::days::Known;
use super::features::DayRow;
use crate::api::ask::Asked;
use crate::api::kept::Answer;
use crate::api::names::label;
use crate::api::refusal::Refusal;
use crate::api::snapshot::Snapshot;
use crate::days::DaySpan;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegauge_model::{BlockRef, Day, PoolId};

/// Days answered where none are named.
const DEFAULT_DAYS: u32 = 30;
/// Most days answered at once.
const MAX_DAYS: u32 = 1_000;

/// Which days.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    /// The first day.
    #[schemars(with = "Option<Day>")]
    from: Option<String>,
    /// In place of the first: how many days, fewer where the store begins later; by default 30.
    #[schemars(range(min = 1, max = 1_000))]
    days: Option<u32>,
    /// The last day; by default the last complete one.
    #[schemars(with = "Option<Day>")]
    to: Option<String>,
}

/// A pool's days.
#[derive(Serialize, JsonSchema)]
pub(super) struct History {
    pool_address: PoolId,
    /// `SYMBOL0/SYMBOL1 FEE %`.
    pool_name: String,
    /// The last block that is in the numbers.
    as_of: BlockRef,
    from: Day,
    to: Day,
    /// Days with a swap, ascending.
    rows: Vec<DayRow>,
}

impl Answer for History {}

/// A pool's rows of some days.
pub(super) fn history(
    snapshot: &Snapshot<'_>,
    asked: &Asked,
    range: Range,
) -> Result<History, Refusal> {
    let pool = asked.pool(0)?;
    let as_of = snapshot.as_of()?.block;
    let named = super::known(snapshot, pool)?;
    let days = span(&Known::read(snapshot)?, &range)?;
    let rows = snapshot.view.daily_rows(days.from, days.to, Some(pool))?;
    Ok(History {
        pool_address: pool,
        pool_name: label(&named),
        as_of,
        from: days.from,
        to: days.to,
        rows: rows
            .map(|row| row.map(|row| DayRow::of(&row)))
            .collect::<Result<_, _>>()?,
    })
}

fn span(known: &Known, range: &Range) -> Result<DaySpan, Refusal> {
    let named = |key: &str, text: &Option<String>| -> Result<Option<Day>, Refusal> {
        let Some(text) = text else { return Ok(None) };
        let day = text.parse().map_err(|_| {
            Refusal::bad(
                "bad_date",
                format!("{key}: this is no day"),
                "write a UTC calendar day as YYYY-MM-DD, e.g. 2024-01-05",
            )
        })?;
        known.complete(day).map(Some)
    };
    let to = match named("to", &range.to)? {
        Some(to) => to,
        None => known.last()?,
    };
    let from = match (named("from", &range.from)?, range.days) {
        (Some(from), None) => from,
        (Some(_), Some(_)) => {
            return Err(Refusal::bad(
                "bad_range",
                "from and days contradict each other",
                "give one of them",
            ));
        }
        (None, days) => {
            let days = days.unwrap_or(DEFAULT_DAYS);
            if !(1..=MAX_DAYS).contains(&days) {
                return Err(super::bad_limit(
                    "days",
                    u64::from(days),
                    u64::from(MAX_DAYS),
                ));
            }
            known.not_before(to.minus_days(days - 1))
        }
    };
    let days = DaySpan::new(from, to).ok_or_else(|| {
        Refusal::bad(
            "bad_range",
            format!("day {to} lies before day {from}"),
            "use ?from=DAY&to=DAY with from <= to",
        )
    })?;
    if days.len_days() > MAX_DAYS {
        return Err(Refusal::bad(
            "long_range",
            format!("these are {} days", days.len_days()),
            format!("ask for at most {MAX_DAYS} at once"),
        ));
    }
    Ok(days)
}
