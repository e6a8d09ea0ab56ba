//! What happened after a day: the same sums, read at its horizons.

use crate::columns::TargetRow;
use crate::row::{fee_apr, int, sum};
use crate::tile::{Sums, Tile};
use tidegauge_model::{Day, Hour};

/// The longest horizon, in days.
pub const HORIZON_DAYS: u32 = 7;

/// The hours after a day that its targets rest on: first included, last excluded.
pub fn target_hours(day: Day) -> (Hour, Hour) {
    let from = day.first_hour().0.saturating_add(24);
    (Hour(from), Hour(from.saturating_add(24 * HORIZON_DAYS)))
}

/// A day's targets, from the tiles of the days after it; those whose horizon ends after the last
/// closed day are unknown.
pub fn target_row<'a>(
    day: Day,
    last_closed: Day,
    tiles: impl IntoIterator<Item = (Hour, &'a Tile)>,
) -> TargetRow {
    let mut days = [Sums::default(); HORIZON_DAYS as usize];
    for (hour, tile) in tiles {
        let ahead = hour.day().number().checked_sub(day.number() + 1);
        if let Some(sums) = ahead.and_then(|ahead| days.get_mut(ahead as usize)) {
            *sums = sums.merged(&tile.sums);
        }
    }
    of_days(day, last_closed, &days)
}

/// The same from the sums of the days after it.
pub(crate) fn of_days(
    day: Day,
    last_closed: Day,
    days: &[Sums; HORIZON_DAYS as usize],
) -> TargetRow {
    let horizon = |h: u32| {
        (day.plus_days(h) <= last_closed).then(|| {
            let days = &days[..h as usize];
            (days[days.len() - 1], sum(days))
        })
    };
    let (three, seven) = (horizon(3), horizon(7));
    TargetRow {
        target_tx_3d_ahead: three.map(|(last, _)| int(last.swaps)),
        target_tx_7d_ahead: seven.map(|(last, _)| int(last.swaps)),
        target_tx_3d_avg_ahead: three.map(|(_, all)| all.swaps as f64 / 3.0),
        target_tx_7d_avg_ahead: seven.map(|(_, all)| all.swaps as f64 / 7.0),
        target_volume_usd_3d: three.and_then(|(_, all)| all.priced_volume()),
        target_volume_usd_7d: seven.and_then(|(_, all)| all.priced_volume()),
        target_fee_apr_3d: three.and_then(|(_, all)| fee_apr(&all, 3)),
        target_fee_apr_7d: seven.and_then(|(_, all)| fee_apr(&all, 7)),
    }
}

impl TargetRow {
    /// The same, with what rests on days after `last_final` unknown.
    #[must_use]
    pub fn up_to(self, day: Day, last_final: Day) -> Self {
        let none = Self::default();
        let three = day.plus_days(3) <= last_final;
        let seven = day.plus_days(HORIZON_DAYS) <= last_final;
        let pick = |known: bool| if known { self } else { none };
        Self {
            target_tx_3d_ahead: pick(three).target_tx_3d_ahead,
            target_tx_3d_avg_ahead: pick(three).target_tx_3d_avg_ahead,
            target_volume_usd_3d: pick(three).target_volume_usd_3d,
            target_fee_apr_3d: pick(three).target_fee_apr_3d,
            target_tx_7d_ahead: pick(seven).target_tx_7d_ahead,
            target_tx_7d_avg_ahead: pick(seven).target_tx_7d_avg_ahead,
            target_volume_usd_7d: pick(seven).target_volume_usd_7d,
            target_fee_apr_7d: pick(seven).target_fee_apr_7d,
        }
    }
}
