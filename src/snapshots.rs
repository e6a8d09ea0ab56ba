//! Snapshots as the program takes them: where to, as which writer, and how they show.

use crate::config::S3;
use crate::error::Error;
use crate::progress::Progress;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use tidegauge_objects::Objects;
use tidegauge_storage::Reader;
use tidegauge_sync::{
    Heard, ReadBack, SnapshotOptions, SnapshotPhase, SnapshotProgress, SnapshotReport, Snapshots,
    SyncError, Writer, WriterClaim, wall_clock,
};

/// A snapshot that is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SnapshotOrder {
    /// Where to, at most two places: `s3://BUCKET/PREFIX`, or an absolute path.
    pub(crate) to: Vec<String>,
    /// How much is read back.
    pub(crate) depth: ReadBack,
    /// Whether the place is taken from whoever writes there.
    pub(crate) take_over: bool,
}

/// Takes it from the store that this process writes.
///
/// # Errors
/// What is wrong with the place, or what kept the first one from having the snapshot.
pub(crate) async fn take(
    reader: &Reader,
    order: SnapshotOrder,
    s3: &S3,
    least_free_bytes: u64,
    heard: Heard,
) -> Result<SnapshotReport, Error> {
    let (first, second) = match order.to.as_slice() {
        [first] => (first, None),
        [first, second] => (first, Some(second)),
        _ => {
            return Err(Error::Usage(
                "nowhere to keep the snapshot: name one place, or two, by --to, or set sync.s3.bucket"
                    .to_owned(),
            ));
        }
    };
    let mut options = SnapshotOptions::of(reader);
    options.least_free_bytes = least_free_bytes;
    let objects = self::objects(first, s3).await?;
    let writer = claim(reader, &objects, order.take_over).await?;
    let mut snapshots = Snapshots::new(reader.clone(), objects, writer, options);
    if let Some(second) = second {
        let objects = self::objects(second, s3).await?;
        let writer = claim(reader, &objects, order.take_over).await?;
        snapshots = snapshots.and_to(objects, writer);
    }
    Ok(snapshots.take(order.depth, heard).await?)
}

/// Asks for the right to write to a place, for a store that this process alone writes.
///
/// # Errors
/// Who is in the way, or what failed.
pub(crate) async fn claim(
    reader: &Reader,
    objects: &Objects,
    take_over: bool,
) -> Result<Writer, SyncError> {
    let store = reader.view()?.identity()?;
    let (machine, holder) = ourselves();
    let claim = WriterClaim {
        store,
        machine,
        holder,
        take_over,
    };
    Writer::claim(objects, &claim, wall_clock()).await
}

/// This machine, and this process on it.
pub(crate) fn ourselves() -> (String, String) {
    let machine = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let holder = format!("{machine} process {}", std::process::id());
    (machine, holder)
}

/// The place that is written so: `s3://BUCKET/PREFIX`, reached as `[sync.s3]` says, or a folder.
///
/// # Errors
/// [`Error::Usage`] where it is neither.
pub(crate) async fn objects(place: &str, s3: &S3) -> Result<Objects, Error> {
    let Some(rest) = place.strip_prefix("s3://") else {
        if place.contains("://") {
            return Err(Error::Usage(format!(
                "`{}` is no place for snapshots: write s3://BUCKET/PREFIX, or the path of a folder",
                place.escape_debug()
            )));
        }
        return Ok(Objects::folder(Path::new(place)).map_err(SyncError::from)?);
    };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let settings = s3.other_bucket(bucket.to_owned(), prefix)?;
    Ok(Objects::bucket(&settings).await.map_err(SyncError::from)?)
}

/// A bar for each phase.
#[derive(Clone, Default)]
pub(crate) struct Shown(Arc<Mutex<Option<Bar>>>);

struct Bar {
    phase: SnapshotPhase,
    progress: Progress,
    done_bytes: u64,
}

impl Shown {
    /// What a snapshot or a restore tells how far it is.
    pub(crate) fn heard(&self) -> Heard {
        let shown = self.clone();
        Arc::new(move |progress| shown.show(progress))
    }

    /// Shows how far it is.
    pub(crate) fn show(&self, now: SnapshotProgress) {
        let mut bar = self.0.lock();
        if let Some(old) = bar.take_if(|bar| bar.phase != now.phase) {
            old.progress.finish();
        }
        let bar = bar.get_or_insert_with(|| Bar {
            phase: now.phase,
            progress: Progress::begin(label(now.phase), "MiB", "KiB", now.total_bytes >> 20),
            done_bytes: 0,
        });
        // Several transfers at once may tell of themselves in another order.
        let done_bytes = now.done_bytes.max(bar.done_bytes);
        bar.progress.advance(
            (done_bytes >> 20) - (bar.done_bytes >> 20),
            (done_bytes >> 10) - (bar.done_bytes >> 10),
        );
        bar.done_bytes = done_bytes;
    }

    /// Ends what is shown.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.0.lock().take() {
            bar.progress.finish();
        }
    }
}

fn label(phase: SnapshotPhase) -> &'static str {
    match phase {
        SnapshotPhase::Hashing => "hash",
        SnapshotPhase::Uploading => "upload",
        SnapshotPhase::Verifying => "read back",
        SnapshotPhase::Reading => "read through",
        SnapshotPhase::Downloading => "download",
    }
}
