//! A batch in the making: writes, what they replace, and the head that will follow.
//!
//! Counters follow from the writes themselves, forward and back alike, so that
//! neither way can forget one.

mod counts;
mod entry;
mod sight;

pub(crate) use counts::without;
pub(crate) use sight::{Sight, Walk};

use crate::codec::{Touched, encode_head};
use crate::database::{Database, damaged};
use crate::error::StoreError;
use crate::families::{Family, Reversal};
use crate::generation::Generation;
use crate::head::Head;
use crate::keys::{address_key, just_after, parse_address_key};
use crate::lookup::{Lookup, OwnedPair, Take};
use crate::meta::HEAD_KEY;
use counts::{count, miscounted, row_counter, standing};
use entry::OpenEntry;
use rocksdb::WriteBatch;
use std::collections::{BTreeMap, HashSet};
use tidegauge_features::Horizon;
use tidegauge_model::{BlockNumber, BlockRef, PoolId, Tally, UnixSeconds};

/// One batch, not yet written. Dropping it leaves no trace.
pub(crate) struct Draft<'a> {
    sight: Sight<'a>,
    /// Where what is derived is read and written.
    generation: Generation,
    accepted: &'a HashSet<PoolId>,
    batch: WriteBatch,
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
            sight: Sight {
                db,
                columns: db.columns(generation)?,
                overlay: BTreeMap::new(),
            },
            generation,
            accepted,
            batch: WriteBatch::default(),
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
        self.sight.db
    }

    pub(crate) fn size_in_bytes(&self) -> usize {
        self.batch.size_in_bytes()
    }

    /// What this batch will leave.
    pub(crate) fn sight(&self) -> &Sight<'a> {
        &self.sight
    }

    /// What the key will hold after this batch.
    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.sight.get(family, key)
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
        if !self.sight.overlay.is_empty() {
            let key = address_key(pool.0).to_vec();
            if let Some(value) = self.sight.overlay.get(&(Family::Pools, key)) {
                return Ok(standing(pool, value.as_deref())? == Some(true));
            }
        }
        Ok(self.accepted.contains(&pool))
    }

    /// Puts a row whose key was absent by construction.
    pub(crate) fn put_fresh(&mut self, family: Family, key: &[u8], value: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::FreshKeys);
        if let Some(open) = &mut self.entry {
            open.keep_fresh(family, key);
        }
        self.batch
            .put_cf(self.sight.columns[family as usize], key, value);
        if let Some(counter) = row_counter(&mut self.head.counters, family) {
            *counter += 1;
        }
    }

    /// Puts another value where a final row was.
    pub(crate) fn correct(&mut self, family: Family, key: &[u8], value: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::FreshKeys);
        assert!(self.entry.is_none(), "only final rows are corrected");
        self.batch
            .put_cf(self.sight.columns[family as usize], key, value);
    }

    /// Deletes a row that was there.
    pub(crate) fn delete_row(&mut self, family: Family, key: &[u8]) -> Result<(), StoreError> {
        assert_eq!(family.declaration().reversal, Reversal::FreshKeys);
        assert!(self.entry.is_none(), "no journal keeps a row's value");
        self.batch
            .delete_cf(self.sight.columns[family as usize], key);
        if let Some(counter) = row_counter(&mut self.head.counters, family) {
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
        if let Some(open) = &mut self.entry {
            open.keep((family, key.to_vec()), before.clone());
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
            && !open.has(&place)
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
                open.keep(place.clone(), before);
            }
        }
        self.batch
            .put_cf(self.sight.columns[family as usize], key, &value);
        self.sight.overlay.insert(place, Some(value));
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
        let column = self.sight.columns[family as usize];
        match &value {
            Some(value) => self.batch.put_cf(column, key, value),
            None => self.batch.delete_cf(column, key),
        }
        self.sight.overlay.insert((family, key.to_vec()), value);
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
        self.batch
            .put_cf(self.sight.columns[family as usize], key, value);
    }

    /// Deletes a value that no unwind brings back.
    pub(crate) fn delete_apart(&mut self, family: Family, key: &[u8]) {
        assert_eq!(family.declaration().reversal, Reversal::Apart);
        self.batch
            .delete_cf(self.sight.columns[family as usize], key);
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

    /// Deletes what the generation that is not in force has under a key.
    pub(crate) fn delete_leftover(&mut self, family: Family, key: &[u8]) -> Result<(), StoreError> {
        let generation = self.head.derived.generation.other();
        assert!(family.is_derived(), "`{family}` has one place");
        self.batch
            .delete_cf(self.sight.db.column(family, generation)?, key);
        Ok(())
    }

    /// The batch with its head.
    pub(crate) fn finish(mut self) -> Result<Finished, StoreError> {
        assert!(self.entry.is_none(), "a journal entry was left open");
        let mut value = Vec::new();
        encode_head(&self.head, &mut value).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))?;
        self.put_apart(Family::Meta, HEAD_KEY, &value);
        let mut standings = Vec::new();
        for ((family, key), value) in &self.sight.overlay {
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
        count(
            &mut self.head.counters,
            family,
            key,
            (before, after.as_deref()),
        )?;
        let column = self.sight.columns[family as usize];
        match &after {
            Some(value) => self.batch.put_cf(column, key, value),
            None => self.batch.delete_cf(column, key),
        }
        self.sight.overlay.insert((family, key.to_vec()), after);
        Ok(())
    }
}

impl Lookup for Draft<'_> {
    fn each(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
        take: Take<'_>,
    ) -> Result<(), StoreError> {
        self.sight.each(family, bounds, take)
    }

    fn last(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
    ) -> Result<Option<OwnedPair>, StoreError> {
        self.sight.last(family, bounds)
    }
}
