//! Products and quotients of 256-bit integers with a 512-bit product between
//! (`FullMath.sol`, `UnsafeMath.sol`).

use super::Rounding;
use alloy_primitives::{U256, U512};

/// ⌊a × b / d⌋; `None` if `d` is zero or the quotient exceeds 256 bits.
pub fn mul_div(a: U256, b: U256, d: U256) -> Option<U256> {
    divide(a, b, d).map(|(quotient, _)| quotient)
}

/// ⌈a × b / d⌉; `None` if `d` is zero or the quotient exceeds 256 bits.
pub fn mul_div_rounding_up(a: U256, b: U256, d: U256) -> Option<U256> {
    let (quotient, exact) = divide(a, b, d)?;
    if exact {
        Some(quotient)
    } else {
        quotient.checked_add(U256::ONE)
    }
}

/// a × b / d, rounded as told.
pub(crate) fn mul_div_rounded(a: U256, b: U256, d: U256, rounding: Rounding) -> Option<U256> {
    match rounding {
        Rounding::Down => mul_div(a, b, d),
        Rounding::Up => mul_div_rounding_up(a, b, d),
    }
}

/// a / d, rounded as told; `None` if `d` is zero.
pub(crate) fn div_rounded(a: U256, d: U256, rounding: Rounding) -> Option<U256> {
    if d.is_zero() {
        return None;
    }
    match rounding {
        Rounding::Down => Some(a / d),
        Rounding::Up => Some(a.div_ceil(d)),
    }
}

/// The quotient, and whether it is exact.
fn divide(a: U256, b: U256, d: U256) -> Option<(U256, bool)> {
    if d.is_zero() {
        return None;
    }
    // Most products fit 256 bits, where division costs a third.
    if let Some(product) = a.checked_mul(b) {
        let (quotient, remainder) = product.div_rem(d);
        return Some((quotient, remainder.is_zero()));
    }
    let product: U512 = a.widening_mul(b);
    let (quotient, remainder) = product.div_rem(U512::from(d));
    let limbs = quotient.as_limbs();
    if limbs[4..].iter().any(|limb| *limb != 0) {
        return None;
    }
    Some((
        U256::from_limbs([limbs[0], limbs[1], limbs[2], limbs[3]]),
        remainder.is_zero(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotients_at_the_edges() {
        let q128 = U256::ONE << 128;
        for (a, b, d, down, up) in [
            (q128, U256::ZERO, U256::ZERO, None, None),
            (q128, q128, U256::ONE, None, None),
            (U256::MAX, U256::MAX, U256::MAX - U256::ONE, None, None),
            (
                U256::MAX,
                U256::MAX,
                U256::MAX,
                Some(U256::MAX),
                Some(U256::MAX),
            ),
            (
                q128,
                U256::from(50u8) * q128 / U256::from(100u8),
                U256::from(150u8) * q128 / U256::from(100u8),
                Some(q128 / U256::from(3u8)),
                Some(q128 / U256::from(3u8) + U256::ONE),
            ),
        ] {
            assert_eq!(mul_div(a, b, d), down, "{a} * {b} / {d}");
            assert_eq!(mul_div_rounding_up(a, b, d), up, "{a} * {b} / {d} up");
        }
        // The quotient fits, its successor does not (FullMath.sol's own test).
        let a = U256::from_str_radix("535006138814359", 10).unwrap();
        let b = U256::from_str_radix(
            "432862656469423142931042426214547535783388063929571229938474969",
            10,
        )
        .unwrap();
        assert_eq!(mul_div(a, b, U256::from(2u8)), Some(U256::MAX));
        assert_eq!(mul_div_rounding_up(a, b, U256::from(2u8)), None);
    }

    proptest! {
        #[test]
        fn the_quotient_times_the_divisor_gives_the_product(
            a in any::<[u64; 4]>(), b in any::<[u64; 4]>(), d in any::<[u64; 4]>()
        ) {
            let (a, b, d) = (U256::from_limbs(a), U256::from_limbs(b), U256::from_limbs(d));
            if let Some(q) = mul_div(a, b, d) {
                let product: U512 = a.widening_mul(b);
                let below: U512 = q.widening_mul(d);
                prop_assert!(below <= product && product - below < U512::from(d));
                let up = mul_div_rounding_up(a, b, d);
                prop_assert_eq!(up, if below == product { Some(q) } else { q.checked_add(U256::ONE) });
            }
        }
    }
}
