//! Everything else a pool says: mints, burns, collects, flashes and its settings.

use crate::{BlockNumber, LogIndex, PoolId, SqrtPriceX96, TxIndex, UnixSeconds};
use alloy_primitives::{Address, B256, U256};
use serde::{Deserialize, Serialize};

/// One pool event other than a swap.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LiquidityEvent {
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
    /// The transaction's `from`, where receipts were read.
    pub origin: Option<Address>,
    /// What happened.
    pub change: LiquidityChange,
}

/// The event itself; field names are those of the Uniswap V3 core contracts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum LiquidityChange {
    Initialize {
        sqrt_price: SqrtPriceX96,
        tick: i32,
    },
    Mint {
        sender: Address,
        owner: Address,
        tick_lower: i32,
        tick_upper: i32,
        amount: u128,
        amount0: U256,
        amount1: U256,
    },
    Burn {
        owner: Address,
        tick_lower: i32,
        tick_upper: i32,
        amount: u128,
        amount0: U256,
        amount1: U256,
    },
    Collect {
        owner: Address,
        recipient: Address,
        tick_lower: i32,
        tick_upper: i32,
        amount0: u128,
        amount1: u128,
    },
    Flash {
        sender: Address,
        recipient: Address,
        amount0: U256,
        amount1: U256,
        paid0: U256,
        paid1: U256,
    },
    SetFeeProtocol {
        old0: u8,
        old1: u8,
        new0: u8,
        new1: u8,
    },
    CollectProtocol {
        sender: Address,
        recipient: Address,
        amount0: u128,
        amount1: u128,
    },
}

impl LiquidityChange {
    /// The event's name in the contracts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Initialize { .. } => "Initialize",
            Self::Mint { .. } => "Mint",
            Self::Burn { .. } => "Burn",
            Self::Collect { .. } => "Collect",
            Self::Flash { .. } => "Flash",
            Self::SetFeeProtocol { .. } => "SetFeeProtocol",
            Self::CollectProtocol { .. } => "CollectProtocol",
        }
    }
}
