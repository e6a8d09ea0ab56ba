//! What stands behind the blocks of a store: totals by level, the weakest of a range, certificates.

use crate::error::StoreError;
use crate::view::View;
use serde::Serialize;
use tidegauge_model::{B256, BlockNumber, BlockRange, Coverage, Evidence, Tally};

/// What is covered with one level of evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct EvidenceTotal {
    /// The level.
    pub evidence: Evidence,
    /// Entries of the ledger.
    pub ranges: u64,
    /// Blocks in them.
    pub blocks: u64,
    /// Logs met in them.
    pub logs: Tally,
}

/// What is stored of a range, and how well it is known.
///
/// Whoever knows the header hash at its end can check the rest against the chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Certificate {
    /// The blocks.
    pub range: BlockRange,
    /// The weakest evidence behind any of them.
    pub evidence: Evidence,
    /// Hash of the header before the first; `None` where it is not known.
    pub parent: Option<B256>,
    /// Header hash of the last; `None` where it is not known.
    pub end_hash: Option<B256>,
    /// The ledger's entries, cut to the range.
    pub entries: Vec<CertifiedRange>,
    /// Block records.
    pub blocks: u64,
    /// Swaps.
    pub swaps: u64,
    /// Other pool events.
    pub liquidity: u64,
    /// Logs received, decoded and refused.
    pub logs: Tally,
    /// Disputes not settled that have blocks of the range.
    pub disputes: u64,
}

/// One entry of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct CertifiedRange {
    /// The blocks.
    pub range: BlockRange,
    /// What stands behind them.
    pub evidence: Evidence,
    /// Header hash of the last; `None` where it is not known.
    pub end_hash: Option<B256>,
}

impl View<'_> {
    /// What is covered with each level of evidence, weakest first.
    pub fn evidence_totals(&self) -> Result<[EvidenceTotal; Evidence::ALL.len()], StoreError> {
        let mut totals = Evidence::ALL.map(|evidence| EvidenceTotal {
            evidence,
            ranges: 0,
            blocks: 0,
            logs: Tally::default(),
        });
        for entry in self.coverage()? {
            let entry = entry?;
            for total in &mut totals {
                if total.evidence == entry.evidence {
                    total.ranges += 1;
                    total.blocks += entry.range.len_blocks();
                    total.logs = total.logs.plus(entry.tally);
                }
            }
        }
        Ok(totals)
    }

    /// The ledger's entries that have blocks of a range, ascending and whole.
    pub fn coverage_of(&self, range: BlockRange) -> Result<Vec<Coverage>, StoreError> {
        let mut entries = Vec::new();
        for entry in self.coverage_backwards(range.to)? {
            let entry = entry?;
            if entry.range.to < range.from {
                break;
            }
            entries.push(entry);
        }
        entries.reverse();
        Ok(entries)
    }

    /// The weakest evidence behind a range; `None` if not all of it was collected.
    pub fn weakest_evidence(&self, range: BlockRange) -> Result<Option<Evidence>, StoreError> {
        let (Some(start), Some(tip)) = (self.start(), self.head().tip) else {
            return Ok(None);
        };
        if range.from < start || range.to > tip.number {
            return Ok(None);
        }
        let entries = self.coverage_of(range)?;
        Ok(entries.iter().map(|entry| entry.evidence).min())
    }

    /// A block's header hash, known where the block was read, where an entry of the ledger
    /// ends, and before the first one.
    pub fn header_hash(&self, number: BlockNumber) -> Result<Option<B256>, StoreError> {
        if let Some(record) = self.block(number)? {
            return Ok(Some(record.hash));
        }
        let next = number.next();
        if let Some(parent) = self.block(next)?.and_then(|record| record.parent) {
            return Ok(Some(parent));
        }
        let Some(entry) = self.coverage_backwards(next)?.next().transpose()? else {
            return Ok(None);
        };
        Ok(match entry.range {
            range if range.from == next => Some(entry.parent),
            range if range.to == number => Some(entry.end_hash),
            _ => None,
        })
    }

    /// What is stored of a range; `None` if not all of it was collected.
    pub fn certificate(&self, range: BlockRange) -> Result<Option<Certificate>, StoreError> {
        let Some(evidence) = self.weakest_evidence(range)? else {
            return Ok(None);
        };
        let parent = range.from.prev().map(|number| self.header_hash(number));
        let mut certificate = Certificate {
            range,
            evidence,
            parent: parent.transpose()?.flatten(),
            end_hash: self.header_hash(range.to)?,
            entries: Vec::new(),
            blocks: 0,
            swaps: 0,
            liquidity: 0,
            logs: Tally::default(),
            disputes: 0,
        };
        for entry in self.coverage_of(range)? {
            let cut = BlockRange {
                from: entry.range.from.max(range.from),
                to: entry.range.to.min(range.to),
            };
            certificate.entries.push(CertifiedRange {
                range: cut,
                evidence: entry.evidence,
                end_hash: self.header_hash(cut.to)?,
            });
        }
        for block in self.blocks(range)? {
            let (_, record) = block?;
            certificate.blocks += 1;
            for activity in &record.pools {
                certificate.swaps += u64::from(activity.swaps);
                certificate.liquidity += u64::from(activity.liquidity);
            }
            certificate.logs = certificate.logs.plus(record.tally);
        }
        for dispute in self.disputes()? {
            let dispute = dispute?.range;
            if dispute.from <= range.to && range.from <= dispute.to {
                certificate.disputes += 1;
            }
        }
        Ok(Some(certificate))
    }
}
