//! `eth_getLogs`: pages cut from rendered bytes.
//!
//! Logs of V3 topics lie one behind the other, over all blocks: a filter that
//! wants them all is answered by one read.

use super::error::RpcError;
use super::filter::{Filter, FilterParams};
use super::params::block_number;
use crate::chain::{Piece, SimChain};
use crate::error::SimError;
use crate::store::{BlockEntry, Kind, LOG_BYTES, LogEntry, Segment};
use alloy::primitives::B256;
use serde::Deserialize;
use serde_json::json;
use tidegauge_model::{BlockNumber, BlockRange};

/// Blocks whose index is in memory at once.
const CHUNK_BLOCKS: u64 = 2_048;
/// An answer beyond this is refused.
const MAX_ANSWER_BYTES: usize = 256 << 20;

/// What a node does not answer, as providers bound it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Logs in one answer to `eth_getLogs`.
    pub max_logs: Option<u64>,
    /// Blocks in one request of `eth_getLogs`.
    pub max_range_blocks: Option<u64>,
    /// Logs and receipts of blocks before this one are gone; their headers are not (EIP-4444).
    pub first_kept: Option<BlockNumber>,
}

impl Limits {
    /// geth's words if the block's logs and receipts are gone.
    pub(super) fn check_kept(&self, first: BlockNumber) -> Result<(), RpcError> {
        match self.first_kept.is_some_and(|kept| first < kept) {
            true => Err(RpcError::new(4444, "pruned history unavailable")),
            false => Ok(()),
        }
    }
}

/// The page of a filter, as a JSON list.
pub(super) fn get_logs(
    chain: &SimChain,
    params: &FilterParams,
    limits: Limits,
    out: &mut Vec<u8>,
) -> Result<(), RpcError> {
    let filter = params.filter()?;
    let (range, pieces) = wanted(chain, params)?;
    if let Some(max) = limits
        .max_range_blocks
        .filter(|max| range.len_blocks() > *max)
    {
        let end = range.from.0 + max.saturating_sub(1);
        return Err(RpcError::request(format!(
            "You can make eth_getLogs requests with up to a {max} block range. Based on your parameters, this block range should work: [{:#x}, {end:#x}]",
            range.from.0
        )));
    }
    limits.check_kept(range.from)?;
    let mut page = Page {
        filter,
        range,
        max_logs: limits.max_logs.unwrap_or(u64::MAX),
        count: 0,
        run: None,
        out,
    };
    page.out.push(b'[');
    for piece in pieces {
        let mut done = 0;
        while done < piece.blocks {
            let step = CHUNK_BLOCKS.min(piece.blocks - done);
            let entries = piece.segment.entries(piece.offset + done, step as usize)?;
            let Some(last) = page.add_blocks(&piece.segment, &entries)? else {
                break;
            };
            if page.max_logs < page.count {
                return Err(page.too_many(BlockNumber(piece.first.0 + done + last)));
            }
            done += step;
        }
        page.end_run(&piece.segment)?;
    }
    if page.out.last() == Some(&b',') {
        page.out.pop();
    }
    page.out.push(b']');
    Ok(())
}

/// The blocks that a filter names, all of which exist.
fn wanted(chain: &SimChain, params: &FilterParams) -> Result<(BlockRange, Vec<Piece>), RpcError> {
    if let Some(hash) = params.block_hash {
        if params.from_block.is_some() || params.to_block.is_some() {
            return Err(RpcError::params(
                "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other",
            ));
        }
        let block = chain
            .find_hash(&hash)?
            .ok_or_else(|| RpcError::new(-32000, "unknown block"))?;
        return Ok((BlockRange::one(block.number), vec![block.into()]));
    }
    let side = |text: &Option<String>| block_number(chain, text.as_deref().unwrap_or("latest"));
    let (from, to) = (side(&params.from_block)?, side(&params.to_block)?);
    let range =
        BlockRange::new(from, to).ok_or_else(|| RpcError::params("invalid block range params"))?;
    let all = chain.range();
    if range.to > all.to {
        return Err(RpcError::params(
            "block range extends beyond current head block",
        ));
    }
    // Before a replay's first block there is nothing.
    if range.to < all.from {
        return Err(RpcError::new(4444, "pruned history unavailable"));
    }
    let range = BlockRange {
        from: range.from.max(all.from),
        to: range.to,
    };
    Ok((range, chain.pieces(range)?))
}

