//! A row from a window: the last step of each column.

use crate::class::{PoolClass, PoolSubclass};
use crate::columns::{DailyRow, TRENDS};
use crate::exact::{Q96, f64_of, finite, natural, price, std, std_of_counts, volatility};
use crate::tile::Sums;
use crate::window::PoolWindow;
use crate::{FeatureSet, Fingerprint, PoolInfo};
use tidegauge_model::{BlockNumber, Day, NANO_PER_USD, SECONDS_PER_DAY, U256, UnixSeconds, Usd};

/// Fewest hourly returns that make a volatility.
const LEAST_RETURNS: u64 = 24;

/// Hundredths of a basis point in one.
const PIPS: i128 = 1_000_000;

/// Where collection stands: what is before it is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Horizon {
    /// Timestamp of the block before the first; `None`: the chain began here.
    pub after: Option<UnixSeconds>,
}

impl Horizon {
    /// The first day of which every block is known.
    pub fn first_whole_day(self) -> Day {
        match self.after {
            None => Day::of(UnixSeconds(0)),
            Some(after) => Day::of(after).plus_days(1),
        }
    }
}

/// The row of a pool at a window's moment; `None` if it never had a swap.
pub fn row(
    set: &FeatureSet,
    pool: &PoolInfo,
    horizon: Horizon,
    window: &PoolWindow<'_>,
) -> Option<DailyRow> {
    row_by(set, |at| set.fingerprint(at), pool, horizon, window)
}

/// The same by a set whose fingerprints are kept.
pub(crate) fn row_by(
    set: &FeatureSet,
    fingerprint: impl FnOnce(BlockNumber) -> Fingerprint,
    pool: &PoolInfo,
    horizon: Horizon,
    window: &PoolWindow<'_>,
) -> Option<DailyRow> {
    let at = Facts::of(pool, horizon, window)?;
    let mut row = DailyRow {
        left_censored: pool.is_left_censored(),
        user_key: set.user.name(),
        ..DailyRow::default()
    };
    at.classic(&mut row);
    at.trade(&mut row);
    at.averages(&mut row);
    at.prices(&mut row);
    at.yields(&mut row);
    let tokens = [pool.pool.token0, pool.pool.token1];
    row.pool_class = PoolClass::of(&set.lists, tokens, at.last_block).name();
    row.pool_subclass = PoolSubclass::of(&set.lists, tokens, at.last_block).name();
    row.feature_set = fingerprint(at.last_block).0 as i64;
    Some(row)
}

/// What the columns are computed from.
struct Facts<'a> {
    pool: &'a PoolInfo,
    window: &'a PoolWindow<'a>,
    days: [Sums; 14],
    age: u64,
    /// Whether the last seven days are known whole.
    week_known: bool,
    last_block: BlockNumber,
}

impl<'a> Facts<'a> {
    fn of(pool: &'a PoolInfo, horizon: Horizon, window: &'a PoolWindow<'a>) -> Option<Self> {
        let first_day = window.life().first_day?;
        let age = window.at.0.saturating_sub(first_day.start().0) / SECONDS_PER_DAY;
        let week = window.at.0.saturating_sub(7 * SECONDS_PER_DAY);
        let known = horizon.after.is_none_or(|after| after.0 < week);
        Some(Self {
            pool,
            window,
            days: window.days(),
            age,
            week_known: known || !pool.is_left_censored(),
            last_block: window.life().last_block,
        })
    }

    fn of_age(&self, days: u64) -> Option<()> {
        (self.age >= days).then_some(())
    }

    fn last(&self, days: usize) -> Sums {
        sum(&self.days[..days])
    }

