//! `LATEST-GOOD.json`: the snapshots that were verified and stay, newest first.

use super::facts::Facts;
use super::manifest::Manifest;
use super::retention::Keep;
use crate::error::SyncError;
use crate::snapshot_fault::SnapshotFault;
use crate::writer_fault::WriterFault;
use serde::{Deserialize, Serialize};
use tidegauge_model::{BlockNumber, BlockRef, UnixSeconds};
use tidegauge_objects::{ObjectKey, ObjectTag, Objects, Sha256};
use uuid::Uuid;

const KEY: &str = "snapshots/LATEST-GOOD.json";

const FORMAT: u32 = 1;

/// Some hundred bytes each of a hundred snapshots, and much room.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Looks at the document before it is given up.
const MAX_LOOKS: u32 = 8;

/// What is known to be good.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    format: u32,
    /// Newest first.
    pub(super) good: Vec<Good>,
}

/// One verified snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Good {
    /// Its manifest.
    pub(super) manifest: ObjectKey,
    /// The manifest's SHA-256.
    pub(super) sha256: Sha256,
    /// Epoch of its writer.
    pub(super) epoch: u64,
    /// Unix seconds.
    pub(super) made_at: u64,
    /// Whose.
    pub(super) store_id: Uuid,
    /// Which life of it.
    pub(super) store_epoch: u64,
    /// What it holds.
    pub(super) tip: BlockRef,
    /// What was final then.
    pub(super) finalized: Option<BlockNumber>,
}

impl Good {
    /// What the index says of a manifest.
    pub(super) fn of(manifest: &Manifest) -> Result<Self, SyncError> {
        let Facts {
            store_id,
            store_epoch,
            tip,
            finalized,
            ..
        } = manifest.facts;
        Ok(Self {
            manifest: manifest.key()?,
            sha256: Sha256::of(&manifest.bytes()),
            epoch: manifest.epoch,
            made_at: manifest.made_at,
            store_id,
            store_epoch,
            tip,
            finalized,
        })
    }
}

impl Index {
    /// The one in a place, with what a replacement must name; `None`: nothing was ever good there.
    pub(super) async fn fetch(objects: &Objects) -> Result<Option<(Self, ObjectTag)>, SyncError> {
        let key = ObjectKey::new(KEY)?;
        let Some((bytes, tag)) = objects.get(&key, MAX_BYTES).await? else {
            return Ok(None);
        };
        let index: Self = serde_json::from_slice(&bytes)
            .map_err(|error| error.to_string())
            .and_then(|index: Self| {
                let known = index.format == FORMAT;
                known
                    .then_some(index)
                    .ok_or("its format is another".to_owned())
            })
            .map_err(|problem| SnapshotFault::Unreadable {
                place: objects.place(),
                key: KEY.to_owned(),
                problem,
            })?;
        Ok(Some((index, tag)))
    }

    /// Makes a snapshot that was verified the newest; what need not stay leaves.
    pub(super) async fn promote(
        objects: &Objects,
        good: &Good,
        keep: Keep,
    ) -> Result<Self, SyncError> {
        let key = ObjectKey::new(KEY)?;
        for _ in 0..MAX_LOOKS {
            let found = Self::fetch(objects).await?;
            let (before, tag) = found.unzip();
            let next = before.unwrap_or_default().with(good, keep, objects)?;
            let bytes = serde_json::to_vec_pretty(&next).unwrap_or_default();
            if objects.replace(&key, bytes, tag.as_ref()).await?.is_some() {
                return Ok(next);
            }
        }
        Err(SnapshotFault::Contended {
            place: objects.place(),
            key: KEY.to_owned(),
        }
        .into())
    }

    fn with(mut self, good: &Good, keep: Keep, objects: &Objects) -> Result<Self, SyncError> {
        if let Some(newest) = self.good.first() {
            newest.admits(good, objects)?;
        }
        // An answer that was lost, and the same again.
        self.good.retain(|other| other.manifest != good.manifest);
        self.good.insert(0, good.clone());
        let times: Vec<_> = self.good.iter().map(|g| UnixSeconds(g.made_at)).collect();
        let mut stays = keep.stays(&times).into_iter();
        self.good.retain(|_| stays.next().unwrap_or(true));
        Ok(self)
    }
}

impl Good {
    /// Whether another may come after this one.
    fn admits(&self, next: &Self, objects: &Objects) -> Result<(), SyncError> {
        if self.epoch > next.epoch {
            return Err(WriterFault::Fenced {
                place: objects.place(),
                ours: next.epoch,
                theirs: self.epoch,
                holder: format!("store {}", self.store_id),
            }
            .into());
        }
        // The same life of a store never goes back below what was final; a reorganisation above
        // that may lead to a lower tip.
        let is_same_life = (self.store_id, self.store_epoch) == (next.store_id, next.store_epoch);
        let finalized = self.finalized.unwrap_or_default().min(self.tip.number);
        if is_same_life && next.tip.number < finalized {
            return Err(SnapshotFault::WentBack {
                place: objects.place(),
                tip: next.tip.number,
                finalized,
            }
            .into());
        }
        Ok(())
    }
}

impl Default for Index {
    fn default() -> Self {
        Self {
            format: FORMAT,
            good: Vec::new(),
        }
    }
}
