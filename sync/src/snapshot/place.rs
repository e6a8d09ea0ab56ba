//! One place that snapshots go to: a bucket with a prefix, or a folder.

use super::index::{Good, Index};
use super::local::Local;
use super::manifest::{FileEntry, Manifest, OBJECTS, content_of};
use super::options::{Heard, PlaceReport, ReadBack, SnapshotOptions};
use super::prove::{Desk, prove, upload};
use super::sweep::{Sweeper, Swept};
use crate::error::SyncError;
use crate::s3::Writer;
use crate::snapshot_fault::SnapshotFault;
use std::collections::{HashMap, HashSet};
use std::time::Instant;
use tidegauge_objects::{Content, Objects, Sha256, Stamp};

/// One place, with the right to write there.
pub(super) struct Place {
    objects: Objects,
    writer: Writer,
    sweeper: Sweeper,
}

impl Place {
    pub(super) fn new(objects: Objects, writer: Writer) -> Self {
        Self {
            objects,
            writer,
            sweeper: Sweeper::default(),
        }
    }

    /// Where it is, for people.
    pub(super) fn name(&self) -> String {
        self.objects.place()
    }

    /// When the newest snapshot there was made, in Unix seconds.
    pub(super) async fn newest(&self) -> Result<Option<u64>, SyncError> {
        let index = Index::fetch(&self.objects).await?;
        Ok(index.and_then(|(index, _)| Some(index.good.first()?.made_at)))
    }

    /// Takes a snapshot of a checkpoint, and keeps saying that it writes meanwhile.
    pub(super) async fn take(
        &mut self,
        local: &mut Local,
        depth: ReadBack,
        options: &SnapshotOptions,
        heard: &Heard,
    ) -> Result<PlaceReport, SyncError> {
        let writer = self.writer.clone();
        let fenced = async {
            match writer.hold(options.clock, std::future::pending()).await {
                Err(error) => error,
                Ok(()) => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            taken = self.take_held(local, depth, options, heard) => taken,
            error = fenced => Err(error),
        }
    }

    async fn take_held(
        &mut self,
        local: &mut Local,
        depth: ReadBack,
        options: &SnapshotOptions,
        heard: &Heard,
    ) -> Result<PlaceReport, SyncError> {
        let began = Instant::now();
        let desk = Desk {
            objects: &self.objects,
            writer: &self.writer,
            clock: options.clock,
        };
        self.writer.renew((options.clock)()).await?;
        let before = self.before().await?;
        let entries = local.entries(before.as_ref(), heard).await?;
        let previous = before.as_ref().map(|before| Sha256::of(&before.bytes()));
        let made_at = (options.clock)().0;
        let epoch = self.writer.epoch();
        let facts = local.facts().clone();
        let manifest = Manifest::new(facts, epoch, made_at, previous, entries);
        let there = there(&self.objects, &manifest.files).await?;
        let missing: Vec<&FileEntry> = distinct(&manifest.files)
            .filter(|file| there.get(&file.sha256) != Some(&file.bytes))
            .collect();
        let uploaded_files = upload(desk, local, &missing, heard).await?;

        let key = manifest.key()?;
        self.writer.renew((options.clock)()).await?;
        let bytes = manifest.bytes();
        let stamp = Stamp::of(&bytes);
        self.objects
            .put_new(&key, &Content::Bytes(bytes), &stamp)
            .await?;

        let proven: HashSet<Sha256> = match (&before, depth) {
            (Some(before), ReadBack::New) => before.files.iter().map(|file| file.sha256).collect(),
            _ => HashSet::new(),
        };
        let uploaded: HashSet<Sha256> = missing.iter().map(|file| file.sha256).collect();
        let unproven: Vec<&FileEntry> = distinct(&manifest.files)
            .filter(|file| uploaded.contains(&file.sha256) || !proven.contains(&file.sha256))
            .collect();
        let mended_files = prove(desk, local, &unproven, heard).await?;
        let read_back = Manifest::fetch(&self.objects, &key, Some(stamp.sha256)).await?;
        if read_back.as_ref() != Some(&manifest) {
            return Err(SnapshotFault::Unreadable {
                place: self.objects.place(),
                key: key.to_string(),
                problem: "it does not read back".to_owned(),
            }
            .into());
        }
        let since = before.as_ref().map(|before| &before.facts);
        local.read(depth, since, heard).await?;

        self.writer.renew((options.clock)()).await?;
        let good = Good::of(&manifest)?;
        let index = Index::promote(&self.objects, &good, options.keep).await?;
        let Swept { manifests, objects } = self.sweeper.sweep(desk, &index, options.grace).await?;
        let sum = |files: &[&FileEntry]| files.iter().map(|file| file.bytes).sum();
        Ok(PlaceReport {
            place: self.objects.place(),
            manifest: key.to_string(),
            files: manifest.files.len() as u64,
            bytes: manifest.files.iter().map(|file| file.bytes).sum(),
            uploaded_files,
            uploaded_bytes: sum(&missing),
            verified_files: unproven.len() as u64,
            verified_bytes: sum(&unproven),
            mended_files,
            removed_manifests: manifests,
            removed_objects: objects,
            seconds: began.elapsed().as_secs_f64(),
            error: None,
        })
    }

    /// The newest good snapshot; one that cannot be read is as good as none, so that everything
    /// is hashed and proven again.
    async fn before(&self) -> Result<Option<Manifest>, SyncError> {
        let Some((index, _)) = Index::fetch(&self.objects).await? else {
            return Ok(None);
        };
        let Some(good) = index.good.first() else {
            return Ok(None);
        };
        match Manifest::fetch(&self.objects, &good.manifest, Some(good.sha256)).await {
            Ok(Some(manifest)) => Ok(Some(manifest)),
            Ok(None) => {
                tracing::warn!("{}: {} is gone", self.objects.place(), good.manifest);
                Ok(None)
            }
            Err(error @ SyncError::Snapshot(SnapshotFault::Unreadable { .. })) => {
                tracing::warn!("{error}");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// What of these files lies in a place, with its length; whatever else does is passed over.
pub(super) async fn there(
    objects: &Objects,
    files: &[FileEntry],
) -> Result<HashMap<Sha256, u64>, SyncError> {
    let wanted: HashSet<Sha256> = files.iter().map(|file| file.sha256).collect();
    let mut there = HashMap::new();
    let mut listing = objects.list(&format!("{OBJECTS}/"));
    while let Some(page) = listing.next().await? {
        for listed in page {
            let content = content_of(&listed.key);
            if let Some(content) = content.filter(|content| wanted.contains(content)) {
                there.insert(content, listed.bytes);
            }
        }
    }
    Ok(there)
}

/// Files of different content.
pub(super) fn distinct(files: &[FileEntry]) -> impl Iterator<Item = &FileEntry> {
    let mut seen = HashSet::new();
    files.iter().filter(move |file| seen.insert(file.sha256))
}
