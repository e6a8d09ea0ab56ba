//! From a hash to the block that holds it: sorted records on disk.
//!
//! A record is the hash's first eight bytes and the block's offset in its
//! segment; whoever asks compares the whole hash.

use crate::error::SimError;
use alloy::primitives::B256;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const RECORD: usize = 12;
/// Records are first spread over so many files, so that each sorts in memory.
const BUCKETS: usize = 64;
/// Hashes of recent blocks and their transactions that stay in memory.
const RECENT_MAX: usize = 2_000_000;
const NAME: &str = "lookup";

/// Collects records while a segment is written.
pub(crate) struct LookupWriter {
    folder: PathBuf,
    buckets: Vec<BufWriter<File>>,
}

impl LookupWriter {
    pub(crate) fn create(folder: &Path) -> Result<Self, SimError> {
        let buckets = (0..BUCKETS)
            .map(|n| {
                let path = bucket_path(folder, n);
                let file = File::create(&path).map_err(SimError::io("create", &path))?;
                Ok(BufWriter::new(file))
            })
            .collect::<Result<_, SimError>>()?;
        Ok(Self {
            folder: folder.to_owned(),
            buckets,
        })
    }

    pub(crate) fn add(&mut self, hash: &B256, offset: u32) -> Result<(), SimError> {
        let mut record = [0; RECORD];
        record[..8].copy_from_slice(&hash[..8]);
        record[8..].copy_from_slice(&offset.to_be_bytes());
        self.buckets[usize::from(hash[0]) * BUCKETS / 256]
            .write_all(&record)
            .map_err(SimError::io("write", &self.folder))
    }

    /// Sorts everything into one file.
    pub(crate) fn finish(self) -> Result<(), SimError> {
        let path = self.folder.join(NAME);
        let io = |action| SimError::io(action, path.clone());
        let mut out = BufWriter::new(File::create(&path).map_err(io("create"))?);
        for (n, bucket) in self.buckets.into_iter().enumerate() {
            bucket
                .into_inner()
                .map_err(|e| io("write")(e.into_error()))?;
            let bucket_path = bucket_path(&self.folder, n);
            let mut bytes = fs::read(&bucket_path).map_err(io("read"))?;
            let (records, _) = bytes.as_chunks_mut::<RECORD>();
            records.sort_unstable();
            out.write_all(&bytes).map_err(io("write"))?;
            fs::remove_file(&bucket_path).map_err(io("remove a part of"))?;
        }
        out.flush().map_err(io("write"))
    }
}

fn bucket_path(folder: &Path, n: usize) -> PathBuf {
    folder.join(format!("{NAME}.{n}"))
}

/// The finished records.
pub(crate) struct Lookup {
    file: File,
    path: PathBuf,
    count: u64,
}

impl Lookup {
    pub(crate) fn open(folder: &Path) -> Result<Self, SimError> {
        let path = folder.join(NAME);
        let file = File::open(&path).map_err(SimError::io("open", &path))?;
        let bytes = file
            .metadata()
            .map_err(SimError::io("measure", &path))?
            .len();
        Ok(Self {
            file,
            path,
            count: bytes / RECORD as u64,
        })
    }

    /// Offsets of blocks that may hold a hash.
    pub(crate) fn find(&self, hash: &B256) -> Result<Vec<u32>, SimError> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.record(middle)?[..8] < hash[..8] {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut found = Vec::new();
        while low < self.count {
            let record = self.record(low)?;
            if record[..8] != hash[..8] {
                break;
            }
            found.push(u32::from_be_bytes([
                record[8], record[9], record[10], record[11],
            ]));
            low += 1;
        }
        Ok(found)
    }

    fn record(&self, n: u64) -> Result<[u8; RECORD], SimError> {
        let mut record = [0; RECORD];
        self.file
            .read_exact_at(&mut record, n * RECORD as u64)
            .map_err(SimError::io("read", &self.path))?;
        Ok(record)
    }
}

/// Where a block that was added since lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Spot {
    /// Its offset in the segment of added blocks.
    pub(crate) at: u32,
    /// Its height above the chain's first block.
    pub(crate) height: u32,
}

/// The same for blocks that were added since; the oldest are forgotten beyond a bound.
#[derive(Default)]
pub(crate) struct RecentLookup {
    spots: HashMap<B256, Spot>,
    /// Further places of a hash: a transaction of several branches.
    more: HashMap<B256, Vec<Spot>>,
}

impl RecentLookup {
    pub(crate) fn add(&mut self, hash: &B256, spot: Spot) {
        if self.spots.len() >= RECENT_MAX {
            let middle = spot.at / 2;
            self.spots.retain(|_, kept| kept.at > middle);
            self.more.retain(|hash, _| self.spots.contains_key(hash));
        }
        if let Some(older) = self.spots.insert(*hash, spot) {
            self.more.entry(*hash).or_default().push(older);
        }
    }

    /// The places of a hash, the newest first.
    pub(crate) fn find(&self, hash: &B256) -> impl Iterator<Item = Spot> + '_ {
        let more = self.more.get(hash).into_iter().flatten().rev();
        self.spots.get(hash).into_iter().chain(more).copied()
    }
}
