//! RocksDB opened: lookups, the one write, and errors in our words.

use crate::codec_error::CodecError;
use crate::error::StoreError;
use crate::families::{FAMILIES, Family};
use crate::generation::Generation;
use crate::options::durable;
use rocksdb::{ColumnFamily, DB, WriteBatch};
use std::path::{Path, PathBuf};
use std::sync::RwLock;

/// An open RocksDB with all our families.
pub(crate) struct Database {
    pub(crate) rocks: DB,
    pub(crate) path: PathBuf,
    /// Only beside a writer: views hold it, catching up needs it alone, because
    /// such an instance has no snapshots.
    pub(crate) still: Option<RwLock<()>>,
}

impl Database {
    /// A family that is not derived.
    pub(crate) fn family(&self, family: Family) -> Result<&ColumnFamily, StoreError> {
        assert!(!family.is_derived(), "{family} has two places");
        self.column(family, Generation::First)
    }

    /// A family as it is in a generation.
    pub(crate) fn column(
        &self,
        family: Family,
        generation: Generation,
    ) -> Result<&ColumnFamily, StoreError> {
        let name = family.name_in(generation);
        self.rocks
            .cf_handle(name)
            .ok_or_else(|| StoreError::Contradiction(format!("family `{name}` is missing")))
    }

    /// All families by discriminant, as they are in a generation.
    pub(crate) fn columns(&self, generation: Generation) -> Result<Vec<&ColumnFamily>, StoreError> {
        FAMILIES
            .iter()
            .map(|d| self.column(d.family, generation))
            .collect()
    }

    /// Every family in each of its places.
    pub(crate) fn every_column(&self) -> Result<Vec<(Family, &ColumnFamily)>, StoreError> {
        let mut all = Vec::new();
        for declaration in &FAMILIES {
            let family = declaration.family;
            all.push((family, self.column(family, Generation::First)?));
            if family.is_derived() {
                all.push((family, self.column(family, Generation::Second)?));
            }
        }
        Ok(all)
    }

    pub(crate) fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rocks
            .get_cf(self.family(family)?, key)
            .map_err(|e| unreadable(family, &e))
    }

    /// Writes the batch whole and durably.
    pub(crate) fn write(&self, batch: WriteBatch) -> Result<(), StoreError> {
        self.rocks
            .write_opt(batch, &durable())
            .map_err(|e| StoreError::WriteFailed {
                path: self.path.clone(),
                message: e.into_string(),
            })
    }

    /// Writes memory out to files, so that the next start has no log to read.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        let columns: Vec<_> = self.every_column()?.into_iter().map(|(_, c)| c).collect();
        self.rocks
            .flush_cfs_opt(&columns, &rocksdb::FlushOptions::default())
            .map_err(|e| StoreError::WriteFailed {
                path: self.path.clone(),
                message: e.into_string(),
            })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.rocks.cancel_all_background_work(true);
    }
}

/// A failed read in our words.
pub(crate) fn unreadable(family: Family, error: &rocksdb::Error) -> StoreError {
    StoreError::Read {
        family,
        message: error.to_string(),
    }
}

/// Undecodable bytes in our words.
pub(crate) fn damaged(family: Family, key: &[u8], source: CodecError) -> StoreError {
    StoreError::Damaged {
        family,
        key: alloy_primitives::hex::encode(key),
        source,
    }
}
