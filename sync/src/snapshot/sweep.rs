//! What is no longer needed goes: manifests that the index dropped, and objects that no manifest
//! names. Leaking is safe, deleting is not: where in doubt, everything stays.

use super::index::Index;
use super::manifest::{MANIFESTS, Manifest, OBJECTS, content_of};
use super::prove::Desk;
use crate::error::SyncError;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegauge_model::ErrorClass;
use tidegauge_objects::{Listed, ObjectKey, Sha256};

/// Objects deleted before the writer makes sure again that it is the writer.
const BATCH: usize = 100;

/// Remembers what it has read: manifests never change.
#[derive(Default)]
pub(super) struct Sweeper {
    manifests: HashMap<ObjectKey, Arc<HashSet<Sha256>>>,
    may_not_delete: bool,
}

/// How much went.
#[derive(Clone, Copy, Default)]
pub(super) struct Swept {
    pub(super) manifests: u64,
    pub(super) objects: u64,
}

impl Sweeper {
    /// Sweeps a place after a snapshot was promoted. A place that cannot be swept is said once
    /// and left as it is: the snapshot is good.
    ///
    /// # Errors
    /// Only that another writer took over.
    pub(super) async fn sweep(
        &mut self,
        desk: Desk<'_>,
        index: &Index,
        grace: Duration,
    ) -> Result<Swept, SyncError> {
        if self.may_not_delete {
            return Ok(Swept::default());
        }
        let mut swept = Swept::default();
        match self.try_sweep(desk, index, grace, &mut swept).await {
            Ok(()) => Ok(swept),
            Err(error @ SyncError::Writer(_)) => Err(error),
            Err(error) => {
                self.may_not_delete = error.class() == ErrorClass::Refused;
                tracing::warn!(
                    "{} is not swept, which costs room and nothing else: {error}",
                    desk.objects.place()
                );
                Ok(swept)
            }
        }
    }

    async fn try_sweep(
        &mut self,
        desk: Desk<'_>,
        index: &Index,
        grace: Duration,
        swept: &mut Swept,
    ) -> Result<(), SyncError> {
        let now = UNIX_EPOCH + Duration::from_secs((desk.clock)().0);
        let is_old = |listed: &Listed| is_older(listed.modified, now, grace);
        let good: HashSet<&ObjectKey> = index.good.iter().map(|good| &good.manifest).collect();
        let (mut go, mut stay) = (Vec::new(), Vec::new());
        let mut listing = desk.objects.list(&format!("{MANIFESTS}/"));
        while let Some(page) = listing.next().await? {
            for listed in page {
                if good.contains(&listed.key) || !is_old(&listed) {
                    stay.push(listed.key);
                } else {
                    go.push(listed.key);
                }
            }
        }
        // Before anything goes: one that cannot be read keeps everything.
        let reachable = self.reachable(desk, index, stay).await?;
        for batch in go.chunks(BATCH) {
            desk.writer.renew((desk.clock)()).await?;
            for key in batch {
                desk.objects.delete(key).await?;
                swept.manifests += 1;
            }
        }
        let mut listing = desk.objects.list(&format!("{OBJECTS}/"));
        while let Some(page) = listing.next().await? {
            let go: Vec<&Listed> = page
                .iter()
                .filter(|listed| {
                    let content = content_of(&listed.key);
                    is_old(listed) && content.is_some_and(|content| !reachable.contains(&content))
                })
                .collect();
            for batch in go.chunks(BATCH) {
                desk.writer.renew((desk.clock)()).await?;
                for listed in batch {
                    desk.objects.delete(&listed.key).await?;
                    swept.objects += 1;
                }
            }
        }
        Ok(())
    }

    /// What the manifests that stay name.
    async fn reachable(
        &mut self,
        desk: Desk<'_>,
        index: &Index,
        stay: Vec<ObjectKey>,
    ) -> Result<HashSet<Sha256>, SyncError> {
        let stay: HashSet<ObjectKey> = stay
            .into_iter()
            .chain(index.good.iter().map(|good| good.manifest.clone()))
            .collect();
        self.manifests.retain(|key, _| stay.contains(key));
        let mut reachable = HashSet::new();
        for key in stay {
            let named = match self.manifests.get(&key) {
                Some(named) => named.clone(),
                None => {
                    // One that is gone names nothing.
                    let manifest = Manifest::fetch(desk.objects, &key, None).await?;
                    let files = manifest.into_iter().flat_map(|manifest| manifest.files);
                    Arc::new(files.map(|file| file.sha256).collect::<HashSet<_>>())
                }
            };
            reachable.extend(named.iter().copied());
            self.manifests.insert(key, named);
        }
        Ok(reachable)
    }
}

fn is_older(modified: SystemTime, now: SystemTime, grace: Duration) -> bool {
    // A clock that runs behind makes things young, and they stay.
    now.duration_since(modified).is_ok_and(|age| age > grace)
}
