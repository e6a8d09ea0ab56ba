//! `GET /api/coverage`: which blocks are stored, and what stands behind them.

use crate::api::ask::Asked;
use crate::api::kept::Answer;
use crate::api::refusal::Refusal;
use crate::api::snapshot::Snapshot;
use crate::error::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, Coverage, Dispute, Evidence};
use tidegauge_storage::View;

/// Entries in one answer; `next` tells where the next answer begins.
const MAX_ENTRIES: usize = 1_000;

/// The answer.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct CoverageReport {
    as_of: Option<BlockRef>,
    chain_id: u64,
    start: Option<BlockNumber>,
    finalized: Option<BlockNumber>,
    blocks_by_evidence: BTreeMap<Evidence, u64>,
    weakest: Option<Evidence>,
    ranges: Vec<Coverage>,
    disputes: Vec<Dispute>,
    /// `?from=` of the next answer, where this one was cut.
    next: Option<BlockNumber>,
}

impl Answer for CoverageReport {}

impl CoverageReport {
    /// Reads the ledger where it overlaps the range.
    ///
    /// # Errors
    /// What the store says of damaged rows.
    pub(super) fn of(view: &View<'_>, wanted: BlockRange) -> Result<Self, Error> {
        let mut report = Self {
            as_of: view.tip()?.map(|tip| tip.block),
            chain_id: view.chain_id()?.0,
            start: view.start(),
            finalized: view.finalized(),
            blocks_by_evidence: BTreeMap::new(),
            weakest: None,
            ranges: Vec::new(),
            disputes: Vec::new(),
            next: None,
        };
        for entry in view.coverage_of(wanted)? {
            let part = BlockRange {
                from: entry.range.from.max(wanted.from),
                to: entry.range.to.min(wanted.to),
            };
            *report.blocks_by_evidence.entry(entry.evidence).or_default() += part.len_blocks();
            let weakest = report.weakest.unwrap_or(entry.evidence);
            report.weakest = Some(weakest.min(entry.evidence));
            if report.ranges.len() < MAX_ENTRIES {
                report.ranges.push(entry);
            } else if report.next.is_none() {
                report.next = Some(entry.range.from);
            }
        }
        for dispute in view.disputes()? {
            let dispute = dispute?;
            let is_wanted = dispute.range.from <= wanted.to && dispute.range.to >= wanted.from;
            if is_wanted && report.disputes.len() < MAX_ENTRIES {
                report.disputes.push(dispute);
            }
        }
        Ok(report)
    }
}

/// Which blocks.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The first block; by default the first in the store.
    from: Option<u64>,
    /// The last block; by default the tip.
    to: Option<u64>,
}

/// What stands behind a range of blocks.
pub(super) fn coverage(
    snapshot: &Snapshot<'_>,
    _: &Asked,
    wanted: Wanted,
) -> Result<CoverageReport, Refusal> {
    let from = BlockNumber(wanted.from.unwrap_or(0));
    let to = BlockNumber(wanted.to.unwrap_or(u64::MAX));
    let range = BlockRange::new(from, to).ok_or_else(|| {
        Refusal::bad(
            "bad_range",
            format!("block {to} lies before block {from}"),
            "use ?from=BLOCK&to=BLOCK with from <= to",
        )
    })?;
    Ok(CoverageReport::of(&snapshot.view, range)?)
}
