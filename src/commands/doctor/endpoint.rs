//! Each RPC endpoint by itself, since others hide what one lacks: its chain, head, finality, both
//! ways to read a block, the first one too, and what it allows.

use super::{Finding, bad, good};
use crate::collect;
use crate::config::{Config, Start};
use crate::progress::group;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tidegauge_chain::{Chain, Method, Pace, PoolBook};
use tidegauge_model::{BlockNumber, BlockRange, Extend};

/// A head older than this is a node that does not follow, or a wrong clock.
const STALE_HEAD_S: u64 = 600;

/// Until then a WebSocket has to be connected.
const SOCKET_PATIENCE: Duration = Duration::from_secs(5);

/// Both ways to read a block.
const WAYS: [(&str, Method); 2] = [("receipts", Method::Receipts), ("logs", Method::Logs)];

/// All of them; `start` is where collection will begin, if there is no store yet.
pub(super) async fn endpoints(config: &Config, start: Option<&Start>, findings: &mut Vec<Finding>) {
    let urls = &config.chain.rpc_urls;
    if urls.is_empty() {
        return findings.push(bad(
            "endpoint",
            "none is set: chain.rpc_urls in config.toml, or --set chain.rpc_urls=URL",
        ));
    }
    for url in urls {
        let mut alone = config.clone();
        alone.chain.rpc_urls = vec![url.clone()];
        match collect::connect(&alone, &[]).await {
            Ok(chain) => {
                findings.push(good(
                    "endpoint",
                    format!("{} answers for chain {}", url.value, chain.id()),
                ));
                endpoint(&chain, start, findings).await;
            }
            Err(error) => findings.push(bad("endpoint", error)),
        }
    }
    findings.push(socket(config).await);
}

async fn endpoint(chain: &Chain, start: Option<&Start>, findings: &mut Vec<Finding>) {
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
    findings.push(limits(chain, finalized).await);
    if let Some(start) = start {
        findings.push(history(chain, start, finalized).await);
    }
}

/// What it allows: collection adapts to it, and `plan` says what that costs.
async fn limits(chain: &Chain, finalized: BlockNumber) -> Finding {
    match chain.allowance(finalized).await {
        Ok(allowed) => good(
            "limits",
            format!(
                "log pages of up to {} blocks; logs {}",
                group(allowed.page_blocks),
                match allowed.times_logs {
                    Some(true) => "tell their block's timestamp",
                    Some(false) =>
                        "tell no blockTimestamp: by logs, a header more is asked for each block with swaps",
                    None =>
                        "of the last final blocks are none of ours, so whether they tell their block's timestamp is not known",
                }
            ),
        ),
        Err(error) => bad("limits", error),
    }
}

/// Whether new heads are announced. Where none is announced they are asked for, so only an address
/// that somebody wrote down has to answer.
async fn socket(config: &Config) -> Finding {
    const CHECK: &str = "websocket";
    let settings = &config.chain;
    let polls = format!("heads are asked for every {} ms", settings.poll_interval_ms);
    if !settings.websocket {
        return good(CHECK, format!("off (chain.websocket = false): {polls}"));
    }
    let chain = match collect::connect(config, &[]).await {
        Ok(chain) => chain,
        Err(_) => return bad(CHECK, "not tried: no endpoint answers"),
    };
    let heads = chain.heads(Pace {
        poll: SOCKET_PATIENCE,
        silence: SOCKET_PATIENCE,
    });
    let begun = Instant::now();
    while !heads.is_announced() {
        if begun.elapsed() > SOCKET_PATIENCE {
            return match settings.ws_urls.is_empty() {
                true => good(CHECK, format!("none of the endpoints offers one: {polls}")),
                false => bad(
                    CHECK,
                    format!(
                        "nobody answers at chain.ws_urls; until then {polls}. Check the addresses, or set chain.websocket = false"
                    ),
                ),
            };
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    good(CHECK, "new heads are announced")
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
