//! What can be wrong with what features are computed from.

use tidegauge_model::{BlockNumber, ErrorClass, PoolId};

/// Why a fold stopped. None of these can come from a chain; they mean that what we hold is wrong.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FeatureError {
    /// An event of a pool that was never announced.
    #[error("block {block} holds an event of pool {pool}, which is not known")]
    UnknownPool {
        /// Where.
        block: BlockNumber,
        /// Whose.
        pool: PoolId,
    },
    /// A sum left its integer; no chain's amounts can do that within the limits of [`SwapValue`](crate::SwapValue).
    #[error("the {what} of pool {pool} leaves its integer at block {block}")]
    Overflow {
        /// Which sum.
        what: &'static str,
        /// Where.
        block: BlockNumber,
        /// Whose.
        pool: PoolId,
    },
    /// Events came out of order.
    #[error("block {block} of pool {pool} comes after a later one")]
    OutOfOrder {
        /// Where.
        block: BlockNumber,
        /// Whose.
        pool: PoolId,
    },
}

impl FeatureError {
    /// What to do about it.
    pub fn class(&self) -> ErrorClass {
        ErrorClass::Corrupt
    }
}
