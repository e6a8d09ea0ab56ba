//! What an endpoint allows, found out by a few cheap questions before it matters.

use crate::{
    error::{ChainError, Result},
    fault::FaultKind,
    logs::parse_logs,
    rpc::Call,
    source::Chain,
};
use alloy::primitives::Address;
use tidegauge_model::{BlockNumber, BlockRange};

/// Blocks whose logs are looked at: the widest page that every plan allows.
const SAMPLE_BLOCKS: u64 = 10;

/// What an endpoint allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// Blocks in one page of `eth_getLogs`, if it holds next to nothing.
    pub page_blocks: u64,
    /// Whether a log tells its block's timestamp; `None` where there was no log to look at.
    pub times_logs: Option<bool>,
}

impl Chain {
    /// Finds out what is allowed, by pages that end in this block: wide ones of a contract
    /// that emits nothing, and a narrow one of ours.
    ///
    /// # Errors
    /// No usable answer, however narrow the page.
    pub async fn allowance(&self, last: BlockNumber) -> Result<Allowance> {
        let inner = &self.inner;
        let nobody = Call::log_filter(Some(&[Address::ZERO]));
        let mut page_blocks = inner.limits.max_page_blocks.min(last.0 + 1);
        loop {
            let calls = [Call::logs(ending_in(last, page_blocks), &nobody)];
            match inner.rpc.ask(&calls, |_| Ok(())).await {
                Ok(()) => break,
                // Too wide, or reaching back to what was pruned.
                Err(ChainError::Rpc(error))
                    if matches!(error.fault.kind, FaultKind::Span | FaultKind::Depth)
                        && page_blocks > 1 =>
                {
                    let named = error.fault.limit.or(error.fault.width);
                    page_blocks = named
                        .filter(|blocks| (1..page_blocks).contains(blocks))
                        .unwrap_or(page_blocks / 2);
                }
                Err(error) => return Err(error),
            }
        }
        let sample = ending_in(last, SAMPLE_BLOCKS.min(page_blocks));
        let calls = [Call::logs(sample, &inner.filter.request)];
        let records = inner
            .rpc
            .ask(&calls, |replies| {
                parse_logs(replies.text(0)).map_err(|error| ChainError::Lying {
                    endpoint: replies.endpoint.clone(),
                    what: format!("the logs of blocks {sample} with {error}"),
                })
            })
            .await?;
        let times_logs = records.first().map(|record| record.timestamp.is_some());
        Ok(Allowance {
            page_blocks,
            times_logs,
        })
    }
}

/// So many blocks up to this one.
fn ending_in(last: BlockNumber, blocks: u64) -> BlockRange {
    BlockRange {
        from: BlockNumber((last.0 + 1).saturating_sub(blocks)),
        to: last,
    }
}
