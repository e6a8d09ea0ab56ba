//! `GET /api/coverage`: which blocks are stored, and what stands behind them.

use crate::error::Error;
use serde::Serialize;
use std::collections::BTreeMap;
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, Coverage, Dispute, Evidence};
use tidegauge_storage::View;

/// Entries in one answer; `next` tells where the next answer begins.
const MAX_ENTRIES: usize = 1_000;

/// The answer.
#[derive(Debug, Serialize)]
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
