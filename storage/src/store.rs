//! The store: the only writer.

use crate::applied::Applied;
use crate::beneath::Beneath;
use crate::codec::encode_position;
use crate::commit::{self, Workspace};
use crate::database::{Database, damaged};
use crate::derive::{self, Budget, Cleared, Live, Outcome};
use crate::draft::{Draft, Finished};
use crate::end_check::check_end;
use crate::error::{StepFault, StoreError};
use crate::failpoint::{self, reach};
use crate::families::Family;
use crate::folder::{self, PidNote};
use crate::head::Head;
use crate::journal;
use crate::keep::Keep;
use crate::kept_forecasts::next_forecast_revision;
use crate::notice::{MirrorPosition, NoticeKind, Sequence};
use crate::open;
use crate::open_options::StoreOptions;
use crate::outbox;
use crate::repair;
use crate::unwind;
use crate::view::Reader;
use rocksdb::WriteBatch;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use tidegauge_features::FeatureSet;
use tidegauge_model::{BlockNumber, BlockRange, Extend, PoolId, Step};

/// Bytes that a batch should stay below; the pipeline sizes its ranges by it.
pub const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that a batch never exceeds: one block of the largest size seen, and a reorg, fit well.
pub const HARD_BATCH_BYTES: usize = 128 * 1024 * 1024;

/// Longest name of a mirror, in bytes.
const MAX_MIRROR_NAME_BYTES: usize = 64;

/// How far a rebuild is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rebuild {
    /// Blocks behind it.
    pub done: u64,
    /// Blocks in all.
    pub total: u64,
    /// Whether it is in force, and nothing of what was before is left.
    pub finished: bool,
}

/// An open store. Dropping it closes it; [`Store::close`] also makes the next start quick.
pub struct Store {
    db: Arc<Database>,
    head: Head,
    accepted: HashSet<PoolId>,
    positions: BTreeMap<String, MirrorPosition>,
    /// No journal entry lies below.
    journal_low: BlockNumber,
    least_free_bytes: u64,
    /// By which numbers are computed; while a rebuild is under way, those of the rebuild.
    set: FeatureSet,
    /// What is derived, at the tip; read again where a step left it in doubt.
    live: Option<Live>,
    /// The same of the generation that is being built.
    building: Option<Live>,
    /// How far the generation that is not in force is cleared.
    cleared: Option<Cleared>,
    space: Workspace,
    poisoned: bool,
    _note: PidNote,
}

impl Store {
    /// Opens or makes the store in a folder and checks its end.
    pub fn open(path: &Path, options: &StoreOptions) -> Result<Self, StoreError> {
        let open::Opened {
            db,
            head,
            accepted,
            note,
        } = open::open(path, options)?;
        let db = Arc::new(db);
        let reader = Reader::of(Arc::clone(&db));
        let view = reader.view()?;
        check_end(&view)?;
        let positions = view.positions()?.into_iter().collect();
        drop(view);
        let live = if head.derived.rebuild.is_none() {
            let draft = Draft::new(&db, head, &accepted)?;
            Some(Live::load(&draft, &options.features)?)
        } else {
            None
        };
        Ok(Self {
            db,
            head,
            accepted,
            positions,
            journal_low: BlockNumber(0),
            least_free_bytes: options.least_free_bytes,
            set: options.features.clone(),
            live,
            building: None,
            cleared: None,
            space: Workspace::default(),
            poisoned: false,
            _note: note,
        })
    }

