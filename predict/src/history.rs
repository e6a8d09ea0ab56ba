//! What is known of every pool, day by day.

use crate::aim::Quantity;
use crate::observed::Class;
use crate::series::{KEPT_DAYS, Series};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegauge_model::{Day, PoolId};

/// A pool's last days.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct History {
    /// The first day it was observed on.
    first: Day,
    /// The last day it was observed on.
    last: Day,
    /// What it pairs, as of that day.
    pub(crate) class: Class,
    series: [Series; 3],
}

impl History {
    pub(crate) fn of(&self, quantity: Quantity) -> &Series {
        &self.series[quantity as usize]
    }

    /// Days of life up to a day, both ends included.
    pub(crate) fn age_days(&self, day: Day) -> u32 {
        (day.number() + 1).saturating_sub(self.first.number())
    }

    fn push(&mut self, values: [Option<f64>; 3]) {
        for (series, value) in self.series.iter_mut().zip(values) {
            series.push(value);
        }
    }
}

/// All pools.
///
/// A given day is whole: a pool that is absent from it had no swap, so it counts as zeros. A day
/// that was not given is unknown of every pool. Pools without a swap in all days kept are put away,
/// and their days are made again when they return: memory grows with the pools that live.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Histories {
    /// Bit n: the day n days ago was given.
    given: u64,
    last: Option<Day>,
    pools: BTreeMap<PoolId, History>,
    /// First days of those put away.
    away: BTreeMap<PoolId, Day>,
}

impl Histories {
    /// The last day given.
    pub(crate) fn last(&self) -> Option<Day> {
        self.last
    }

    pub(crate) fn get(&self, pool: &PoolId) -> Option<&History> {
        self.pools.get(pool)
    }

    /// How many pools have a history.
    pub(crate) fn len(&self) -> usize {
        self.pools.len()
    }

    /// A day more; `observed` has each pool once, in order.
    pub(crate) fn push(&mut self, day: Day, observed: &[(PoolId, Class, [Option<f64>; 3])]) {
        let missed = self
            .last
            .map_or(0, |last| day.number() - last.number() - 1)
            .min(KEPT_DAYS as u32);
        for _ in 0..missed {
            self.given = (self.given << 1) & ((1 << KEPT_DAYS) - 1);
            self.pools
                .values_mut()
                .for_each(|pool| pool.push([None; 3]));
        }
        let quiet = [Some(0.0); 3];
        let mut rows = observed.iter().peekable();
        for (pool, history) in &mut self.pools {
            while rows.next_if(|row| row.0 < *pool).is_some() {}
            if let Some((_, class, values)) = rows.next_if(|row| row.0 == *pool) {
                history.push(*values);
                (history.class, history.last) = (*class, day);
            } else {
                history.push(quiet);
            }
        }
        self.given = (self.given << 1 | 1) & ((1 << KEPT_DAYS) - 1);
        self.last = Some(day);
        for (pool, class, values) in observed {
            if !self.pools.contains_key(pool) {
                let history = self.begin(*pool, *class, day, *values);
                self.pools.insert(*pool, history);
            }
        }
        self.put_away(day);
    }

    /// The history of a pool that has none: of a new one, or of one that was put away.
    fn begin(&mut self, pool: PoolId, class: Class, day: Day, values: [Option<f64>; 3]) -> History {
        let first = self.away.remove(&pool).unwrap_or(day);
        let mut history = History {
            first,
            last: day,
            class,
            series: Default::default(),
        };
        for ago in (1..KEPT_DAYS as u32).rev() {
            let lived = day.number() >= first.number() + ago;
            let quiet = lived && self.given >> ago & 1 == 1;
            history.push([quiet.then_some(0.0); 3]);
        }
        history.push(values);
        history
    }

    fn put_away(&mut self, day: Day) {
        let Self { pools, away, .. } = self;
        pools.retain(|pool, history| {
            let keep = history.last.plus_days(KEPT_DAYS as u32) > day;
            if !keep {
                away.insert(*pool, history.first);
            }
            keep
        });
    }

    /// Whether it has the shape that the rest relies on; for what was read from bytes.
    pub(crate) fn is_sound(&self) -> bool {
        self.given >> KEPT_DAYS == 0
            && self.pools.values().all(|history| {
                history.series.iter().all(Series::is_sound)
                    && history.first <= history.last
                    && Some(history.last) <= self.last
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::Address;

    #[test]
    fn a_pool_that_returns_has_the_days_it_would_have_had() {
        let pool = |n| PoolId(Address::with_last_byte(n));
        let row = |n, value: f64| (pool(n), Class::Other, [Some(value); 3]);
        for (away_days, missing) in [(40, None), (50, Some(46)), (100, Some(95)), (20, Some(7))] {
            // The one beside it is seen every day, and shows the days given as one that stayed would.
            let mut histories = Histories::default();
            let day = |n: u32| Day::of(tidegauge_model::UnixSeconds(0)).plus_days(n);
            histories.push(day(0), &[row(1, 5.0), row(2, 0.0)]);
            for n in (1..away_days).filter(|n| Some(*n) != missing) {
                histories.push(day(n), &[row(2, 0.0)]);
            }
            assert_eq!(
                histories.get(&pool(1)).is_none(),
                away_days > KEPT_DAYS as u32,
                "{away_days}"
            );
            histories.push(day(away_days), &[row(1, 7.0), row(2, 7.0)]);
            let (back, stayed) = (
                histories.get(&pool(1)).unwrap(),
                histories.get(&pool(2)).unwrap(),
            );
            if away_days > KEPT_DAYS as u32 {
                assert_eq!(back, stayed);
            } else {
                assert_eq!(back.of(Quantity::Swaps).as_of(0).day(20), Some(5.0));
            }
            assert_eq!(back.age_days(day(away_days)), away_days + 1);
        }
    }
}
