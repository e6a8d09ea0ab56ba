//! Raising the evidence of what is stored: fetch a range again with proof, compare, repair.

use super::{Committer, Live, Patience, pool_book};
use crate::certificate::Findings;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use tidegauge_chain::Chain;
use tidegauge_model::{B256, BlockNumber, BlockRange, BlockRef, Evidence, Extend, Repair, Step};
use tidegauge_storage::{Reader, Repaired, View};
use tokio_util::sync::CancellationToken;

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VerifyOrder {
    /// First block; by default the store's.
    pub(crate) from: Option<BlockNumber>,
    /// Last block; by default the last final one.
    pub(crate) to: Option<BlockNumber>,
    /// The evidence wanted.
    pub(crate) level: Evidence,
    /// Whether what has that evidence already is fetched once more.
    pub(crate) again: bool,
}

/// What to verify, and how well.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verification {
    /// The blocks, all of them final.
    pub(crate) range: BlockRange,
    /// The evidence wanted.
    pub(crate) level: Evidence,
    /// Whether what has that evidence already is fetched once more.
    pub(crate) again: bool,
}

/// How far a verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// Blocks that lack the evidence, in all.
    pub(crate) total_blocks: u64,
    /// What was found so far, and in how many blocks.
    pub(crate) findings: Findings,
}

impl Verification {
    /// The order against what the store holds: only final blocks can be repaired.
    ///
    /// # Errors
    /// [`Error::Usage`] where there is nothing of that range to verify.
    pub(crate) fn of(view: &View<'_>, order: VerifyOrder) -> Result<Self, Error> {
        let (Some(start), Some(tip)) = (view.start(), view.tip()?) else {
            return Err(Error::Usage(
                "the store is empty: collect something first (tidegauge backfill --last 1d)"
                    .to_owned(),
            ));
        };
        let Some(finalized) = view.finalized() else {
            return Err(Error::Usage(
                "no block of the store is final yet; what is not final was proven when it was collected"
                    .to_owned(),
            ));
        };
        let last = finalized.min(tip.block.number);
        let from = order.from.unwrap_or(start);
        let to = order.to.unwrap_or(last);
        let range =
            BlockRange::new(from, to).filter(|range| range.from >= start && range.to <= last);
        let range = range.ok_or_else(|| {
            Error::Usage(format!(
                "blocks {from} to {to}: blocks {start} to {last} are stored and final, and can be verified"
            ))
        })?;
        Ok(Self {
            range,
            level: order.level,
            again: order.again,
        })
    }
}

/// A range whose evidence is to be raised, with the hash before it where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    range: BlockRange,
    parent: Option<B256>,
}

/// Fetches what lacks the evidence and repairs what differs; `heard` follows the findings, from
/// none on.
/// Transient failures begin again from what is repaired. Returns early when told to stop.
///
/// # Errors
/// What the chain or the store refused, or a transient failure that did not pass.
pub(crate) async fn verify(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    wanted: Verification,
    live: &Live,
    stop: &CancellationToken,
    heard: &mut (dyn FnMut(Heard) + Send),
) -> Result<Findings, Error> {
    let pieces = pieces(reader, wanted)?;
    let total_blocks = pieces.iter().map(|piece| piece.range.len_blocks()).sum();
    let mut findings = Findings::default();
    heard(Heard {
        total_blocks,
        findings,
    });
    for piece in pieces {
        let mut left = piece;
        let mut patience = Patience::default();
        loop {
            let before = left.range.from;
            let outcome = prove(
                chain,
                committer,
                reader,
                wanted.level,
                &mut left,
                stop,
                &mut |blocks, repaired| {
                    findings.add(blocks, repaired);
                    heard(Heard {
                        total_blocks,
                        findings,
                    });
                },
            )
            .await;
            match outcome {
                Ok(()) => break,
                Err(error) => {
                    let progressed = left.range.from > before;
                    patience.wait(error, progressed, live, stop).await?;
                }
            }
            if stop.is_cancelled() || committer.has_stopped() {
                break;
            }
        }
    }
    Ok(findings)
}

/// One attempt at a piece; `left` shrinks as ranges are proven.
async fn prove(
    chain: &Chain,
    committer: &Committer,
    reader: &Reader,
    level: Evidence,
    left: &mut Piece,
    stop: &CancellationToken,
    proven: &mut (dyn FnMut(u64, Option<Repaired>) + Send),
) -> Result<(), Error> {
    let book = pool_book(reader)?;
    let mut fetcher = chain.fetch_to(left.range, left.parent, level, &book);
    loop {
        let fetched = tokio::select! {
            fetched = fetcher.next() => fetched,
            () = stop.cancelled() => return Ok(()),
        };
        let Some(extend) = fetched.transpose()? else {
            return Ok(());
        };
        let (end, blocks) = (end_of(&extend), extend.covered.range.len_blocks());
        let Some(applied) = committer.apply(Step::Repair(repair(extend))).await? else {
            return Ok(());
        };
        proven(blocks, applied.repaired);
        let Some(range) = BlockRange::new(end.number.next(), left.range.to) else {
            return Ok(());
        };
        *left = Piece {
            range,
            parent: Some(end.hash),
        };
    }
}

fn end_of(extend: &Extend) -> BlockRef {
    BlockRef {
        number: extend.covered.range.to,
        hash: extend.covered.end_hash,
    }
}

fn repair(extend: Extend) -> Repair {
    Repair {
        covered: extend.covered,
        blocks: extend.blocks,
        verdicts: extend.verdicts,
        tokens: extend.tokens,
    }
}

/// What of the range lacks the evidence, neighbours joined.
fn pieces(reader: &Reader, wanted: Verification) -> Result<Vec<Piece>, Error> {
    let view = reader.view()?;
    let mut pieces: Vec<Piece> = Vec::new();
    for entry in view.coverage_of(wanted.range)? {
        let is_enough = match wanted.again {
            true => entry.evidence > wanted.level,
            false => entry.evidence >= wanted.level,
        };
        let from = entry.range.from.max(wanted.range.from);
        let to = entry.range.to.min(wanted.range.to);
        let Some(range) = BlockRange::new(from, to).filter(|_| !is_enough) else {
            continue;
        };
        match pieces.last_mut() {
            Some(last) if last.range.to.next() == range.from => last.range.to = range.to,
            _ => pieces.push(Piece {
                range,
                parent: match from.prev() {
                    Some(before) => view.header_hash(before)?,
                    None => None,
                },
            }),
        }
    }
    Ok(pieces)
}
