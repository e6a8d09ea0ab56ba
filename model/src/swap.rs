//! A swap, exactly as its log says.

use crate::text::push_i256;
use crate::{BlockNumber, LogIndex, PoolId, TxIndex, UnixSeconds};
use alloy_primitives::{Address, B256, I256, U256};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A signed token amount in the token's smallest unit; positive flows into the pool.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RawAmount(pub I256);

impl RawAmount {
    /// The amount in whole tokens, exact: the raw digits with the point moved by `decimals`,
    /// without trailing zeros.
    pub fn adjusted(self, decimals: u8) -> String {
        let mut text = Vec::new();
        self.push_adjusted(decimals, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Appends what [`RawAmount::adjusted`] gives.
    pub fn push_adjusted(self, decimals: u8, out: &mut Vec<u8>) {
        let places = usize::from(decimals);
        push_i256(out, self.0);
        let digits = out.iter().rev().take_while(|b| b.is_ascii_digit()).count();
        let start = out.len() - digits;
        let missing = (places + 1).saturating_sub(digits);
        out.splice(start..start, std::iter::repeat_n(b'0', missing));
        let point = out.len() - places;
        let zeros = out[point..].iter().rev().take_while(|b| **b == b'0');
        let zeros = zeros.count();
        out.truncate(out.len() - zeros);
        if out.len() > point {
            out.insert(point, b'.');
        }
    }
}

impl fmt::Display for RawAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// √(token1 per token0, raw units) × 2⁹⁶; at most 160 bits.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SqrtPriceX96(pub U256);

impl fmt::Display for SqrtPriceX96 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// One `Swap` event.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Swap {
    /// The pool that emitted it.
    pub pool: PoolId,
    /// Its block.
    pub block: BlockNumber,
    /// Its place among the block's logs.
    pub log_index: LogIndex,
    /// Its transaction.
    pub tx_hash: B256,
    /// The transaction's place in the block.
    pub tx_index: TxIndex,
    /// The block's timestamp.
    pub timestamp: UnixSeconds,
    /// Who called the pool, usually a router.
    pub sender: Address,
    /// Who received the output.
    pub recipient: Address,
    /// The transaction's `from`, where receipts were read; `None` where only logs were.
    pub origin: Option<Address>,
    /// Change of the pool's token0.
    pub amount0: RawAmount,
    /// Change of the pool's token1.
    pub amount1: RawAmount,
    /// Price after the swap.
    pub sqrt_price: SqrtPriceX96,
    /// In-range liquidity after the swap.
    pub liquidity: u128,
    /// Tick after the swap.
    pub tick: i32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjusting_moves_the_point_and_nothing_else() {
        for (raw, decimals, text) in [
            ("0", 18, "0"),
            ("-22686110", 6, "-22.68611"),
            ("10000000000000000", 18, "0.01"),
            ("1000000", 6, "1"),
            ("-1", 0, "-1"),
            (
                "123",
                77,
                "0.00000000000000000000000000000000000000000000000000000000000000000000000000123",
            ),
        ] {
            let raw: I256 = raw.parse().unwrap();
            assert_eq!(RawAmount(raw).adjusted(decimals), text);
        }
        assert_eq!(RawAmount(I256::MIN).adjusted(0), I256::MIN.to_string());
    }
}
