//! Migrations: each leads to one format, and its writes and that format's number are one batch.

use crate::codec::{
    JournalEntry, decode_head_1, decode_head_2, decode_journal_1, encode_head, encode_head_2,
    encode_journal, encode_number,
};
use crate::database::{Database, damaged};
use crate::error::StoreError;
use crate::failpoint::{self, reach};
use crate::families::{Family, Reversal};
use crate::keys::block_key;
use crate::meta::{FORMAT_KEY, HEAD_KEY};
use crate::scan::{Bounds, RawScan};
use rocksdb::WriteBatch;

type Migration = fn(&Database, &mut WriteBatch) -> Result<(), StoreError>;

/// Each by the format that it leads to, ascending.
const MIGRATIONS: [(u32, Migration); 3] = [(2, to_2), (3, to_3), (4, to_4)];

/// Brings a store of an older format to ours.
pub(crate) fn migrate(db: &Database, found: u64) -> Result<(), StoreError> {
    for (to, migration) in MIGRATIONS {
        if u64::from(to) <= found {
            continue;
        }
        let mut batch = WriteBatch::default();
        migration(db, &mut batch)?;
        let mut value = Vec::new();
        encode_number(u64::from(to), &mut value)
            .map_err(|e| damaged(Family::Meta, FORMAT_KEY, e))?;
        batch.put_cf(db.family(Family::Meta)?, FORMAT_KEY, value);
        reach(failpoint::MIGRATE_BEFORE_WRITE);
        db.write(batch)?;
        reach(failpoint::MIGRATE_AFTER_WRITE);
    }
    Ok(())
}

/// Disputes come, and opening made their family. Journal entries no longer hold counters
/// and coverage, which a repair of blocks below would make wrong, but their own logs.
fn to_2(db: &Database, batch: &mut WriteBatch) -> Result<(), StoreError> {
    let mut head = decode_head_1(&head(db)?).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))?;
    let journal = db.family(Family::Journal)?;
    let rows = db
        .rocks
        .raw_iterator_cf_opt(journal, Bounds::all().read_options());
    // Newest first: an entry's logs are those before the next one without those before it.
    let mut rows = RawScan::descending(Family::Journal, rows);
    let mut logs_after = head.counters.logs;
    head.journal_bytes = 0;
    while let Some(old) = rows.next_with(decode_journal_1) {
        let old = old?;
        let entry = JournalEntry {
            from: old.from,
            before: old.before,
            tally: crate::draft::without(logs_after, old.logs_before)?,
            touched: old
                .touched
                .into_iter()
                .filter(|t| t.family.declaration().reversal != Reversal::CutBack)
                .collect(),
        };
        logs_after = old.logs_before;
        let key = block_key(old.to);
        let mut value = Vec::new();
        encode_journal(&entry, &mut value).map_err(|e| damaged(Family::Journal, &key, e))?;
        head.journal_bytes += value.len() as u64;
        batch.put_cf(journal, key, value);
    }
    let mut value = Vec::new();
    encode_head_2(&head, &mut value).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))?;
    batch.put_cf(db.family(Family::Meta)?, HEAD_KEY, value);
    Ok(())
}

/// What is derived from the rows comes, and opening made its families; nothing is derived
/// yet, so that everything is to be.
fn to_3(db: &Database, batch: &mut WriteBatch) -> Result<(), StoreError> {
    let mut head = decode_head_2(&head(db)?).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))?;
    if head.tip.is_some() {
        head.derived.rebuild();
    }
    let mut value = Vec::new();
    encode_head(&head, &mut value).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))?;
    batch.put_cf(db.family(Family::Meta)?, HEAD_KEY, value);
    Ok(())
}

/// The program's own records come, and opening made their families: there are none yet.
fn to_4(_: &Database, _: &mut WriteBatch) -> Result<(), StoreError> {
    Ok(())
}

fn head(db: &Database) -> Result<Vec<u8>, StoreError> {
    db.get(Family::Meta, HEAD_KEY)?
        .ok_or_else(|| StoreError::Contradiction("its head is missing".to_owned()))
}
