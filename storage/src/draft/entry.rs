//! The journal entry that is kept while a batch is made.

use super::Draft;
use crate::codec::{JournalEntry, Touched, encode_journal};
use crate::database::damaged;
use crate::error::StoreError;
use crate::families::Family;
use crate::keys::block_key;
use std::collections::HashSet;
use tidegauge_model::{BlockNumber, Tally};

/// Most bytes the journal may hold: about fifty times what 100 busy blocks need, and
/// little enough to be unwound in one batch.
pub(crate) const MAX_JOURNAL_BYTES: u64 = 64 * 1024 * 1024;

/// An entry in the making.
pub(super) struct OpenEntry {
    pub(super) entry: JournalEntry,
    seen: HashSet<(Family, Vec<u8>)>,
}

impl OpenEntry {
    /// Whether what was under a key is kept already.
    pub(super) fn has(&self, place: &(Family, Vec<u8>)) -> bool {
        self.seen.contains(place)
    }

    /// Keeps what was under a key, the first time.
    pub(super) fn keep(&mut self, place: (Family, Vec<u8>), before: Option<Vec<u8>>) {
        if self.seen.insert(place.clone()) {
            let (family, key) = place;
            self.entry.touched.push(Touched {
                family,
                key,
                before,
            });
        }
    }

    /// Keeps that nothing was under a key, which is known to come once.
    pub(super) fn keep_fresh(&mut self, family: Family, key: &[u8]) {
        self.entry.touched.push(Touched {
            family,
            key: key.to_vec(),
            before: None,
        });
    }
}

impl Draft<'_> {
    /// From here on the journal keeps what is replaced.
    pub(crate) fn open_entry(&mut self, from: BlockNumber) {
        assert!(self.entry.is_none(), "a journal entry is open already");
        self.entry = Some(OpenEntry {
            entry: JournalEntry {
                from,
                before: self.head.tip,
                tally: Tally::default(),
                touched: Vec::new(),
            },
            seen: HashSet::new(),
        });
    }

    /// Writes the open journal entry, if any, under its last block.
    pub(crate) fn close_entry(&mut self, to: BlockNumber) -> Result<(), StoreError> {
        let Some(open) = self.entry.take() else {
            return Ok(());
        };
        assert!(
            open.entry.from <= to,
            "a journal entry ends before it begins"
        );
        self.head.journal_entries += 1;
        self.put_entry(to, &open.entry)
    }

    /// From here on this entry, which is stored already, keeps what is replaced too.
    pub(crate) fn reopen_entry(&mut self, entry: JournalEntry) {
        assert!(self.entry.is_none(), "a journal entry is open already");
        let keys = entry.touched.iter().map(|t| (t.family, t.key.clone()));
        let seen = keys.collect();
        self.entry = Some(OpenEntry { entry, seen });
    }

    /// Ends what [`Draft::reopen_entry`] began; the caller stores the entry.
    pub(crate) fn take_entry(&mut self) -> Result<JournalEntry, StoreError> {
        let open = self.entry.take();
        open.map(|open| open.entry)
            .ok_or_else(|| StoreError::Contradiction("no journal entry is open".to_owned()))
    }

    /// Writes a journal entry and counts its bytes.
    pub(crate) fn put_entry(
        &mut self,
        to: BlockNumber,
        entry: &JournalEntry,
    ) -> Result<(), StoreError> {
        let mut value = std::mem::take(&mut self.scratch);
        value.clear();
        let key = block_key(to);
        encode_journal(entry, &mut value).map_err(|e| damaged(Family::Journal, &key, e))?;
        self.head.journal_bytes += value.len() as u64;
        if self.head.journal_bytes > MAX_JOURNAL_BYTES {
            return Err(StoreError::JournalFull {
                bytes: self.head.journal_bytes,
                ceiling: MAX_JOURNAL_BYTES,
            });
        }
        self.put_apart(Family::Journal, &key, &value);
        self.scratch = value;
        Ok(())
    }
}
