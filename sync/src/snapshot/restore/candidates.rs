//! Which snapshots there are to choose from, best first.

use super::options::Which;
use crate::error::SyncError;
use crate::snapshot::index::Index;
use crate::snapshot::manifest::{MANIFESTS, Manifest};
use crate::snapshot_fault::SnapshotFault;
use std::collections::HashSet;
use tidegauge_objects::{ObjectKey, Objects, Sha256};

/// How many are named to who asked for one that is not there.
const MOST_NAMED: usize = 5;

/// One that may be restored.
pub(super) struct Candidate {
    pub(super) key: ObjectKey,
    /// What the index says of its manifest; none of one that was never verified.
    pub(super) sha256: Option<Sha256>,
}

/// Verified ones newest first, then those that nobody verified, newest first.
pub(super) async fn candidates(
    objects: &Objects,
    which: &Which,
) -> Result<Vec<Candidate>, SyncError> {
    let good = match Index::fetch(objects).await {
        Ok(found) => found.map_or_else(Vec::new, |(index, _)| index.good),
        // The manifests themselves are there still.
        Err(SyncError::Snapshot(fault)) => {
            tracing::warn!("{fault}; the manifests are tried one by one");
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    let mut all: Vec<Candidate> = good
        .into_iter()
        .map(|good| Candidate {
            key: good.manifest,
            sha256: Some(good.sha256),
        })
        .collect();
    let known: HashSet<ObjectKey> = all.iter().map(|c| c.key.clone()).collect();
    let mut others = Vec::new();
    let mut listing = objects.list(&format!("{MANIFESTS}/"));
    while let Some(page) = listing.next().await? {
        let keys = page.into_iter().map(|listed| listed.key);
        others.extend(keys.filter(|key| !known.contains(key)));
    }
    others.sort_by(|a, b| b.cmp(a));
    all.extend(
        others
            .into_iter()
            .map(|key| Candidate { key, sha256: None }),
    );
    if all.is_empty() {
        return Err(SnapshotFault::NoSnapshot {
            place: objects.place(),
        }
        .into());
    }
    let named: Vec<String> = all
        .iter()
        .take(MOST_NAMED)
        .map(|c| c.key.to_string())
        .collect();
    let wanted = match which {
        Which::Newest => return Ok(all),
        Which::Tip(tip) => {
            all.retain(|c| Manifest::height(&c.key) == Some(*tip));
            format!("at block {tip}")
        }
        Which::Manifest(key) => {
            all.retain(|c| c.key == *key);
            key.to_string()
        }
    };
    if all.is_empty() {
        return Err(SnapshotFault::NoSuch {
            place: objects.place(),
            wanted,
            there: named.join(", "),
        }
        .into());
    }
    Ok(all)
}
