//! Opening: refuse what is not ours, make what is missing, migrate what is older.

use crate::codec::{
    StoredSet, decode_head, decode_number, encode_feature_set, encode_head, encode_number,
    encode_uuid,
};
use crate::database::{Database, damaged, unreadable};
use crate::derive;
use crate::error::StoreError;
use crate::failpoint::{self, reach};
use crate::families::{self, Family};
use crate::folder::{self, Content, PidNote};
use crate::head::Head;
use crate::meta::{CHAIN_KEY, EPOCH_KEY, FEATURES_KEY, FORMAT, FORMAT_KEY, HEAD_KEY, IDENTITY_KEY};
use crate::migrate;
use crate::open_options::{Create, StoreOptions};
use crate::options::Tuning;
use rocksdb::{DB, Options, WriteBatch};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use tidegauge_model::{ChainId, PoolId, PoolVerdict};
use uuid::Uuid;

/// The epoch of a new store; taking over from another collector raises it.
const FIRST_EPOCH: u64 = 1;

/// An opened store, not yet checked.
pub(crate) struct Opened {
    pub(crate) db: Database,
    pub(crate) head: Head,
    pub(crate) accepted: HashSet<PoolId>,
    pub(crate) note: PidNote,
}

/// Opens within the deadline.
pub(crate) fn open(path: &Path, options: &StoreOptions) -> Result<Opened, StoreError> {
    failpoint::arm();
    let content = folder::content(path)?;
    let create = options.create == Create::IfEmpty;
    match content {
        Content::Nothing if !create => {
            return Err(StoreError::Missing {
                path: path.to_owned(),
            });
        }
        Content::Nothing => {
            folder::create(path)?;
            reach(failpoint::CREATE_MARKED);
        }
        Content::Marked | Content::Unmarked => folder::probe(path)?,
    }
    folder::require_space(path, options.least_free_bytes)?;
    let memory_mib = options.memory_mib;
    let db = within(path, options.open_deadline, move |path| {
        open_rocks(path, content, create, memory_mib)
    })?;
    let note = folder::note_pid(path)?;
    reach(failpoint::OPENED);
    let head = admit(&db, options)?;
    let accepted = accepted_pools(&db)?;
    Ok(Opened {
        db,
        head,
        accepted,
        note,
    })
}

/// Runs `work` in a thread of its own: a damaged log can make RocksDB's open spin
/// forever. Such a thread cannot be stopped; the caller ends the process.
pub(crate) fn within(
    path: &Path,
    deadline: Duration,
    work: impl FnOnce(&Path) -> Result<Database, StoreError> + Send + 'static,
) -> Result<Database, StoreError> {
    let (done, wait) = mpsc::sync_channel(1);
    let folder: PathBuf = path.to_owned();
    std::thread::Builder::new()
        .name("store-open".to_owned())
        .spawn(move || {
            // The receiver is gone after the deadline; then nobody wants the answer.
            let _ = done.send(work(&folder));
        })
        .map_err(|e| StoreError::Open {
            path: path.to_owned(),
            message: format!("cannot start a thread: {e}"),
        })?;
    match wait.recv_timeout(deadline) {
        Ok(opened) => opened,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(StoreError::OpenTimedOut {
            path: path.to_owned(),
            deadline,
        }),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(StoreError::Open {
            path: path.to_owned(),
            message: "the opening thread ended without an answer".to_owned(),
        }),
    }
}

/// Opens for writing; a creation that was cut short, or an older format, gets the families that it lacks.
pub(crate) fn open_rocks(
    path: &Path,
    content: Content,
    create: bool,
    memory_mib: usize,
) -> Result<Database, StoreError> {
    if content != Content::Nothing {
        let missing = admit_families(path)?;
        // A creation that was cut short left some families out, an older format does not
        // know them: they are made now.
        let unfinished = content == Content::Marked && create;
        if !missing.is_empty() && !unfinished && older_format(path)?.is_none() {
            return Err(StoreError::NotAStore {
                path: path.to_owned(),
                why: format!("its families `{}` are missing", missing.join("`, `")),
            });
        }
    }
    let tuning = Tuning::new(memory_mib);
    let failed = |e: rocksdb::Error| open_failed(path, e);
    let mut whole = tuning.database(create).map_err(failed)?;
    whole.create_missing_column_families(true);
    let rocks = DB::open_cf_descriptors(&whole, path, tuning.families().map_err(failed)?)
        .map_err(failed)?;
    Ok(Database {
        rocks,
        path: path.to_owned(),
        still: None,
    })
}

/// Declared families that the folder lacks; an error if it holds others.
pub(crate) fn admit_families(path: &Path) -> Result<Vec<&'static str>, StoreError> {
    let found = DB::list_cf(&Options::default(), path).map_err(|e| open_failed(path, e))?;
    let ours = |name: &str| {
        name == rocksdb::DEFAULT_COLUMN_FAMILY_NAME || families::names().any(|ours| ours == name)
    };
    if let Some(foreign) = found.iter().find(|name| !ours(name)) {
        if let Some(format) = format_on_disk(path, &found)
            && format > FORMAT
        {
            return Err(StoreError::NewerFormat {
                path: path.to_owned(),
                found: format,
                supported: FORMAT,
            });
        }
        return Err(StoreError::NotAStore {
            path: path.to_owned(),
            why: format!("it holds an unknown family `{foreign}`"),
        });
    }
    Ok(families::names()
        .filter(|name| !found.iter().any(|f| f == name))
        .collect())
}

/// The format of a store that is older than ours; `None` if it is not, or says none.
pub(crate) fn older_format(path: &Path) -> Result<Option<u32>, StoreError> {
    let found = DB::list_cf(&Options::default(), path).map_err(|e| open_failed(path, e))?;
    Ok(format_on_disk(path, &found).filter(|format| *format < FORMAT))
}

