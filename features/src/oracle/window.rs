//! Sums over the swaps of a window, each from its definition.

use crate::SwapValue;
use num_bigint::BigInt;
use std::collections::BTreeSet;
use tidegauge_model::{Swap, UserKey};

/// A swap with what is derived from it.
#[derive(Clone, Copy)]
pub(super) struct Valued<'a> {
    pub(super) swap: &'a Swap,
    pub(super) value: SwapValue,
    /// log₂ of the price after it × 2⁴⁰, floor.
    pub(super) log2: Option<i64>,
}

/// The swaps of a window, in order.
pub(super) struct Window<'a>(pub(super) Vec<&'a Valued<'a>>);

impl Window<'_> {
    /// s.
    pub(super) fn swaps(&self) -> i64 {
        self.0.len().try_into().unwrap_or(i64::MAX)
    }

    /// n.
    pub(super) fn transactions(&self) -> i64 {
        count(self.0.iter().map(|valued| valued.swap.tx_hash))
    }

    /// u; unknown where that of a swap is.
    pub(super) fn users(&self, key: UserKey) -> Option<i64> {
        let users: Option<Vec<_>> = self.0.iter().map(|valued| key.of(valued.swap)).collect();
        users.map(count)
    }

    /// v in nano-dollars; unknown where that of a swap is.
    pub(super) fn volume(&self) -> Option<BigInt> {
        self.0
            .iter()
            .map(|valued| Some(BigInt::from(valued.value.usd?.0)))
            .sum()
    }

    /// r × 2⁹⁶; unknown where that of a swap is.
    pub(super) fn returns(&self) -> Option<BigInt> {
        self.0
            .iter()
            .map(|valued| Some(BigInt::from(valued.value.fee_return?.0)))
            .sum()
    }
}

fn count<T: Ord>(items: impl IntoIterator<Item = T>) -> i64 {
    let distinct: BTreeSet<T> = items.into_iter().collect();
    distinct.len().try_into().unwrap_or(i64::MAX)
}
