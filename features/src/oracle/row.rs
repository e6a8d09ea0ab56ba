//! One row: each column straight from its definition.

use super::exact::nearest;
use super::figures::{compounded, finite, float, integer, usd};
use super::life::Observed;
use super::moment::Moment;
use super::window::{Valued, Window};
use crate::{DailyRow, PoolClass, PoolSubclass};
use num_bigint::BigInt;
use std::collections::BTreeSet;
use tidegauge_model::{Day, UnixSeconds, Usd};

/// The pool's row at a moment; `None` without a swap before it.
pub(super) fn row(pool: &Observed, at: UnixSeconds) -> Option<DailyRow> {
    let last = pool.last_before(at)?;
    let moment = Moment {
        pool,
        at,
        age: pool.age_days(at),
    };
    let set = &pool.history.set;
    let tokens = [pool.info.pool.token0, pool.info.pool.token1];
    let in_force = last.swap.block;
    let today = moment.day(0);
    let [volume_avg_3d, volume_avg_7d] = [3, 7].map(|days| moment.mean_volume(days));
    let apr_7d = moment.apr_7d();
    let [open, high, low, close] = moment.prices(&today, last);
    let active_days: BTreeSet<Day> = pool
        .life(at)
        .0
        .iter()
        .map(|valued| Day::of(valued.swap.timestamp))
        .collect();
    Some(DailyRow {
        tx_count: today.swaps(),
        unique_users: today.users(set.user),
        tx_count_3d_avg: moment.mean_swaps_of_life(3),
        tx_count_7d_avg: moment.mean_swaps_of_life(7),
        tx_count_7d_std: moment.std_swaps_of_life(7),
        tx_count_cumulative: pool.life(at).swaps(),
        days_since_start: integer(moment.age.saturating_sub(1)),
        day_number: integer(active_days.len() as u64),
        tx_growth_rate: moment.growth_of_swaps(),
        age_days: integer(moment.age),
        left_censored: pool.info.is_left_censored(),
        tx_count_24h: today.transactions(),
        swap_count_24h: today.swaps(),
        unique_users_24h: today.users(set.user),
        unique_users_7d: moment.users_7d(),
        volume_usd_24h: today.volume().and_then(|v| usd(&v)),
        fees_usd_24h: today
            .volume()
            .and_then(|v| usd(&(v * pool.info.pool.fee_pips / 1_000_000))),
        volume_usd_avg_3d: volume_avg_3d,
        volume_usd_avg_7d: volume_avg_7d,
        tx_count_avg_3d: moment.mean_transactions(3),
        tx_count_avg_7d: moment.mean_transactions(7),
        unique_users_avg_7d: moment.mean_users_7d(),
        volume_std_7d: moment.std_volume_7d(),
        volatility_3d: moment.volatility(72),
        volatility_7d: moment.volatility(168),
        volume_growth_1d: moment.growth_of_volume(1),
        volume_growth_7d: moment.growth_of_volume(7),
        volume_momentum_3_7: match (volume_avg_3d, volume_avg_7d) {
            (Some(three), Some(seven)) => finite(three / seven - 1.0),
            _ => None,
        },
        price_open: open,
        price_high: high,
        price_low: low,
        price_close: close,
        price_return_7d: moment.return_7d(),
        trend_3d: moment.trend_3d(),
        buy_ratio_24h: buy_ratio(&today),
        avg_swap_usd: average(&today),
        max_swap_usd: greatest(&today),
        liquidity_twa: moment.liquidity_twa(),
        fee_apr_7d: apr_7d,
        apy_7d: apr_7d.and_then(compounded),
        xtick_share: xtick_share(&today),
        priced: today.volume().is_some(),
        ref_guard: today.0.iter().any(|valued| valued.value.guarded),
        pool_class: PoolClass::of(&set.lists, tokens, in_force).name(),
        pool_subclass: PoolSubclass::of(&set.lists, tokens, in_force).name(),
        user_key: set.user.name(),
        feature_set: set.fingerprint(in_force).0.cast_signed(),
    })
}

fn buy_ratio(today: &Window) -> Option<f64> {
    let is_buy = |valued: &&&Valued| valued.swap.amount0.0.is_negative();
    let buys = today.0.iter().filter(is_buy).count();
    finite(float(integer(buys as u64)) / float(today.swaps()))
}

fn average(today: &Window) -> Option<f64> {
    finite(nearest(&today.volume()?) / float(today.swaps()) / 1e9)
}

fn greatest(today: &Window) -> Option<Usd> {
    let values: Option<Vec<Usd>> = today.0.iter().map(|valued| valued.value.usd).collect();
    values?.into_iter().max()
}

fn xtick_share(today: &Window) -> Option<f64> {
    today.volume()?;
    let (mut crossing, mut known) = (BigInt::from(0), BigInt::from(0));
    for valued in &today.0 {
        let nano = valued.value.usd?.0;
        match valued.value.crossed {
            Some(true) => {
                crossing += nano;
                known += nano;
            }
            Some(false) => known += nano,
            None => {}
        }
    }
    finite(nearest(&crossing) / nearest(&known))
}
