//! `doctor`: what an operator can get wrong, checked before it hurts.

use crate::collect;
use crate::config::Config;
use crate::error::Error;
use crate::progress::{Progress, group};
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tidegauge_chain::{Chain, Method, PoolBook};
use tidegauge_model::BlockRange;
use tidegauge_storage::verify;

/// Open files that RocksDB and the connections may need together.
const WANTED_OPEN_FILES: u64 = 4_096;
/// Violations printed; the rest is counted.
const VIOLATIONS_SHOWN: usize = 5;
/// A head older than this is a node that does not follow, or a wrong clock.
const STALE_HEAD_S: u64 = 600;

#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    detail: String,
}

/// Prints a line a check; fails if one of them failed.
pub(super) async fn doctor(config: Config, whole_store: bool, json: bool) -> Result<(), Error> {
    let mut findings = vec![open_files(), disk(&config)];
    if config.chain.rpc_urls.is_empty() {
        findings.push(bad(
            "endpoint",
            "none is set: chain.rpc_urls in config.toml, or --set chain.rpc_urls=URL",
        ));
    } else {
        match collect::connect(&config, &[]).await {
            Ok(chain) => endpoint(&chain, &mut findings).await,
            Err(error) => findings.push(bad("endpoint", error)),
        }
    }
    findings.push(store(&config, whole_store));
    if json {
        super::print_json(&findings)?;
    } else {
        for finding in &findings {
            println!(
                "{} {:<14} {}",
                if finding.ok { "ok  " } else { "FAIL" },
                finding.check,
                finding.detail
            );
        }
    }
    match findings.iter().filter(|finding| !finding.ok).count() {
        0 => Ok(()),
        1 => Err(Error::Failed("one check failed".to_owned())),
        n => Err(Error::Failed(format!("{n} checks failed"))),
    }
}

fn good(check: &'static str, detail: impl ToString) -> Finding {
    Finding {
        check,
        ok: true,
        detail: detail.to_string(),
    }
}

fn bad(check: &'static str, detail: impl ToString) -> Finding {
    Finding {
        check,
        ok: false,
        detail: detail.to_string(),
    }
}

fn open_files() -> Finding {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    match limit {
        Some(n) if n < WANTED_OPEN_FILES => bad(
            "open files",
            format!(
                "limit {n} is below {WANTED_OPEN_FILES}: ulimit -n 65536, or LimitNOFILE= in the unit"
            ),
        ),
        Some(n) => good("open files", format!("limit {}", group(n))),
        None => good("open files", "no limit"),
    }
}

fn disk(config: &Config) -> Finding {
    let path = config.storage.path.as_path();
    let existing = path
        .ancestors()
        .find(|p| p.exists())
        .unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() {
        Path::new(".")
    } else {
        existing
    };
    match rustix::fs::statvfs(existing) {
        Ok(stat) => {
            let free_mib = stat.f_bavail.saturating_mul(stat.f_frsize) >> 20;
            let text = format!("{} MiB free at {}", group(free_mib), existing.display());
            if free_mib < config.storage.min_free_mib {
                bad(
                    "disk",
                    format!(
                        "{text}: collection stops below storage.min_free_mib = {}",
                        config.storage.min_free_mib
                    ),
                )
            } else {
                good("disk", text)
            }
        }
        Err(error) => bad(
            "disk",
            format!(
                "cannot ask for free space at {}: {error}",
                existing.display()
            ),
        ),
    }
}

async fn endpoint(chain: &Chain, findings: &mut Vec<Finding>) {
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

fn store(config: &Config, whole: bool) -> Finding {
    let path = &config.storage.path;
    if !path.exists() {
        return good(
            "store",
            format!(
                "{} does not exist yet; the first run makes it",
                path.display()
            ),
        );
    }
    let checked = || -> Result<Finding, Error> {
        let reader = super::open_beside(config)?;
        let view = reader.view()?;
        let counters = view.counters();
        let summary = format!(
            "{}: {} swaps, tip {}",
            path.display(),
            group(counters.swaps),
            view.tip()?
                .map_or_else(|| "none".to_owned(), |t| group(t.block.number.0))
        );
        if !whole {
            return Ok(good(
                "store",
                format!("{summary} (--store checks every row)"),
            ));
        }
        let mut progress = Progress::begin(
            "check",
            "rows",
            "violations",
            counters.swaps + counters.liquidity + counters.blocks,
        );
        let mut seen = ("", 0);
        let report = verify::all(&view, |now| {
            let before = if now.reading == seen.0 { seen.1 } else { 0 };
            progress.advance(now.done.saturating_sub(before), 0);
            seen = (now.reading, now.done);
        })?;
        progress.finish();
        Ok(if report.is_clean() {
            good(
                "store",
                format!(
                    "{summary}; all {} invariants hold",
                    verify::INVARIANTS.len()
                ),
            )
        } else {
            let first: Vec<String> = report
                .violations
                .iter()
                .take(VIOLATIONS_SHOWN)
                .map(|v| {
                    format!(
                        "{}. {}: {}",
                        v.invariant.number, v.invariant.claim, v.detail
                    )
                })
                .collect();
            bad(
                "store",
                format!(
                    "{summary}; {} violations, first: {}",
                    group(report.violation_count),
                    first.join("; ")
                ),
            )
        })
    };
    checked().unwrap_or_else(|error| bad("store", error))
}
