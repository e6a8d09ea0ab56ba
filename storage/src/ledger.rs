//! The coverage ledger: entered on the way forward, cut back on the way back, split by a repair.
//!
//! Entries are contiguous and linked by hash; neighbours with equal evidence are one.

use crate::codec::{decode_block, decode_coverage, encode_coverage};
use crate::database::damaged;
use crate::draft::{Draft, without};
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::{block_bounds, block_key};
use crate::lookup::OwnedPair;
use crate::scan::{Bounds, RawScan};
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, Coverage, Evidence, Tally};

/// Enters a range that follows the tip, as part of the entry before where the evidence is
/// the same, and moves the tip to its end.
pub(crate) fn cover(draft: &mut Draft<'_>, mut covered: Coverage) -> Result<(), StoreError> {
    let tip = BlockRef {
        number: covered.range.to,
        hash: covered.end_hash,
    };
    draft.head.start = draft.head.start.or(Some(covered.range.from));
    if draft.head.tip.is_some() {
        let last = last(draft)?;
        if last.range.to.next() != covered.range.from || last.end_hash != covered.parent {
            return Err(StoreError::Contradiction(format!(
                "coverage ends at block {}, the tip lies elsewhere",
                last.range.to
            )));
        }
        if last.evidence == covered.evidence {
            covered = joined(&last, &covered);
        }
    }
    put(draft, &covered)?;
    draft.head.tip = Some(tip);
    Ok(())
}

/// The way back of [`cover`]: takes the blocks from a height on, with their logs, from the
/// ledger's end.
pub(crate) fn cut_back(
    draft: &mut Draft<'_>,
    from: BlockNumber,
    before: Option<BlockRef>,
    tally: Tally,
) -> Result<(), StoreError> {
    let mut last = last(draft)?;
    match before {
        Some(before) if last.range.from < from => {
            last.range.to = before.number;
            last.end_hash = before.hash;
            last.tally = without(last.tally, tally)?;
            put(draft, &last)?;
        }
        _ if last.range.from == from => delete(draft, from)?,
        _ => {
            return Err(StoreError::Contradiction(format!(
                "coverage's last entry begins at block {}, above what is unwound",
                last.range.from
            )));
        }
    }
    draft.head.tip = before;
    if before.is_none() {
        draft.head.start = None;
    }
    Ok(())
}

/// The entries that a covered range meets, ascending.
pub(crate) fn overlapping(
    draft: &Draft<'_>,
    range: BlockRange,
) -> Result<Vec<Coverage>, StoreError> {
    let mut entries = Vec::new();
    let mut at = Some(range.to);
    while let Some(number) = at.filter(|n| *n >= range.from) {
        let entry = entry_of(draft, number)?;
        at = entry.range.from.prev();
        entries.push(entry);
    }
    entries.reverse();
    Ok(entries)
}

/// Whether receipts prove every block of a covered range.
pub(crate) fn is_proven(draft: &Draft<'_>, range: BlockRange) -> Result<bool, StoreError> {
    let mut at = Some(range.to);
    while let Some(number) = at.filter(|n| *n >= range.from) {
        let entry = entry_of(draft, number)?;
        if entry.evidence < Evidence::Receipts {
            return Ok(false);
        }
        at = entry.range.from.prev();
    }
    Ok(true)
}

/// Gives a range inside the ledger an entry of its own, which joins neighbours of equal
/// evidence. `met` are the entries that it [overlaps](overlapping), each with the logs of
/// its stored blocks inside the range.
pub(crate) fn replace(
    draft: &mut Draft<'_>,
    covered: &Coverage,
    met: &[(Coverage, Tally)],
) -> Result<(), StoreError> {
    let [(first, first_logs), .., (last, last_logs)] = met else {
        return match met {
            [(only, logs)] => replace_inside(draft, covered, only, *logs),
            _ => Err(StoreError::Contradiction(format!(
                "coverage lacks blocks {}",
                covered.range
            ))),
        };
    };
    let left = left_of(first, covered, without(first.tally, *first_logs)?);
    let right = right_of(last, covered, without(last.tally, *last_logs)?);
    for (entry, _) in met {
        delete(draft, entry.range.from)?;
    }
    put_joined(draft, left, covered, right)
}

