//! What a verification found, and what stands behind a range afterwards.

use crate::error::Error;
use crate::progress::group;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use tidegauge_model::{B256, BlockRange, Evidence, Tally};
use tidegauge_storage::{Repaired, View};

/// Coverage entries listed; more are summed up in the levels alone.
const MAX_RANGES_LISTED: usize = 200;

/// What was put right.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Findings {
    /// Blocks fetched again.
    pub(crate) blocks: u64,
    /// Rows that were missing.
    pub(crate) missing: u64,
    /// Rows that no block holds.
    pub(crate) extra: u64,
    /// Rows that differed from their log.
    pub(crate) different: u64,
    /// Rows that were right, and whose transaction's sender is known now.
    pub(crate) enriched: u64,
}

impl Findings {
    /// Counts one repair of so many blocks.
    pub(crate) fn add(&mut self, blocks: u64, repaired: Option<Repaired>) {
        self.blocks += blocks;
        if let Some(repaired) = repaired {
            self.missing += repaired.swaps_added + repaired.liquidity_added;
            self.extra += repaired.swaps_removed + repaired.liquidity_removed;
            self.different += repaired.swaps_corrected + repaired.liquidity_corrected;
            self.enriched += repaired.swaps_enriched + repaired.liquidity_enriched;
        }
    }

    /// Rows that were wrong.
    pub(crate) fn errors(&self) -> u64 {
        self.missing + self.extra + self.different
    }
}

/// What stands behind a range of the store.
#[derive(Debug, Serialize)]
pub(crate) struct Certificate {
    chain_id: u64,
    store: String,
    range: BlockRange,
    /// Header hash of the range's last block, where the store knows it.
    end_hash: Option<B256>,
    weakest: Option<Evidence>,
    blocks_by_evidence: BTreeMap<Evidence, u64>,
    ranges: Vec<Stretch>,
    ranges_left_out: u64,
    logs: Tally,
    swaps: u64,
    liquidity: u64,
    disputed: u64,
    found: Findings,
}

#[derive(Debug, Serialize)]
struct Stretch {
    #[serde(flatten)]
    range: BlockRange,
    evidence: Evidence,
    end_hash: Option<B256>,
}

impl Certificate {
    /// Reads what stands behind the range now.
    ///
    /// # Errors
    /// What the store says of damaged rows.
    pub(crate) fn of(view: &View<'_>, range: BlockRange, found: Findings) -> Result<Self, Error> {
        let identity = view.identity()?;
        let mut certificate = Self {
            chain_id: identity.chain_id.0,
            store: identity.uuid.to_string(),
            range,
            end_hash: view.hash_at(range.to)?,
            weakest: None,
            blocks_by_evidence: BTreeMap::new(),
            ranges: Vec::new(),
            ranges_left_out: 0,
            logs: Tally::default(),
            swaps: 0,
            liquidity: 0,
            disputed: 0,
            found,
        };
        for entry in view.coverage()? {
            let entry = entry?;
            let from = entry.range.from.max(range.from);
            let to = entry.range.to.min(range.to);
            let Some(part) = BlockRange::new(from, to) else {
                continue;
            };
            certificate.cover(Stretch {
                range: part,
                evidence: entry.evidence,
                end_hash: view.hash_at(to)?,
            });
        }
        for record in view.blocks(range)? {
            let (_, record) = record?;
            certificate.logs = certificate.logs.plus(record.tally);
            for pool in &record.pools {
                certificate.swaps += u64::from(pool.swaps);
                certificate.liquidity += u64::from(pool.liquidity);
            }
        }
        for dispute in view.disputes()? {
            let dispute = dispute?;
            let overlaps = dispute.range.from <= range.to && dispute.range.to >= range.from;
            certificate.disputed += u64::from(overlaps);
        }
        Ok(certificate)
    }

    fn cover(&mut self, stretch: Stretch) {
        let blocks = stretch.range.len_blocks();
        *self.blocks_by_evidence.entry(stretch.evidence).or_default() += blocks;
        self.weakest = Some(match self.weakest {
            Some(weakest) => weakest.min(stretch.evidence),
            None => stretch.evidence,
        });
        if self.ranges.len() < MAX_RANGES_LISTED {
            self.ranges.push(stretch);
        } else {
            self.ranges_left_out += 1;
        }
    }

    /// One screen for people.
    pub(crate) fn screen(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_screen(&mut out);
        out
    }

    fn write_screen(&self, out: &mut String) -> fmt::Result {
        let end = self
            .end_hash
            .map_or_else(|| "hash not kept".to_owned(), |hash| format!("{hash:#x}"));
        writeln!(
            out,
            "certificate  chain {}, store {}",
            self.chain_id, self.store
        )?;
        writeln!(
            out,
            "range        blocks {} to {}, end {end}",
            group(self.range.from.0),
            group(self.range.to.0),
        )?;
        for stretch in &self.ranges {
            writeln!(
                out,
                "evidence     {:<8} blocks {} to {} ({})",
                stretch.evidence,
                group(stretch.range.from.0),
                group(stretch.range.to.0),
                group(stretch.range.len_blocks()),
            )?;
        }
        if self.ranges_left_out > 0 {
            writeln!(
                out,
                "             and {} ranges more",
                group(self.ranges_left_out)
            )?;
        }
        writeln!(
            out,
            "rows         {} swaps, {} other events; {} logs received, {} refused",
            group(self.swaps),
            group(self.liquidity),
            group(self.logs.received),
            group(self.logs.refused),
        )?;
        let found = &self.found;
        writeln!(
            out,
            "found        in {} blocks fetched again: {} rows missing, {} too many, {} different; {} learned their sender",
            group(found.blocks),
            group(found.missing),
            group(found.extra),
            group(found.different),
            group(found.enriched),
        )?;
        if self.disputed > 0 {
            writeln!(
                out,
                "disputed     {} ranges whose events contradict each other",
                group(self.disputed)
            )?;
        }
        Ok(())
    }
}
