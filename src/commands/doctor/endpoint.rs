//! The RPC endpoint: its chain, head, finality, and both ways to read a block, the first one too.

use super::{Finding, bad, good};
use crate::collect;
use crate::config::Start;
use crate::progress::group;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tidegauge_chain::{Chain, Method, PoolBook};
use tidegauge_model::{BlockNumber, BlockRange, Extend};

/// A head older than this is a node that does not follow, or a wrong clock.
const STALE_HEAD_S: u64 = 600;

/// Both ways to read a block.
const WAYS: [(&str, Method); 2] = [("receipts", Method::Receipts), ("logs", Method::Logs)];

pub(super) async fn endpoint(chain: &Chain, start: Option<&Start>, findings: &mut Vec<Finding>) {
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
    for (check, method) in WAYS {
        findings.push(match read(chain, finalized, method).await {
            Ok(extend) => good(
                check,
                format!(
                    "block {} reads to evidence `{}`, {} swaps",
                    group(finalized.0),
                    extend.covered.evidence,
                    extend.swap_count()
                ),
            ),
            Err(error) => bad(check, error),
        });
    }
    if let Some(start) = start {
        findings.push(history(chain, start, finalized).await);
    }
}

/// Whether the node still has what lies where collection begins.
async fn history(chain: &Chain, start: &Start, finalized: BlockNumber) -> Finding {
    const CHECK: &str = "history";
    let first = match collect::start_block(chain, start).await {
        Ok(first) => first,
        Err(error) => return bad(CHECK, error),
    };
    let name = format!(
        "block {}, where collection begins (chain.start = \"{start}\"),",
        group(first.0)
    );
    if first > finalized {
        return good(CHECK, format!("{name} is not final yet"));
    }
    for (way, method) in WAYS {
        if let Err(error) = read(chain, first, method).await {
            return bad(
                CHECK,
                format!(
                    "{name} does not read by {way}: {error}; a node that has pruned it cannot fill a store from there: use an archive's endpoint, or a later chain.start"
                ),
            );
        }
    }
    good(CHECK, format!("{name} reads both ways"))
}

async fn read(chain: &Chain, block: BlockNumber, method: Method) -> Result<Extend, String> {
    let book = Arc::new(PoolBook::new([], []));
    let mut blocks = chain.fetch(BlockRange::one(block), None, method, &book);
    match blocks.next().await {
        Some(Ok(extend)) => Ok(extend),
        Some(Err(error)) => Err(error.to_string()),
        None => Err(format!("no answer for block {block}")),
    }
}
