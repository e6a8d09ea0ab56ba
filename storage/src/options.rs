//! RocksDB's options, derived from the families' declarations and one memory budget.
//!
//! The load is small, so the options buy integrity and bounded memory. The
//! budget `memory_mib` (default 192 of the process's 512 MiB) adds up as:
//!
//! | share | for | why |
//! |---|---|---|
//! | 7/8 | one cache for all families: data, index and filter blocks, and write buffers, which are charged to it | the only place where memory grows with the data |
//! | of these at most 1/2 of the whole | write buffers of all families | a flush starts when they reach it; each family also has at most 3 buffers of its own |
//! | 1/8 | outside the cache: table readers, compaction's buffers, one batch of at most 16 MiB and its log | named, not charged |

use crate::families::{Access, Declaration, FAMILIES};
use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType,
    DBRecoveryMode, Error, Options, WriteBufferManager, WriteOptions,
};

const MIB: usize = 1024 * 1024;

/// The smallest budget that still works, in MiB.
const LEAST_MEMORY_MIB: usize = 32;

/// Write buffers of the families with much data, as a share of the budget.
const LARGE_BUFFER_SHARE: usize = 8;
const LARGE_BUFFERS: i32 = 3;

/// Write buffers of the others.
const SMALL_BUFFER_SHARE: usize = 32;
const SMALL_BUFFERS: i32 = 2;

/// Data blocks that scans read, and those that lookups read.
const SCAN_BLOCK_BYTES: usize = 16 * 1024;
const LOOKUP_BLOCK_BYTES: usize = 4 * 1024;

/// Bits of bloom filter per key where keys are looked up in vain.
const FILTER_BITS: f64 = 10.0;

/// Bounds the time a start after a kill needs to read the log again.
const LOG_CEILING_BYTES: u64 = 256 * MIB as u64;

/// Cold data is rewritten, and thereby verified, this often.
const REWRITE_AFTER_SECONDS: u64 = 30 * 24 * 60 * 60;

/// What no setter reaches: every new file is read again and compared with what went
/// into it, and keys and blocks are checksummed in memory too.
const INTEGRITY: &str = "paranoid_file_checks=true;memtable_protection_bytes_per_key=8;\
    block_protection_bytes_per_key=8";

/// The same of a process that reads for a while and writes nothing: a block is checked as a whole
/// when it is read, and does not lie in memory for long enough to check each key of it.
const INTEGRITY_BESIDE: &str = "paranoid_file_checks=true;memtable_protection_bytes_per_key=8";

/// Everything that opening needs; the cache must be shared by all families.
pub(crate) struct Tuning {
    memory_bytes: usize,
    cache: Cache,
    integrity: &'static str,
}

impl Tuning {
    pub(crate) fn new(memory_mib: usize) -> Self {
        let memory_bytes = memory_mib.max(LEAST_MEMORY_MIB).saturating_mul(MIB);
        Self {
            memory_bytes,
            cache: Cache::new_lru_cache(memory_bytes / 8 * 7),
            integrity: INTEGRITY,
        }
    }

    /// Of a reader beside the writer, which writes nothing.
    pub(crate) fn beside(memory_mib: usize) -> Self {
        Self {
            integrity: INTEGRITY_BESIDE,
            ..Self::new(memory_mib)
        }
    }

    /// Options of the whole; `create` allows a fresh one.
    pub(crate) fn database(&self, create: bool) -> Result<Options, Error> {
        let mut options = Options::default().get_options_from_string(self.integrity)?;
        options.create_if_missing(create);
        options.set_paranoid_checks(true);
        options.set_track_and_verify_wals_in_manifest(true);
        // Survives a torn tail after power loss; what it may lose is collected again.
        options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
        options.set_max_total_wal_size(LOG_CEILING_BYTES);
        options.set_write_buffer_manager(&WriteBufferManager::new_write_buffer_manager_with_cache(
            self.memory_bytes / 2,
            false,
            self.cache.clone(),
        ));
        // All files stay open: each was validated at the start.
        options.set_max_open_files(-1);
        options.set_max_background_jobs(2);
        options.set_max_subcompactions(1);
        // Of table files only: for the log it could leave holes.
        options.set_bytes_per_sync(MIB as u64);
        options.set_wal_bytes_per_sync(0);
        options.set_max_manifest_file_size(64 * MIB);
        options.set_keep_log_file_num(5);
        options.set_max_log_file_size(16 * MIB);
        Ok(options)
    }

