//! `GET /api/features/{pool}`: a pool's features as of the tip, with its last daily row beside them.

use crate::api::ask::Asked;
use crate::api::cells::{Cells, Features, Targets};
use crate::api::kept::Answer;
use crate::api::names::label;
use crate::api::refusal::Refusal;
use crate::api::route::NoQuery;
use crate::api::snapshot::Snapshot;
use crate::clock;
use schemars::JsonSchema;
use serde::Serialize;
use tidegauge_features::{PoolDay, Status};
use tidegauge_model::{BlockRef, Day, PoolId, SECONDS_PER_DAY, UnixSeconds};
use tidegauge_storage::View;

/// Days looked back for the last daily row.
const LOOK_BACK_DAYS: u32 = 30;

/// What is known of a pool now.
#[derive(Serialize, JsonSchema)]
pub(in crate::api) struct FeaturesNow {
    pool_address: PoolId,
    /// `SYMBOL0/SYMBOL1 FEE %`.
    pool_name: String,
    /// The block that the features are as of.
    as_of: BlockRef,
    /// The moment before which everything counts: the tip's timestamp and a second.
    at: UnixSeconds,
    /// Seconds from there to now; null if the tip's clock is ahead of ours.
    staleness_s: Option<u64>,
    /// Whether the 24 hours before lie in what was collected.
    covered_24h: bool,
    /// Over the 24 hours before, and longer windows that end there.
    features: Cells<Features>,
    /// The last whole day with a swap, of the last thirty.
    last_day: Option<DayRow>,
}

/// One day of a pool.
#[derive(Serialize, JsonSchema)]
pub(super) struct DayRow {
    date: Day,
    status: Status,
    /// The day's last block.
    as_of_block: u64,
    features: Cells<Features>,
    /// What followed, as far as it is final.
    targets: Cells<Targets>,
}

impl DayRow {
    /// Of a row.
    pub(super) fn of(found: &PoolDay) -> Self {
        Self {
            date: found.day,
            status: found.status,
            as_of_block: found.as_of_block.0,
            features: Cells::features(&found.row),
            targets: Cells::targets(&found.targets),
        }
    }
}

impl Answer for FeaturesNow {
    fn counts_from(&self) -> Option<UnixSeconds> {
        Some(self.at)
    }
}

impl FeaturesNow {
    /// With its age, for who sends it at once.
    pub(super) fn aged(self) -> Self {
        Self {
            staleness_s: clock::now().0.checked_sub(self.at.0),
            ..self
        }
    }
}

/// A pool's features at the tip.
pub(super) fn now(
    snapshot: &Snapshot<'_>,
    asked: &Asked,
    _: NoQuery,
) -> Result<FeaturesNow, Refusal> {
    of_pool(snapshot, asked.pool(0)?)
}

/// The same, of a pool.
pub(super) fn of_pool(snapshot: &Snapshot<'_>, pool: PoolId) -> Result<FeaturesNow, Refusal> {
    let Snapshot { context, view } = snapshot;
    let as_of = snapshot.as_of()?;
    let named = super::known(snapshot, pool)?;
    let at = UnixSeconds(as_of.time.0.saturating_add(1));
    let row = context
        .rows
        .row_at(view, pool, at)?
        .ok_or_else(|| super::no_swap(pool))?;
    let after = view.horizon().and_then(|horizon| horizon.after);
    let start = at.0.saturating_sub(SECONDS_PER_DAY);
    Ok(FeaturesNow {
        pool_address: pool,
        pool_name: label(&named),
        as_of: as_of.block,
        at,
        staleness_s: None,
        covered_24h: after.is_none_or(|after| after.0 < start),
        features: Cells::features(&row),
        last_day: last_day(view, pool, Day::of(as_of.time))?,
    })
}

fn last_day(view: &View<'_>, pool: PoolId, tip: Day) -> Result<Option<DayRow>, Refusal> {
    let rows = view.daily_rows(tip.minus_days(LOOK_BACK_DAYS), tip, Some(pool))?;
    let last = rows.last().transpose()?;
    Ok(last.as_ref().map(DayRow::of))
}
