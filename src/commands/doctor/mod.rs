//! What an operator can get wrong, checked before it hurts.

mod endpoint;
mod machine;
mod outside;
mod places;
mod store;

use crate::config::Config;
use crate::error::Error;
use serde::Serialize;

/// One check, and what came of it.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    detail: String,
}

/// What is checked beyond what costs nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Depth {
    /// Every row of the store.
    pub(super) store: bool,
    /// That alerts arrive: one is sent to every place, and a number to CloudWatch.
    pub(super) send: bool,
}

/// Prints what was found; fails if a check failed.
pub(super) async fn doctor(config: Config, depth: Depth, json: bool) -> Result<(), Error> {
    let findings = examine(&config, depth).await;
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

/// All checks, in the order in which things depend on each other.
async fn examine(config: &Config, depth: Depth) -> Vec<Finding> {
    let mut findings = vec![
        machine::open_files(),
        machine::disk(config),
        machine::clock(),
    ];
    // Of a store that is there, what it began with is collected.
    let is_new = super::open_beside(config).is_err();
    let start = is_new.then_some(&config.chain.start);
    endpoint::endpoints(config, start, &mut findings).await;
    findings.push(store::store(config, depth.store));
    places::postgres(config, &mut findings).await;
    places::buckets(config, &mut findings).await;
    outside::alerts(config, depth.send, &mut findings).await;
    outside::cloudwatch(config, depth.send, &mut findings).await;
    findings
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