/// That a reader met an older format: it migrates nothing.
pub(crate) fn older(path: &Path, found: u32) -> StoreError {
    StoreError::OlderFormat {
        path: path.to_owned(),
        found,
        current: FORMAT,
    }
}

/// The format of a store whose families are not ours; `None` if it says none.
fn format_on_disk(path: &Path, families: &[String]) -> Option<u32> {
    let meta = Family::Meta.name();
    if !families.iter().any(|f| f == meta) {
        return None;
    }
    let mut options = Options::default();
    // Without it RocksDB 11.8.1 crashes on a manifest that names logs.
    options.set_track_and_verify_wals_in_manifest(true);
    let db = DB::open_cf_for_read_only(
        &options,
        path,
        [rocksdb::DEFAULT_COLUMN_FAMILY_NAME, meta],
        false,
    )
    .ok()?;
    let value = db.get_cf(db.cf_handle(meta)?, FORMAT_KEY).ok()??;
    u32::try_from(decode_number(&value).ok()?).ok()
}

fn open_failed(path: &Path, error: rocksdb::Error) -> StoreError {
    let message = error.into_string();
    if message.contains("While lock file") || message.contains("lock hold by current process") {
        return StoreError::Locked {
            path: path.to_owned(),
            pid: folder::noted_pid(path),
        };
    }
    StoreError::Open {
        path: path.to_owned(),
        message,
    }
}

/// Reads who the store is, or says who it shall be.
fn admit(db: &Database, options: &StoreOptions) -> Result<Head, StoreError> {
    let Some(format) = number(db, FORMAT_KEY)? else {
        // The format is written with the first batch: without it there is nothing at all.
        if options.create == Create::IfEmpty {
            return initialise(db, options);
        }
        return Err(StoreError::Missing {
            path: db.path().to_owned(),
        });
    };
    admit_identity(db, format, Some(options.chain_id))?;
    migrate::migrate(db, format)?;
    derive::admit(db, head(db)?, options)
}

/// Refuses a newer format, and another chain than the one wanted.
pub(crate) fn admit_identity(
    db: &Database,
    format: u64,
    wanted: Option<ChainId>,
) -> Result<(), StoreError> {
    let path = || db.path().to_owned();
    if format > u64::from(FORMAT) {
        return Err(StoreError::NewerFormat {
            path: path(),
            found: u32::try_from(format).unwrap_or(u32::MAX),
            supported: FORMAT,
        });
    }
    let found = ChainId(required(db, CHAIN_KEY)?);
    match wanted {
        Some(wanted) if wanted != found => Err(StoreError::WrongChain {
            path: path(),
            found,
            wanted,
        }),
        _ => Ok(()),
    }
}

fn initialise(db: &Database, options: &StoreOptions) -> Result<Head, StoreError> {
    let head = Head::default();
    let meta = db.family(Family::Meta)?;
    let mut batch = WriteBatch::default();
    let mut put = |key: &[u8], encode: &dyn Fn(&mut Vec<u8>) -> Result<(), _>| {
        let mut value = Vec::new();
        encode(&mut value).map_err(|e| damaged(Family::Meta, key, e))?;
        batch.put_cf(meta, key, value);
        Ok::<_, StoreError>(())
    };
    put(FORMAT_KEY, &|out| encode_number(u64::from(FORMAT), out))?;
    put(CHAIN_KEY, &|out| encode_number(options.chain_id.0, out))?;
    put(IDENTITY_KEY, &|out| encode_uuid(Uuid::new_v4(), out))?;
    put(EPOCH_KEY, &|out| encode_number(FIRST_EPOCH, out))?;
    put(HEAD_KEY, &|out| encode_head(&head, out))?;
    let set = StoredSet::ours(&options.features);
    put(FEATURES_KEY, &|out| encode_feature_set(&set, out))?;
    reach(failpoint::CREATE_BEFORE_WRITE);
    db.write(batch)?;
    reach(failpoint::CREATE_AFTER_WRITE);
    Ok(head)
}

fn head(db: &Database) -> Result<Head, StoreError> {
    let value = db
        .get(Family::Meta, HEAD_KEY)?
        .ok_or_else(|| StoreError::Contradiction("its head is missing".to_owned()))?;
    decode_head(&value).map_err(|e| damaged(Family::Meta, HEAD_KEY, e))
}

/// A number of `meta`.
pub(crate) fn number(db: &Database, key: &[u8]) -> Result<Option<u64>, StoreError> {
    db.get(Family::Meta, key)?
        .map(|value| decode_number(&value).map_err(|e| damaged(Family::Meta, key, e)))
        .transpose()
}

fn required(db: &Database, key: &[u8]) -> Result<u64, StoreError> {
    number(db, key)?.ok_or_else(|| {
        StoreError::Contradiction(format!(
            "`{}` is missing in `meta`",
            String::from_utf8_lossy(key)
        ))
    })
}

fn accepted_pools(db: &Database) -> Result<HashSet<PoolId>, StoreError> {
    let mut accepted = HashSet::new();
    let mut rows = db.rocks.raw_iterator_cf(db.family(Family::Pools)?);
    rows.seek_to_first();
    while let Some((key, value)) = rows.item() {
        let verdict =
            crate::codec::decode_verdict(key, value).map_err(|e| damaged(Family::Pools, key, e))?;
        if let PoolVerdict::Accepted(pool) = verdict {
            accepted.insert(pool.id);
        }
        rows.next();
    }
    rows.status().map_err(|e| unreadable(Family::Pools, &e))?;
    Ok(accepted)
}
