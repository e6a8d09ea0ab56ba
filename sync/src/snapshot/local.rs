//! The checkpoint that a snapshot is taken of: its files, and what they hold.

use super::blocking::blocking;
use super::facts::{Facts, rows_digest};
use super::manifest::{FileEntry, Manifest};
use super::options::{Heard, ReadBack, SnapshotOptions, SnapshotPhase, SnapshotProgress};
use crate::error::SyncError;
use crate::snapshot_fault::SnapshotFault;
use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use tidegauge_objects::{Sha256, Stamp};
use tidegauge_storage::{Checkpoint, CheckpointFile, Reader};
use uuid::Uuid;

/// A table's index, properties and footer lie at its end; among the properties is an id that
/// RocksDB gives to no other file.
const END_BYTES: u64 = 64 * 1024;

/// A checkpoint in the scratch folder; removed when it is dropped.
pub(super) struct Local {
    folder: PathBuf,
    checkpoint: Checkpoint,
    facts: Facts,
    entries: HashMap<String, FileEntry>,
    read: Option<ReadBack>,
}

impl Local {
    /// Removes what killed snapshots left, and makes the checkpoint.
    pub(super) async fn make(
        reader: &Reader,
        options: &SnapshotOptions,
    ) -> Result<Self, SyncError> {
        let scratch = options.scratch().to_owned();
        let least_free_bytes = options.least_free_bytes;
        let reader = reader.clone();
        blocking(move || {
            sweep(&scratch)?;
            // A name of its own: an earlier one may still be under way on its thread.
            let folder = scratch.join(Uuid::new_v4().simple().to_string());
            let guard = Guard(folder.clone());
            let checkpoint = reader.checkpoint(&folder, least_free_bytes)?;
            let facts = Facts::of(&checkpoint.reader)?;
            std::mem::forget(guard);
            Ok(Self {
                folder,
                checkpoint,
                facts,
                entries: HashMap::new(),
                read: None,
            })
        })
        .await
    }

    /// What the checkpoint holds.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// One of its files.
    pub(super) fn path(&self, file: &FileEntry) -> PathBuf {
        self.folder.join(&file.name)
    }

    /// A name in the scratch folder that goes with the checkpoint.
    pub(super) fn scratch(&self, name: Sha256) -> PathBuf {
        self.folder.join(format!("{name}.read-back"))
    }

    /// Each file with what it holds. Tables that the manifest before knows, of the same life of
    /// the same store, are not hashed again.
    pub(super) async fn entries(
        &mut self,
        before: Option<&Manifest>,
        heard: &Heard,
    ) -> Result<Vec<FileEntry>, SyncError> {
        let life = (self.facts.store_id, self.facts.store_epoch);
        let before = before.filter(|m| (m.facts.store_id, m.facts.store_epoch) == life);
        let known: HashMap<&str, &FileEntry> = before
            .into_iter()
            .flat_map(|manifest| &manifest.files)
            .map(|file| (file.name.as_str(), file))
            .collect();
        let total_bytes = self.checkpoint.files.iter().map(|file| file.bytes).sum();
        let mut done_bytes = 0;
        let mut entries = Vec::with_capacity(self.checkpoint.files.len());
        for file in &self.checkpoint.files {
            let entry = match self.entries.get(&file.name) {
                Some(entry) => entry.clone(),
                None => entry(&self.folder, file, known.get(file.name.as_str()).copied()).await?,
            };
            done_bytes += file.bytes;
            heard(SnapshotProgress {
                phase: SnapshotPhase::Hashing,
                done_bytes,
                total_bytes,
            });
            self.entries.insert(file.name.clone(), entry.clone());
            entries.push(entry);
        }
        Ok(entries)
    }

    /// Makes sure of its rows: of all that came since another snapshot of the same life, or of
    /// every byte.
    pub(super) async fn read(
        &mut self,
        depth: ReadBack,
        since: Option<&Facts>,
        heard: &Heard,
    ) -> Result<(), SyncError> {
        let life = |facts: &Facts| (facts.store_id, facts.store_epoch);
        let since = since.filter(|since| life(since) == life(&self.facts));
        let depth = match since {
            Some(_) => depth,
            None => ReadBack::Full,
        };
        if self.read == Some(ReadBack::Full) || self.read == Some(depth) {
            return Ok(());
        }
        let reader = self.checkpoint.reader.clone();
        let from = since.map(Facts::settled);
        let heard = heard.clone();
        blocking(move || {
            if let Some(from) = from {
                rows_digest(&reader.view()?, from)?;
            }
            if depth == ReadBack::Full {
                reader.read_through(|done_bytes| {
                    heard(SnapshotProgress {
                        phase: SnapshotPhase::Reading,
                        done_bytes,
                        total_bytes: 0,
                    });
                })?;
            }
            Ok(())
        })
        .await?;
        self.read = Some(depth);
        Ok(())
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // What stays behind, the next snapshot removes.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Removes a checkpoint that is not to be used.
struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        // As with a whole one.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes what killed snapshots left in the scratch folder; makes it if it is not there.
fn sweep(scratch: &Path) -> Result<(), SnapshotFault> {
    std::fs::create_dir_all(scratch).map_err(SnapshotFault::disk("make", scratch))?;
    let entries = std::fs::read_dir(scratch).map_err(SnapshotFault::disk("read", scratch))?;
    for entry in entries.flatten() {
        // One that is in use by a thread that nobody waits for goes the next time.
        let _ = std::fs::remove_dir_all(entry.path());
    }
    Ok(())
}

async fn entry(
    folder: &Path,
    file: &CheckpointFile,
    known: Option<&FileEntry>,
) -> Result<FileEntry, SyncError> {
    let path = folder.join(&file.name);
    let end_sha256 = if file.is_table {
        let path = path.clone();
        Some(blocking(move || Ok(end_sha256(&path)?)).await?)
    } else {
        None
    };
    if let Some(known) = known
        && end_sha256.is_some()
        && (known.bytes, known.end_sha256) == (file.bytes, end_sha256)
    {
        return Ok(known.clone());
    }
    let stamp = Stamp::of_file(&path).await?;
    Ok(FileEntry {
        name: file.name.clone(),
        bytes: stamp.bytes,
        sha256: stamp.sha256,
        end_sha256,
    })
}

fn end_sha256(path: &Path) -> Result<Sha256, SnapshotFault> {
    let read = || {
        let mut file = std::fs::File::open(path)?;
        let bytes = file.metadata()?.len();
        file.seek(SeekFrom::Start(bytes.saturating_sub(END_BYTES)))?;
        let mut end = Vec::new();
        file.take(END_BYTES).read_to_end(&mut end)?;
        Ok(Sha256::of(&end))
    };
    read().map_err(SnapshotFault::disk("read", path))
}
