//! Amounts between two prices, and prices after an amount (`SqrtPriceMath.sol`).
//!
//! Prices are √(token1 per token0) × 2⁹⁶, amounts are raw token units.

use super::Rounding;
use super::full_math::{div_rounded, mul_div, mul_div_rounded, mul_div_rounding_up};
use alloy_primitives::{I256, U256};

/// 2⁹⁶.
pub(crate) const Q96: U256 = U256::from_limbs([0, 1 << 32, 0, 0]);

/// The price after `amount_in` came in: token0 when `zero_for_one`, else token1.
/// `None` without liquidity or price, or where the contract overflows.
pub fn next_sqrt_price_from_input(
    price: U256,
    liquidity: u128,
    amount_in: U256,
    zero_for_one: bool,
) -> Option<U256> {
    if price.is_zero() || liquidity == 0 {
        return None;
    }
    if zero_for_one {
        next_from_amount0(price, liquidity, amount_in, true)
    } else {
        next_from_amount1(price, liquidity, amount_in, true)
    }
}

/// The price after `amount_out` went out: token1 when `zero_for_one`, else token0.
/// `None` if the pool does not hold that much at this liquidity.
pub fn next_sqrt_price_from_output(
    price: U256,
    liquidity: u128,
    amount_out: U256,
    zero_for_one: bool,
) -> Option<U256> {
    if price.is_zero() || liquidity == 0 {
        return None;
    }
    if zero_for_one {
        next_from_amount1(price, liquidity, amount_out, false)
    } else {
        next_from_amount0(price, liquidity, amount_out, false)
    }
}

/// Token0 between two prices at a liquidity: L × (√b − √a) / (√a × √b).
pub fn amount0_delta(a: U256, b: U256, liquidity: u128, rounding: Rounding) -> Option<U256> {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    if low.is_zero() {
        return None;
    }
    let numerator: U256 = U256::from(liquidity) << 96_usize;
    let between = mul_div_rounded(numerator, high - low, high, rounding)?;
    div_rounded(between, low, rounding)
}

/// Token1 between two prices at a liquidity: L × (√b − √a).
pub fn amount1_delta(a: U256, b: U256, liquidity: u128, rounding: Rounding) -> Option<U256> {
    let (low, high) = if a <= b { (a, b) } else { (b, a) };
    mul_div_rounded(U256::from(liquidity), high - low, Q96, rounding)
}

/// Token0 that a change of liquidity moves into the pool; rounded in the pool's favour.
pub fn signed_amount0_delta(a: U256, b: U256, liquidity: i128) -> Option<I256> {
    let size = liquidity.unsigned_abs();
    if liquidity < 0 {
        negated(amount0_delta(a, b, size, Rounding::Down)?)
    } else {
        I256::try_from(amount0_delta(a, b, size, Rounding::Up)?).ok()
    }
}

/// Token1 that a change of liquidity moves into the pool; rounded in the pool's favour.
pub fn signed_amount1_delta(a: U256, b: U256, liquidity: i128) -> Option<I256> {
    let size = liquidity.unsigned_abs();
    if liquidity < 0 {
        negated(amount1_delta(a, b, size, Rounding::Down)?)
    } else {
        I256::try_from(amount1_delta(a, b, size, Rounding::Up)?).ok()
    }
}

/// −amount.
fn negated(amount: U256) -> Option<I256> {
    I256::try_from(amount).ok()?.checked_neg()
}

/// `getNextSqrtPriceFromAmount0RoundingUp`.
fn next_from_amount0(price: U256, liquidity: u128, amount: U256, add: bool) -> Option<U256> {
    if amount.is_zero() {
        return Some(price);
    }
    let numerator: U256 = U256::from(liquidity) << 96_usize;
    let product = amount.checked_mul(price);
    if add {
        if let Some(denominator) = product.and_then(|p| numerator.checked_add(p)) {
            return fits_160(mul_div_rounding_up(numerator, price, denominator)?);
        }
        let denominator = (numerator / price).checked_add(amount)?;
        return fits_160(div_rounded(numerator, denominator, Rounding::Up)?);
    }
    let denominator = numerator.checked_sub(product?)?;
    fits_160(mul_div_rounding_up(numerator, price, denominator)?)
}