fn replace_inside(
    draft: &mut Draft<'_>,
    covered: &Coverage,
    entry: &Coverage,
    logs: Tally,
) -> Result<(), StoreError> {
    let rest = without(entry.tally, logs)?;
    if entry.evidence == covered.evidence {
        let tally = rest.plus(covered.tally);
        return put(draft, &Coverage { tally, ..*entry });
    }
    let left = left_of(entry, covered, rest);
    let right = right_of(entry, covered, rest);
    let (left, right) = match (left, right) {
        (Some(left), Some(right)) => {
            // One side must be counted; many repairs then cost no more than each block a few times.
            let (left_logs, right_logs) = if left.range.len_blocks() <= right.range.len_blocks() {
                let logs = logs_of(draft, left.range)?;
                (logs, without(rest, logs)?)
            } else {
                let logs = logs_of(draft, right.range)?;
                (without(rest, logs)?, logs)
            };
            let tally = left_logs;
            let left = Coverage { tally, ..left };
            let tally = right_logs;
            (Some(left), Some(Coverage { tally, ..right }))
        }
        one_side => one_side,
    };
    delete(draft, entry.range.from)?;
    put_joined(draft, left, covered, right)
}

/// What is left of an entry before a range.
fn left_of(entry: &Coverage, covered: &Coverage, tally: Tally) -> Option<Coverage> {
    let to = covered.range.from.prev()?;
    Some(Coverage {
        range: BlockRange::new(entry.range.from, to)?,
        end_hash: covered.parent,
        tally,
        ..*entry
    })
}

/// What is left of an entry after a range.
fn right_of(entry: &Coverage, covered: &Coverage, tally: Tally) -> Option<Coverage> {
    Some(Coverage {
        range: BlockRange::new(covered.range.to.next(), entry.range.to)?,
        parent: covered.end_hash,
        tally,
        ..*entry
    })
}

/// Puts a range with what is left and right of it, or else with the neighbours there.
fn put_joined(
    draft: &mut Draft<'_>,
    left: Option<Coverage>,
    covered: &Coverage,
    right: Option<Coverage>,
) -> Result<(), StoreError> {
    let left = match (left, covered.range.from.prev()) {
        (None, Some(number)) if draft.head.start.is_some_and(|start| start <= number) => {
            Some(entry_of(draft, number)?)
        }
        (left, _) => left,
    };
    let next = covered.range.to.next();
    let right = match right {
        None if draft.head.tip.is_some_and(|tip| next <= tip.number) => {
            Some(entry_of(draft, next)?)
        }
        right => right,
    };
    let mut middle = *covered;
    for neighbour in [left, right].into_iter().flatten() {
        if neighbour.evidence == covered.evidence {
            delete(draft, neighbour.range.from)?;
            middle = if neighbour.range.from < middle.range.from {
                joined(&neighbour, &middle)
            } else {
                joined(&middle, &neighbour)
            };
        } else {
            put(draft, &neighbour)?;
        }
    }
    put(draft, &middle)
}

/// Two neighbours of equal evidence as one.
fn joined(left: &Coverage, right: &Coverage) -> Coverage {
    Coverage {
        range: BlockRange {
            from: left.range.from,
            to: right.range.to,
        },
        evidence: left.evidence,
        parent: left.parent,
        end_hash: right.end_hash,
        tally: left.tally.plus(right.tally),
    }
}

/// The logs of the blocks stored in a range that this batch has not touched.
fn logs_of(draft: &Draft<'_>, range: BlockRange) -> Result<Tally, StoreError> {
    let db = draft.database();
    let options = Bounds::between(block_bounds(range)).read_options();
    let rows = db
        .rocks
        .raw_iterator_cf_opt(db.family(Family::Blocks)?, options);
    let mut rows = RawScan::ascending(Family::Blocks, rows);
    let mut sum = Tally::default();
    while let Some(row) = rows.next_with(decode_block) {
        sum = sum.plus(row?.1.tally);
    }
    Ok(sum)
}

/// The entry that holds a covered height.
pub(crate) fn entry_of(draft: &Draft<'_>, number: BlockNumber) -> Result<Coverage, StoreError> {
    draft
        .last_up_to(Family::Coverage, &block_key(number))?
        .map(decoded)
        .transpose()?
        .filter(|entry| entry.range.contains(number))
        .ok_or_else(|| StoreError::Contradiction(format!("coverage lacks block {number}")))
}

fn last(draft: &Draft<'_>) -> Result<Coverage, StoreError> {
    match draft.head.tip {
        Some(tip) => entry_of(draft, tip.number),
        None => Err(StoreError::Contradiction(
            "an empty store has no coverage".to_owned(),
        )),
    }
}

fn decoded((key, value): OwnedPair) -> Result<Coverage, StoreError> {
    decode_coverage(&key, &value).map_err(|e| damaged(Family::Coverage, &key, e))
}

fn put(draft: &mut Draft<'_>, entry: &Coverage) -> Result<(), StoreError> {
    let key = block_key(entry.range.from);
    let mut value = Vec::new();
    encode_coverage(entry, &mut value).map_err(|e| damaged(Family::Coverage, &key, e))?;
    draft.set(Family::Coverage, &key, Some(value))
}

fn delete(draft: &mut Draft<'_>, from: BlockNumber) -> Result<(), StoreError> {
    draft.set(Family::Coverage, &block_key(from), None)
}
