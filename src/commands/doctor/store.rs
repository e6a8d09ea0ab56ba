//! The store: whether it opens, and whether what always holds does.

use super::{Finding, bad, good};
use crate::config::Config;
use crate::error::Error;
use crate::progress::{Progress, group};
use tidegauge_storage::verify;

/// Violations printed; the rest is counted.
const VIOLATIONS_SHOWN: usize = 5;

pub(super) fn store(config: &Config, whole: bool) -> Finding {
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
        let reader = crate::commands::open_beside(config)?;
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
