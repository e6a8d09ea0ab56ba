//! From exact integers to floats, by a fixed sequence of correctly rounded operations.

use std::f64::consts::LN_2;
use tidegauge_model::{SqrtPriceX96, U256};

/// Fractional bits of scaled logarithms.
const LOG_BITS: u32 = 40;

/// 2⁻⁴⁰.
const LOG_UNIT: f64 = 1.0 / (1u64 << LOG_BITS) as f64;

/// 2⁹⁶ as a float; exact.
pub(crate) const Q96: f64 = (1u128 << 96) as f64;

/// The largest power of ten that a float holds exactly, and its exponent.
const EXACT_POWER: (u32, f64) = (22, 1e22);

/// The nearest float, ties to even.
pub(crate) fn f64_of(value: U256) -> f64 {
    let bits = value.bit_len();
    if bits <= 128 {
        return value.to::<u128>() as f64;
    }
    // 127 bits and a sticky one round as the whole does: a float keeps 53.
    let shift = bits - 127;
    let top: u128 = (value >> shift).to();
    let sticky = value.trailing_zeros() < shift;
    let rounded = ((top << 1) | u128::from(sticky)) as f64;
    rounded * 2f64.powi(shift as i32 - 1)
}

/// Binary digits of a root's logarithm: the price is the root squared, so one more than of its own.
const ROOT_DIGITS: u32 = LOG_BITS + 1;

/// How near a whole number the float's logarithm, in units of the last digit, does not say which
/// digits they are: its error is below 2⁻¹⁰ of them.
const NEAR: f64 = 1.0 / 64.0;

/// log₂ of the price (token1 per token0, raw units) × 2⁴⁰, floor; 0 is taken for the least price.
pub(crate) fn log2_q40(price: SqrtPriceX96) -> i64 {
    let root = price.0.max(U256::from(1));
    let whole = root.bit_len() - 1;
    let m: u128 = if whole >= 127 {
        (root >> (whole - 127)).to()
    } else {
        root.to::<u128>() << (127 - whole)
    };
    let fraction = digits_by_float(m).unwrap_or_else(|| digits_by_squaring(m));
    ((whole as i64 - 96) << ROOT_DIGITS) + fraction
}

/// The digits of log₂(m / 2¹²⁷) where a float's logarithm leaves no doubt of them.
fn digits_by_float(m: u128) -> Option<i64> {
    /// 2⁻¹²⁷.
    const UNIT: f64 = 1.0 / (1u128 << 127) as f64;
    let scaled = (m as f64 * UNIT).log2() * (1u64 << ROOT_DIGITS) as f64;
    let digits = scaled.floor();
    let behind = scaled - digits;
    let is_sure = behind > NEAR && behind < 1.0 - NEAR;
    is_sure.then_some(digits as i64)
}

/// The same by repeated squaring (Knuth, TAOCP 1, 1.2.2, exercise 25), with 127 fractional bits: 86
/// are left when the last digit falls.
fn digits_by_squaring(mut m: u128) -> i64 {
    let mut fraction = 0i64;
    for _ in 0..ROOT_DIGITS {
        let (high, low) = square(m);
        let two_or_more = high >> 127;
        m = if two_or_more == 1 {
            high
        } else {
            (high << 1) | (low >> 127)
        };
        fraction = (fraction << 1) | two_or_more as i64;
    }
    fraction
}

/// The square's high and low halves.
fn square(m: u128) -> (u128, u128) {
    let mask = u128::from(u64::MAX);
    let (a, b) = (m >> 64, m & mask);
    let (aa, ab, bb) = (a * a, a * b, b * b);
    let (low, carry) = bb.overflowing_add(ab << 65);
    (aa + (ab >> 63) + u128::from(carry), low)
}

/// A difference of scaled logarithms as a natural one.
pub(crate) fn natural(log2_q40: i64) -> f64 {
    log2_q40 as f64 * LOG_UNIT * LN_2
}

/// Daily volatility from n hourly returns: their sum and sum of squares.
pub(crate) fn volatility(n: u64, sum: i64, squares: u128) -> Option<f64> {
    // Returns are below 2⁵⁰, and there are at most 169.
    let n = u128::from(n);
    let sum = u128::from(sum.unsigned_abs());
    let numerator = (n * squares).checked_sub(sum * sum)?;
    let std = (numerator as f64 / (n * (n - 1)) as f64).sqrt();
    finite(std * LOG_UNIT * LN_2 * 24f64.sqrt())
}

/// Sample standard deviation of counts; `None` for fewer than two.
pub(crate) fn std_of_counts(counts: &[u64]) -> Option<f64> {
    let values: Vec<_> = counts.iter().map(|c| U256::from(*c)).collect();
    std(&values)
}

