//! What a store holds, in one document: `status` prints it and the API serves it.

use crate::collect::utc;
use crate::error::Error;
use crate::progress::{bytes, duration, group};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use tidegauge_model::{B256, Evidence, HashText, UnixSeconds};
use tidegauge_storage::{Reader, View};

/// Coverage entries listed; more are summed up in `evidence_blocks` alone.
const MAX_COVERAGE_LISTED: usize = 200;

/// One store at one state.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Report {
    version: &'static str,
    identity: String,
    chain_id: u64,
    start: Option<u64>,
    tip: Option<TipReport>,
    finalized: Option<u64>,
    counters: Counts,
    evidence_blocks: BTreeMap<Evidence, u64>,
    coverage: Vec<Covered>,
    journal_blocks: u64,
    /// Ranges whose events contradict each other, and that are not proven yet.
    disputes: u64,
    disk_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<HashText>")]
    digest: Option<B256>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct TipReport {
    number: u64,
    #[schemars(with = "HashText")]
    hash: B256,
    timestamp: Option<u64>,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Counts {
    swaps: u64,
    liquidity: u64,
    blocks: u64,
    pools_accepted: u64,
    pools_refused: u64,
    tokens: u64,
    received: u64,
    decoded: u64,
    refused: u64,
}

#[derive(Debug, JsonSchema, Serialize)]
struct Covered {
    from: u64,
    to: u64,
    evidence: Evidence,
    #[schemars(with = "HashText")]
    end_hash: B256,
}

impl Report {
    /// Reads the view.
    ///
    /// # Errors
    /// What the store says of damaged rows.
    pub(crate) fn of(reader: &Reader, view: &View<'_>) -> Result<Self, Error> {
        let counters = view.counters();
        let identity = view.identity()?;
        let mut evidence_blocks: BTreeMap<Evidence, u64> =
            Evidence::ALL.into_iter().map(|level| (level, 0)).collect();
        let mut coverage = Vec::new();
        for entry in view.coverage()? {
            let entry = entry?;
            *evidence_blocks.entry(entry.evidence).or_default() += entry.range.len_blocks();
            if coverage.len() < MAX_COVERAGE_LISTED {
                coverage.push(Covered {
                    from: entry.range.from.0,
                    to: entry.range.to.0,
                    evidence: entry.evidence,
                    end_hash: entry.end_hash,
                });
            }
        }
        Ok(Self {
            version: concat!("tidegauge ", env!("CARGO_PKG_VERSION")),
            identity: identity.uuid.to_string(),
            chain_id: identity.chain_id.0,
            start: view.start().map(|b| b.0),
            tip: view.tip()?.map(|tip| TipReport {
                number: tip.block.number.0,
                hash: tip.block.hash,
                timestamp: tip.timestamp.map(|t| t.0),
            }),
            finalized: view.finalized().map(|b| b.0),
            counters: Counts {
                swaps: counters.swaps,
                liquidity: counters.liquidity,
                blocks: counters.blocks,
                pools_accepted: counters.pools_accepted,
                pools_refused: counters.pools_refused,
                tokens: counters.tokens,
                received: counters.logs.received,
                decoded: counters.logs.decoded,
                refused: counters.logs.refused,
            },
            evidence_blocks,
            coverage,
            journal_blocks: view.journal_range()?.map_or(0, |range| range.len_blocks()),
            disputes: view
                .disputes()?
                .try_fold(0, |count, dispute| dispute.map(|_| count + 1))?,
            disk_bytes: reader.disk_bytes()?,
            digest: None,
        })
    }

    /// Adds the logical digest.
    pub(crate) fn with_digest(mut self, digest: B256) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Height of the tip.
    pub(crate) fn tip_number(&self) -> Option<u64> {
        self.tip.as_ref().map(|tip| tip.number)
    }

    /// Blocks by the evidence behind them.
    pub(crate) fn evidence_blocks(&self) -> &BTreeMap<Evidence, u64> {
        &self.evidence_blocks
    }

    /// Swaps stored.
    pub(crate) fn swaps(&self) -> u64 {
        self.counters.swaps
    }

    /// Ranges in dispute.
    pub(crate) fn disputes(&self) -> u64 {
        self.disputes
    }

    /// One screen for people, with ages as of `now`.
    pub(crate) fn screen(&self, now: UnixSeconds) -> String {
        let mut out = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_screen(&mut out, now);
        out
    }

    fn write_screen(&self, out: &mut String, now: UnixSeconds) -> fmt::Result {
        writeln!(
            out,
            "store      chain {}, identity {}, {} on disk",
            self.chain_id,
            self.identity,
            bytes(self.disk_bytes)
        )?;
        match (&self.tip, self.start) {
            (Some(tip), Some(start)) => {
                let at = tip.timestamp.map_or_else(String::new, |at| {
                    format!(
                        ", {} ({} ago)",
                        utc(UnixSeconds(at)),
                        duration(now.0.saturating_sub(at))
                    )
                });
                writeln!(
                    out,
                    "tip        block {} {:#x}{at}",
                    group(tip.number),
                    tip.hash
                )?;
                let finalized = self.finalized.map_or_else(
                    || "finality not known".to_owned(),
                    |b| format!("chain final to {}", group(b)),
                );
                writeln!(
                    out,
                    "coverage   blocks {} to {} ({}), {finalized}",
                    group(start),
                    group(tip.number),
                    group(tip.number - start + 1)
                )?;
            }
            _ => writeln!(
                out,
                "tip        nothing collected yet: tidegauge backfill --last 1d"
            )?,
        }
        let evidence: Vec<String> = self
            .evidence_blocks
            .iter()
            .rev()
            .filter(|(_, n)| **n > 0)
            .map(|(level, n)| format!("{level} {}", group(*n)))
            .collect();
        if !evidence.is_empty() {
            writeln!(out, "evidence   {} (blocks)", evidence.join(", "))?;
        }
        let c = &self.counters;
        writeln!(
            out,
            "rows       {} swaps, {} other events, in {} block records",
            group(c.swaps),
            group(c.liquidity),
            group(c.blocks)
        )?;
        writeln!(
            out,
            "pools      {} accepted, {} contracts refused, {} tokens",
            group(c.pools_accepted),
            group(c.pools_refused),
            group(c.tokens)
        )?;
        writeln!(
            out,
            "logs       {} received = {} decoded + {} refused",
            group(c.received),
            group(c.decoded),
            group(c.refused)
        )?;
        writeln!(
            out,
            "journal    {} blocks can be unwound",
            group(self.journal_blocks)
        )?;
        if self.disputes > 0 {
            writeln!(
                out,
                "disputed   {} ranges whose events contradict each other: tidegauge verify",
                group(self.disputes)
            )?;
        }
        if let Some(digest) = self.digest {
            writeln!(out, "digest     {digest:#x}")?;
        }
        Ok(())
    }
}
