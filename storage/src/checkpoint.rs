//! Checkpoints: the store as it is now, as a folder of its own, while its writer goes on.
//!
//! RocksDB writes memory out, links its table files, which never change, and copies the rest up to
//! one moment: the manifest, and what of the log came in meanwhile. So a checkpoint is one state
//! between two steps, and its own head says which; nothing of it is ever written.

use crate::codec::encode_number;
use crate::database::{Database, damaged, unreadable};
use crate::end_check::check_end;
use crate::error::StoreError;
use crate::families::Family;
use crate::folder::{self, Content};
use crate::meta::{EPOCH_KEY, FORMAT, FORMAT_KEY};
use crate::open::{self, admit_families, admit_identity, number, older, older_format, within};
use crate::options::Tuning;
use crate::view::{Identity, Reader};
use rocksdb::{DB, ReadOptions, WriteBatch};
use std::path::Path;
use std::sync::{Arc, RwLock};
use std::time::Duration;

/// Opening one reads little of a log; a damaged one can make RocksDB spin.
const OPEN_DEADLINE: Duration = Duration::from_secs(120);

/// It is read once, from one end to the other: a cache would be of no use.
const MEMORY_MIB: usize = 32;

/// How much is read ahead of a scan of everything.
const READAHEAD_BYTES: usize = 2 * 1024 * 1024;

/// The scan says how far it is once in this many bytes.
const HEARD_EVERY_BYTES: u64 = 16 * 1024 * 1024;

/// The store at one moment, as a folder of its own.
pub struct Checkpoint {
    /// Reads it.
    pub reader: Reader,
    /// What it consists of, by name.
    pub files: Vec<CheckpointFile>,
}

/// A file of a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckpointFile {
    /// Its name, without a folder.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Whether it is a table: such a file has this content for ever.
    pub is_table: bool,
}

impl Reader {
    /// Makes a checkpoint in a folder that does not exist, on the store's own file system, while
    /// the writer goes on. Of what fails nothing is left.
    ///
    /// So many bytes stay free: a flush that finds no room would stop the writer.
    pub fn checkpoint(
        &self,
        folder: &Path,
        least_free_bytes: u64,
    ) -> Result<Checkpoint, StoreError> {
        let database = self.database();
        if database.still.is_some() {
            return Err(StoreError::NotTheWriter {
                path: database.path().to_owned(),
            });
        }
        let in_memory = memory_bytes(database)?;
        folder::require_space(database.path(), least_free_bytes.saturating_add(in_memory))?;
        let made = rocksdb::checkpoint::Checkpoint::new(&database.rocks)
            .and_then(|checkpoint| checkpoint.create_checkpoint(folder))
            .map_err(|error| StoreError::Checkpoint {
                path: folder.to_owned(),
                message: error.into_string(),
            })
            .and_then(|()| Checkpoint::open(folder));
        if made.is_err() {
            // Whoever hears of the failure is told by it, not by what is left.
            let _ = std::fs::remove_dir_all(folder);
        }
        made
    }

    /// The store's folder.
    pub fn folder(&self) -> &Path {
        self.database().path()
    }

    /// Reads every key and value of every family, which compares every checksum in the tables;
    /// gives the bytes read. `heard` is told how many, now and then.
    pub fn read_through(&self, mut heard: impl FnMut(u64)) -> Result<u64, StoreError> {
        let database = self.database();
        let (mut read, mut told) = (0, 0);
        for (family, column) in database.every_column()? {
            let mut options = ReadOptions::default();
            options.fill_cache(false);
            options.set_readahead_size(READAHEAD_BYTES);
            let mut rows = database.rocks.raw_iterator_cf_opt(column, options);
            rows.seek_to_first();
            while let Some((key, value)) = rows.item() {
                read += (key.len() + value.len()) as u64;
                if read - told >= HEARD_EVERY_BYTES {
                    told = read;
                    heard(read);
                }
                rows.next();
            }
            rows.status().map_err(|e| unreadable(family, &e))?;
        }
        heard(read);
        Ok(read)
    }
}

