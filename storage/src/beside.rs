//! Reading beside a running writer, from another process.

use crate::database::Database;
use crate::end_check::check_end;
use crate::error::StoreError;
use crate::folder::{self, Content};
use crate::meta::{FORMAT, FORMAT_KEY};
use crate::open::{admit_families, admit_identity, number, older, older_format, within};
use crate::options::Tuning;
use crate::view::Reader;
use rocksdb::DB;
use std::path::Path;
use std::sync::{Arc, RwLock, TryLockError};
use std::time::Duration;

/// The writer may remove a file between being listed and being opened; then look again.
const ATTEMPTS: usize = 8;

/// Opening reads the writer's log into memory.
const OPEN_DEADLINE: Duration = Duration::from_secs(120);

impl Reader {
    /// Opens a store that another process may be writing, or none.
    ///
    /// Writes nothing in its folder; RocksDB's own log goes to `scratch`. The
    /// reader stays at the state it found until [`Reader::catch_up`].
    pub fn open_beside(path: &Path, scratch: &Path, memory_mib: usize) -> Result<Self, StoreError> {
        if folder::content(path)? == Content::Nothing {
            return Err(StoreError::Missing {
                path: path.to_owned(),
            });
        }
        std::fs::create_dir_all(scratch).map_err(|source| StoreError::NotWritable {
            path: scratch.to_owned(),
            source,
        })?;
        let mut last = Err(StoreError::Unsettled {
            path: path.to_owned(),
        });
        for _ in 0..ATTEMPTS {
            let scratch = scratch.to_owned();
            last = within(path, OPEN_DEADLINE, move |path| {
                open_secondary(path, &scratch, memory_mib)
            });
            // What races with the writer fails as an open error; anything else is final.
            if !matches!(last, Err(StoreError::Open { .. })) {
                break;
            }
        }
        let db = last?;
        let format = number(&db, FORMAT_KEY)?.ok_or_else(|| StoreError::Missing {
            path: path.to_owned(),
        })?;
        admit_identity(&db, format, None)?;
        if format < u64::from(FORMAT) {
            // Its families are ours already: a migration was cut short.
            return Err(older(path, u32::try_from(format).unwrap_or(0)));
        }
        let reader = Self::of(Arc::new(db));
        reader.settle()?;
        Ok(reader)
    }

    /// Moves on to what the writer has committed meanwhile. In the writer's own
    /// process there is nothing to do.
    pub fn catch_up(&self) -> Result<(), StoreError> {
        if self.database().still.is_none() {
            return Ok(());
        }
        self.follow()?;
        self.settle()
    }

    fn follow(&self) -> Result<(), StoreError> {
        let Some(still) = &self.database().still else {
            return Ok(());
        };
        let _alone = match still.try_write() {
            Ok(guard) => guard,
            // Poison says nothing here: the lock guards no data.
            Err(TryLockError::Poisoned(guard)) => guard.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(StoreError::ViewOpen),
        };
        self.database()
            .rocks
            .try_catch_up_with_primary()
            .map_err(|e| StoreError::Open {
                path: self.database().path().to_owned(),
                message: e.into_string(),
            })
    }

    /// Files and log are read one after the other, so a state met in between may mix
    /// two commits; it shows at the end, and following again passes it.
    fn settle(&self) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            // The view must be gone before following again.
            let end = check_end(&self.view()?);
            match end {
                Ok(()) => return Ok(()),
                Err(StoreError::Contradiction(_)) => self.follow()?,
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Unsettled {
            path: self.database().path().to_owned(),
        })
    }
}

fn open_secondary(path: &Path, scratch: &Path, memory_mib: usize) -> Result<Database, StoreError> {
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
    let tuning = Tuning::beside(memory_mib);
    let failed = |e: rocksdb::Error| StoreError::Open {
        path: path.to_owned(),
        message: e.into_string(),
    };
    let rocks = DB::open_cf_descriptors_as_secondary(
        &tuning.database_beside().map_err(failed)?,
        path,
        scratch,
        tuning.families().map_err(failed)?,
    )
    .map_err(failed)?;
    Ok(Database {
        rocks,
        path: path.to_owned(),
        still: Some(RwLock::new(())),
    })
}
