//! Deleting what a rebuild or its end left behind in the generation that is not in force.

use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::{FAMILIES, Family};
use crate::scan::{Bounds, RawScan};

/// Most keys deleted in one batch; small ones, so that the batch is a few MiB.
const MAX_CLEARED_PER_BATCH: usize = 65_536;

/// Where the next batch goes on: crossing what was deleted before would take ever longer.
pub(crate) type Cleared = (Family, Vec<u8>);

/// Deletes some keys; returns where to go on, `None` when nothing is left.
pub(crate) fn clear(
    draft: &mut Draft<'_>,
    from: Option<Cleared>,
) -> Result<Option<Cleared>, StoreError> {
    let generation = draft.head.derived.generation.other();
    let mut keys = Vec::new();
    let first = from.as_ref().map_or(0, |(family, _)| *family as usize);
    let derived = FAMILIES[first..].iter().map(|d| d.family);
    for family in derived.filter(|family| family.is_derived()) {
        let lower = from.as_ref().filter(|(f, _)| *f == family);
        let bounds = Bounds {
            lower: lower.map(|(_, key)| key.clone()),
            upper: None,
        };
        let db = draft.database();
        let rows = db
            .rocks
            .raw_iterator_cf_opt(db.column(family, generation)?, bounds.read_options());
        let mut rows = RawScan::ascending(family, rows);
        while let Some(key) = rows.next_with(|key, _| Ok(key.to_vec())) {
            keys.push((family, key?));
            if keys.len() == MAX_CLEARED_PER_BATCH {
                break;
            }
        }
        if keys.len() == MAX_CLEARED_PER_BATCH {
            break;
        }
    }
    let next = keys
        .last()
        .filter(|_| keys.len() == MAX_CLEARED_PER_BATCH)
        .cloned();
    for (family, key) in &keys {
        draft.delete_leftover(*family, key)?;
    }
    if next.is_none() {
        draft.head.derived.leftover = false;
    }
    Ok(next)
}