/// `getNextSqrtPriceFromAmount1RoundingDown`.
fn next_from_amount1(price: U256, liquidity: u128, amount: U256, add: bool) -> Option<U256> {
    let liquidity = U256::from(liquidity);
    if add {
        return fits_160(price.checked_add(mul_div(amount, Q96, liquidity)?)?);
    }
    let quotient = mul_div_rounding_up(amount, Q96, liquidity)?;
    price.checked_sub(quotient).filter(|next| !next.is_zero())
}

/// Prices are `uint160` in the contracts.
fn fits_160(price: U256) -> Option<U256> {
    (price.bit_len() <= 160).then_some(price)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(text: &str) -> U256 {
        U256::from_str_radix(text, 10).unwrap()
    }

    /// 1 ether of liquidity, price 1: the vectors of v3-core's own SqrtPriceMath.spec.ts.
    #[test]
    fn the_contracts_vectors() {
        let one = Q96;
        let ether: u128 = 1_000_000_000_000_000_000;
        let tenth = U256::from(ether / 10);
        assert_eq!(
            next_sqrt_price_from_input(one, ether, tenth, false),
            Some(n("87150978765690771352898345369"))
        );
        assert_eq!(
            next_sqrt_price_from_input(one, ether, tenth, true),
            Some(n("72025602285694852357767227579"))
        );
        assert_eq!(
            next_sqrt_price_from_output(one, ether, tenth, false),
            Some(n("88031291682515930659493278152"))
        );
        assert_eq!(
            next_sqrt_price_from_output(one, ether, tenth, true),
            Some(n("71305346262837903834189555302"))
        );
        // √1.21 = 1.1
        let b = n("87150978765690771352898345369");
        assert_eq!(
            amount0_delta(one, b, ether, Rounding::Up),
            Some(n("90909090909090910"))
        );
        assert_eq!(
            amount0_delta(one, b, ether, Rounding::Down),
            Some(n("90909090909090909"))
        );
        assert_eq!(
            amount1_delta(one, b, ether, Rounding::Up),
            Some(n("100000000000000000"))
        );
        assert_eq!(
            amount1_delta(one, b, ether, Rounding::Down),
            Some(n("99999999999999999"))
        );
        assert_eq!(
            signed_amount1_delta(one, b, -1_000_000_000_000_000_000),
            Some(I256::try_from(-99_999_999_999_999_999_i64).unwrap())
        );
    }

    #[test]
    fn where_the_contract_reverts_there_is_no_answer() {
        let price = n("20282409603651670423947251286016");
        assert_eq!(
            next_sqrt_price_from_input(U256::ZERO, 1, U256::ONE, true),
            None
        );
        assert_eq!(next_sqrt_price_from_input(Q96, 0, U256::ONE, true), None);
        assert_eq!(
            next_sqrt_price_from_output(price, 1024, n("4"), false),
            None
        );
        assert_eq!(
            next_sqrt_price_from_output(price, 1024, n("5"), false),
            None
        );
        assert_eq!(
            next_sqrt_price_from_output(price, 1024, n("262145"), true),
            None
        );
        assert_eq!(
            next_sqrt_price_from_output(price, 1024, n("262144"), true),
            None
        );
        assert_eq!(
            next_sqrt_price_from_output(price, 1024, n("262143"), true),
            Some(n("77371252455336267181195264"))
        );
        assert_eq!(
            next_sqrt_price_from_input(Q96, u128::MAX, U256::MAX, false),
            None
        );
        assert_eq!(
            next_sqrt_price_from_input(Q96, 1, U256::MAX >> 1, true),
            Some(U256::ONE)
        );
    }
}
