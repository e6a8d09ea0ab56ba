//! Counts and volumes of the days before a moment.

use super::exact::nearest;
use super::figures::{apr, finite, float, integer, std};
use super::life::Observed;
use super::window::Window;
use num_bigint::BigInt;
use tidegauge_model::{SECONDS_PER_DAY, UnixSeconds};

/// Nano-dollars in a dollar.
const NANO: f64 = 1e9;

/// A pool at a moment.
pub(super) struct Moment<'a> {
    pub(super) pool: &'a Observed<'a>,
    pub(super) at: UnixSeconds,
    pub(super) age: u64,
}

impl Moment<'_> {
    /// The moment `days` × 24 hours before.
    pub(super) fn before(&self, days: u64) -> UnixSeconds {
        UnixSeconds(self.at.0.saturating_sub(days * SECONDS_PER_DAY))
    }

    /// The 24 hours that ended `ago` days before.
    pub(super) fn day(&self, ago: u64) -> Window<'_> {
        self.pool.window(self.before(ago + 1), self.before(ago))
    }

    /// Each of the last days, the latest first.
    pub(super) fn days(&self, count: u64) -> Vec<Window<'_>> {
        (0..count).map(|ago| self.day(ago)).collect()
    }

    /// The last days as one window; `None` while the pool is younger.
    pub(super) fn last(&self, days: u64) -> Option<Window<'_>> {
        (self.age >= days).then(|| self.pool.window(self.before(days), self.at))
    }

    /// Of the last days those of life; in its first 24 hours these.
    pub(super) fn days_of_life(&self, most: u64) -> u64 {
        self.age.clamp(1, most)
    }

    pub(super) fn mean_swaps_of_life(&self, most: u64) -> f64 {
        let days = self.days_of_life(most);
        let swaps: i64 = self.days(days).iter().map(Window::swaps).sum();
        float(swaps) / float(integer(days))
    }

    pub(super) fn std_swaps_of_life(&self, most: u64) -> Option<f64> {
        let days = self.days(self.days_of_life(most));
        std(&days
            .iter()
            .map(|day| day.swaps().into())
            .collect::<Vec<_>>())
    }

    pub(super) fn growth_of_swaps(&self) -> Option<f64> {
        if self.age <= 1 {
            return None;
        }
        finite(float(self.day(0).swaps()) / float(self.day(1).swaps()) - 1.0)
    }

    pub(super) fn users_7d(&self) -> Option<i64> {
        let from = self.before(7);
        let covered = self
            .pool
            .history
            .covered
            .after
            .is_none_or(|after| after < from);
        if !covered && self.pool.info.is_left_censored() {
            return None;
        }
        let window = self.pool.window(from, self.at);
        window.users(self.pool.history.set.user)
    }

    pub(super) fn mean_users_7d(&self) -> Option<f64> {
        if self.age < 7 {
            return None;
        }
        let key = self.pool.history.set.user;
        let users: Option<i64> = self.days(7).iter().map(|day| day.users(key)).sum();
        finite(float(users?) / 7.0)
    }

    pub(super) fn mean_transactions(&self, days: u64) -> Option<f64> {
        if self.age < days {
            return None;
        }
        finite(float(self.transactions(days)) / float(integer(days)))
    }

    /// Σn.
    fn transactions(&self, days: u64) -> i64 {
        self.days(days).iter().map(Window::transactions).sum()
    }

    pub(super) fn mean_volume(&self, days: u64) -> Option<f64> {
        let volume = self.last(days)?.volume()?;
        finite(nearest(&volume) / (float(integer(days)) * NANO))
    }

    pub(super) fn std_volume_7d(&self) -> Option<f64> {
        if self.age < 7 {
            return None;
        }
        let volumes: Option<Vec<_>> = self.days(7).iter().map(Window::volume).collect();
        finite(std(&volumes?)? / NANO)
    }

    pub(super) fn growth_of_volume(&self, days: u64) -> Option<f64> {
        let both = self.last(2 * days)?;
        let now = self.last(days)?.volume()?;
        let before = both.volume()? - &now;
        finite(nearest(&now) / nearest(&before) - 1.0)
    }

    pub(super) fn apr_7d(&self) -> Option<f64> {
        apr(&self.last(7)?.returns()?, 7.0)
    }

    pub(super) fn trend_3d(&self) -> Option<&'static str> {
        let window = self.last(3)?;
        let [latest, _, earliest] = [self.day(0), self.day(1), self.day(2)];
        let (last, first, sum) = match (latest.volume(), earliest.volume(), window.volume()) {
            (Some(last), Some(first), Some(sum)) => (last, first, sum),
            _ => (
                latest.transactions().into(),
                earliest.transactions().into(),
                self.transactions(3).into(),
            ),
        };
        let slope = 30 * (last - first);
        let zero = BigInt::from(0);
        if sum == zero {
            None
        } else if slope > sum {
            Some("increasing")
        } else if slope < -sum {
            Some("decreasing")
        } else {
            Some("stable")
        }
    }
}
