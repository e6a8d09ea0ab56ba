//! The RPC endpoint: its chain, head, finality, and both ways to read a block.

use super::{Finding, bad, good};
use crate::collect;
use crate::progress::group;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tidegauge_chain::{Chain, Method, PoolBook};
use tidegauge_model::BlockRange;

/// A head older than this is a node that does not follow, or a wrong clock.
const STALE_HEAD_S: u64 = 600;

pub(super) async fn endpoint(chain: &Chain, findings: &mut Vec<Finding>) {
    findings.push(good(
        "endpoint",
        format!("answers for chain {}", chain.id()),
    ));
    let head = match chain.head().await {
        Ok(head) => head,
        Err(error) => return findings.push(bad("head", error)),
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs());
    let text = format!(
        "block {} of {}",
        group(head.number.0),
        collect::utc(head.timestamp)
    );
    findings.push(if now.saturating_sub(head.timestamp.0) > STALE_HEAD_S {
        bad("head", format!("{text}: over {} minutes old; the node does not follow its chain, or this machine's clock is wrong", STALE_HEAD_S / 60))
    } else if head.timestamp.0 > now + 60 {
        bad("head", format!("{text}: in the future; this machine's clock is wrong"))
    } else {
        good("head", text)
    });
    let finalized = match chain.finalized().await {
        Ok(Some(block)) => {
            findings.push(good("finality", format!("block {}", group(block.0))));
            block
        }
        Ok(None) => {
            return findings.push(bad(
                "finality",
                "the endpoint knows no finalized block: set chain.finality = \"depth:N\"",
            ));
        }
        Err(error) => return findings.push(bad("finality", error)),
    };
    // One real block both ways: what fails here would fail an hour into a backfill.
    for (check, method) in [("receipts", Method::Receipts), ("logs", Method::Logs)] {
        let book = Arc::new(PoolBook::new([], []));
        findings.push(
            match chain
                .fetch(BlockRange::one(finalized), None, method, &book)
                .next()
                .await
            {
                Some(Ok(extend)) => good(
                    check,
                    format!(
                        "block {} reads to evidence `{}`, {} swaps",
                        group(finalized.0),
                        extend.covered.evidence,
                        extend.swap_count()
                    ),
                ),
                Some(Err(error)) => bad(check, error),
                None => bad(check, format!("no answer for block {finalized}")),
            },
        );
    }
}