    /// Applies a step whole and durably, or not at all.
    ///
    /// After an error of class corrupt the store writes no more: end the
    /// process and open it again. After any other nothing has changed.
    pub fn apply(&mut self, step: &Step) -> Result<Applied, StoreError> {
        self.require_writable()?;
        let before = self.head;
        let mut draft = Draft::new(&self.db, self.head, &self.accepted)?;
        let mut live = self.live.take();
        if live.is_none() && before.derived.rebuild.is_none() {
            live = Some(Live::load(&draft, &self.set)?);
        }
        let mut applied = Applied {
            tip: None,
            blocks_unwound: 0,
            blocks_covered: 0,
            swaps: 0,
            liquidity: 0,
            disputes_opened: 0,
            repaired: None,
            batch_bytes: 0,
            last_notice: Sequence::default(),
        };
        let space = &mut self.space;
        let mut made = make(&mut draft, &mut live, &self.set, step, space, &mut applied);
        if matches!(made, Ok(Made::Not)) {
            // The rows alone, then; what is derived follows slice by slice.
            draft = Draft::new(&self.db, self.head, &self.accepted)?;
            draft.head.derived.rebuild();
            live = None;
            made = make(&mut draft, &mut live, &self.set, step, space, &mut applied);
        }
        if let Err(error) = made {
            // What was folded is not ours to keep; most steps that do not fit fail before.
            self.live = live.filter(Live::is_clean);
            return Err(error);
        }
        let rebuild = draft.head.derived.rebuild;
        if rebuild.is_some() && before.derived.rebuild.is_none() {
            derive::put_next(&mut draft, &self.set)?;
        }
        let journal_low = journal::prune(&mut draft, self.journal_low)?;
        let acknowledged = self.positions.values().map(|p| p.sequence).min();
        outbox::trim(&mut draft, acknowledged);
        let Finished {
            batch,
            head,
            standings,
        } = draft.finish()?;
        assert!(head.finalized >= before.finalized, "finality never falls");
        assert!(
            head.next_sequence >= before.next_sequence,
            "sequences never fall"
        );
        applied.batch_bytes = batch.size_in_bytes();
        let repaired = applied.repaired.is_some();
        if repaired {
            reach(failpoint::REPAIR_BEFORE_WRITE);
        }
        reach(failpoint::BEFORE_WRITE);
        self.write(batch)?;
        reach(failpoint::AFTER_WRITE);
        if repaired {
            reach(failpoint::REPAIR_AFTER_WRITE);
        }
        if journal_low > self.journal_low {
            reach(failpoint::AFTER_PRUNE);
        }
        if head.first_sequence > before.first_sequence {
            reach(failpoint::AFTER_TRIM);
        }
        self.head = head;
        // A rebuild that the step asks for begins with nothing.
        self.live = live.filter(|_| head.derived.rebuild.is_none());
        if let Some(live) = &mut self.live {
            live.written();
        }
        if !standings.is_empty() || rebuild != before.derived.rebuild {
            // Other pools, or from the start again.
            self.building = None;
            self.cleared = None;
        }
        self.journal_low = journal_low;
        for (pool, accepted) in standings {
            if accepted {
                self.accepted.insert(pool);
            } else {
                self.accepted.remove(&pool);
            }
        }
        applied.tip = head.tip;
        applied.last_notice = Sequence(head.next_sequence.0.saturating_sub(1));
        Ok(applied)
    }

    /// Has everything derived computed anew, by this set from then on; what is in force stays
    /// so until [`Store::rebuild_slice`] is done.
    ///
    /// Errors are as with [`Store::apply`].
    pub fn begin_rebuild(&mut self, set: FeatureSet) -> Result<Rebuild, StoreError> {
        self.require_writable()?;
        let mut draft = Draft::new(&self.db, self.head, &self.accepted)?;
        draft.head.derived.rebuild();
        derive::put_next(&mut draft, &set)?;
        let Finished { batch, head, .. } = draft.finish()?;
        reach(failpoint::BEFORE_WRITE);
        self.write(batch)?;
        reach(failpoint::AFTER_WRITE);
        self.head = head;
        self.set = set;
        self.live = None;
        self.building = None;
        self.cleared = None;
        Ok(self.rebuild())
    }

    /// How far a rebuild is.
    pub fn rebuild(&self) -> Rebuild {
        let Head { start, tip, .. } = self.head;
        let derived = &self.head.derived;
        let blocks = |to: BlockNumber| start.map_or(0, |from| (to.0 + 1).saturating_sub(from.0));
        let total = tip.map_or(0, |tip| blocks(tip.number));
        let done = derived.rebuild.map_or(total, |r| r.to.map_or(0, blocks));
        Rebuild {
            done,
            total,
            finished: derived.rebuild.is_none() && !derived.leftover,
        }
    }

