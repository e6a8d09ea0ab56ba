//! What one unit of value of full-range-equivalent in-range liquidity earned by a swap.

use crate::FeeReturn;
use tidegauge_model::{Swap, U256, U512};

/// Fees are in hundredths of a basis point.
const PIPS: u32 = 1_000_000;

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
    let root: U512 = swap.sqrt_price.0.to();
    let fee = U512::from(u64::from(fee_pips) * u64::from(kept));
    let liquidity = U512::from(swap.liquidity) * U512::from(2 * u64::from(PIPS) * u64::from(of));
    let amount: U256 = amount.unsigned_abs();
    let earned = fee.checked_mul(amount.to())?;
    let (numerator, denominator) = if token0_in {
        (earned.checked_mul(root)?, liquidity)
    } else {
        if earned.bit_len() > 512 - 192 {
            return None;
        }
        (earned << 192usize, liquidity.checked_mul(root)?)
    };
    let share: u128 = (numerator / denominator).try_into().ok()?;
    (share <= FeeReturn::MOST.0).then_some(FeeReturn(share))
}
