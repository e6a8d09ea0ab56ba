//! Big integers to floats and logarithms, exactly rounded.

use num_bigint::{BigInt, BigUint, Sign};
use tidegauge_model::U256;

/// Bits of an f64's significand, the hidden one included.
const SIGNIFICAND_BITS: u64 = 53;

/// Bits behind the point that logarithms are given with.
const LOG2_BITS: u32 = 40;

/// Precisions tried for a logarithm, in bits. The first decides all but one number in 2⁴⁰⁰.
const PRECISIONS: [u64; 4] = [512, 1_024, 2_048, 4_096];

/// The same integer without a limit.
pub(super) fn big(value: U256) -> BigUint {
    BigUint::from_bytes_be(&value.to_be_bytes::<32>())
}

/// The nearest f64, ties to even; infinite where there is none.
pub(super) fn nearest(value: &BigInt) -> f64 {
    let magnitude = nearest_magnitude(value.magnitude());
    match value.sign() {
        Sign::Minus => -magnitude,
        Sign::NoSign | Sign::Plus => magnitude,
    }
}

fn nearest_magnitude(value: &BigUint) -> f64 {
    let shift = value.bits().saturating_sub(SIGNIFICAND_BITS);
    let mut kept: BigUint = value >> shift;
    let twice_lost: BigUint = (value - (&kept << shift)) << 1_u8;
    let unit = BigUint::from(1_u8) << shift;
    if twice_lost > unit || (twice_lost == unit && kept.bit(0)) {
        kept += 1_u8;
    }
    // At most 2^53, so exact.
    let kept = kept.iter_u64_digits().next().unwrap_or_default() as f64;
    // Doubling is exact, up to infinity.
    (0..shift).fold(kept, |x, _| x * 2.0)
}

/// floor(2⁴⁰ · log₂ P), where P = √P² / 2¹⁹² and the X96 integer √P is given; `None` for zero.
///
/// Bits of the logarithm come from squaring a bound from below and one from above; where they
/// disagree it is done again with more precision. Only powers of two have rational logarithms,
/// and for them both bounds stay exact.
pub(super) fn log2_of_price(sqrt_price: &BigUint) -> Option<i64> {
    let whole = sqrt_price.bits().checked_sub(1)?;
    // log2 P = 2 log2 √P - 192, hence one bit more of the logarithm of √P.
    let bits = LOG2_BITS + 1;
    let fraction = PRECISIONS.iter().find_map(|precision| {
        log2_fraction(&(sqrt_price << (precision - whole)), *precision, bits)
    })?;
    let scaled = (i64::try_from(whole).ok()? << bits) + fraction;
    Some(scaled - (192 << LOG2_BITS))
}

/// The first bits of log₂ of `mantissa` / 2^precision, which lies in [1, 2); `None` where the
/// precision cannot tell.
fn log2_fraction(mantissa: &BigUint, precision: u64, bits: u32) -> Option<i64> {
    let two = BigUint::from(2_u8) << precision;
    let (mut below, mut above) = (mantissa.clone(), mantissa.clone());
    let mut found = 0;
    for _ in 0..bits {
        below = (&below * &below) >> precision;
        above = shifted_up(&above * &above, precision);
        let bit = below >= two;
        if bit != (above >= two) {
            return None;
        }
        if bit {
            below >>= 1_u8;
            above = shifted_up(above, 1);
        }
        found = (found << 1) | i64::from(bit);
    }
    Some(found)
}

/// ceil(value / 2^by).
fn shifted_up(value: BigUint, by: u64) -> BigUint {
    let floor: BigUint = &value >> by;
    if (&floor << by) == value {
        floor
    } else {
        floor + 1_u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_the_nearest() {
        let two = |n: u32| BigInt::from(2).pow(n);
        for (value, expected) in [
            (BigInt::from(0), 0.0),
            (BigInt::from(-7), -7.0),
            (two(53) + 1, 9_007_199_254_740_992.0), // a tie, to even
            (two(53) + 3, 9_007_199_254_740_996.0), // a tie, to even
            (two(54) + 3, 18_014_398_509_481_988.0),
            (two(54) - 1, 18_014_398_509_481_984.0), // carries into the next power
            (-two(53) - 3, -9_007_199_254_740_996.0),
            (two(1_024), f64::INFINITY),
            (two(1_024) - two(970), f64::INFINITY), // a tie, to even
            (two(1_024) - two(970) - 1, f64::MAX),
        ] {
            assert_eq!(nearest(&value).to_bits(), expected.to_bits(), "{value}");
        }
        // The compiler's own conversion is such a rounding too.
        let mut x = 1_u128;
        for _ in 0..100_000 {
            x = x
                .wrapping_mul(0x2d99_787e_0c1d_5cd1_4a79_43f9_3ab3_12c5)
                .wrapping_add(1);
            let some = x >> (x % 120);
            assert_eq!(
                nearest(&BigInt::from(some)).to_bits(),
                (some as f64).to_bits()
            );
        }
    }

    #[test]
    fn logarithms_are_floors() {
        let one = BigUint::from(1_u8);
        let log2 = |sqrt: BigUint| log2_of_price(&sqrt);
        assert_eq!(log2(BigUint::from(0_u8)), None);
        assert_eq!(log2(one.clone()), Some(-192 << 40));
        assert_eq!(log2(&one << 96_u8), Some(0));
        assert_eq!(log2(&one << 97_u8), Some(2 << 40));
        // A hair above and below 1: the floor is 0 and -1.
        assert_eq!(log2((&one << 96_u8) + 1_u8), Some(0));
        assert_eq!(log2((&one << 96_u8) - 1_u8), Some(-1));
        // log2 9 = 3.169925001442312363..., × 2^40 = 3485369398263.67...
        assert_eq!(log2(BigUint::from(3_u8) << 96_u8), Some(3_485_369_398_263));
        // log2 (1/9) is its negative, so its floor lies one below.
        let third: BigUint = (&one << 96_u8) / 3_u8;
        assert_eq!(log2(third), Some(-3_485_369_398_264));
    }
}