    /// Goes on with a rebuild by at most so many blocks and one batch; what it makes is in
    /// force when it is done, and what was before is deleted then. To be called until it is
    /// finished; steps may be applied between.
    ///
    /// Errors are as with [`Store::apply`].
    pub fn rebuild_slice(&mut self, most_blocks: u64) -> Result<Rebuild, StoreError> {
        self.require_writable()?;
        if self.head.derived.leftover {
            self.clear_some()?;
        } else if self.head.derived.rebuild.is_some() {
            self.build_some(most_blocks)?;
        }
        Ok(self.rebuild())
    }

    fn build_some(&mut self, most_blocks: u64) -> Result<(), StoreError> {
        let mut draft = Draft::building(&self.db, self.head, &self.accepted)?;
        let mut live = match self.building.take() {
            Some(live) => live,
            None => Live::load(&draft, &self.set)?,
        };
        let budget = Budget {
            blocks: most_blocks.max(1),
            bytes: MAX_BATCH_BYTES,
        };
        let turns = derive::slice(&mut draft, &mut live, budget)?;
        if turns {
            let above = Beneath::load(&draft)?.into_entries();
            derive::finish(&mut draft, &mut live, above)?;
            derive::put_in_force(&mut draft, &self.set)?;
            // To a mirror it is a repair of every number that was computed.
            if let (Some(start), Some(tip)) = (self.head.start, self.head.tip)
                && let Some(all) = BlockRange::new(start, tip.number)
            {
                outbox::notify(&mut draft, NoticeKind::Repaired, all, tip)?;
            }
        }
        let Finished { batch, head, .. } = draft.finish()?;
        let points = if turns {
            [
                failpoint::REBUILD_BEFORE_TURN,
                failpoint::REBUILD_AFTER_TURN,
            ]
        } else {
            [
                failpoint::REBUILD_BEFORE_WRITE,
                failpoint::REBUILD_AFTER_WRITE,
            ]
        };
        reach(points[0]);
        self.write(batch)?;
        reach(points[1]);
        self.head = head;
        live.written();
        if turns {
            self.live = Some(live);
            self.cleared = None;
        } else {
            self.building = Some(live);
        }
        Ok(())
    }

    fn clear_some(&mut self) -> Result<(), StoreError> {
        let mut draft = Draft::new(&self.db, self.head, &self.accepted)?;
        let cleared = derive::clear(&mut draft, self.cleared.take())?;
        let Finished { batch, head, .. } = draft.finish()?;
        reach(failpoint::REBUILD_BEFORE_CLEAR);
        self.write(batch)?;
        reach(failpoint::REBUILD_AFTER_CLEAR);
        self.head = head;
        self.cleared = cleared;
        Ok(())
    }

    /// Keeps how far a mirror has come; what all mirrors hold leaves the outbox with later steps.
    pub fn acknowledge(
        &mut self,
        mirror: &str,
        position: MirrorPosition,
    ) -> Result<(), StoreError> {
        self.require_writable()?;
        let known = position.sequence < self.head.next_sequence;
        if mirror.is_empty() || mirror.len() > MAX_MIRROR_NAME_BYTES || !known {
            return Err(StoreError::PositionRefused {
                mirror: mirror.chars().take(MAX_MIRROR_NAME_BYTES).collect(),
                sequence: position.sequence,
            });
        }
        let mut value = Vec::new();
        encode_position(&position, &mut value)
            .map_err(|e| damaged(Family::Positions, mirror.as_bytes(), e))?;
        let mut draft = Draft::new(&self.db, self.head, &self.accepted)?;
        draft.put_apart(Family::Positions, mirror.as_bytes(), &value);
        let batch = draft.finish()?.batch;
        reach(failpoint::ACKNOWLEDGE_BEFORE_WRITE);
        self.write(batch)?;
        reach(failpoint::ACKNOWLEDGE_AFTER_WRITE);
        self.positions.insert(mirror.to_owned(), position);
        Ok(())
    }

