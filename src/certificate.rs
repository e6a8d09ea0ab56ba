//! What a verification found, and what stands behind a range afterwards.

use crate::error::Error;
use crate::progress::group;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};
use tidegauge_model::BlockRange;
use tidegauge_storage::{Repaired, View};

/// Coverage entries shown to people; JSON has all.
const MAX_RANGES_SHOWN: usize = 50;

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
        for changes in repaired.iter().flat_map(|r| [r.swaps, r.liquidity]) {
            self.missing += changes.added;
            self.extra += changes.removed;
            self.different += changes.corrected;
            self.enriched += changes.enriched;
        }
    }

    /// Rows that were wrong.
    pub(crate) fn errors(&self) -> u64 {
        self.missing + self.extra + self.different
    }
}

/// What stands behind a range of the store, and what a verification put right in it.
#[derive(Debug, Serialize)]
pub(crate) struct Certificate {
    chain_id: u64,
    store: String,
    #[serde(flatten)]
    stands: tidegauge_storage::Certificate,
    found: Findings,
}

impl Certificate {
    /// Reads what stands behind the range now.
    ///
    /// # Errors
    /// A range that is not stored; what the store says of damaged rows.
    pub(crate) fn of(view: &View<'_>, range: BlockRange, found: Findings) -> Result<Self, Error> {
        let identity = view.identity()?;
        let stands = view.certificate(range)?.ok_or_else(|| {
            Error::Failed(format!(
                "blocks {range} are no longer all in the store: run the command again"
            ))
        })?;
        Ok(Self {
            chain_id: identity.chain_id.0,
            store: identity.uuid.to_string(),
            stands,
            found,
        })
    }

    /// One screen for people.
    pub(crate) fn screen(&self) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_screen(&mut out);
        out
    }

    fn write_screen(&self, out: &mut String) -> fmt::Result {
        let stands = &self.stands;
        let end = stands
            .end_hash
            .map_or_else(|| "hash not kept".to_owned(), |hash| format!("{hash:#x}"));
        writeln!(
            out,
            "certificate  chain {}, store {}",
            self.chain_id, self.store
        )?;
        writeln!(
            out,
            "range        blocks {} to {}, the last is {end}",
            group(stands.range.from.0),
            group(stands.range.to.0),
        )?;
        for entry in stands.entries.iter().take(MAX_RANGES_SHOWN) {
            writeln!(
                out,
                "evidence     {:<8} blocks {} to {} ({})",
                entry.evidence,
                group(entry.range.from.0),
                group(entry.range.to.0),
                group(entry.range.len_blocks()),
            )?;
        }
        if let Some(more) = stands.entries.len().checked_sub(MAX_RANGES_SHOWN + 1) {
            writeln!(out, "             and {} ranges more", more + 1)?;
        }
        writeln!(
            out,
            "rows         {} swaps, {} other events; {} logs received, {} refused",
            group(stands.swaps),
            group(stands.liquidity),
            group(stands.logs.received),
            group(stands.logs.refused),
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
        if stands.disputes > 0 {
            writeln!(
                out,
                "disputed     {} ranges whose events contradict each other",
                group(stands.disputes)
            )?;
        }
        Ok(())
    }
}
