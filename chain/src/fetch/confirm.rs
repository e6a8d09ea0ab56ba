//! Confirming an empty or thin page: every header, its links, its bloom, and the
//! receipts of each block whose bloom does not rule our logs out.

use super::{
    claim::{Claim, headers_per_request},
    receipt_page::{ProvenBlock, blocks_per_request, proven_blocks, read_header},
};
use crate::{
    error::{ChainError, Result},
    logs::LogRecord,
    rpc::Call,
    source::Inner,
};
use alloy::primitives::B256;
use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, Evidence};

/// Blocks proven by receipts in one request.
const BLOCKS_PER_REQUEST: usize = 8;

/// Raises a claim to `bloom`. Where receipts show logs that the page lacks, the
/// receipts are right, and the page is mended.
pub(super) async fn confirm(inner: &Inner, claim: &mut Claim) -> Result<()> {
    let mut claimed: BTreeMap<BlockNumber, Vec<LogRecord>> = BTreeMap::new();
    for record in std::mem::take(&mut claim.records) {
        claimed.entry(record.block).or_default().push(record);
    }
    let mut before = claim.first.parent;
    let numbers: Vec<BlockNumber> = claim.range.iter().collect();
    for chunk in numbers.chunks(headers_per_request(inner)) {
        let doubtful;
        (before, doubtful) = check_headers(inner, chunk, before, &claimed).await?;
        for part in doubtful.chunks(blocks_per_request(inner, BLOCKS_PER_REQUEST)) {
            let (blocks, _, endpoint) = proven_blocks(inner, part, false).await?;
            for block in blocks {
                mend(&mut claimed, block, &endpoint);
            }
        }
    }
    if before != claim.last.hash {
        return Err(ChainError::Lying {
            endpoint: claim.endpoint.clone(),
            what: format!(
                "headers of blocks {} that end in {before}, not in {}",
                claim.range, claim.last.hash
            ),
        });
    }
    claim.records = claimed.into_values().flatten().collect();
    claim.evidence = Evidence::Bloom;
    Ok(())
}

/// The last header's hash, and the blocks that may hold logs of ours.
async fn check_headers(
    inner: &Inner,
    numbers: &[BlockNumber],
    before: B256,
    claimed: &BTreeMap<BlockNumber, Vec<LogRecord>>,
) -> Result<(B256, Vec<BlockNumber>)> {
    let calls: Vec<Call> = numbers.iter().map(|number| Call::header(*number)).collect();
    inner
        .rpc
        .ask(&calls, |replies| {
            let mut before = before;
            let mut doubtful = Vec::new();
            for (place, number) in numbers.iter().enumerate() {
                let header = read_header(replies, place, *number, Some(before))?;
                before = header.hash;
                if inner.filter.may_be_in(&header.inner.logs_bloom) || claimed.contains_key(number)
                {
                    doubtful.push(*number);
                }
            }
            Ok((before, doubtful))
        })
        .await
}

fn mend(claimed: &mut BTreeMap<BlockNumber, Vec<LogRecord>>, block: ProvenBlock, endpoint: &str) {
    let number = block.header.brief().number;
    let place = |record: &LogRecord| (record.log_index, record.tx_hash, record.emitter);
    let agrees = claimed
        .get(&number)
        .map_or(&[][..], Vec::as_slice)
        .iter()
        .map(place)
        .eq(block.records.iter().map(place));
    if !agrees {
        tracing::warn!(
            endpoint,
            block = number.0,
            claimed = claimed.get(&number).map_or(0, Vec::len),
            proven = block.records.len(),
            "the log page contradicts the receipts; the receipts are kept"
        );
    }
    if block.records.is_empty() {
        claimed.remove(&number);
    } else {
        claimed.insert(number, block.records);
    }
}
