//! What a pool's days came to, each by itself: what forecasts look back on.

use crate::exact::Q96;
use crate::tile::{Sums, Tile};
use tidegauge_model::{Day, Hour, Usd};

/// A day of a pool, as the sums of its hours.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DayTotals {
    /// Swaps.
    pub swaps: u64,
    /// Their value; `None` where one is unpriced.
    pub volume: Option<Usd>,
    /// The day's fee return, a fraction, not a yearly rate; `None` where one is unknown.
    pub fee_return: Option<f64>,
}

/// Totals of the days that these hours belong to, in their order; days without a swap are left out.
pub fn day_totals<'a>(tiles: impl IntoIterator<Item = (Hour, &'a Tile)>) -> Vec<(Day, DayTotals)> {
    let mut days: Vec<(Day, Sums)> = Vec::new();
    for (hour, tile) in tiles {
        match days.last_mut() {
            Some((day, sums)) if *day == hour.day() => *sums = sums.merged(&tile.sums),
            _ => days.push((hour.day(), tile.sums)),
        }
    }
    days.retain(|(_, sums)| sums.swaps > 0);
    let totals = |(day, sums): (Day, Sums)| {
        let totals = DayTotals {
            swaps: sums.swaps,
            volume: sums.priced_volume(),
            fee_return: (sums.returns_unknown == 0).then(|| sums.fee_return.0 as f64 / Q96),
        };
        (day, totals)
    };
    days.into_iter().map(totals).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FeeReturn;

    #[test]
    fn hours_of_a_day_are_one() {
        let tile = |swaps, unpriced, unknown| Tile {
            sums: Sums {
                swaps,
                unpriced,
                returns_unknown: unknown,
                volume: Usd(5),
                fee_return: FeeReturn(1 << 95),
                ..Sums::default()
            },
            ..Tile::default()
        };
        let day: Day = "2024-01-05".parse().unwrap();
        let hour = |n: u32| Hour(day.first_hour().0 + n);
        let tiles = [
            (hour(0), tile(1, 0, 0)),
            (hour(23), tile(2, 0, 0)),
            (hour(24), tile(0, 0, 0)),
            (hour(48), tile(4, 1, 0)),
            (hour(72), tile(5, 0, 2)),
        ];
        let found = day_totals(tiles.iter().map(|(hour, tile)| (*hour, tile)));
        let totals = |swaps, volume, fee_return| DayTotals {
            swaps,
            volume,
            fee_return,
        };
        assert_eq!(
            found,
            [
                (day, totals(3, Some(Usd(10)), Some(1.0))),
                (day.plus_days(2), totals(4, None, Some(0.5))),
                (day.plus_days(3), totals(5, Some(Usd(5)), None)),
            ]
        );
    }
}
