//! The bucket of the configuration: what is kept there, and who we are to it.

use crate::config::Config;
use crate::error::Error;
use crate::snapshots;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tidegauge_objects::{BucketSettings, Objects};
use tidegauge_storage::Reader;
use tidegauge_sync::{Lake, LakeOptions, SnapshotOptions, Snapshots, SyncError, Writer};

/// The scratch folder of the lake, inside the store's.
const SCRATCH: &str = "lake.scratch";

/// Days that are not final are published no more often than that into a folder.
const HOT_EVERY_IN_FOLDER: Duration = Duration::from_secs(60);

/// Lake and snapshots, and where they go.
pub(crate) struct Bucket {
    first: Objects,
    second: Option<Objects>,
    lake: Option<LakeOptions>,
    pub(super) snapshot_every: Option<Duration>,
    has_snapshots: bool,
    least_free_bytes: u64,
}

/// What is kept in the bucket, by its writer.
pub(super) struct Kept {
    pub(super) writer: Writer,
    pub(super) lake: Option<Lake>,
    pub(super) snapshots: Option<Snapshots>,
}

impl Bucket {
    /// The bucket of the configuration, or its folder; `None` without either. Asks nothing of it
    /// yet.
    ///
    /// # Errors
    /// What of the configuration does not hold.
    pub(crate) async fn of(config: &Config) -> Result<Option<Self>, Error> {
        let (s3, folder) = (&config.sync.s3, &config.sync.lake_dir);
        let least_free_bytes = config.storage.min_free_mib << 20;
        let scratch = config.storage.path.join(SCRATCH);
        if let Some(settings) = s3.bucket()? {
            let second = match s3.second_bucket()? {
                Some(settings) => Some(reach(&settings).await?),
                None => None,
            };
            let lake = s3.lake.then(|| LakeOptions {
                hot_every: s3.hot_every.get(),
                grace: s3.grace.get(),
                manifest_retention: s3.manifest_retention.get(),
                ..LakeOptions::new(&scratch)
            });
            return Ok(Some(Self {
                first: reach(&settings).await?,
                second,
                lake,
                snapshot_every: s3.snapshot_every.0.map(|every| every.get()),
                has_snapshots: true,
                least_free_bytes,
            }));
        }
        if folder.as_os_str().is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            first: open_folder(folder)?,
            second: None,
            lake: Some(LakeOptions {
                hot_every: HOT_EVERY_IN_FOLDER,
                ..LakeOptions::new(&scratch)
            }),
            snapshot_every: None,
            has_snapshots: false,
            least_free_bytes,
        }))
    }

    /// Whether rows go there as Parquet.
    pub(crate) fn has_lake(&self) -> bool {
        self.lake.is_some()
    }

    /// Whether snapshots of the store go there.
    pub(crate) fn has_snapshots(&self) -> bool {
        self.has_snapshots
    }

    /// What is kept there, for people.
    pub(super) fn what(&self) -> &'static str {
        match (self.has_lake(), self.has_snapshots) {
            (true, true) => "lake and snapshots",
            (true, false) => "the lake",
            (false, _) => "snapshots",
        }
    }

    /// Its objects.
    pub(crate) fn objects(&self) -> &Objects {
        &self.first
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        self.first.place()
    }

    /// Asks for the right to write there, for a store that this process alone writes.
    ///
    /// # Errors
    /// Who is in the way, or what failed.
    pub(super) async fn claim(&self, reader: &Reader, take_over: bool) -> Result<Kept, SyncError> {
        let abilities = self.first.probe().await?;
        if !abilities.conditional_put {
            tracing::warn!(
                "{} takes no conditional writes: a second collector that writes there cannot be refused, see that there is none",
                self.place()
            );
        }
        let writer = snapshots::claim(reader, &self.first, take_over).await?;
        let lake = match &self.lake {
            Some(options) => Some(Lake::new(
                reader.clone(),
                self.first.clone(),
                writer.clone(),
                options.clone(),
            )?),
            None => None,
        };
        let snapshots = if self.has_snapshots {
            let mut options = SnapshotOptions::of(reader);
            options.least_free_bytes = self.least_free_bytes;
            let (objects, writer) = (self.first.clone(), writer.clone());
            let snapshots = Snapshots::new(reader.clone(), objects, writer, options);
            Some(match &self.second {
                Some(second) => {
                    let writer = snapshots::claim(reader, second, take_over).await?;
                    snapshots.and_to(second.clone(), writer)
                }
                None => snapshots,
            })
        } else {
            None
        };
        Ok(Kept {
            writer,
            lake,
            snapshots,
        })
    }

    /// What an audit or a single run needs: the lake, by a writer of its own.
    ///
    /// # Errors
    /// As for the bucket; none is kept there.
    pub(crate) async fn lake(&self, reader: &Reader, take_over: bool) -> Result<Lake, Error> {
        let kept = self.claim(reader, take_over).await?;
        kept.lake.ok_or_else(|| {
            Error::Usage("no lake is kept there: set sync.s3.lake = true".to_owned())
        })
    }

    /// Snapshots of this store, by a writer of their own.
    ///
    /// # Errors
    /// As for the bucket; none go there.
    pub(crate) async fn snapshots(
        &self,
        reader: &Reader,
        take_over: bool,
    ) -> Result<Snapshots, Error> {
        let kept = self.claim(reader, take_over).await?;
        kept.snapshots.ok_or_else(|| {
            Error::Usage("sync.lake_dir holds no snapshots: name a place by --to".to_owned())
        })
    }
}

async fn reach(settings: &BucketSettings) -> Result<Objects, Error> {
    Ok(Objects::bucket(settings).await.map_err(SyncError::from)?)
}

fn open_folder(folder: &Path) -> Result<Objects, Error> {
    let made = || format!("make the folder {}", folder.display());
    std::fs::create_dir_all(folder).map_err(Error::io(made()))?;
    let folder: PathBuf = folder.to_owned();
    Ok(Objects::folder(&folder).map_err(SyncError::from)?)
}