    fn classic(&self, row: &mut DailyRow) {
        let today = &self.days[0];
        let counts = |days: u64| -> Vec<u64> {
            let days = self.age.clamp(1, days) as usize;
            self.days[..days].iter().map(|day| day.swaps).collect()
        };
        let mean = |days| {
            let counts = counts(days);
            counts.iter().sum::<u64>() as f64 / counts.len() as f64
        };
        let life = self.window.life();
        row.tx_count = int(today.swaps);
        row.unique_users = self.users_today();
        row.tx_count_3d_avg = mean(3);
        row.tx_count_7d_avg = mean(7);
        row.tx_count_7d_std = std_of_counts(&counts(7));
        row.tx_count_cumulative = int(life.swaps);
        row.days_since_start = int(self.age.saturating_sub(1));
        row.day_number = i64::from(life.active_days);
        row.tx_growth_rate = self
            .of_age(2)
            .and_then(|()| growth(today.swaps.into(), self.days[1].swaps.into()));
        row.age_days = int(self.age);
    }

    fn users_today(&self) -> Option<i64> {
        (self.days[0].users_unknown == 0).then(|| int(self.window.users().each()[0]))
    }

    fn trade(&self, row: &mut DailyRow) {
        let today = &self.days[0];
        let volume = today.priced_volume();
        row.tx_count_24h = int(today.transactions);
        row.swap_count_24h = int(today.swaps);
        row.unique_users_24h = self.users_today();
        row.volume_usd_24h = volume;
        row.fees_usd_24h = volume.and_then(|v| {
            let fee = v.0.checked_mul(i128::from(self.pool.pool.fee_pips))?;
            Some(Usd(fee.div_euclid(PIPS)))
        });
        let swaps = (today.swaps > 0).then_some(today.swaps as f64);
        row.buy_ratio_24h = swaps.map(|swaps| today.buys as f64 / swaps);
        row.avg_swap_usd = swaps.and_then(|swaps| Some(volume?.0 as f64 / swaps / nano()));
        row.max_swap_usd = swaps.and_then(|_| volume.map(|_| today.max_usd));
        row.priced = volume.is_some();
        row.ref_guard = today.guarded > 0;
        row.xtick_share = volume
            .filter(|_| today.crossing_known.0 > 0)
            .map(|_| today.crossing.0 as f64 / today.crossing_known.0 as f64);
        row.trend_3d = self.of_age(3).and_then(|()| self.trend());
    }

