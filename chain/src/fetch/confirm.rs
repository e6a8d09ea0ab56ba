//! Raising a page to `bloom`: every header, its link, its bloom against our logs both ways,
//! and the receipts of each block where the two do not agree.

use super::{
    claim::{Claim, headers_per_request},
    headers::headers,
    receipt_page::{ProvenBlock, blocks_per_request, proven_blocks},
};
use crate::{
    error::{ChainError, Result},
    evidence::is_in_bloom,
    header::VerifiedHeader,
    logs::LogRecord,
    source::Inner,
};
use alloy::primitives::B256;
use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, Evidence, UnixSeconds};

/// Blocks proven by receipts in one request.
const BLOCKS_PER_REQUEST: usize = 8;

/// Why a page is not believed as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Doubt {
    /// It is empty or thin: every block that may hold logs of ours is read by its receipts.
    Thin,
    /// `bloom` was asked for: a block is read by its receipts where its bloom admits an event
    /// of ours that did not come, or does not hold one that did.
    Asked,
}

/// The page's logs by block.
type Claimed = BTreeMap<BlockNumber, Vec<LogRecord>>;

/// Raises a claim to `bloom`. Where receipts contradict the page, the receipts are right,
/// and the page is mended.
pub(super) async fn confirm(inner: &Inner, claim: &mut Claim, doubt: Doubt) -> Result<()> {
    let mut claimed = Claimed::new();
    for record in std::mem::take(&mut claim.records) {
        claimed.entry(record.block).or_default().push(record);
    }
    let mut mended = Mended::default();
    let mut before = claim.first.parent;
    let numbers: Vec<BlockNumber> = claim.range.iter().collect();
    for chunk in numbers.chunks(headers_per_request(inner)) {
        let headers = check_headers(inner, chunk, before, &claimed, doubt).await?;
        before = headers.last;
        for (number, timestamp) in headers.times {
            for record in claimed.get_mut(&number).into_iter().flatten() {
                record.timestamp = Some(timestamp);
            }
        }
        let most = blocks_per_request(inner, BLOCKS_PER_REQUEST);
        for part in headers.doubtful.chunks(most) {
            let proven = proven_blocks(inner, part, false, Some(&claim.endpoint)).await?;
            for block in proven.blocks {
                mended.take(&mut claimed, block);
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
    mended.blame(inner, claim);
    claim.records = claimed.into_values().flatten().collect();
    claim.evidence = Evidence::Bloom;
    Ok(())
}

/// What a batch of consecutive headers says.
struct Headers {
    last: B256,
    /// Of the blocks that hold logs.
    times: Vec<(BlockNumber, UnixSeconds)>,
    /// Blocks to be read by their receipts.
    doubtful: Vec<BlockNumber>,
}

async fn check_headers(
    inner: &Inner,
    numbers: &[BlockNumber],
    before: B256,
    claimed: &Claimed,
    doubt: Doubt,
) -> Result<Headers> {
    let mut checked = Headers {
        last: before,
        times: Vec::new(),
        doubtful: Vec::new(),
    };
    for (number, header) in numbers.iter().zip(headers(inner, numbers).await?) {
        if header.inner.parent_hash != checked.last {
            return Err(ChainError::Seam {
                at: *number,
                expected: checked.last,
                found: header.inner.parent_hash,
            });
        }
        checked.last = header.hash;
        let logs = claimed.get(number).map_or(&[][..], Vec::as_slice);
        if !logs.is_empty() {
            checked.times.push((*number, header.brief().timestamp));
        }
        if is_doubtful(inner, &header, logs, doubt) {
            checked.doubtful.push(*number);
        }
    }
    Ok(checked)
}

fn is_doubtful(inner: &Inner, header: &VerifiedHeader, logs: &[LogRecord], doubt: Doubt) -> bool {
    let bloom = &header.inner.logs_bloom;
    match doubt {
        Doubt::Thin => !logs.is_empty() || inner.filter.may_be_in(bloom),
        Doubt::Asked => {
            let belongs =
                |log: &LogRecord| log.block_hash == header.hash && is_in_bloom(bloom, log);
            !logs.iter().all(belongs) || inner.filter.lacks(bloom, logs)
        }
    }
}

/// What receipts corrected in one page.
#[derive(Default)]
struct Mended {
    blocks: u64,
    first: Option<BlockNumber>,
    /// Logs of those blocks, as claimed and as proven.
    claimed: usize,
    proven: usize,
}

impl Mended {
    /// Puts the proven logs of a block in the place of the claimed ones.
    fn take(&mut self, claimed: &mut Claimed, block: ProvenBlock) {
        let number = block.header.brief().number;
        let before = claimed.remove(&number).unwrap_or_default();
        if !before.iter().map(facts).eq(block.records.iter().map(facts)) {
            self.blocks += 1;
            self.first = self.first.or(Some(number));
            self.claimed += before.len();
            self.proven += block.records.len();
        }
        if !block.records.is_empty() {
            claimed.insert(number, block.records);
        }
    }

    /// One line a page: an endpoint that omits does so in thousands of blocks.
    fn blame(&self, inner: &Inner, claim: &Claim) {
        let Some(first) = self.first else { return };
        tracing::warn!(
            endpoint = claim.endpoint,
            page = %claim.range,
            blocks = self.blocks,
            first = first.0,
            claimed = self.claimed,
            proven = self.proven,
            "a log page contradicts its blocks' receipts; the receipts are kept"
        );
        let error = ChainError::Lying {
            endpoint: claim.endpoint.clone(),
            what: format!(
                "{} logs of blocks {} where their receipts hold {}",
                self.claimed, claim.range, self.proven
            ),
        };
        inner.rpc.contradict(&claim.endpoint, &error);
    }
}

/// All that a log says, apart from what only receipts or only some endpoints tell.
fn facts(record: &LogRecord) -> impl PartialEq + use<'_> {
    (
        (record.block_hash, record.log_index),
        (record.tx_hash, record.tx_index),
        (record.emitter, record.kind, &record.event),
    )
}
