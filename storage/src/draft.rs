//! A batch in the making: writes, what they replace, and the head that will follow.

use crate::codec::{JournalEntry, Touched, decode_verdict, encode_head, encode_journal};
use crate::database::{Database, damaged};
use crate::error::StoreError;
use crate::families::{Family, Reversal};
use crate::head::Head;
use crate::keys::{address_key, block_key};
use crate::meta::HEAD_KEY;
use rocksdb::{ColumnFamily, WriteBatch};
use std::collections::{HashMap, HashSet};
use tidegauge_model::{BlockNumber, BlockRef, PoolId, PoolVerdict};

/// Most bytes the journal may hold: about fifty times what 100 busy blocks need, and
/// little enough to be unwound in one batch.
pub(crate) const MAX_JOURNAL_BYTES: u64 = 64 * 1024 * 1024;

/// One batch, not yet written. Dropping it leaves no trace.
pub(crate) struct Draft<'a> {
    db: &'a Database,
    families: Vec<&'a ColumnFamily>,
    accepted: &'a HashSet<PoolId>,
    batch: WriteBatch,
    /// What this batch says about keys that are replaced, since reads do not see it yet.
    overlay: HashMap<(Family, Vec<u8>), Option<Vec<u8>>>,
    entry: Option<OpenEntry>,
    /// The head after this batch.
    pub(crate) head: Head,
    /// The ancestor that an unwind of everything went to.
    pub(crate) floor: Option<BlockRef>,
    scratch: Vec<u8>,
}

/// A finished batch.
pub(crate) struct Finished {
    pub(crate) batch: WriteBatch,
    pub(crate) head: Head,
    /// Contracts whose standing changes, and whether they are accepted afterwards.
    pub(crate) standings: Vec<(PoolId, bool)>,
}

struct OpenEntry {
    entry: JournalEntry,
    seen: HashSet<(Family, Vec<u8>)>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        db: &'a Database,
        head: Head,
        accepted: &'a HashSet<PoolId>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            db,
            families: db.families()?,
            accepted,
            batch: WriteBatch::default(),
            overlay: HashMap::new(),
            entry: None,
            head,
            floor: None,
            scratch: Vec::new(),
        })
    }

    /// The block that the next range must follow.
    pub(crate) fn base(&self) -> Option<BlockRef> {
        self.head.mark.tip.or(self.floor)
    }

    pub(crate) fn database(&self) -> &'a Database {
        self.db
    }

    pub(crate) fn size_in_bytes(&self) -> usize {
        self.batch.size_in_bytes()
    }

    /// What the key will hold after this batch.
    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.overlay.get(&(family, key.to_vec())) {
            Some(value) => Ok(value.clone()),
            None => self.db.get(family, key),
        }
    }

    /// Whether the pool's rows may be stored.
    pub(crate) fn is_accepted(&self, pool: PoolId) -> Result<bool, StoreError> {
        if !self.overlay.is_empty() {
            let key = address_key(pool.0).to_vec();
            if let Some(value) = self.overlay.get(&(Family::Pools, key)) {
                return standing(pool, value.as_deref());
            }
        }
        Ok(self.accepted.contains(&pool))
    }

    /// Puts a row whose key was absent by construction.
    pub(crate) fn put_fresh(&mut self, family: Family, key: &[u8], value: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::FreshKeys);
        if let Some(open) = &mut self.entry {
            open.entry.touched.push(Touched {
                family,
                key: key.to_vec(),
                before: None,
            });
        }
        self.batch
            .put_cf(self.families[family as usize], key, value);
    }

    /// Puts a value that may replace another, which the journal keeps.
    pub(crate) fn put(
        &mut self,
        family: Family,
        key: &[u8],
        value: Vec<u8>,
    ) -> Result<(), StoreError> {
        assert_eq!(family.declaration().reversal, Reversal::BeforeImages);
        self.keep_before(family, key)?;
        self.batch
            .put_cf(self.families[family as usize], key, &value);
        self.overlay.insert((family, key.to_vec()), Some(value));
        Ok(())
    }

    /// Puts a value that no unwind takes back.
    pub(crate) fn put_apart(&mut self, family: Family, key: &[u8], value: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::Apart);
        self.batch
            .put_cf(self.families[family as usize], key, value);
    }

    /// Deletes a value that no unwind brings back.
    pub(crate) fn delete_apart(&mut self, family: Family, key: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::Apart);
        self.batch.delete_cf(self.families[family as usize], key);
    }

    /// The way back of [`Draft::put_fresh`] and [`Draft::put`].
    pub(crate) fn restore(&mut self, touched: Touched) -> Result<(), StoreError> {
        let Touched {
            family,
            key,
            before,
        } = touched;
        let column = self.families[family as usize];
        match &before {
            Some(value) => self.batch.put_cf(column, &key, value),
            None => self.batch.delete_cf(column, &key),
        }
        match family.declaration().reversal {
            Reversal::FreshKeys if before.is_none() => {}
            Reversal::BeforeImages => {
                self.overlay.insert((family, key), before);
            }
            Reversal::FreshKeys | Reversal::Apart => {
                return Err(StoreError::Contradiction(format!(
                    "the journal holds a before-image in family `{family}`, which has none"
                )));
            }
        }
        Ok(())
    }

    /// From here on the journal keeps what is replaced.
    pub(crate) fn open_entry(&mut self, from: BlockNumber) {
        assert!(self.entry.is_none(), "a journal entry is open already");
        self.entry = Some(OpenEntry {
            entry: JournalEntry {
                from,
                before: self.head.mark,
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
        let mut value = std::mem::take(&mut self.scratch);
        value.clear();
        let key = block_key(to);
        encode_journal(&open.entry, &mut value).map_err(|e| damaged(Family::Journal, &key, e))?;
        self.head.journal_entries += 1;
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

    /// The batch with its head.
    pub(crate) fn finish(mut self) -> Result<Finished, StoreError> {
        assert!(self.entry.is_none(), "a journal entry was left open");
        let mut value = Vec::new();
        encode_head(&self.head, &mut value).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))?;
        self.put_apart(Family::Meta, HEAD_KEY, &value);
        let mut standings = Vec::new();
        for ((family, key), value) in &self.overlay {
            if *family == Family::Pools {
                let pool = PoolId(
                    crate::keys::parse_address_key(key).map_err(|e| damaged(*family, key, e))?,
                );
                standings.push((pool, standing(pool, value.as_deref())?));
            }
        }
        Ok(Finished {
            batch: self.batch,
            head: self.head,
            standings,
        })
    }

    fn keep_before(&mut self, family: Family, key: &[u8]) -> Result<(), StoreError> {
        if self.entry.is_none() {
            return Ok(());
        }
        let before = self.get(family, key)?;
        if let Some(open) = &mut self.entry
            && open.seen.insert((family, key.to_vec()))
        {
            open.entry.touched.push(Touched {
                family,
                key: key.to_vec(),
                before,
            });
        }
        Ok(())
    }
}

fn standing(pool: PoolId, value: Option<&[u8]>) -> Result<bool, StoreError> {
    let Some(value) = value else {
        return Ok(false);
    };
    let key = address_key(pool.0);
    let verdict = decode_verdict(&key, value).map_err(|e| damaged(Family::Pools, &key, e))?;
    Ok(matches!(verdict, PoolVerdict::Accepted(_)))
}