/// A page in the making.
struct Page<'a> {
    filter: Filter,
    range: BlockRange,
    max_logs: u64,
    count: u64,
    /// Wanted logs that lie together and are not copied yet: (file, position, length).
    run: Option<(Kind, u64, usize)>,
    out: &'a mut Vec<u8>,
}

impl Page<'_> {
    /// Adds the wanted logs of consecutive blocks; answers the last block's offset among them.
    fn add_blocks(
        &mut self,
        segment: &Segment,
        entries: &[BlockEntry],
    ) -> Result<Option<u64>, RpcError> {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
            return Ok(None);
        };
        let bytes = segment.log_bytes(first, last)?;
        let mut logs = bytes
            .as_chunks::<LOG_BYTES>()
            .0
            .iter()
            .map(LogEntry::decode);
        for (n, block) in entries.iter().enumerate() {
            let (mut ours, mut others) = (block.ours_at, block.others_at);
            for log in logs.by_ref().take(block.log_count as usize) {
                let (kind, at) = if log.ours {
                    (Kind::Ours, &mut ours)
                } else {
                    (Kind::Others, &mut others)
                };
                if self.filter.admits(&log.address, &log.topic) {
                    self.add(segment, kind, *at, log.len)?;
                }
                *at += u64::from(log.len);
            }
            if self.count > self.max_logs {
                return Ok(Some(n as u64));
            }
        }
        Ok(Some(entries.len() as u64 - 1))
    }

    /// Adds one admitted log.
    fn add(&mut self, segment: &Segment, kind: Kind, at: u64, len: u32) -> Result<(), RpcError> {
        if !self.filter.is_indexed() {
            let json = segment.read(kind, at, len as usize)?;
            let seen: SeenTopics = serde_json::from_slice(&json[..json.len() - 1])
                .map_err(|e| SimError::Broken(e.to_string()))?;
            if !self.filter.wants(&seen.topics) {
                return Ok(());
            }
        }
        self.count += 1;
        match &mut self.run {
            Some((same, begin, run)) if *same == kind && *begin + *run as u64 == at => {
                *run += len as usize;
            }
            _ => {
                self.end_run(segment)?;
                self.run = Some((kind, at, len as usize));
            }
        }
        Ok(())
    }

    /// Copies what lies together.
    fn end_run(&mut self, segment: &Segment) -> Result<(), RpcError> {
        let Some((kind, at, len)) = self.run.take() else {
            return Ok(());
        };
        if self.out.len() + len > MAX_ANSWER_BYTES {
            return Err(RpcError::new(-32008, "response is too big"));
        }
        Ok(segment.read_onto(self.out, kind, at, len)?)
    }

    /// Infura's words for too many logs; `reached` is where the bound was passed.
    fn too_many(&self, reached: BlockNumber) -> RpcError {
        let to = reached.0.saturating_sub(1).max(self.range.from.0);
        RpcError {
            code: -32005,
            message: format!(
                "query returned more than {} results. Try with this block range [{:#x}, {to:#x}].",
                self.max_logs, self.range.from.0
            ),
            data: Some(json!({
                "from": format!("{:#x}", self.range.from.0),
                "to": format!("{to:#x}"),
                "limit": self.max_logs,
            })),
        }
    }
}

#[derive(Deserialize)]
struct SeenTopics {
    topics: Vec<B256>,
}
