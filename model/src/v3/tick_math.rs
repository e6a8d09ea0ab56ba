//! Ticks and square-root prices (`TickMath.sol`).

use alloy_primitives::{U256, uint};

/// The lowest tick.
pub const MIN_TICK: i32 = -887_272;
/// The highest tick.
pub const MAX_TICK: i32 = 887_272;
/// √price × 2⁹⁶ at [`MIN_TICK`].
pub const MIN_SQRT_RATIO: U256 = uint!(4295128739_U256);
/// √price × 2⁹⁶ at [`MAX_TICK`]; a price is always below it.
pub const MAX_SQRT_RATIO: U256 = uint!(1461446703485210103287273052203988822378723970342_U256);

/// √(1.0001^tick) × 2⁹⁶, rounded up; `None` beyond [`MAX_TICK`] on either side.
pub fn sqrt_ratio_at_tick(tick: i32) -> Option<U256> {
    let distance = tick.unsigned_abs();
    if distance > MAX_TICK.unsigned_abs() {
        return None;
    }
    let mut ratio: U256 = U256::ONE << 128_usize;
    for (bit, factor) in FACTORS.iter().enumerate() {
        if distance & (1 << bit) != 0 {
            // Both factors are at most 2^128, so the product fits.
            ratio = ratio.wrapping_mul(*factor) >> 128_usize;
        }
    }
    if tick > 0 {
        ratio = U256::MAX / ratio;
    }
    let floor: U256 = ratio >> 32;
    let exact = ratio.as_limbs()[0] & 0xffff_ffff == 0;
    Some(if exact { floor } else { floor + U256::ONE })
}

/// The greatest tick whose ratio is at most `sqrt_price_x96`; `None` outside
/// [[`MIN_SQRT_RATIO`], [`MAX_SQRT_RATIO`]).
pub fn tick_at_sqrt_ratio(sqrt_price_x96: U256) -> Option<i32> {
    if sqrt_price_x96 < MIN_SQRT_RATIO || sqrt_price_x96 >= MAX_SQRT_RATIO {
        return None;
    }
    let ratio: U256 = sqrt_price_x96 << 32;
    let top = ratio.bit_len() - 1;
    let scaled: U256 = if top >= 128 {
        ratio >> (top - 127)
    } else {
        ratio << (127 - top)
    };
    let limbs = scaled.as_limbs();
    let mut mantissa = (u128::from(limbs[1]) << 64) | u128::from(limbs[0]);

    // log2 in Q64, 14 bits behind the point, as the contract computes it.
    let mut log_2: i128 = (i128::from(top as u32) - 128) << 64;
    for shift in (50..=63).rev() {
        let (square, carry) = square_shift_127(mantissa);
        mantissa = square;
        if carry {
            log_2 |= 1 << shift;
        }
    }

    // log2 × 255738958999603826347141 has at most 72 + 78 bits: 256-bit product, two's complement.
    let negative = log_2 < 0;
    let product = U256::from(log_2.unsigned_abs()) * LOG_SQRT_10001_OF_2;
    let low = shift_128(product, negative, TICK_LOW_ERROR, false)?;
    let high = shift_128(product, negative, TICK_HIGH_ERROR, true)?;
    if low == high {
        return Some(low);
    }
    if sqrt_ratio_at_tick(high)? <= sqrt_price_x96 {
        Some(high)
    } else {
        Some(low)
    }
}

/// 2⁶⁴ ÷ log2(√1.0001), the contract's constant.
const LOG_SQRT_10001_OF_2: U256 = uint!(255738958999603826347141_U256);
/// The most by which the logarithm may be too high, in Q128.
const TICK_LOW_ERROR: U256 = uint!(3402992956809132418596140100660247210_U256);
/// The most by which the logarithm may be too low, in Q128.
const TICK_HIGH_ERROR: U256 = uint!(291339464771989622907027621153398088495_U256);

