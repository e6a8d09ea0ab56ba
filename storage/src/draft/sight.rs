//! What a batch will leave: what is stored, and over it what the batch says.

use crate::database::{Database, damaged, unreadable};
use crate::error::StoreError;
use crate::families::Family;
use crate::lookup::{Lookup, OwnedPair, Take};
use crate::scan::Bounds;
use rocksdb::{ColumnFamily, DBRawIterator};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What a batch will leave. Many threads may look at once.
pub(crate) struct Sight<'a> {
    pub(super) db: &'a Database,
    pub(super) columns: Vec<&'a ColumnFamily>,
    /// What the batch says about keys that are replaced, since reads do not see it yet.
    pub(super) overlay: BTreeMap<(Family, Vec<u8>), Option<Vec<u8>>>,
}

impl Sight<'_> {
    /// What the key will hold.
    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(value) = self.overlay.get(&(family, key.to_vec())) {
            return Ok(value.clone());
        }
        self.db
            .rocks
            .get_cf(self.columns[family as usize], key)
            .map_err(|e| unreadable(family, &e))
    }
}

impl<'a> Sight<'a> {
    /// Rows between bounds, or all.
    fn rows(&self, family: Family, bounds: Bounds) -> DBRawIterator<'a> {
        let column = self.columns[family as usize];
        let options = bounds.read_options();
        self.db.rocks.raw_iterator_cf_opt(column, options)
    }

    /// Hands over what the key's range will hold; `rows` is at the first stored row of it.
    fn merged(
        &self,
        rows: &mut DBRawIterator<'_>,
        family: Family,
        (lower, upper): (Vec<u8>, Vec<u8>),
        take: Take<'_>,
    ) -> Result<(), StoreError> {
        let mut take =
            |key: &[u8], value: &[u8]| take(key, value).map_err(|e| damaged(family, key, e));
        let ours = (family, lower)..(family, upper.clone());
        let mut ours = self.overlay.range(ours).peekable();
        while let Some((key, value)) = rows.item().filter(|(key, _)| *key < upper.as_slice()) {
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
}

impl Lookup for Sight<'_> {
    fn each(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
        take: Take<'_>,
    ) -> Result<(), StoreError> {
        let mut rows = self.rows(family, Bounds::between(bounds.clone()));
        rows.seek_to_first();
        self.merged(&mut rows, family, bounds, take)
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
        let mut rows = self.rows(family, Bounds::between((lower, upper)));
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

/// The same of many ranges, each after the one before: making an iterator takes as long as reading a
/// short range, so that of each family is kept.
pub(crate) struct Walk<'s> {
    sight: &'s Sight<'s>,
    rows: RefCell<BTreeMap<Family, DBRawIterator<'s>>>,
}

impl<'s> Walk<'s> {
    pub(crate) fn over(sight: &'s Sight<'s>) -> Self {
        let rows = RefCell::default();
        Self { sight, rows }
    }
}

impl Lookup for Walk<'_> {
    fn each(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
        take: Take<'_>,
    ) -> Result<(), StoreError> {
        let mut kept = self.rows.borrow_mut();
        let rows = kept
            .entry(family)
            .or_insert_with(|| self.sight.rows(family, Bounds::from(bounds.0.clone())));
        rows.seek(&bounds.0);
        self.sight.merged(rows, family, bounds, take)
    }

    fn last(
        &self,
        family: Family,
        bounds: (Vec<u8>, Vec<u8>),
    ) -> Result<Option<OwnedPair>, StoreError> {
        self.sight.last(family, bounds)
    }
}