impl Checkpoint {
    /// Opens one without writing to it, and checks its end as a start does.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        if folder::content(folder)? == Content::Nothing {
            return Err(StoreError::Missing {
                path: folder.to_owned(),
            });
        }
        let files = files(folder).map_err(|source| StoreError::NotReadable {
            path: folder.to_owned(),
            source,
        })?;
        let db = within(folder, OPEN_DEADLINE, open_read_only)?;
        let format = number(&db, FORMAT_KEY)?.ok_or_else(|| StoreError::Missing {
            path: folder.to_owned(),
        })?;
        admit_identity(&db, format, None)?;
        if format < u64::from(FORMAT) {
            return Err(older(folder, u32::try_from(format).unwrap_or(0)));
        }
        let reader = Reader::of(Arc::new(db));
        check_end(&reader.view()?)?;
        Ok(Self { reader, files })
    }
}

/// Makes a folder that holds a checkpoint, and nothing else uses, a store in a life of its own:
/// marked as ours, and of this epoch, which lies above the one that it had.
pub fn revive(folder: &Path, epoch: u64) -> Result<Identity, StoreError> {
    folder::create(folder)?;
    let db = within(folder, OPEN_DEADLINE, |path| {
        open::open_rocks(path, Content::Marked, false, MEMORY_MIB)
    })?;
    let reader = Reader::of(Arc::new(db));
    let found = reader.view()?.identity()?;
    if found.epoch > epoch {
        return Err(StoreError::EpochFalls {
            path: folder.to_owned(),
            found: found.epoch,
            wanted: epoch,
        });
    }
    let mut value = Vec::new();
    encode_number(epoch, &mut value).map_err(|e| damaged(Family::Meta, EPOCH_KEY, e))?;
    let db = reader.database();
    let mut batch = WriteBatch::default();
    batch.put_cf(db.family(Family::Meta)?, EPOCH_KEY, value);
    db.write(batch)?;
    db.flush()?;
    Ok(Identity { epoch, ..found })
}

/// What a flush of everything may write.
fn memory_bytes(database: &Database) -> Result<u64, StoreError> {
    let mut bytes = 0u64;
    for (family, column) in database.every_column()? {
        let found = database
            .rocks
            .property_int_value_cf(column, rocksdb::properties::CUR_SIZE_ALL_MEM_TABLES)
            .map_err(|e| unreadable(family, &e))?;
        bytes = bytes.saturating_add(found.unwrap_or(0));
    }
    Ok(bytes)
}

fn files(folder: &Path) -> std::io::Result<Vec<CheckpointFile>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            files.push(CheckpointFile {
                is_table: name.ends_with(".sst"),
                bytes: metadata.len(),
                name,
            });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn open_read_only(path: &Path) -> Result<Database, StoreError> {
    let missing = admit_families(path)?;
    if !missing.is_empty() {
        if let Some(found) = older_format(path)? {
            return Err(older(path, found));
        }
        return Err(StoreError::NotAStore {
            path: path.to_owned(),
            why: format!("its families `{}` are missing", missing.join("`, `")),
        });
    }
    let tuning = Tuning::new(MEMORY_MIB);
    let failed = |e: rocksdb::Error| StoreError::Open {
        path: path.to_owned(),
        message: e.into_string(),
    };
    let rocks = DB::open_cf_descriptors_read_only(
        // Logs are verified by the manifest: without that RocksDB 11.8.1 means to forget them,
        // and has nothing to write it with (met as a crash).
        &tuning.database(false).map_err(failed)?,
        path,
        tuning.families().map_err(failed)?,
        false,
    )
    .map_err(failed)?;
    Ok(Database {
        rocks,
        path: path.to_owned(),
        // Such an instance has no snapshots, and nothing changes.
        still: Some(RwLock::new(())),
    })
}