    /// The same of a reader beside the writer, which cannot verify logs by the manifest.
    pub(crate) fn database_beside(&self) -> Result<Options, Error> {
        let mut options = self.database(false)?;
        options.set_track_and_verify_wals_in_manifest(false);
        Ok(options)
    }

    /// Every declared family with its options, and the default one, which stays empty.
    pub(crate) fn families(&self) -> Result<Vec<ColumnFamilyDescriptor>, Error> {
        let mut all = vec![ColumnFamilyDescriptor::new(
            rocksdb::DEFAULT_COLUMN_FAMILY_NAME,
            self.family(Access::PointLookups)?,
        )];
        for declaration in &FAMILIES {
            let Declaration { name, access, .. } = declaration;
            for name in std::iter::once(*name).chain(declaration.second_name) {
                all.push(ColumnFamilyDescriptor::new(name, self.family(*access)?));
            }
        }
        Ok(all)
    }

    fn family(&self, access: Access) -> Result<Options, Error> {
        let mut options = Options::default().get_options_from_string(self.integrity)?;
        let (share, buffers) = match access {
            Access::RangeScans | Access::Accumulating => (LARGE_BUFFER_SHARE, LARGE_BUFFERS),
            Access::Sequential | Access::PointLookups | Access::Queue => {
                (SMALL_BUFFER_SHARE, SMALL_BUFFERS)
            }
        };
        options.set_write_buffer_size(self.memory_bytes / share);
        options.set_max_write_buffer_number(buffers);
        options.set_level_compaction_dynamic_level_bytes(true);
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_periodic_compaction_seconds(REWRITE_AFTER_SECONDS);
        match access {
            Access::RangeScans | Access::Sequential | Access::Accumulating => {
                options.set_bottommost_compression_type(DBCompressionType::Zstd);
            }
            // Deletes follow writes closely: tombstones must not pile up before a scan.
            Access::Queue => options.add_compact_on_deletion_collector_factory(512, 256, 0.5),
            Access::PointLookups => {}
        }
        options.set_block_based_table_factory(&self.table(access));
        Ok(options)
    }

    fn table(&self, access: Access) -> BlockBasedOptions {
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(&self.cache);
        table.set_cache_index_and_filter_blocks(true);
        table.set_cache_index_and_filter_blocks_with_high_priority(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        match access {
            Access::PointLookups => {
                table.set_block_size(LOOKUP_BLOCK_BYTES);
                table.set_bloom_filter(FILTER_BITS, false);
                // In small parts: a whole filter of a large file, read for one key, cost more
                // than all else, and pushed everything else out of the cache.
                table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
                table.set_partition_filters(true);
                table.set_metadata_block_size(LOOKUP_BLOCK_BYTES);
                table.set_pin_top_level_index_and_filter(true);
            }
            Access::Accumulating => {
                table.set_block_size(SCAN_BLOCK_BYTES);
                table.set_bloom_filter(FILTER_BITS, false);
                // In small parts: a whole filter of a large file, read for one key, cost more
                // than all else, and pushed everything else out of the cache.
                table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
                table.set_partition_filters(true);
                table.set_metadata_block_size(LOOKUP_BLOCK_BYTES);
                table.set_pin_top_level_index_and_filter(true);
            }
            Access::RangeScans | Access::Sequential | Access::Queue => {
                table.set_block_size(SCAN_BLOCK_BYTES);
            }
        }
        table
    }
}

/// How every write is made: synced, with its log.
pub(crate) fn durable() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    // Rows of a batch come sorted, so each is found next to the one before.
    options.set_memtable_insert_hint_per_batch(true);
    options
}
