//! Pools and tokens.

use crate::{BlockNumber, LogIndex, PoolId};
use alloy_primitives::Address;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A Uniswap V3 pool that we accept: its factory named it, or CREATE2 gives its address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pool {
    /// Contract address.
    pub id: PoolId,
    /// The factory that made it.
    pub factory: Address,
    /// The lower token address.
    pub token0: Address,
    /// The higher token address.
    pub token1: Address,
    /// Fee in hundredths of a basis point (3000 = 0.3 %).
    pub fee_pips: u32,
    /// Distance between usable ticks.
    pub tick_spacing: i32,
    /// How we came to know that it is one.
    pub origin: PoolOrigin,
}

/// Why a pool is believed to be one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolOrigin {
    /// The factory's `PoolCreated` event named it, here.
    Created {
        /// Block of the event.
        block: BlockNumber,
        /// Log index of the event.
        log_index: LogIndex,
    },
    /// It was met before any such event was seen; CREATE2(factory, token0, token1, fee) gives its address.
    Create2,
}

/// Why a contract that emits V3 events is not collected.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It does not answer as a pool: `token0`, `token1` or `fee` missing or malformed.
    NotAPool,
    /// It answers as a pool, but CREATE2 of our factories does not give its address: a fork's.
    ForeignFactory,
    /// A token of it has no `decimals`, or the call reverts.
    DecimalsMissing,
    /// A token of it claims more than 77 decimals, beyond what 256 bits hold.
    DecimalsAbsurd,
}

impl Refusal {
    /// All reasons.
    pub const ALL: [Self; 4] = [
        Self::NotAPool,
        Self::ForeignFactory,
        Self::DecimalsMissing,
        Self::DecimalsAbsurd,
    ];

    /// A short phrase for people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotAPool => "does not answer as a V3 pool",
            Self::ForeignFactory => "made by another factory",
            Self::DecimalsMissing => "a token has no decimals",
            Self::DecimalsAbsurd => "a token claims more than 77 decimals",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.reason())
    }
}

/// What was decided about a contract that emits V3 events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolVerdict {
    /// Collected.
    Accepted(Pool),
    /// Counted, not collected.
    Refused {
        /// The contract.
        id: PoolId,
        /// Why not.
        refusal: Refusal,
    },
}

impl PoolVerdict {
    /// The contract that was judged.
    pub fn id(&self) -> PoolId {
        match self {
            Self::Accepted(pool) => pool.id,
            Self::Refused { id, .. } => *id,
        }
    }
}

/// An ERC-20 token as its contract describes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Token {
    /// Contract address.
    pub address: Address,
    /// `symbol()`, as string or bytes32, made printable; `None` if it has none.
    pub symbol: Option<String>,
    /// `name()`, likewise.
    pub name: Option<String>,
    /// Decimal places of a raw amount; at most 77.
    pub decimals: u8,
}
