//! A batch in the making: writes, what they replace, and the head that will follow.
//!
//! Counters follow from the writes themselves, forward and back alike, so that
//! neither way can forget one.

use crate::codec::{JournalEntry, Touched, decode_verdict, encode_head, encode_journal};
use crate::database::{Database, damaged, unreadable};
use crate::error::StoreError;
use crate::families::{Family, Reversal};
use crate::generation::Generation;
use crate::head::Head;
use crate::keys::{address_key, block_key, just_after, parse_address_key};
use crate::lookup::{Lookup, OwnedPair, Take};
use crate::meta::HEAD_KEY;
use crate::scan::Bounds;
use rocksdb::{ColumnFamily, WriteBatch};
use std::collections::{BTreeMap, HashSet};
use tidegauge_features::Horizon;
use tidegauge_model::{BlockNumber, BlockRef, PoolId, PoolVerdict, Tally, UnixSeconds};

/// Most bytes the journal may hold: about fifty times what 100 busy blocks need, and
/// little enough to be unwound in one batch.
pub(crate) const MAX_JOURNAL_BYTES: u64 = 64 * 1024 * 1024;

/// One batch, not yet written. Dropping it leaves no trace.
pub(crate) struct Draft<'a> {
    db: &'a Database,
    /// Where what is derived is read and written.
    generation: Generation,
    columns: Vec<&'a ColumnFamily>,
    accepted: &'a HashSet<PoolId>,
    batch: WriteBatch,
    /// What this batch says about keys that are replaced, since reads do not see it yet.
    overlay: BTreeMap<(Family, Vec<u8>), Option<Vec<u8>>>,
    entry: Option<OpenEntry>,
    /// The head after this batch.
    pub(crate) head: Head,
    /// The ancestor that an unwind of everything went to.
    pub(crate) floor: Option<BlockRef>,
    /// The time of the last block that this batch puts.
    pub(crate) last_time: Option<UnixSeconds>,
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

/// What is known of what a key holds before it is put.
pub(crate) enum Before {
    Absent,
    Is(Vec<u8>),
    /// To be looked up if the journal keeps it.
    Unknown,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(
        db: &'a Database,
        head: Head,
        accepted: &'a HashSet<PoolId>,
    ) -> Result<Self, StoreError> {
        Self::in_generation(db, head, accepted, head.derived.generation)
    }

    /// One that reads and writes what is derived in the generation that is being built.
    pub(crate) fn building(
        db: &'a Database,
        head: Head,
        accepted: &'a HashSet<PoolId>,
    ) -> Result<Self, StoreError> {
        Self::in_generation(db, head, accepted, head.derived.generation.other())
    }

