//! Making sure that a bucket holds what was uploaded: everything is read back and hashed.

use super::local::Local;
use super::manifest::{FileEntry, object_key};
use super::options::{Heard, SnapshotPhase, SnapshotProgress};
use crate::error::SyncError;
use crate::s3::{Clock, Writer};
use crate::snapshot_fault::SnapshotFault;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::sync::atomic::{AtomicU64, Ordering};
use tidegauge_model::ErrorClass;
use tidegauge_objects::{Content, ObjectError, Objects, Put};

/// Files on their way at once, in either direction: enough to fill a line, few enough that the
/// scratch folder stays small.
pub(super) const PARALLEL: usize = 4;

/// A place that can be written to.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    pub(super) objects: &'a Objects,
    pub(super) writer: &'a Writer,
    pub(super) clock: Clock,
}

/// Uploads files; what is there already stays. Gives how many were written.
pub(super) async fn upload(
    desk: Desk<'_>,
    local: &Local,
    files: &[&FileEntry],
    heard: &Heard,
) -> Result<u64, SyncError> {
    let counted = Counted::new(SnapshotPhase::Uploading, files, heard);
    let written: Vec<bool> = stream::iter(files)
        .map(|file| async {
            let put = put(desk, local, file).await?;
            counted.add(file.bytes);
            Ok::<_, SyncError>(put == Put::Written)
        })
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    Ok(written.into_iter().filter(|written| *written).count() as u64)
}

/// Reads files back; what is damaged or gone is uploaded again. Gives how many were.
pub(super) async fn prove(
    desk: Desk<'_>,
    local: &Local,
    files: &[&FileEntry],
    heard: &Heard,
) -> Result<u64, SyncError> {
    let counted = Counted::new(SnapshotPhase::Verifying, files, heard);
    let mended: Vec<bool> = stream::iter(files)
        .map(|file| async {
            let mended = match read_back(desk, local, file).await {
                Ok(()) => false,
                Err(error) if is_damage(&error) => {
                    tracing::warn!("an object is written again: {error}");
                    replace(desk, local, file).await?;
                    read_back(desk, local, file).await?;
                    true
                }
                Err(error) => return Err(error),
            };
            counted.add(file.bytes);
            Ok::<_, SyncError>(mended)
        })
        .buffer_unordered(PARALLEL)
        .try_collect()
        .await?;
    Ok(mended.into_iter().filter(|mended| *mended).count() as u64)
}

/// Its name says what an object holds: one that holds something else is damaged.
async fn put(desk: Desk<'_>, local: &Local, file: &FileEntry) -> Result<Put, SyncError> {
    let key = object_key(file.sha256)?;
    let content = Content::File(local.path(file));
    match desk.objects.put_new(&key, &content, &file.stamp()).await {
        Err(error @ ObjectError::Different { .. }) => {
            tracing::warn!("an object is written again: {error}");
            replace(desk, local, file).await
        }
        put => Ok(put?),
    }
}

async fn replace(desk: Desk<'_>, local: &Local, file: &FileEntry) -> Result<Put, SyncError> {
    let key = object_key(file.sha256)?;
    desk.writer.renew((desk.clock)()).await?;
    desk.objects.delete(&key).await?;
    let content = Content::File(local.path(file));
    Ok(desk.objects.put_new(&key, &content, &file.stamp()).await?)
}

async fn read_back(desk: Desk<'_>, local: &Local, file: &FileEntry) -> Result<(), SyncError> {
    let to = local.scratch(file.sha256);
    let key = object_key(file.sha256)?;
    desk.objects.download(&key, &file.stamp(), &to).await?;
    // Its content is known to be that of the file it was made of: one of them is enough.
    tokio::fs::remove_file(&to)
        .await
        .map_err(SnapshotFault::disk("remove", to))?;
    Ok(())
}

fn is_damage(error: &SyncError) -> bool {
    matches!(error, SyncError::Objects(error) if error.class() == ErrorClass::Corrupt)
}

/// Says how many bytes are done.
pub(super) struct Counted<'a> {
    phase: SnapshotPhase,
    done: AtomicU64,
    total: u64,
    heard: &'a Heard,
}

impl<'a> Counted<'a> {
    pub(super) fn new(phase: SnapshotPhase, files: &[&FileEntry], heard: &'a Heard) -> Self {
        Self {
            phase,
            done: AtomicU64::new(0),
            total: files.iter().map(|file| file.bytes).sum(),
            heard,
        }
    }

    pub(super) fn add(&self, bytes: u64) {
        let done_bytes = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        (self.heard)(SnapshotProgress {
            phase: self.phase,
            done_bytes,
            total_bytes: self.total,
        });
    }
}
