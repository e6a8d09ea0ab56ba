//! What the walk is told of a pool's day.

use crate::PredictError;
use crate::aim::Quantity;
use serde::{Deserialize, Serialize};
use tidegauge_model::{NANO_PER_USD, PoolId, Usd};

/// What a pool pairs, as the column `pool_class` says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Class {
    /// Both tokens are dollars.
    Stablecoin,
    /// A token is ether, wrapped or staked.
    EthPaired,
    /// Neither.
    Other,
}

impl Class {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Stablecoin, Self::EthPaired, Self::Other];

    /// Its word in `pool_class`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stablecoin => "stablecoin",
            Self::EthPaired => "eth_paired",
            Self::Other => "other",
        }
    }

    /// The class of a word; `None` if it is no class.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// A pool's final day with at least one swap.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Observed {
    /// Whose.
    pub pool: PoolId,
    /// What it pairs.
    pub class: Class,
    /// Its swaps; `None` where they are not known.
    pub tx_count: Option<u64>,
    /// Their value; `None` where one is unpriced.
    pub volume: Option<Usd>,
    /// The day's fee return, a fraction, not a yearly rate; `None` where one is unknown.
    pub fee_return: Option<f64>,
}

impl Observed {
    /// The quantities in their order, each converted once.
    ///
    /// A number that no chain can give is refused: one below zero, or one that is not finite.
    pub(crate) fn values(&self) -> Result<[Option<f64>; 3], PredictError> {
        let usd = |volume: Usd| volume.0 as f64 / NANO_PER_USD as f64;
        let values = [
            self.tx_count.map(|n| n as f64),
            self.volume.map(usd),
            self.fee_return.map(|r| 365.0 * r),
        ];
        for (quantity, value) in Quantity::ALL.into_iter().zip(values) {
            if let Some(value) = value.filter(|v| !(v.is_finite() && *v >= 0.0)) {
                return Err(PredictError::Impossible {
                    pool: self.pool,
                    what: match quantity {
                        Quantity::Swaps => "swap count",
                        Quantity::VolumeUsd => "volume in USD",
                        Quantity::FeeApr => "fee return",
                    },
                    value,
                });
            }
        }
        Ok(values)
    }
}
