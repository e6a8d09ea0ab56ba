//! One step of a swap within a single range of liquidity (`SwapMath.sol`).

use super::full_math::{mul_div, mul_div_rounding_up};
use super::sqrt_price_math::{
    amount0_delta, amount1_delta, next_sqrt_price_from_input, next_sqrt_price_from_output,
};
use super::{FEE_DENOMINATOR, Rounding};
use alloy_primitives::{I256, U256};

/// What a step does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SwapStep {
    /// The price afterwards, at most as far as the target.
    pub sqrt_price_next: U256,
    /// What came in, without the fee.
    pub amount_in: U256,
    /// What went out.
    pub amount_out: U256,
    /// The fee, in the token that came in.
    pub fee: U256,
}

/// `computeSwapStep`: moves from `price` towards `target` at `liquidity`,
/// until the target or until `remaining` is used up.
///
/// `remaining` is exact input when positive (fee included), exact output when
/// negative; `fee_pips` is in hundredths of a basis point, below 1,000,000.
/// `None` where the contract reverts.
pub fn compute_swap_step(
    price: U256,
    target: U256,
    liquidity: u128,
    remaining: I256,
    fee_pips: u32,
) -> Option<SwapStep> {
    if fee_pips >= FEE_DENOMINATOR {
        return None;
    }
    let zero_for_one = price >= target;
    let exact_in = !remaining.is_negative();
    let size = remaining.unsigned_abs();
    let kept = U256::from(FEE_DENOMINATOR - fee_pips);
    let whole = U256::from(FEE_DENOMINATOR);
    // Input rounds up and output down, both in the pool's favour.
    let input = |to| delta(price, to, liquidity, zero_for_one, Rounding::Up);
    let output = |to| delta(price, to, liquidity, !zero_for_one, Rounding::Down);

    let next = if exact_in {
        let without_fee = mul_div(size, kept, whole)?;
        if without_fee >= input(target)? {
            target
        } else {
            next_sqrt_price_from_input(price, liquidity, without_fee, zero_for_one)?
        }
    } else if size >= output(target)? {
        target
    } else {
        next_sqrt_price_from_output(price, liquidity, size, zero_for_one)?
    };

    let reached = next == target;
    let amount_in = input(next)?;
    let mut amount_out = output(next)?;
    if !exact_in {
        amount_out = amount_out.min(size);
    }
    let fee = if exact_in && !reached {
        size.checked_sub(amount_in)?
    } else {
        mul_div_rounding_up(amount_in, U256::from(fee_pips), kept)?
    };
    Some(SwapStep {
        sqrt_price_next: next,
        amount_in,
        amount_out,
        fee,
    })
}

/// Token0 when `token0`, else token1, between two prices.
fn delta(a: U256, b: U256, liquidity: u128, token0: bool, rounding: Rounding) -> Option<U256> {
    if token0 {
        amount0_delta(a, b, liquidity, rounding)
    } else {
        amount1_delta(a, b, liquidity, rounding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v3::sqrt_price_math::Q96;

    fn n(text: &str) -> U256 {
        U256::from_str_radix(text, 10).unwrap()
    }

    fn i(text: &str) -> I256 {
        I256::from_dec_str(text).unwrap()
    }

    /// Vectors of v3-core's own SwapMath.spec.ts.
    #[test]
    fn the_contracts_vectors() {
        let two_ether = 2_000_000_000_000_000_000_u128;
        let step = |next: &str, amount_in: &str, amount_out: &str, fee: &str| {
            Some(SwapStep {
                sqrt_price_next: n(next),
                amount_in: n(amount_in),
                amount_out: n(amount_out),
                fee: n(fee),
            })
        };
        // √1.01, √1.1 and √10 × 2⁹⁶, floored.
        let (p101, p10) = (
            "79623317895830914510639640423",
            "250541448375047931186413801569",
        );
        assert_eq!(
            compute_swap_step(Q96, n(p101), two_ether, i("1000000000000000000"), 600),
            step(
                p101,
                "9975124224178055",
                "9925619580021728",
                "5988667735148"
            )
        );
        assert_eq!(
            compute_swap_step(Q96, n(p101), two_ether, i("-1000000000000000000"), 600),
            step(
                p101,
                "9975124224178055",
                "9925619580021728",
                "5988667735148"
            )
        );
        let whole =
            compute_swap_step(Q96, n(p10), two_ether, i("1000000000000000000"), 600).unwrap();
        assert_eq!(whole.amount_in, n("999400000000000000"));
        assert_eq!(whole.fee, n("600000000000000"));
        assert_eq!(whole.amount_out, n("666399946655997866"));
        assert!(whole.sqrt_price_next < n(p10));
        // The output is capped at what was asked for.
        assert_eq!(
            compute_swap_step(
                n("417332158212080721273783715441582"),
                n("1452870262520218020823638996"),
                159_344_665_391_607_089_467_575_320_103,
                i("-1"),
                1
            ),
            step("417332158212080721273783715441581", "1", "1", "1")
        );
        // The whole of a partial input is taken as the fee.
        assert_eq!(
            compute_swap_step(
                n("2413"),
                n("79887613182836312"),
                1_985_041_575_832_132_834_610_021_537_970,
                i("10"),
                1872
            ),
            step("2413", "0", "0", "10")
        );
    }

    #[test]
    fn without_liquidity_the_price_goes_to_the_target_for_nothing() {
        assert_eq!(
            compute_swap_step(n("1000000000000"), n("900000000000"), 0, i("5"), 3000),
            Some(SwapStep {
                sqrt_price_next: n("900000000000"),
                amount_in: U256::ZERO,
                amount_out: U256::ZERO,
                fee: U256::ZERO
            })
        );
    }
}
