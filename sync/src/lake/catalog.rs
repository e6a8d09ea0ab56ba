//! The objects of final days, each with its table and day.

use super::manifest::{LakeObject, Part, PartRef};
use super::table::LakeTable;
use crate::error::SyncError;
use std::collections::BTreeMap;
use tidegauge_model::{ChainId, Day};

/// A list of objects, and its bytes.
pub(super) type WrittenPart = (PartRef, Vec<u8>);

/// The objects of final days.
#[derive(Clone, Default, Debug)]
pub(super) struct Catalog {
    objects: BTreeMap<(LakeTable, Day), LakeObject>,
}

impl Catalog {
    pub(super) fn get(&self, table: LakeTable, day: Day) -> Option<&LakeObject> {
        self.objects.get(&(table, day))
    }

    /// Adds an object, instead of the one that was there.
    pub(super) fn put(&mut self, object: LakeObject) {
        self.objects.insert((object.table, object.date), object);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &LakeObject> {
        self.objects.values()
    }

    /// The last final day of the raw rows.
    pub(super) fn last(&self) -> Option<&LakeObject> {
        let of = |day| (LakeTable::Swaps, day);
        let first = Day::of(tidegauge_model::UnixSeconds(0));
        let last = Day::of(tidegauge_model::UnixSeconds(u64::MAX));
        let mut swaps = self.objects.range(of(first)..=of(last));
        swaps.next_back().map(|(_, object)| object)
    }

    /// All of it as lists, one for each table and month.
    pub(super) fn parts(&self, chain: ChainId) -> Result<Vec<WrittenPart>, SyncError> {
        let mut months: BTreeMap<(LakeTable, String), Vec<LakeObject>> = BTreeMap::new();
        for object in self.objects.values() {
            // `YYYY-MM` of `YYYY-MM-DD`.
            let month = object.date.to_string()[..7].to_owned();
            let objects = months.entry((object.table, month)).or_default();
            objects.push(object.clone());
        }
        let months = months.into_iter();
        months
            .map(|((table, month), objects)| Part::written(chain, (table, &month), objects))
            .collect()
    }
}