/// Sample standard deviation, from exact sums; `None` for fewer than two values.
pub(crate) fn std(values: &[U256]) -> Option<f64> {
    let n = U256::from(values.len());
    let divisor = (values.len() * values.len().checked_sub(1)?) as f64;
    let (mut sum, mut squares) = (U256::ZERO, U256::ZERO);
    for value in values {
        sum = sum.checked_add(*value)?;
        squares = squares.checked_add(value.checked_mul(*value)?)?;
    }
    let numerator = n.checked_mul(squares)?.checked_sub(sum.checked_mul(sum)?)?;
    finite((f64_of(numerator) / divisor).sqrt())
}

/// Whole token1 per whole token0.
pub(crate) fn price(root: SqrtPriceX96, decimals0: u8, decimals1: u8) -> Option<f64> {
    let x = f64_of(root.0) / Q96;
    let raw = x * x;
    let shift = i32::from(decimals0) - i32::from(decimals1);
    let mut left = shift.unsigned_abs();
    let mut price = raw;
    while left > 0 {
        let step = left.min(EXACT_POWER.0);
        let power = if step == EXACT_POWER.0 {
            EXACT_POWER.1
        } else {
            10u64.pow(step.min(19)) as f64 * 10u64.pow(step.saturating_sub(19)) as f64
        };
        price = if shift > 0 {
            price * power
        } else {
            price / power
        };
        left -= step;
    }
    finite(price)
}

/// The value, unless it is infinite or none.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_round_to_the_nearest_and_to_even() {
        // 54 bits: the last is half a step of the float.
        let half_up = (1u64 << 53) + 3;
        let half_down = (1u64 << 53) + 1;
        for shift in [4usize, 60, 100, 140, 200] {
            let scale = 2f64.powi(shift as i32);
            let value = |top: u64, low: u64| (U256::from(top) << shift) + U256::from(low);
            for (top, low, expected) in [
                (half_up, 0, half_up + 1),
                (half_down, 0, half_down - 1),
                (half_down, 1, half_down + 1),
                ((1 << 54) - 1, 0, 1 << 54),
                (1 << 53, 15, 1 << 53),
            ] {
                assert_eq!(
                    f64_of(value(top, low)),
                    expected as f64 * scale,
                    "{top} {low} {shift}"
                );
            }
        }
        assert_eq!(f64_of(U256::MAX), 2f64.powi(256));
        assert_eq!(f64_of(U256::ZERO), 0.0);
    }

    #[test]
    fn logarithms_are_exact_at_powers_and_close_elsewhere() {
        for n in 0..160usize {
            let root = SqrtPriceX96(U256::from(1) << n);
            assert_eq!(log2_q40(root), ((n as i64 - 96) * 2) << 40);
        }
        for (root, expected) in [
            (
                1_662_995_104_975_155_420_368_771_254_341_874u128,
                2.0 * (1.662995104975155e33f64.log2() - 96.0),
            ),
            (3 << 96, 2.0 * 3f64.log2()),
        ] {
            let log = log2_q40(SqrtPriceX96(U256::from(root))) as f64 * LOG_UNIT;
            assert!((log - expected).abs() < 1e-11, "{log} {expected}");
        }
        // Just below a power of two the floor is below it.
        let below = SqrtPriceX96((U256::from(1) << 100) - U256::from(1));
        assert_eq!(log2_q40(below), (8 << 40) - 1);
    }

    /// Whatever a float says, it says what the squaring says, or nothing.
    #[test]
    fn both_ways_to_a_logarithm_give_the_same_digits() {
        const TOP: u128 = 1 << 127;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut sure = 0;
        let mut check = |m: u128| {
            let digits = digits_by_float(m);
            sure += u64::from(digits.is_some());
            assert!(
                digits.is_none_or(|digits| digits == digits_by_squaring(m)),
                "{m:#x}"
            );
        };
        for _ in 0..200_000 {
            let wide = u128::from(random()) << 64 | u128::from(random());
            check(wide | TOP);
            // Close to either end, where digits are all equal.
            let shift = (random() % 127) as u32;
            check(TOP | (wide & (TOP - 1)) >> shift);
            check(u128::MAX - ((wide & (TOP - 1)) >> shift));
        }
        assert!(sure > 300_000, "{sure}");
    }

    #[test]
    fn prices_are_of_whole_tokens() {
        let one = SqrtPriceX96(U256::from(1) << 96);
        for (decimals0, decimals1, expected) in [
            (18, 18, 1.0),
            (18, 6, 1e12),
            (6, 18, 1e-12),
            (24, 0, 1e22 * 100.0),
            (20, 0, 1e20),
        ] {
            assert_eq!(price(one, decimals0, decimals1), Some(expected));
        }
        assert_eq!(price(SqrtPriceX96(U256::from(1) << 97), 6, 6), Some(4.0));
    }

    #[test]
    fn deviations_come_from_exact_sums() {
        assert_eq!(
            std_of_counts(&[2, 4, 4, 4, 5, 5, 7, 9]),
            Some((32f64 / 7.0).sqrt())
        );
        assert_eq!(std_of_counts(&[5]), None);
        assert_eq!(std_of_counts(&[]), None);
        assert_eq!(std_of_counts(&[u64::MAX, u64::MAX]), Some(0.0));
        assert_eq!(volatility(2, 0, 0), Some(0.0));
    }
}
