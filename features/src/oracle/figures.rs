//! The last step from integers to what a column holds.

use super::exact::nearest;
use num_bigint::BigInt;
use tidegauge_model::Usd;

pub(super) const TWO_TO_40: f64 = (1_u64 << 40) as f64;
pub(super) const TWO_TO_96: f64 = (1_u128 << 96) as f64;

/// √ of the sample variance of integers; `None` of fewer than two.
pub(super) fn std(values: &[BigInt]) -> Option<f64> {
    let k = BigInt::from(values.len());
    let sum: BigInt = values.iter().sum();
    let squares: BigInt = values.iter().map(|value| value * value).sum();
    let above = &k * squares - &sum * &sum;
    let below = &k * (&k - 1);
    finite((nearest(&above) / nearest(&below)).sqrt())
}

/// A year's return at the rate of a sum of fee returns × 2⁹⁶ over some days.
pub(super) fn apr(returns: &BigInt, days: f64) -> Option<f64> {
    finite(nearest(returns) * (1.0 / TWO_TO_96) * 365.0 / days)
}

/// A year's return, compounded daily.
pub(super) fn compounded(apr: f64) -> Option<f64> {
    let base = 1.0 + apr / 365.0;
    let mut power = 1.0;
    for bit in (0..9).rev() {
        power *= power;
        if 365 & (1 << bit) != 0 {
            power *= base;
        }
    }
    finite(power - 1.0)
}

/// What is not finite is unknown.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

pub(super) fn usd(nano: &BigInt) -> Option<Usd> {
    i128::try_from(nano).ok().map(Usd)
}

pub(super) fn float(value: i64) -> f64 {
    nearest(&value.into())
}

pub(super) fn integer(value: u64) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}
