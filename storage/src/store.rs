//! The store: the only writer.

use crate::applied::Applied;
use crate::codec::encode_position;
use crate::commit::{self, Workspace};
use crate::database::{Database, damaged};
use crate::draft::{Draft, Finished};
use crate::end_check::check_end;
use crate::error::{StepFault, StoreError};
use crate::failpoint::{self, reach};
use crate::families::Family;
use crate::folder::{self, PidNote};
use crate::head::Head;
use crate::journal;
use crate::notice::{MirrorPosition, Sequence};
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
use tidegauge_model::{BlockNumber, Extend, PoolId, Step};

/// Bytes that a batch should stay below; the pipeline sizes its ranges by it.
pub const MAX_BATCH_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that a batch never exceeds: one block of the largest size seen, and a reorg, fit well.
pub const HARD_BATCH_BYTES: usize = 128 * 1024 * 1024;

/// Longest name of a mirror, in bytes.
const MAX_MIRROR_NAME_BYTES: usize = 64;

/// An open store. Dropping it closes it; [`Store::close`] also makes the next start quick.
pub struct Store {
    db: Arc<Database>,
    head: Head,
    accepted: HashSet<PoolId>,
    positions: BTreeMap<String, MirrorPosition>,
    /// No journal entry lies below.
    journal_low: BlockNumber,
    least_free_bytes: u64,
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
        Ok(Self {
            db,
            head,
            accepted,
            positions,
            journal_low: BlockNumber(0),
            least_free_bytes: options.least_free_bytes,
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
        let extends = match step {
            Step::Extend(extend) => std::slice::from_ref(extend),
            Step::Unwind { to, then } => {
                applied.blocks_unwound = unwind::unwind(&mut draft, *to)?;
                then.as_slice()
            }
            Step::Repair(range) => {
                let done = repair::repair(&mut draft, range, HARD_BATCH_BYTES)?;
                applied.repaired = Some(done);
                &[]
            }
        };
        for extend in extends {
            add(&mut draft, extend, &mut self.space, &mut applied)?;
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

/// Adds one range to the draft.
fn add(
    draft: &mut Draft<'_>,
    extend: &Extend,
    space: &mut Workspace,
    applied: &mut Applied,
) -> Result<(), StoreError> {
    applied.disputes_opened += commit::extend(draft, extend, space)?;
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
