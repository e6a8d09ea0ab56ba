//! Pages of `eth_getLogs`: asked for, doubted, timed, assembled.

use super::{
    assemble::{Assembler, Frame, unknown_in},
    claim::{Claim, ask, headers_per_request},
    confirm::{Doubt, confirm},
    headers::headers,
    page::{Page, PageError},
    piecewise::Gathered,
    receipt_page::proven_blocks,
};
use crate::{
    error::{ChainError, Result},
    header::BlockHeader,
    logs::LogRecord,
    pools::PoolBook,
    ranges::is_suspect,
    source::Inner,
};
use std::collections::HashMap;
use tidegauge_model::{BlockNumber, BlockRange, Evidence, UnixSeconds};

/// A page is thin below one log in so many blocks: what is missing would not show.
const THIN_BLOCKS_PER_LOG: u64 = 64;

/// A page is thin, too, below this part of what its neighbours' density promises.
const THIN_PART: u64 = 8;

/// One page of logs, with at least the evidence asked for; `expected` is what the density of
/// other pages promises.
pub(crate) async fn log_page(
    inner: &Inner,
    book: &PoolBook,
    range: BlockRange,
    expected: Option<u64>,
    asked: Evidence,
) -> std::result::Result<Page, PageError> {
    let mut claim = ask(inner, range).await?;
    if is_suspect(claim.received) {
        return Err(PageError::TooDense(None));
    }
    let count = claim.received;
    let thin = count * THIN_BLOCKS_PER_LOG < range.len_blocks()
        || expected.is_some_and(|expected| count * THIN_PART < expected);
    if thin {
        confirm(inner, &mut claim, Doubt::Thin).await?;
    } else if asked > Evidence::Claimed {
        confirm(inner, &mut claim, Doubt::Asked).await?;
    }
    Ok(finish(inner, book, claim).await?)
}

/// One block whose page would be too large, or cut: rebuilt from its receipts.
pub(crate) async fn rebuilt_block(
    inner: &Inner,
    book: &PoolBook,
    number: BlockNumber,
) -> Result<Page> {
    let Gathered {
        mut blocks,
        endpoint,
        ..
    } = proven_blocks(inner, &[number], false, None).await?;
    let block = blocks.pop().ok_or_else(|| ChainError::NoBlock {
        endpoint: endpoint.clone(),
        block: number,
    })?;
    let brief = block.header.brief();
    let claim = Claim {
        range: BlockRange::one(number),
        first: brief,
        last: brief,
        received: block.records.len() as u64,
        records: block.records,
        evidence: Evidence::Receipts,
        endpoint,
    };
    finish(inner, book, claim).await
}

async fn finish(inner: &Inner, book: &PoolBook, claim: Claim) -> Result<Page> {
    let times = timestamps(inner, &claim).await?;
    let unknown = unknown_in(claim.records.iter(), &inner.filter, book);
    inner.resolver.resolve(&inner.rpc, book, &unknown).await?;
    let mut assembler = Assembler::new(&inner.filter, book, &claim.endpoint);
    let mut blocks = Vec::new();
    let mut records = claim.records.into_iter().peekable();
    while let Some(record) = records.peek() {
        let number = record.block;
        let timestamp =
            trusted_time(record, &claim.first, &claim.last).or_else(|| times.get(&number).copied());
        let frame = Frame {
            number,
            hash: record.block_hash,
            // Only its logs were read; a row must not depend on how pages were cut.
            parent: None,
            timestamp: timestamp.ok_or_else(|| ChainError::NoBlock {
                endpoint: claim.endpoint.clone(),
                block: number,
            })?,
        };
        let of_block =
            std::iter::from_fn(|| records.next_if(|record| record.block == number)).map(|record| {
                LogRecord {
                    origin: None,
                    ..record
                }
            });
        blocks.push(assembler.block(frame, of_block)?);
    }
    Ok(Page::new(
        claim.range,
        claim.evidence,
        [claim.first.parent, claim.last.hash],
        blocks,
        assembler.met,
        assembler.tally,
    ))
}

/// The log's own timestamp, or that of a seam, if it is plausible.
fn trusted_time(
    record: &LogRecord,
    first: &BlockHeader,
    last: &BlockHeader,
) -> Option<UnixSeconds> {
    if record.block == first.number {
        return Some(first.timestamp);
    }
    if record.block == last.number {
        return Some(last.timestamp);
    }
    record
        .timestamp
        .filter(|at| first.timestamp <= *at && *at <= last.timestamp)
}

/// Timestamps, from headers, of blocks whose logs tell none that is plausible; never interpolated.
async fn timestamps(inner: &Inner, claim: &Claim) -> Result<HashMap<BlockNumber, UnixSeconds>> {
    let mut wanted: Vec<(BlockNumber, alloy::primitives::B256)> = claim
        .records
        .iter()
        .filter(|record| trusted_time(record, &claim.first, &claim.last).is_none())
        .map(|record| (record.block, record.block_hash))
        .collect();
    wanted.dedup();
    let mut times = HashMap::with_capacity(wanted.len());
    for chunk in wanted.chunks(headers_per_request(inner)) {
        let numbers: Vec<BlockNumber> = chunk.iter().map(|(number, _)| *number).collect();
        for ((number, hash), header) in chunk.iter().zip(headers(inner, &numbers).await?) {
            if header.hash != *hash {
                return Err(ChainError::Lying {
                    endpoint: claim.endpoint.clone(),
                    what: format!(
                        "logs of block {number} with hash {hash}, whose header has {}",
                        header.hash
                    ),
                });
            }
            times.insert(*number, header.brief().timestamp);
        }
    }
    Ok(times)
}
