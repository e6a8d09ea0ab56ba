//! What a simulated chain is made of.

use crate::SimError;
use alloy::primitives::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tidegauge_model::{SECONDS_PER_DAY, UnixSeconds};

/// 2026-03-02T06:00:00Z: where a history ends unless told otherwise.
const DEFAULT_END: UnixSeconds = UnixSeconds(1_772_431_200);
/// Raised whenever the same parameters give other blocks or files.
const FORMAT: u32 = 3;
const MAX_BLOCK_TIME_S: u64 = 3_600;
const MAX_POOLS: u32 = 10_000;
const MAX_SWAPS_PER_BLOCK: u32 = 2_000;
const MAX_BLOCKS: u64 = 20_000_000;

/// Parameters of a simulated chain; equal parameters give equal blocks.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SimConfig {
    /// Seed of everything random.
    pub seed: u64,
    /// Seconds between blocks.
    pub block_time_s: u64,
    /// Pools, the reference pool first. Two more exist that a collector must
    /// refuse: a fork's, and one whose token has no decimals.
    pub pool_count: u32,
    /// Mean number of swaps in a block; a block has between none and twice as many.
    pub swaps_per_block: u32,
    /// Length of the history in days.
    pub history_days: u32,
    /// Length of the history in blocks, instead of days.
    pub history_blocks: Option<u64>,
    /// Timestamp of the history's last block; 2026-03-02T06:00:00Z if `None`.
    /// It is part of the cache's key: keep it over restarts.
    pub end_at: Option<UnixSeconds>,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            block_time_s: 12,
            pool_count: 24,
            swaps_per_block: 6,
            history_days: 3,
            history_blocks: None,
            end_at: None,
        }
    }
}

impl SimConfig {
    /// Number of blocks after the genesis block, which is also the history's head.
    pub fn blocks(&self) -> u64 {
        self.history_blocks
            .unwrap_or(u64::from(self.history_days) * SECONDS_PER_DAY / self.block_time_s.max(1))
    }

    /// Whether every parameter lies within its bounds.
    pub fn check(&self) -> Result<(), SimError> {
        let bound = |key, value: u64, min: u64, max: u64| {
            if (min..=max).contains(&value) {
                Ok(())
            } else {
                Err(SimError::Config {
                    key,
                    value,
                    min,
                    max,
                })
            }
        };
        bound("block time (s)", self.block_time_s, 1, MAX_BLOCK_TIME_S)?;
        bound("pool count", self.pool_count.into(), 1, MAX_POOLS.into())?;
        bound(
            "swaps per block",
            self.swaps_per_block.into(),
            0,
            MAX_SWAPS_PER_BLOCK.into(),
        )?;
        bound("history (blocks)", self.blocks(), 1, MAX_BLOCKS)?;
        let span_s = self.blocks() * self.block_time_s;
        bound("end (unix seconds)", self.end().0, span_s, u64::MAX >> 8)
    }

    /// Timestamp of the history's last block.
    pub(crate) fn end(&self) -> UnixSeconds {
        self.end_at.unwrap_or(DEFAULT_END)
    }

    /// Timestamp of block 0.
    pub(crate) fn genesis(&self) -> UnixSeconds {
        UnixSeconds(self.end().0 - self.blocks() * self.block_time_s)
    }

    /// Name of this chain's folder in a cache.
    pub(crate) fn key(&self) -> String {
        let said = format!(
            "{FORMAT} {} {} {} {} {} {}",
            self.seed,
            self.block_time_s,
            self.pool_count,
            self.swaps_per_block,
            self.blocks(),
            self.end().0
        );
        cache_key("sim", said.as_bytes())
    }
}

/// A short name for what is made from `content`.
pub(crate) fn cache_key(kind: &str, content: &[u8]) -> String {
    let digest = Sha256::new().chain_update(content).finalize();
    format!("{kind}-{}", hex::encode(&digest[..8]))
}
