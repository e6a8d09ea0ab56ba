//! Bringing the files of one snapshot into a folder, each proven before it has its name.

use super::workplace::Workplace;
use crate::error::SyncError;
use crate::snapshot::manifest::{FileEntry, Manifest, object_key};
use crate::snapshot::options::{Heard, SnapshotPhase};
use crate::snapshot::prove::{Counted, PARALLEL};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::{HashMap, HashSet};
use std::path::Path;
use tidegauge_objects::{Objects, Sha256, Stamp};

/// Why a snapshot's objects do not make a whole one; `None`: as far as a listing tells, they do.
pub(super) fn gap(manifest: &Manifest, there: &HashMap<Sha256, u64>) -> Option<Gap> {
    let mut missing = Vec::new();
    for file in &manifest.files {
        match there.get(&file.sha256) {
            None => missing.push(file),
            Some(bytes) if *bytes != file.bytes => {
                return Some(Gap::Damaged(format!(
                    "object {} has {bytes} bytes, and {} were expected ({})",
                    file.sha256, file.bytes, file.name
                )));
            }
            Some(_) => {}
        }
    }
    let first = missing.first()?;
    Some(Gap::Missing(format!(
        "{} of its {} objects are not there, the first is {} ({})",
        missing.len(),
        manifest.files.len(),
        first.sha256,
        first.name
    )))
}

/// What keeps a snapshot from being whole.
pub(super) enum Gap {
    /// Objects are not there, perhaps not yet.
    Missing(String),
    /// Objects are not what they were.
    Damaged(String),
}

/// Brings what is not there; gives the bytes that were downloaded.
pub(super) async fn download(
    objects: &Objects,
    manifest: &Manifest,
    workplace: &mut Workplace,
    least_free_bytes: u64,
    heard: &Heard,
) -> Result<u64, SyncError> {
    let names: HashSet<&str> = manifest.files.iter().map(|f| f.name.as_str()).collect();
    let identity = Sha256::of(&manifest.bytes()).to_string();
    workplace.prepare(&identity, &names)?;
    let folder = workplace.folder();
    let mut wanted: Vec<&FileEntry> = Vec::new();
    for file in &manifest.files {
        if !is_there(folder, file).await? {
            wanted.push(file);
        }
    }
    let counted = Counted::new(SnapshotPhase::Downloading, &wanted, heard);
    let bytes: u64 = wanted.iter().map(|file| file.bytes).sum();
    tidegauge_storage::require_space(folder, bytes.saturating_add(least_free_bytes))?;
    stream::iter(wanted)
        .map(|file| async {
            let key = object_key(file.sha256)?;
            let to = folder.join(&file.name);
            objects.download(&key, &file.stamp(), &to).await?;
            counted.add(file.bytes);
            Ok::<_, SyncError>(())
        })
        .buffer_unordered(PARALLEL)
        .try_collect::<Vec<()>>()
        .await?;
    Ok(bytes)
}

/// Whether an earlier try brought it; a power cut may have left less than its name says.
async fn is_there(folder: &Path, file: &FileEntry) -> Result<bool, SyncError> {
    let path = folder.join(&file.name);
    let bytes = tokio::fs::metadata(&path).await.map(|found| found.len());
    if bytes.ok() == Some(file.bytes) && Stamp::of_file(&path).await? == file.stamp() {
        return Ok(true);
    }
    // What lies there is of no use, and would be in the way.
    let _ = tokio::fs::remove_file(&path).await;
    Ok(false)
}