    fn in_generation(
        db: &'a Database,
        head: Head,
        accepted: &'a HashSet<PoolId>,
        generation: Generation,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            db,
            generation,
            columns: db.columns(generation)?,
            accepted,
            batch: WriteBatch::default(),
            overlay: BTreeMap::new(),
            entry: None,
            head,
            floor: None,
            last_time: None,
            scratch: Vec::new(),
        })
    }

    /// The block that the next range must follow.
    pub(crate) fn base(&self) -> Option<BlockRef> {
        self.head.tip.or(self.floor)
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
            None => self.stored(family, key),
        }
    }

    fn stored(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.db
            .rocks
            .get_cf(self.columns[family as usize], key)
            .map_err(|e| unreadable(family, &e))
    }

    /// What is before the start, as the generation written has it.
    pub(crate) fn horizon(&self) -> Option<Horizon> {
        let derived = &self.head.derived;
        if self.generation == derived.generation {
            derived.horizon
        } else {
            derived.rebuild.and_then(|r| r.horizon)
        }
    }

    pub(crate) fn set_horizon(&mut self, horizon: Horizon) {
        let derived = &mut self.head.derived;
        if self.generation == derived.generation {
            derived.horizon = Some(horizon);
        } else if let Some(rebuild) = &mut derived.rebuild {
            rebuild.horizon = Some(horizon);
        }
    }

    /// The last block folded into the generation written.
    pub(crate) fn derived_to(&self) -> Option<BlockNumber> {
        let derived = &self.head.derived;
        if self.generation == derived.generation {
            derived.to
        } else {
            derived.rebuild.and_then(|r| r.to)
        }
    }

    /// The last key not above this one, as this batch will leave them.
    pub(crate) fn last_up_to(
        &self,
        family: Family,
        key: &[u8],
    ) -> Result<Option<OwnedPair>, StoreError> {
        self.last(family, (Vec::new(), just_after(key)))
    }

    /// Whether the pool's rows may be stored.
    pub(crate) fn is_accepted(&self, pool: PoolId) -> Result<bool, StoreError> {
        if !self.overlay.is_empty() {
            let key = address_key(pool.0).to_vec();
            if let Some(value) = self.overlay.get(&(Family::Pools, key)) {
                return Ok(standing(pool, value.as_deref())? == Some(true));
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
        self.batch.put_cf(self.columns[family as usize], key, value);
        if let Some(counter) = row_counter(&mut self.head, family) {
            *counter += 1;
        }
    }

    /// Puts another value where a final row was.
    pub(crate) fn correct(&mut self, family: Family, key: &[u8], value: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::FreshKeys);
        assert!(self.entry.is_none(), "only final rows are corrected");
        self.batch.put_cf(self.columns[family as usize], key, value);
    }

    /// Deletes a row that was there.
    pub(crate) fn delete_row(&mut self, family: Family, key: &[u8]) -> Result<(), StoreError> {
        assert_eq!(family.declaration().reversal, Reversal::FreshKeys);
        assert!(self.entry.is_none(), "no journal keeps a row's value");
        self.batch.delete_cf(self.columns[family as usize], key);
        if let Some(counter) = row_counter(&mut self.head, family) {
            *counter = counter.checked_sub(1).ok_or_else(|| miscounted(family))?;
        }
        Ok(())
    }

    /// Counts a block's logs.
    pub(crate) fn count_logs(&mut self, tally: Tally) {
        let logs = &mut self.head.counters.logs;
        *logs = logs.plus(tally);
        if let Some(open) = &mut self.entry {
            open.entry.tally = open.entry.tally.plus(tally);
        }
    }

    /// The way back of [`Draft::count_logs`].
    pub(crate) fn discount_logs(&mut self, tally: Tally) -> Result<(), StoreError> {
        self.head.counters.logs = without(self.head.counters.logs, tally)?;
        Ok(())
    }

    /// Puts a value that may replace another, which the journal keeps.
    pub(crate) fn put(
        &mut self,
        family: Family,
        key: &[u8],
        value: Vec<u8>,
    ) -> Result<(), StoreError> {
        assert_eq!(family.declaration().reversal, Reversal::BeforeImages);
        let before = self.get(family, key)?;
        if let Some(open) = &mut self.entry
            && open.seen.insert((family, key.to_vec()))
        {
            open.entry.touched.push(Touched {
                family,
                key: key.to_vec(),
                before: before.clone(),
            });
        }
        self.replace(family, key, before.as_deref(), Some(value))
    }

    /// Puts a derived value. What was there is looked up only where the journal needs it and
    /// the caller does not know.
    pub(crate) fn put_derived(
        &mut self,
        family: Family,
        key: &[u8],
        value: Vec<u8>,
        before: Before,
    ) -> Result<(), StoreError> {
        assert!(family.is_derived(), "`{family}` is not derived");
        let place = (family, key.to_vec());
        if let Some(open) = &self.entry
            && !open.seen.contains(&place)
        {
            let before = match before {
                Before::Absent => None,
                Before::Is(before) => Some(before),
                Before::Unknown => self.get(family, key)?,
            };
            if before.as_ref() == Some(&value) {
                return Ok(());
            }
            if let Some(open) = &mut self.entry {
                open.seen.insert(place.clone());
                open.entry.touched.push(Touched {
                    family,
                    key: key.to_vec(),
                    before,
                });
            }
        }
        self.batch
            .put_cf(self.columns[family as usize], key, &value);
        self.overlay.insert(place, Some(value));
        Ok(())
    }

    /// Puts or deletes a derived value beneath the journal, where it differs.
    pub(crate) fn rederive(
        &mut self,
        family: Family,
        key: &[u8],
        value: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        assert!(family.is_derived(), "`{family}` is not derived");
        assert!(self.entry.is_none(), "what the journal keeps is put");
        if self.get(family, key)? == value {
            return Ok(());
        }
        let column = self.columns[family as usize];
        match &value {
            Some(value) => self.batch.put_cf(column, key, value),
            None => self.batch.delete_cf(column, key),
        }
        self.overlay.insert((family, key.to_vec()), value);
        Ok(())
    }

    /// Deletes a value for good.
    pub(crate) fn delete(&mut self, family: Family, key: &[u8]) -> Result<(), StoreError> {
        assert_eq!(family.declaration().reversal, Reversal::BeforeImages);
        assert!(self.entry.is_none(), "no step deletes and can be unwound");
        let before = self.get(family, key)?;
        self.replace(family, key, before.as_deref(), None)
    }

    /// Puts or deletes a value that an unwind cuts back by itself.
    pub(crate) fn set(
        &mut self,
        family: Family,
        key: &[u8],
        value: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        assert_eq!(family.declaration().reversal, Reversal::CutBack);
        self.replace(family, key, None, value)
    }

    /// Puts a value that no unwind takes back.
    pub(crate) fn put_apart(&mut self, family: Family, key: &[u8], value: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::Apart);
        self.batch.put_cf(self.columns[family as usize], key, value);
    }

    /// Deletes a value that no unwind brings back.
    pub(crate) fn delete_apart(&mut self, family: Family, key: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::Apart);
        self.batch.delete_cf(self.columns[family as usize], key);
    }

    /// The way back of [`Draft::put_fresh`] and [`Draft::put`].
    pub(crate) fn restore(&mut self, touched: Touched) -> Result<(), StoreError> {
        let Touched {
            family,
            key,
            before,
        } = touched;
        match family.declaration().reversal {
            Reversal::FreshKeys if before.is_none() => self.delete_row(family, &key),
            Reversal::BeforeImages => {
                let now = self.get(family, &key)?;
                self.replace(family, &key, now.as_deref(), before)
            }
            Reversal::FreshKeys | Reversal::CutBack | Reversal::Apart => {
                Err(StoreError::Contradiction(format!(
                    "the journal holds a before-image in family `{family}`, which has none"
                )))
            }
        }
    }

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

    /// Deletes what the generation that is not in force has under a key.
    pub(crate) fn delete_leftover(&mut self, family: Family, key: &[u8]) -> Result<(), StoreError> {
        let generation = self.head.derived.generation.other();
        assert!(family.is_derived(), "`{family}` has one place");
        self.batch
            .delete_cf(self.db.column(family, generation)?, key);
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
                let pool = PoolId(parse_address_key(key).map_err(|e| damaged(*family, key, e))?);
                standings.push((pool, standing(pool, value.as_deref())? == Some(true)));
            }
        }
        Ok(Finished {
            batch: self.batch,
            head: self.head,
            standings,
        })
    }

    /// Puts or deletes a value, and counts what thereby comes or goes.
    fn replace(
        &mut self,
        family: Family,
        key: &[u8],
        before: Option<&[u8]>,
        after: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        let counters = &mut self.head.counters;
        let (was, is) = (before.is_some(), after.is_some());
        match family {
            Family::Tokens => shift(&mut counters.tokens, family, was, is)?,
            Family::Disputes => shift(&mut counters.disputes, family, was, is)?,
            Family::Pools => {
                let pool = PoolId(parse_address_key(key).map_err(|e| damaged(family, key, e))?);
                let was = standing(pool, before)?;
                let is = standing(pool, after.as_deref())?;
                for (counter, accepted) in [
                    (&mut counters.pools_accepted, Some(true)),
                    (&mut counters.pools_refused, Some(false)),
                ] {
                    shift(counter, family, was == accepted, is == accepted)?;
                }
            }
            _ => {}
        }
        let column = self.columns[family as usize];
        match &after {
            Some(value) => self.batch.put_cf(column, key, value),
            None => self.batch.delete_cf(column, key),
        }
        self.overlay.insert((family, key.to_vec()), after);
        Ok(())
    }
}

