//! What one unit of value of full-range-equivalent in-range liquidity earned by a swap.

use crate::FeeReturn;
use tidegauge_model::{Swap, U256, U512};

/// Fees are in hundredths of a basis point.
const PIPS: u32 = 1_000_000;

/// Beyond as many bits the numerator of a fee on token1 would leave its 512.
const MOST_EARNED_BITS: usize = 512 - 192;

/// r = f (1 − 1/φ) · amount1 / (2 L √P) for token1 in, f (1 − 1/φ) · amount0 √P / (2 L) for
/// token0 in, × 2⁹⁶, floor. `divisors` are the protocol's, by input token. `None` where liquidity
/// or price is zero, and beyond [`FeeReturn::MOST`].
pub(crate) fn fee_return(swap: &Swap, fee_pips: u32, divisors: [u8; 2]) -> Option<FeeReturn> {
    if swap.liquidity == 0 || swap.sqrt_price.0.is_zero() {
        return None;
    }
    let (amount, divisor, token0_in) = if swap.amount0.0.is_positive() {
        (swap.amount0.0, divisors[0], true)
    } else if swap.amount1.0.is_positive() {
        (swap.amount1.0, divisors[1], false)
    } else {
        return Some(FeeReturn(0));
    };
    let (kept, of) = match divisor {
        0 => (1, 1),
        divisor => (u32::from(divisor) - 1, u32::from(divisor)),
    };
    let fee = U256::from(u64::from(fee_pips) * u64::from(kept));
    let liquidity = U256::from(swap.liquidity) * U256::from(2 * u64::from(PIPS) * u64::from(of));
    let amount: U256 = amount.unsigned_abs();
    let root = swap.sqrt_price.0;
    let share = if fee.bit_len() + amount.bit_len() <= 256 {
        narrow(fee * amount, root, liquidity, token0_in)
    } else {
        wide(fee, amount, root, liquidity, token0_in)?
    };
    let share: u128 = share.try_into().ok()?;
    (share <= FeeReturn::MOST.0).then_some(FeeReturn(share))
}

/// Where 256 bits hold what the fee earned, as they nearly always do.
fn narrow(earned: U256, root: U256, liquidity: U256, token0_in: bool) -> U512 {
    if !token0_in {
        let denominator: U512 = liquidity.widening_mul(root);
        return (earned.to::<U512>() << 192usize) / denominator;
    }
    if earned.bit_len() + root.bit_len() <= 256 {
        return (earned * root / liquidity).to();
    }
    let numerator: U512 = earned.widening_mul(root);
    numerator / liquidity.to::<U512>()
}

/// For any integers.
fn wide(fee: U256, amount: U256, root: U256, liquidity: U256, token0_in: bool) -> Option<U512> {
    let earned: U512 = fee.widening_mul(amount);
    if token0_in {
        return Some(earned.checked_mul(root.to())? / liquidity.to::<U512>());
    }
    let denominator: U512 = liquidity.widening_mul(root);
    (earned.bit_len() <= MOST_EARNED_BITS).then(|| (earned << 192usize) / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_bits() -> impl Strategy<Value = U256> {
        (any::<[u64; 4]>(), 0usize..256).prop_map(|(limbs, less)| U256::from_limbs(limbs) >> less)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn the_narrow_way_gives_what_the_wide_one_does(
            fee in 0u64..1 << 40,
            amount in of_bits(),
            root in of_bits(),
            liquidity in of_bits(),
            token0_in: bool,
        ) {
            let fee = U256::from(fee);
            let root = root.max(U256::from(1));
            // What 128 bits times the divisors can be.
            let liquidity = (liquidity >> 96usize).max(U256::from(1));
            let amount = amount >> fee.bit_len();
            prop_assert_eq!(
                Some(narrow(fee * amount, root, liquidity, token0_in)),
                wide(fee, amount, root, liquidity, token0_in)
            );
        }
    }
}
