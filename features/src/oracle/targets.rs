//! What followed a day, as far as it is known.

use super::exact::nearest;
use super::figures::{apr, finite, usd};
use super::life::Observed;
use super::window::Window;
use crate::TargetRow;
use tidegauge_model::{Day, SECONDS_PER_DAY, UnixSeconds};

pub(super) fn targets(pool: &Observed, day: Day) -> TargetRow {
    let (three, seven) = (after(pool, day, 3), after(pool, day, 7));
    TargetRow {
        target_tx_3d_ahead: three.as_ref().map(|(_, last)| last.swaps()),
        target_tx_7d_ahead: seven.as_ref().map(|(_, last)| last.swaps()),
        target_tx_3d_avg_ahead: three.as_ref().and_then(|(all, _)| mean_swaps(all, 3.0)),
        target_tx_7d_avg_ahead: seven.as_ref().and_then(|(all, _)| mean_swaps(all, 7.0)),
        target_volume_usd_3d: three.as_ref().and_then(|(all, _)| usd(&all.volume()?)),
        target_volume_usd_7d: seven.as_ref().and_then(|(all, _)| usd(&all.volume()?)),
        target_fee_apr_3d: three.and_then(|(all, _)| apr(&all.returns()?, 3.0)),
        target_fee_apr_7d: seven.and_then(|(all, _)| apr(&all.returns()?, 7.0)),
    }
}

/// The swaps of the days after a day and those of the last of them; `None` until all are known.
fn after<'a>(pool: &'a Observed, day: Day, days: u64) -> Option<(Window<'a>, Window<'a>)> {
    let end = |days: u64| UnixSeconds(day.end().0 + days * SECONDS_PER_DAY);
    (pool.history.covered.until >= end(days)).then(|| {
        let all = pool.window(end(0), end(days));
        (all, pool.window(end(days - 1), end(days)))
    })
}

fn mean_swaps(window: &Window, days: f64) -> Option<f64> {
    finite(nearest(&window.swaps().into()) / days)
}