/// What remains of a tally without a part of it.
pub(crate) fn without(whole: Tally, part: Tally) -> Result<Tally, StoreError> {
    let less = |whole: u64, part: u64| {
        whole.checked_sub(part).ok_or_else(|| {
            StoreError::Contradiction("a range has fewer logs than its blocks".to_owned())
        })
    };
    Ok(Tally {
        received: less(whole.received, part.received)?,
        decoded: less(whole.decoded, part.decoded)?,
        refused: less(whole.refused, part.refused)?,
    })
}

/// The counter of a family of rows; what is derived is as many as its rows.
fn row_counter(head: &mut Head, family: Family) -> Option<&mut u64> {
    let counters = &mut head.counters;
    match family {
        Family::Swaps => Some(&mut counters.swaps),
        Family::Liquidity => Some(&mut counters.liquidity),
        Family::Blocks => Some(&mut counters.blocks),
        _ => None,
    }
}

impl Lookup for Draft<'_> {
    fn each(
        &self,
        family: Family,
        (lower, upper): (Vec<u8>, Vec<u8>),
        take: Take<'_>,
    ) -> Result<(), StoreError> {
        let mut take =
            |key: &[u8], value: &[u8]| take(key, value).map_err(|e| damaged(family, key, e));
        let ours = (family, lower.clone())..(family, upper.clone());
        let mut ours = self.overlay.range(ours).peekable();
        let options = Bounds::between((lower, upper)).read_options();
        let mut rows = self
            .db
            .rocks
            .raw_iterator_cf_opt(self.columns[family as usize], options);
        rows.seek_to_first();
        while let Some((key, value)) = rows.item() {
            while let Some(((_, our_key), our_value)) =
                ours.next_if(|((_, our_key), _)| our_key.as_slice() < key)
            {
                if let Some(our_value) = our_value {
                    take(our_key, our_value)?;
                }
            }
            match ours.next_if(|((_, our_key), _)| our_key.as_slice() == key) {
                Some((_, Some(our_value))) => take(key, our_value)?,
                Some((_, None)) => {}
                None => take(key, value)?,
            }
            rows.next();
        }
        rows.status().map_err(|e| unreadable(family, &e))?;
        for ((_, our_key), our_value) in ours {
            if let Some(our_value) = our_value {
                take(our_key, our_value)?;
            }
        }
        Ok(())
    }

    fn last(
        &self,
        family: Family,
        (lower, upper): (Vec<u8>, Vec<u8>),
    ) -> Result<Option<OwnedPair>, StoreError> {
        let ours = self
            .overlay
            .range((family, lower.clone())..(family, upper.clone()))
            .rev()
            .find_map(|((_, key), value)| Some((key.clone(), value.clone()?)));
        let options = Bounds::between((lower, upper)).read_options();
        let mut rows = self
            .db
            .rocks
            .raw_iterator_cf_opt(self.columns[family as usize], options);
        rows.seek_to_last();
        let mut stored = None;
        while let Some((key, value)) = rows.item() {
            if !self.overlay.contains_key(&(family, key.to_vec())) {
                stored = Some((key.to_vec(), value.to_vec()));
                break;
            }
            rows.prev();
        }
        rows.status().map_err(|e| unreadable(family, &e))?;
        Ok(ours.max(stored))
    }
}

fn shift(counter: &mut u64, family: Family, was: bool, is: bool) -> Result<(), StoreError> {
    match (was, is) {
        (false, true) => *counter += 1,
        (true, false) => *counter = counter.checked_sub(1).ok_or_else(|| miscounted(family))?,
        (true, true) | (false, false) => {}
    }
    Ok(())
}

fn miscounted(family: Family) -> StoreError {
    StoreError::Contradiction(format!("family `{family}` holds more than was counted"))
}

/// Whether a contract is accepted; `None` if it was not judged.
fn standing(pool: PoolId, value: Option<&[u8]>) -> Result<Option<bool>, StoreError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let key = address_key(pool.0);
    let verdict = decode_verdict(&key, value).map_err(|e| damaged(Family::Pools, &key, e))?;
    Ok(Some(matches!(verdict, PoolVerdict::Accepted(_))))
}
