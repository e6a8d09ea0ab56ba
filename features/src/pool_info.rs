//! A pool with what features need of its tokens.

use tidegauge_model::{Pool, PoolOrigin};

/// An accepted pool and the decimals of its tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolInfo {
    /// The pool.
    pub pool: Pool,
    /// Decimals of token0, at most 77.
    pub decimals0: u8,
    /// Decimals of token1, at most 77.
    pub decimals1: u8,
}

impl PoolInfo {
    /// Whether its life may have begun before what was collected: its creation was not seen.
    pub fn is_left_censored(&self) -> bool {
        match self.pool.origin {
            PoolOrigin::Created { .. } => false,
            PoolOrigin::Create2 => true,
        }
    }
}