    fn trend(&self) -> Option<&'static str> {
        let days = &self.days[..3];
        let priced = days.iter().all(|day| day.unpriced == 0);
        let of = |day: &Sums| {
            if priced {
                day.volume.0
            } else {
                i128::from(day.transactions)
            }
        };
        let sum: i128 = days.iter().map(of).sum();
        let rise = 30 * (of(&days[0]) - of(&days[2]));
        (sum != 0).then(|| {
            if rise > sum {
                TRENDS[0]
            } else if rise < -sum {
                TRENDS[1]
            } else {
                TRENDS[2]
            }
        })
    }

    fn averages(&self, row: &mut DailyRow) {
        let (three, seven) = (self.last(3), self.last(7));
        let mean_usd = |sums: &Sums, days: u64| {
            self.of_age(days)?;
            Some(sums.priced_volume()?.0 as f64 / (days as f64 * nano()))
        };
        let mean = |sum: u64, days: u64| self.of_age(days).map(|()| sum as f64 / days as f64);
        row.volume_usd_avg_3d = mean_usd(&three, 3);
        row.volume_usd_avg_7d = mean_usd(&seven, 7);
        row.tx_count_avg_3d = mean(three.transactions, 3);
        row.tx_count_avg_7d = mean(seven.transactions, 7);
        let users_known = seven.users_unknown == 0;
        let each = self.window.users().each();
        row.unique_users_avg_7d = mean(each.iter().sum(), 7).filter(|_| users_known);
        row.unique_users_7d =
            (users_known && self.week_known).then(|| int(self.window.users().week()));
        row.volume_std_7d = self.of_age(7).and_then(|()| {
            seven.priced_volume()?;
            let volumes = self.days[..7]
                .iter()
                .map(|d| U256::from(d.volume.0.unsigned_abs()));
            Some(std(&volumes.collect::<Vec<_>>())? / nano())
        });
        row.volume_growth_1d = self.of_age(2).and_then(|()| {
            growth(
                self.days[0].priced_volume()?.0,
                self.days[1].priced_volume()?.0,
            )
        });
        row.volume_growth_7d = self.of_age(14).and_then(|()| {
            growth(
                seven.priced_volume()?.0,
                sum(&self.days[7..]).priced_volume()?.0,
            )
        });
        row.volume_momentum_3_7 = row
            .volume_usd_avg_3d
            .zip(row.volume_usd_avg_7d)
            .filter(|(_, week)| *week > 0.0)
            .and_then(|(days, week)| self.of_age(7).and_then(|()| finite(days / week - 1.0)));
    }

    fn prices(&self, row: &mut DailyRow) {
        let (decimals0, decimals1) = (self.pool.decimals0, self.pool.decimals1);
        let last = self.window.latest().map(|tile| tile.state.sqrt_price);
        let path = self.window.path();
        let of = |root| price(root, decimals0, decimals1);
        row.price_open = path.map(|p| p.open).or(last).and_then(of);
        row.price_high = path.map(|p| p.high).or(last).and_then(of);
        row.price_low = path.map(|p| p.low).or(last).and_then(of);
        row.price_close = path.map(|p| p.close).or(last).and_then(of);
        row.price_return_7d = self.of_age(8).and_then(|()| {
            let (now, then) = (self.window.log2_before(0)?, self.window.log2_before(7)?);
            finite(natural(now - then))
        });
        let over = |days| {
            let (n, sum, squares) = self.window.returns(days)?;
            (n >= LEAST_RETURNS).then(|| volatility(n, sum, squares))?
        };
        row.volatility_3d = over(3);
        row.volatility_7d = over(7);
        let (area, seconds) = self.window.depth();
        row.liquidity_twa = (seconds > 0)
            .then(|| f64_of(area) / seconds as f64)
            .and_then(finite);
    }

    fn yields(&self, row: &mut DailyRow) {
        row.fee_apr_7d = self.of_age(7).and_then(|()| fee_apr(&self.last(7), 7));
        row.apy_7d = row.fee_apr_7d.and_then(apy);
    }
}

impl Sums {
    /// Value of all swaps, if each has one.
    pub(crate) fn priced_volume(&self) -> Option<Usd> {
        (self.unpriced == 0).then_some(self.volume)
    }
}

pub(crate) fn sum(days: &[Sums]) -> Sums {
    days.iter()
        .fold(Sums::default(), |sum, day| sum.merged(day))
}

/// Fee returns of so many days as a yearly rate; `None` where one is unknown.
pub(crate) fn fee_apr(sums: &Sums, days: u64) -> Option<f64> {
    if sums.returns_unknown > 0 {
        return None;
    }
    finite(sums.fee_return.0 as f64 / Q96 * 365.0 / days as f64)
}

/// A yearly rate compounded daily, by squaring: (1 + apr/365)³⁶⁵ − 1; `None` where that is not finite.
pub fn apy(apr: f64) -> Option<f64> {
    const DAYS: u32 = 365;
    let base = 1.0 + apr / f64::from(DAYS);
    let mut power = 1.0f64;
    for bit in (0..u32::BITS - DAYS.leading_zeros()).rev() {
        power *= power;
        if DAYS >> bit & 1 == 1 {
            power *= base;
        }
    }
    finite(power - 1.0)
}

/// a / b − 1; `None` where b is not positive.
fn growth(a: i128, b: i128) -> Option<f64> {
    (b > 0).then(|| a as f64 / b as f64 - 1.0).and_then(finite)
}

fn nano() -> f64 {
    NANO_PER_USD as f64
}

/// Counts are far below 2⁶³.
pub(crate) fn int(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
