//! All that was observed of one pool.

use super::exact::{big, log2_of_price};
use super::states::{After, States};
use super::values::value;
use super::window::{Valued, Window};
use crate::{History, PoolInfo};
use tidegauge_model::{Day, Hour, PoolId, SECONDS_PER_DAY, UnixSeconds};

/// A pool's swaps with their values, its states, and what surrounds them.
pub(super) struct Observed<'a> {
    pub(super) history: &'a History,
    pub(super) info: &'a PoolInfo,
    pub(super) events: &'a [After],
    swaps: Vec<Valued<'a>>,
    /// The day of the first observed swap, or the first whole day if that is later.
    first_day: Day,
}

impl<'a> Observed<'a> {
    /// `None` for a pool that is not known or was never seen to swap.
    pub(super) fn of(history: &'a History, states: &'a States, pool: PoolId) -> Option<Self> {
        let info = history.pools.get(&pool)?;
        let swaps: Vec<_> = history
            .swaps
            .iter()
            .enumerate()
            .filter(|(_, swap)| swap.pool == pool)
            .filter_map(|(n, swap)| {
                let value = value(history, states, n)?;
                let log2 = log2_of_price(&big(swap.sqrt_price.0));
                Some(Valued { swap, value, log2 })
            })
            .collect();
        let first = Day::of(swaps.first()?.swap.timestamp);
        Some(Self {
            history,
            info,
            events: states.of_pool(pool),
            swaps,
            first_day: first.max(first_whole_day(history)),
        })
    }

    pub(super) fn whole_days_with_a_swap(&self) -> Vec<Day> {
        let until = self.history.covered.until;
        let mut days: Vec<_> = self
            .swaps
            .iter()
            .map(|valued| Day::of(valued.swap.timestamp))
            .filter(|day| *day >= first_whole_day(self.history) && until >= day.end())
            .collect();
        days.dedup();
        days
    }

    /// The swaps in a half-open stretch of time.
    pub(super) fn window(&self, from: UnixSeconds, to: UnixSeconds) -> Window<'_> {
        Window(
            self.swaps
                .iter()
                .filter(|valued| from <= valued.swap.timestamp && valued.swap.timestamp < to)
                .collect(),
        )
    }

    /// The swaps of life before a moment.
    pub(super) fn life(&self, at: UnixSeconds) -> Window<'_> {
        self.window(self.first_day.start(), at)
    }

    pub(super) fn last_before(&self, at: UnixSeconds) -> Option<&Valued<'a>> {
        let count = self
            .swaps
            .partition_point(|valued| valued.swap.timestamp < at);
        self.swaps[..count].last()
    }

    /// log₂ × 2⁴⁰ of the last price before a moment.
    pub(super) fn log2_before(&self, at: UnixSeconds) -> Option<i64> {
        self.last_before(at)?.log2
    }

    pub(super) fn first_hour(&self) -> Option<Hour> {
        Some(Hour::of(self.swaps.first()?.swap.timestamp))
    }

    /// Whole days of life up to a moment.
    pub(super) fn age_days(&self, at: UnixSeconds) -> u64 {
        at.0.saturating_sub(self.first_day.start().0) / SECONDS_PER_DAY
    }
}

/// The first day of which every block is known.
fn first_whole_day(history: &History) -> Day {
    match history.covered.after {
        None => Day::of(UnixSeconds(0)),
        Some(after) => Day::of(after).plus_days(1),
    }
}
