//! What a store says of itself, and how it is made sure of: a snapshot's manifest states it, and
//! whoever opens the files again must find the same.

use crate::error::SyncError;
use crate::snapshot_fault::SnapshotFault;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tidegauge_model::{B256, BlockNumber, BlockRange, BlockRef};
use tidegauge_storage::{Reader, RowDigest, View};
use uuid::Uuid;

/// Heights up to the tip whose rows the digest covers.
const RECENT_BLOCKS: u64 = 256;

/// What a store holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The format of its rows.
    pub store_format: u32,
    /// Its chain.
    pub chain_id: u64,
    /// Who it is.
    pub store_id: Uuid,
    /// Which life of it.
    pub store_epoch: u64,
    /// The first block collected.
    pub start: BlockNumber,
    /// The last block collected.
    pub tip: BlockRef,
    /// The greatest height known to be final.
    pub finalized: Option<BlockNumber>,
    /// Blocks with rows.
    pub blocks: u64,
    /// Swaps.
    pub swaps: u64,
    /// Other pool events.
    pub liquidity: u64,
    /// SHA-256 over number, hash and row digest of those of the last 256 heights that have rows.
    pub recent: B256,
}

impl Facts {
    /// Reads them, and recomputes the digests of the rows on the way.
    pub(super) fn of(reader: &Reader) -> Result<Self, SyncError> {
        let view = reader.view()?;
        let identity = view.identity()?;
        let (Some(start), Some(tip)) = (view.start(), view.tip()?) else {
            return Err(SnapshotFault::Empty.into());
        };
        let tip = tip.block;
        let counters = view.counters();
        let from = BlockNumber(tip.number.0.saturating_sub(RECENT_BLOCKS - 1));
        Ok(Self {
            store_format: identity.format,
            chain_id: identity.chain_id.0,
            store_id: identity.uuid,
            store_epoch: identity.epoch,
            start,
            tip,
            finalized: view.finalized(),
            blocks: counters.blocks,
            swaps: counters.swaps,
            liquidity: counters.liquidity,
            recent: rows_digest(&view, from)?,
        })
    }

    /// Where a check of all rows since another snapshot begins: far enough below its tip that no
    /// reorganisation reaches there.
    pub(super) fn settled(&self) -> BlockNumber {
        let tip = self.tip.number;
        let finalized = self.finalized.map_or(tip, |finalized| finalized.min(tip));
        BlockNumber(finalized.0.saturating_sub(RECENT_BLOCKS))
    }

    /// How these differ from those that were expected; `None` where they do not.
    pub(super) fn difference(&self, expected: &Self) -> Option<String> {
        if self == expected {
            return None;
        }
        let fields = |facts: &Self| match serde_json::to_value(facts) {
            Ok(serde_json::Value::Object(fields)) => fields,
            _ => serde_json::Map::new(),
        };
        let (ours, theirs) = (fields(self), fields(expected));
        let differ: Vec<String> = ours
            .iter()
            .filter(|(name, value)| theirs.get(*name) != Some(value))
            .map(|(name, value)| {
                let expected = theirs.get(name).map(ToString::to_string);
                format!("{name} is {value}, not {}", expected.unwrap_or_default())
            })
            .collect();
        Some(differ.join(", "))
    }
}

/// Recomputes every row digest from a height on, and gives one over them all.
pub(super) fn rows_digest(view: &View<'_>, from: BlockNumber) -> Result<B256, SyncError> {
    let mut rows = RowDigest::new();
    let mut all = Sha256::new();
    let to = BlockNumber(u64::MAX);
    for block in view.walk(BlockRange { from, to })? {
        let block = block?;
        if rows.of(&block.swaps) != block.record.row_digest {
            return Err(SnapshotFault::Differs {
                what: format!("block {} of the store", block.number),
                problem: "its swaps do not give its row digest".to_owned(),
            }
            .into());
        }
        all.update(block.number.0.to_be_bytes());
        all.update(block.record.hash);
        all.update(block.record.row_digest);
    }
    let digest: [u8; 32] = all.finalize().into();
    Ok(B256::new(digest))
}