/// 2¹²⁸ ÷ √1.0001^(2^bit), by bit.
const FACTORS: [U256; 20] = uint!([
    0xfffcb933bd6fad37aa2d162d1a594001_U256,
    0xfff97272373d413259a46990580e213a_U256,
    0xfff2e50f5f656932ef12357cf3c7fdcc_U256,
    0xffe5caca7e10e4e61c3624eaa0941cd0_U256,
    0xffcb9843d60f6159c9db58835c926644_U256,
    0xff973b41fa98c081472e6896dfb254c0_U256,
    0xff2ea16466c96a3843ec78b326b52861_U256,
    0xfe5dee046a99a2a811c461f1969c3053_U256,
    0xfcbe86c7900a88aedcffc83b479aa3a4_U256,
    0xf987a7253ac413176f2b074cf7815e54_U256,
    0xf3392b0822b70005940c7a398e4b70f3_U256,
    0xe7159475a2c29b7443b29c7fa6e889d9_U256,
    0xd097f3bdfd2022b8845ad8f792aa5825_U256,
    0xa9f746462d870fdf8a65dc1f90e061e5_U256,
    0x70d869a156d2a1b890bb3df62baf32f7_U256,
    0x31be135f97d08fd981231505542fcfa6_U256,
    0x9aa508b5b7a84e1c677de54f3e99bc9_U256,
    0x5d6af8dedb81196699c329225ee604_U256,
    0x2216e584f5fa1ea926041bedfe98_U256,
    0x48a170391f7dc42444e8fa2_U256,
]);

/// x² >> 127, brought back under 2¹²⁸, and whether that took a shift.
fn square_shift_127(x: u128) -> (u128, bool) {
    let (hi, lo) = (x >> 64, x & u128::from(u64::MAX));
    let low = lo * lo;
    let cross = hi * lo;
    // x² = hi²·2¹²⁸ + 2·hi·lo·2⁶⁴ + lo²; its upper and lower 128 bits.
    let (lower, carry_a) = low.overflowing_add(cross << 65);
    let upper = hi * hi + (cross >> 63) + u128::from(carry_a);
    // x ≥ 2¹²⁷, so bit 255 or bit 254 of x² is the highest.
    if upper >> 127 == 1 {
        (upper, true)
    } else {
        ((upper << 1) | (lower >> 127), false)
    }
}

/// (±product − error) >> 128, or + error when `add`; arithmetic shift.
fn shift_128(product: U256, negative: bool, error: U256, add: bool) -> Option<i32> {
    let signed = if negative {
        U256::ZERO.wrapping_sub(product)
    } else {
        product
    };
    let moved = if add {
        signed.wrapping_add(error)
    } else {
        signed.wrapping_sub(error)
    };
    let limbs = moved.as_limbs();
    let high = (u128::from(limbs[3]) << 64) | u128::from(limbs[2]);
    i32::try_from(high.cast_signed()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ratios() {
        for (tick, ratio) in [
            (MIN_TICK, "4295128739"),
            (MIN_TICK + 1, "4295343490"),
            (-1, "79224201403219477170569942574"),
            (0, "79228162514264337593543950336"),
            (1, "79232123823359799118286999568"),
            (50, "79426470787362580746886972461"),
            (100, "79625275426524748796330556128"),
            (250_000, "21246587762933397357449903968194344"),
            (-250_000, "295440463448801648376846"),
            (500_000, "5697689776495288729098254600827762987878"),
            (
                MAX_TICK - 1,
                "1461373636630004318706518188784493106690254656249",
            ),
            (
                MAX_TICK,
                "1461446703485210103287273052203988822378723970342",
            ),
        ] {
            let expected = U256::from_str_radix(ratio, 10).unwrap();
            assert_eq!(sqrt_ratio_at_tick(tick), Some(expected), "tick {tick}");
        }
        for tick in [MIN_TICK - 1, MAX_TICK + 1, i32::MIN, i32::MAX] {
            assert_eq!(sqrt_ratio_at_tick(tick), None);
        }
    }

    #[test]
    fn prices_outside_the_range_have_no_tick() {
        for price in [
            U256::ZERO,
            MIN_SQRT_RATIO - U256::ONE,
            MAX_SQRT_RATIO,
            U256::MAX,
        ] {
            assert_eq!(tick_at_sqrt_ratio(price), None);
        }
        assert_eq!(tick_at_sqrt_ratio(MIN_SQRT_RATIO), Some(MIN_TICK));
        assert_eq!(
            tick_at_sqrt_ratio(MAX_SQRT_RATIO - U256::ONE),
            Some(MAX_TICK - 1)
        );
    }

    #[test]
    fn the_tick_of_a_ticks_ratio_is_that_tick() {
        let near = -5_000..=5_000;
        let spread = (MIN_TICK..MAX_TICK).step_by(97);
        for tick in near.chain(spread) {
            let ratio = sqrt_ratio_at_tick(tick).unwrap();
            assert_eq!(tick_at_sqrt_ratio(ratio), Some(tick));
            if tick > MIN_TICK {
                assert_eq!(tick_at_sqrt_ratio(ratio - U256::ONE), Some(tick - 1));
            }
            assert_eq!(
                tick_at_sqrt_ratio(sqrt_ratio_at_tick(tick + 1).unwrap() - U256::ONE),
                Some(tick)
            );
        }
    }
}