    /// Keeps records of the program's own, all of them or none, durably.
    ///
    /// Errors are as with [`Store::apply`].
    pub fn keep(&mut self, records: &[Keep]) -> Result<(), StoreError> {
        self.require_writable()?;
        let mut batch = WriteBatch::default();
        for Keep { family, key, value } in records {
            let column = self.db.family(*family)?;
            match value {
                Some(value) => batch.put_cf(column, key, value),
                None => batch.delete_cf(column, key),
            }
        }
        if records
            .iter()
            .any(|record| record.family == Family::Predictions)
        {
            let Keep { family, key, value } = next_forecast_revision(&self.reader().view()?)?;
            if let Some(value) = value {
                batch.put_cf(self.db.family(family)?, key, value);
            }
        }
        if batch.size_in_bytes() > HARD_BATCH_BYTES {
            return Err(StoreError::RecordsTooLarge {
                bytes: batch.size_in_bytes(),
                limit: HARD_BATCH_BYTES,
            });
        }
        reach(failpoint::KEEP_BEFORE_WRITE);
        self.write(batch)?;
        reach(failpoint::KEEP_AFTER_WRITE);
        Ok(())
    }

    /// A reader of what is committed, for any thread.
    pub fn reader(&self) -> Reader {
        Reader::of(Arc::clone(&self.db))
    }

    /// Writes memory out to files and closes, so that the next start has no log to read.
    pub fn close(self) -> Result<(), StoreError> {
        if self.poisoned {
            return Ok(());
        }
        reach(failpoint::CLOSE_BEFORE_FLUSH);
        self.db.flush()?;
        reach(failpoint::CLOSE_AFTER_FLUSH);
        Ok(())
    }

    fn require_writable(&self) -> Result<(), StoreError> {
        if self.poisoned {
            return Err(StoreError::Poisoned {
                path: self.db.path().to_owned(),
            });
        }
        folder::require_space(self.db.path(), self.least_free_bytes)
    }

    /// A failed write may or may not have taken effect, and none after it may be trusted.
    fn write(&mut self, batch: WriteBatch) -> Result<(), StoreError> {
        let written = self.db.write(batch);
        self.poisoned = written.is_err();
        written
    }
}

/// Whether a draft is a step's.
enum Made {
    Wholly,
    /// A repair reaches so far that what is derived must be computed anew.
    Not,
}

/// Makes a step's draft; without `live` what is derived stays as it is, for a rebuild.
fn make(
    draft: &mut Draft<'_>,
    live: &mut Option<Live>,
    set: &FeatureSet,
    step: &Step,
    space: &mut Workspace,
    applied: &mut Applied,
) -> Result<Made, StoreError> {
    let extends = match step {
        Step::Extend(extend) => std::slice::from_ref(extend),
        Step::Unwind { to, then } => {
            applied.blocks_unwound = unwind::unwind(draft, live.as_mut(), *to)?;
            then.as_slice()
        }
        Step::Repair(range) => {
            let set = live.as_ref().map(|_| set);
            let (done, outcome) = repair::repair(draft, range, set, HARD_BATCH_BYTES)?;
            applied.repaired = Some(done);
            match outcome {
                Outcome::Derived(after) => *live = Some(*after),
                Outcome::Rebuild => return Ok(Made::Not),
                // It may have met pools.
                Outcome::Unchanged => *live = live.take().filter(|_| range.verdicts.is_empty()),
            }
            &[]
        }
    };
    for extend in extends {
        add(draft, live.as_mut(), extend, space, applied)?;
    }
    Ok(Made::Wholly)
}

/// Adds one range to the draft.
fn add(
    draft: &mut Draft<'_>,
    live: Option<&mut Live>,
    extend: &Extend,
    space: &mut Workspace,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    applied.disputes_opened += commit::extend(draft, live, extend, space)?;
    if draft.size_in_bytes() > HARD_BATCH_BYTES {
        return Err(StoreError::StepRefused {
            range: extend.covered.range,
            fault: StepFault::TooLarge {
                bytes: draft.size_in_bytes(),
                limit: HARD_BATCH_BYTES,
            },
        });
    }
    applied.blocks_covered += extend.covered.range.len_blocks();
    for block in &extend.blocks {
        applied.swaps += block.swaps.len() as u64;
        applied.liquidity += block.liquidity.len() as u64;
    }
    Ok(())
}
