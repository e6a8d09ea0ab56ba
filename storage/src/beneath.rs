//! Writing beneath the journal: what final blocks teach must outlive the blocks above them.
//!
//! A pool that the journal's blocks met first is forgotten with them. If a repair
//! of final blocks meets it too, the oldest before-image says so from then on,
//! and an unwind leads to what a store would hold that had met it there at once.

use crate::codec::{JournalEntry, decode_journal};
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::{Family, Reversal};
use crate::journal;
use crate::keys::block_key;
use crate::scan::{Bounds, RawScan};
use std::collections::HashMap;
use tidegauge_model::BlockNumber;

/// The journal's before-images, to be changed. The default has none: then writing beneath
/// the journal is writing at the tip.
#[derive(Default)]
pub(crate) struct Beneath {
    entries: Vec<Above>,
    /// For each key, the oldest before-image: its entry and its place there.
    oldest: HashMap<(Family, Vec<u8>), (usize, usize)>,
}

/// An entry of blocks that are not final.
pub(crate) struct Above {
    /// Its key: their last.
    pub(crate) to: BlockNumber,
    pub(crate) entry: JournalEntry,
    /// Its size as it is stored.
    pub(crate) bytes: u64,
    changed: bool,
}

impl Beneath {
    /// Reads the entries of blocks that are not final; no other is ever unwound.
    pub(crate) fn load(draft: &Draft<'_>) -> Result<Self, StoreError> {
        let mut beneath = Self::default();
        if draft.head.journal_entries == 0 {
            return Ok(beneath);
        }
        let db = draft.database();
        let bounds = Bounds {
            lower: draft.head.finalized.map(|f| block_key(f.next()).to_vec()),
            upper: None,
        };
        let rows = db
            .rocks
            .raw_iterator_cf_opt(db.family(Family::Journal)?, bounds.read_options());
        let mut rows = RawScan::ascending(Family::Journal, rows);
        while let Some(row) =
            rows.next_with(|key, value| Ok((decode_journal(key, value)?, value.len() as u64)))
        {
            let ((to, entry), bytes) = row?;
            for (place, touched) in entry.touched.iter().enumerate() {
                if touched.family.declaration().reversal == Reversal::BeforeImages {
                    beneath
                        .oldest
                        .entry((touched.family, touched.key.clone()))
                        .or_insert((beneath.entries.len(), place));
                }
            }
            beneath.entries.push(Above {
                to,
                entry,
                bytes,
                changed: false,
            });
        }
        Ok(beneath)
    }

    /// What the key will hold after this batch once everything above final is unwound.
    pub(crate) fn get(
        &self,
        draft: &Draft<'_>,
        family: Family,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.oldest.get(&(family, key.to_vec())) {
            Some((entry, place)) => Ok(self.entries[*entry].entry.touched[*place].before.clone()),
            None => draft.get(family, key),
        }
    }

    /// Puts a value; where the journal's blocks have put another since, that one stays on top.
    pub(crate) fn put(
        &mut self,
        draft: &mut Draft<'_>,
        family: Family,
        key: &[u8],
        value: Vec<u8>,
    ) -> Result<(), StoreError> {
        match self.oldest.get(&(family, key.to_vec())) {
            Some((entry, place)) => {
                let entry = &mut self.entries[*entry];
                entry.entry.touched[*place].before = Some(value);
                entry.changed = true;
                Ok(())
            }
            None => draft.put(family, key, value),
        }
    }

    /// The entries, ascending, to be written by the caller.
    pub(crate) fn into_entries(self) -> Vec<Above> {
        self.entries
    }

    /// Writes the entries that changed.
    pub(crate) fn finish(self, draft: &mut Draft<'_>) -> Result<(), StoreError> {
        for Above {
            to,
            entry,
            bytes,
            changed,
        } in self.entries
        {
            if changed {
                journal::replace(draft, to, &entry, bytes)?;
            }
        }
        Ok(())
    }
}
