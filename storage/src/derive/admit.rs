//! Which feature set a store was derived by, and whether it may be opened with another.

use crate::codec::{StoredSet, decode_feature_set, encode_feature_set, encode_head};
use crate::database::{Database, damaged};
use crate::draft::Draft;
use crate::error::StoreError;
use crate::families::Family;
use crate::head::Head;
use crate::meta::{FEATURES_KEY, HEAD_KEY, NEXT_FEATURES_KEY};
use crate::open_options::StoreOptions;
use rocksdb::WriteBatch;
use std::collections::BTreeSet;
use tidegauge_features::{DEFINITIONS, FeatureSet};
use tidegauge_model::BlockNumber;

/// Differences that an error names; more are counted.
const MAX_NAMED: usize = 6;

/// Goes on with the set, extends it, begins a rebuild, or refuses.
pub(crate) fn admit(
    db: &Database,
    mut head: Head,
    options: &StoreOptions,
) -> Result<Head, StoreError> {
    let ours = StoredSet::ours(&options.features);
    let rebuilding = head.derived.rebuild.is_some();
    let key = if rebuilding {
        NEXT_FEATURES_KEY
    } else {
        FEATURES_KEY
    };
    let Some(stored) = stored_set(db, key)? else {
        // An older format knew none.
        write(db, key, &ours, &head)?;
        return Ok(head);
    };
    if stored == ours {
        return Ok(head);
    }
    let nothing_derived = !rebuilding && head.derived.to.is_none();
    if nothing_derived || continues(&stored, &ours, head.tip.map(|tip| tip.number)) {
        write(db, key, &ours, &head)?;
        return Ok(head);
    }
    if !options.rebuild {
        return Err(StoreError::FeaturesChanged {
            path: db.path().to_owned(),
            differences: differences(&stored, &ours),
        });
    }
    head.derived.rebuild();
    write(db, NEXT_FEATURES_KEY, &ours, &head)?;
    Ok(head)
}

/// Notes by which set a rebuild computes.
pub(crate) fn put_next(draft: &mut Draft<'_>, set: &FeatureSet) -> Result<(), StoreError> {
    put(draft, NEXT_FEATURES_KEY, set)
}

/// Notes that a rebuild's set is in force.
pub(crate) fn put_in_force(draft: &mut Draft<'_>, set: &FeatureSet) -> Result<(), StoreError> {
    draft.delete_apart(Family::Meta, NEXT_FEATURES_KEY);
    put(draft, FEATURES_KEY, set)
}

fn put(draft: &mut Draft<'_>, key: &[u8], set: &FeatureSet) -> Result<(), StoreError> {
    let mut value = Vec::new();
    encode_feature_set(&StoredSet::ours(set), &mut value)
        .map_err(|e| damaged(Family::Meta, key, e))?;
    draft.put_apart(Family::Meta, key, &value);
    Ok(())
}

/// A set that `meta` keeps.
fn stored_set(db: &Database, key: &[u8]) -> Result<Option<StoredSet>, StoreError> {
    db.get(Family::Meta, key)?
        .map(|value| decode_feature_set(&value).map_err(|e| damaged(Family::Meta, key, e)))
        .transpose()
}

fn write(db: &Database, key: &[u8], set: &StoredSet, head: &Head) -> Result<(), StoreError> {
    let mut batch = WriteBatch::default();
    let meta = db.family(Family::Meta)?;
    let mut value = Vec::new();
    encode_feature_set(set, &mut value).map_err(|e| damaged(Family::Meta, key, e))?;
    batch.put_cf(meta, key, &value);
    value.clear();
    encode_head(head, &mut value).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))?;
    batch.put_cf(meta, HEAD_KEY, &value);
    db.write(batch)
}

/// Whether every number up to the tip is the same by both: only entries that come into force
/// later were added.
fn continues(stored: &StoredSet, ours: &StoredSet, tip: Option<BlockNumber>) -> bool {
    let (stored, ours) = (lines(stored), lines(ours));
    stored.is_subset(&ours) && ours.difference(&stored).all(|line| is_later(line, tip))
}

/// The facts that numbers depend on; entries of lists end in the height from which they count.
fn lines(stored: &StoredSet) -> BTreeSet<String> {
    let text = stored.set.text(BlockNumber(u64::MAX));
    let ours = format!("definitions {DEFINITIONS}");
    text.lines()
        .map(|line| {
            if line == ours {
                format!("definitions {}", stored.definitions)
            } else {
                line.to_owned()
            }
        })
        .collect()
}

fn is_later(line: &str, tip: Option<BlockNumber>) -> bool {
    let mut words = line.split(' ').skip(2);
    match (words.next().map(str::parse), words.next()) {
        (Some(Ok(height)), None) => tip.is_none_or(|tip| BlockNumber(height) > tip),
        _ => false,
    }
}

fn differences(stored: &StoredSet, ours: &StoredSet) -> String {
    let (stored, ours) = (lines(stored), lines(ours));
    let gone = stored
        .difference(&ours)
        .map(|line| format!("without `{line}`"));
    let new = ours
        .difference(&stored)
        .map(|line| format!("with `{line}`"));
    let mut all: Vec<_> = gone.chain(new).collect();
    let more = all.len().saturating_sub(MAX_NAMED);
    all.truncate(MAX_NAMED);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidegauge_model::{Address, ChainId, Listed, Lists, UserKey};

    fn set(entries: &[(u8, u64)], user: UserKey) -> StoredSet {
        let anchors = entries.iter().map(|(byte, height)| Listed {
            of: Address::repeat_byte(*byte),
            effective_block: BlockNumber(*height),
        });
        StoredSet::ours(&FeatureSet {
            chain: ChainId(1),
            user,
            lists: Lists {
                anchors: anchors.collect(),
                ..Lists::default()
            },
        })
    }

    #[test]
    fn only_entries_in_force_later_may_be_added() {
        use UserKey::{Origin, Sender};
        let stored = set(&[(1, 0), (2, 50)], Origin);
        for (name, ours, holds) in [
            ("the same", set(&[(1, 0), (2, 50)], Origin), true),
            ("in another order", set(&[(2, 50), (1, 0)], Origin), true),
            (
                "a later entry",
                set(&[(1, 0), (2, 50), (3, 101)], Origin),
                true,
            ),
            (
                "one at the tip",
                set(&[(1, 0), (2, 50), (3, 100)], Origin),
                false,
            ),
            ("one fewer", set(&[(1, 0)], Origin), false),
            ("at another height", set(&[(1, 0), (2, 51)], Origin), false),
            ("another user", set(&[(1, 0), (2, 50)], Sender), false),
        ] {
            let tip = Some(BlockNumber(100));
            assert_eq!(continues(&stored, &ours, tip), holds, "{name}");
        }
        let mut older = stored.clone();
        older.definitions += 1;
        assert!(!continues(&older, &stored, Some(BlockNumber(100))));
        assert!(differences(&older, &stored).contains("definitions"));
    }

    #[test]
    fn many_differences_are_counted() {
        let many: Vec<_> = (1..20).map(|byte| (byte, 0)).collect();
        let text = differences(&set(&[], UserKey::Origin), &set(&many, UserKey::Origin));
        assert!(text.ends_with("and 13 more"), "{text}");
    }
}
