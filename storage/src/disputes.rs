//! Disputes: opened by the range that met them, settled by receipts.

use crate::codec::encode_dispute;
use crate::database::damaged;
use crate::draft::Draft;
use crate::error::{StepFault, StoreError};
use crate::families::Family;
use crate::keys::{block_key, dispute_key, parse_dispute_key};
use crate::ledger;
use crate::scan::{Bounds, RawScan};
use tidegauge_model::{BlockRange, Dispute, Extend};

/// Checks that each dispute ends in the range that brings it and begins inside the store.
pub(crate) fn check(draft: &Draft<'_>, extend: &Extend) -> Result<(), StepFault> {
    let range = extend.covered.range;
    let start = draft.head.start.unwrap_or(range.from);
    for dispute in &extend.disputes {
        if dispute.range.from < start || !range.contains(dispute.range.to) {
            return Err(StepFault::MisplacedDispute { dispute: *dispute });
        }
    }
    Ok(())
}

/// Opens the disputes that end in a stretch just covered, and returns their number.
///
/// What receipts prove already is complete: there is nothing to dispute.
pub(crate) fn open(
    draft: &mut Draft<'_>,
    extend: &Extend,
    stretch: BlockRange,
    refused: impl Fn(StepFault) -> StoreError,
) -> Result<u64, StoreError> {
    let before = draft.head.counters.disputes;
    for dispute in &extend.disputes {
        let Dispute { range, pool } = *dispute;
        if !stretch.contains(range.to) || ledger::is_proven(draft, range)? {
            continue;
        }
        if !draft.is_accepted(pool)? {
            let block = range.to;
            return Err(refused(StepFault::UnknownPool { block, pool }));
        }
        let key = dispute_key(dispute);
        let mut value = Vec::new();
        encode_dispute(&mut value).map_err(|e| damaged(Family::Disputes, &key, e))?;
        draft.put(Family::Disputes, &key, value)?;
    }
    Ok(draft.head.counters.disputes - before)
}

/// Deletes the disputes that a range, proven just now, was the last to leave open, and
/// returns their number.
pub(crate) fn settle(draft: &mut Draft<'_>, proven: BlockRange) -> Result<u64, StoreError> {
    if draft.head.counters.disputes == 0 {
        return Ok(0);
    }
    let mut settled = 0;
    for dispute in meeting(draft, proven)? {
        if ledger::is_proven(draft, dispute.range)? {
            draft.delete(Family::Disputes, &dispute_key(&dispute))?;
            settled += 1;
        }
    }
    Ok(settled)
}

/// Stored disputes that have blocks in a range.
fn meeting(draft: &Draft<'_>, range: BlockRange) -> Result<Vec<Dispute>, StoreError> {
    let db = draft.database();
    let bounds = Bounds {
        lower: None,
        upper: Some(block_key(range.to.next()).to_vec()),
    };
    let rows = db
        .rocks
        .raw_iterator_cf_opt(db.family(Family::Disputes)?, bounds.read_options());
    let mut rows = RawScan::ascending(Family::Disputes, rows);
    let mut found = Vec::new();
    while let Some(row) = rows.next_with(|key, _| parse_dispute_key(key)) {
        let dispute = row?;
        if dispute.range.from <= range.to && range.from <= dispute.range.to {
            found.push(dispute);
        }
    }
    Ok(found)
}
