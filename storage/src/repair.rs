//! A range of final blocks, fetched again, takes the place of what is stored of it.
//!
//! What is stored is walked beside what was fetched; only what differs is
//! written. Nothing of it has a journal: the blocks are final.

use crate::applied::Repaired;
use crate::block_walk::{StoredBlock, walk};
use crate::codec::encode_block;
use crate::commit::count_activity;
use crate::database::damaged;
use crate::derive::{self, Changes, Outcome};
use crate::disputes;
use crate::draft::Draft;
use crate::error::{StepFault, StoreError};
use crate::families::Family;
use crate::keys::{block_key, row_key};
use crate::ledger;
use crate::notice::NoticeKind;
use crate::outbox;
use crate::repair_check;
use crate::row_diff::{Edit, diff};
use crate::row_digest::RowDigest;
use crate::row_edits::RowEdits;
use crate::verdicts::judge;
use std::collections::HashMap;
use tidegauge_features::{FeatureSet, PoolInfo};
use tidegauge_model::{
    B256, BlockData, BlockNumber, BlockRange, BlockRecord, Coverage, Evidence, Hour,
    LiquidityEvent, PoolId, Repair, Swap, Tally,
};

/// Replaces a range in the draft; no more than `limit_bytes` are written. What is derived is
/// put right by a feature set; without one it is left to the rebuild that is under way.
pub(crate) fn repair(
    draft: &mut Draft<'_>,
    repair: &Repair,
    set: Option<&FeatureSet>,
    limit_bytes: usize,
) -> Result<(Repaired, Outcome), StoreError> {
    let covered = &repair.covered;
    let range = covered.range;
    let refused = |fault| StoreError::StepRefused { range, fault };
    repair_check::check(draft, repair, refused)?;
    let mut met: Vec<(Coverage, Tally)> = ledger::overlapping(draft, range)?
        .into_iter()
        .map(|entry| (entry, Tally::default()))
        .collect();
    if let Some((stronger, _)) = met.iter().find(|(e, _)| e.evidence > covered.evidence) {
        return Err(refused(StepFault::WeakerEvidence {
            stored: stronger.evidence,
            at: stronger.range,
            fetched: covered.evidence,
        }));
    }
    let evidence_before = met.iter().map(|(entry, _)| entry.evidence).min();
    let pools_before = draft.head.counters.pools_accepted;
    let pools_known = known(draft, repair)?;
    let beneath = judge(draft, repair, refused)?;

    let mut work = Work::new(covered, evidence_before.unwrap_or(covered.evidence));
    work.has_other_pools = others(draft, repair, &pools_known)?;
    work.moves_horizon = moves_horizon(draft, repair)?;
    let work = compare(draft, repair, work, &mut met, limit_bytes)?;
    let mut done = work.done;
    work.swaps.write(draft)?;
    work.liquidity.write(draft)?;
    ledger::replace(draft, covered, &met)?;
    if covered.evidence == Evidence::Receipts {
        done.disputes_settled = disputes::settle(draft, range)?;
    }
    done.pools_added = draft.head.counters.pools_accepted - pools_before;
    if let (Some(changed), Some(tip)) = (work.changed, draft.head.tip) {
        outbox::notify(draft, NoticeKind::Repaired, changed, tip)?;
    }
    let is_changed = !work.derived.places.is_empty() || work.has_other_pools;
    let Some(set) = set else {
        beneath.finish(draft)?;
        let derived = &mut draft.head.derived;
        if is_changed && derived.rebuild.is_some_and(|r| r.to >= Some(range.from)) {
            derived.rebuild();
        }
        return Ok((done, Outcome::Unchanged));
    };
    // Other tokens begin a rebuild by themselves.
    if work.has_other_pools || work.moves_horizon || draft.head.derived.rebuild.is_some() {
        return Ok((done, Outcome::Rebuild));
    }
    if !is_changed {
        beneath.finish(draft)?;
        return Ok((done, Outcome::Unchanged));
    }
    let above = beneath.into_entries();
    let outcome = derive::repair(draft, set, work.derived, above, limit_bytes)?;
    Ok((done, outcome))
}

/// Whether pools with events are known with other tokens or another origin than before.
fn others(
    draft: &Draft<'_>,
    repair: &Repair,
    before: &HashMap<PoolId, PoolInfo>,
) -> Result<bool, StoreError> {
    for verdict in &repair.verdicts {
        let id = verdict.id();
        if let Some(before) = before.get(&id)
            && derive::pool_info(draft, id)?.as_ref() != Some(before)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Pools with events that are known before a repair judges them.
fn known(draft: &Draft<'_>, repair: &Repair) -> Result<HashMap<PoolId, PoolInfo>, StoreError> {
    let mut known = HashMap::new();
    for verdict in &repair.verdicts {
        let id = verdict.id();
        if let Some(info) = derive::pool_info(draft, id)?
            && derive::has_tile(draft, id)?
        {
            known.insert(id, info);
        }
    }
    Ok(known)
}

/// Whether another block becomes the first, where the first says since when all is known.
fn moves_horizon(draft: &Draft<'_>, repair: &Repair) -> Result<bool, StoreError> {
    let derived = &draft.head.derived;
    if derived.time_before.is_some() || draft.head.start == Some(BlockNumber(0)) {
        return Ok(false);
    }
    let first = derive::first_block(draft)?;
    let time = match first {
        Some((number, time)) if repair.covered.range.from <= number => Some(time),
        Some(_) => return Ok(false),
        None => None,
    };
    Ok(repair.blocks.first().map(|block| block.timestamp) != time)
}

/// Walks what is stored beside what was fetched, and counts the stored logs of each entry
/// of the ledger that is met.
fn compare(
    draft: &mut Draft<'_>,
    repair: &Repair,
    mut work: Work,
    met: &mut [(Coverage, Tally)],
    limit_bytes: usize,
) -> Result<Work, StoreError> {
    let range = repair.covered.range;
    let refused = |fault| StoreError::StepRefused { range, fault };
    let mut stored = walk(draft.database(), range)?;
    let mut old = stored.next().transpose()?;
    let mut fetched = repair.blocks.iter().peekable();
    while let Some(number) = [
        old.as_ref().map(|old| old.number),
        fetched.peek().map(|new| new.number),
    ]
    .into_iter()
    .flatten()
    .min()
    {
        let mut here = None;
        if old.as_ref().is_some_and(|old| old.number == number) {
            here = old.take();
            old = stored.next().transpose()?;
        }
        let entry = met.partition_point(|(entry, _)| entry.range.to < number);
        if let (Some(old), Some((_, logs))) = (&here, met.get_mut(entry)) {
            *logs = logs.plus(old.record.tally);
        }
        match (here, fetched.next_if(|new| new.number == number)) {
            (here, Some(new)) => {
                if !work.links(here.as_ref(), new) {
                    return Err(refused(StepFault::BrokenLink { block: number }));
                }
                work.replace(draft, here.as_ref(), new)?;
            }
            (Some(here), None) => work.remove(draft, &here)?,
            (None, None) => {}
        }
        let bytes = draft.size_in_bytes() + work.swaps.bytes() + work.liquidity.bytes();
        if bytes > limit_bytes {
            let limit = limit_bytes;
            return Err(refused(StepFault::TooLarge { bytes, limit }));
        }
    }
    Ok(work)
}

/// What is to be written, block by block.
struct Work {
    swaps: RowEdits,
    liquidity: RowEdits,
    digest: RowDigest,
    value: Vec<u8>,
    /// The block before, to which the next must link.
    before: Option<(BlockNumber, B256)>,
    /// From the first to the last block whose rows or hash changed.
    changed: Option<BlockRange>,
    /// What of this is derived from.
    derived: Changes,
    has_other_pools: bool,
    moves_horizon: bool,
    done: Repaired,
}

impl Work {
    fn new(covered: &Coverage, evidence_before: Evidence) -> Self {
        Self {
            swaps: RowEdits::new(Family::Swaps),
            liquidity: RowEdits::new(Family::Liquidity),
            digest: RowDigest::new(),
            value: Vec::new(),
            before: covered.range.from.prev().map(|n| (n, covered.parent)),
            changed: None,
            derived: Changes::default(),
            has_other_pools: false,
            moves_horizon: false,
            done: Repaired::new(covered.range, evidence_before),
        }
    }

    /// Whether a block links to the one before, as far as its parent is known.
    fn links(&mut self, old: Option<&StoredBlock>, new: &BlockData) -> bool {
        let before = self.before.replace((new.number, new.hash));
        match (before, parent(old, new)) {
            (Some((before, hash)), Some(parent)) => before.next() != new.number || parent == hash,
            _ => true,
        }
    }

    /// What was fetched of a block takes the place of what is stored of it, if anything.
    fn replace(
        &mut self,
        draft: &mut Draft<'_>,
        old: Option<&StoredBlock>,
        new: &BlockData,
    ) -> Result<(), StoreError> {
        let none: (&[Swap], &[LiquidityEvent]) = (&[], &[]);
        let (old_swaps, old_liquidity) =
            old.map_or(none, |old| (old.swaps.as_slice(), old.liquidity.as_slice()));
        let swaps = diff(old_swaps, &new.swaps);
        let liquidity = diff(old_liquidity, &new.liquidity);
        let mut pools = Vec::new();
        count_activity(new, &mut pools);
        let record = BlockRecord {
            hash: new.hash,
            parent: parent(old, new),
            timestamp: new.timestamp,
            pools,
            row_digest: self.digest.of(swaps.rows.iter().map(AsRef::as_ref)),
            tally: new.tally,
        };
        let differs = old.is_some_and(|old| old.record.hash != new.hash);
        if differs || !swaps.edits.is_empty() || !liquidity.edits.is_empty() {
            self.changed(new.number);
            let block = BlockData {
                swaps: swaps.rows.iter().map(|s| s.as_ref().clone()).collect(),
                liquidity: liquidity.rows.iter().map(|e| e.as_ref().clone()).collect(),
                ..new.clone()
            };
            self.note(old, new.number, Some(block));
        }
        for (edit, row) in &swaps.edits {
            self.note_swap(*edit, row.as_ref());
            self.swaps.push(*edit, row.as_ref())?;
            self.done.swaps.count(*edit);
        }
        for (edit, row) in &liquidity.edits {
            self.liquidity.push(*edit, row.as_ref())?;
            self.done.liquidity.count(*edit);
        }
        self.put_record(draft, old, new.number, &record)
    }

    fn put_record(
        &mut self,
        draft: &mut Draft<'_>,
        old: Option<&StoredBlock>,
        number: BlockNumber,
        record: &BlockRecord,
    ) -> Result<(), StoreError> {
        if old.is_some_and(|old| old.record == *record) {
            return Ok(());
        }
        self.done.records_changed += 1;
        let key = block_key(number);
        self.value.clear();
        encode_block(record, &mut self.value).map_err(|e| damaged(Family::Blocks, &key, e))?;
        match old {
            Some(old) => {
                draft.discount_logs(old.record.tally)?;
                draft.correct(Family::Blocks, &key, &self.value);
            }
            None => draft.put_fresh(Family::Blocks, &key, &self.value),
        }
        draft.count_logs(record.tally);
        Ok(())
    }

    /// A block that was not fetched again holds nothing of ours.
    fn remove(&mut self, draft: &mut Draft<'_>, old: &StoredBlock) -> Result<(), StoreError> {
        for swap in &old.swaps {
            self.note_swap(Edit::Removed, swap);
            self.swaps.push(Edit::Removed, swap)?;
            self.done.swaps.count(Edit::Removed);
        }
        for event in &old.liquidity {
            self.liquidity.push(Edit::Removed, event)?;
            self.done.liquidity.count(Edit::Removed);
        }
        if !old.swaps.is_empty() || !old.liquidity.is_empty() {
            self.changed(old.number);
            self.note(Some(old), old.number, None);
        }
        self.done.records_changed += 1;
        draft.discount_logs(old.record.tally)?;
        draft.delete_row(Family::Blocks, &block_key(old.number))
    }

    /// Notes what is derived from otherwise from here on.
    fn note(&mut self, old: Option<&StoredBlock>, number: BlockNumber, new: Option<BlockData>) {
        let places = &mut self.derived.places;
        if let Some(old) = old {
            let hour = Hour::of(old.record.timestamp);
            places.extend(old.record.pools.iter().map(|a| (hour, a.pool)));
        }
        if let Some(new) = &new {
            let hour = Hour::of(new.timestamp);
            places.extend(new.swaps.iter().map(|s| (hour, s.pool)));
            places.extend(new.liquidity.iter().map(|e| (hour, e.pool)));
        }
        self.derived.blocks.insert(number, new);
    }

    fn note_swap(&mut self, edit: Edit, swap: &Swap) {
        if edit == Edit::Removed {
            self.derived
                .gone
                .push(row_key(swap.pool, swap.block, swap.log_index));
        }
    }

    fn changed(&mut self, number: BlockNumber) {
        self.done.blocks_changed += 1;
        let from = self.changed.map_or(number, |range| range.from);
        self.changed = Some(BlockRange { from, to: number });
    }
}

/// A known parent stays known.
fn parent(old: Option<&StoredBlock>, new: &BlockData) -> Option<B256> {
    let same = old.filter(|old| old.record.hash == new.hash);
    new.parent.or(same.and_then(|old| old.record.parent))
}
