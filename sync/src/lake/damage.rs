//! Documents of the manifest that are not what was written, for the audit to remove.

use super::manifest::{LATEST, MAX_ROOT_BYTES};
use super::published::{is_damage, read_part, read_root, versions};
use crate::error::SyncError;
use std::collections::BTreeMap;
use tidegauge_objects::{ObjectKey, Objects};

/// Manifests and lists that are damaged, and old manifests that name such a list: what the newest
/// one named is written anew, what older ones did is not known any more.
pub(super) async fn damaged_documents(objects: &Objects) -> Result<Vec<ObjectKey>, SyncError> {
    let mut damaged = Vec::new();
    let mut lists: BTreeMap<ObjectKey, bool> = BTreeMap::new();
    let mut is_newest = true;
    for (_, listed) in versions(objects).await?.into_iter().rev() {
        let key = listed.key;
        let Some(root) = known(read_root(objects, &key).await)? else {
            damaged.push(key);
            continue;
        };
        let mut is_whole = true;
        for part in &root.parts {
            if !lists.contains_key(&part.key) {
                let is_good = known(read_part(objects, part).await)?.is_some();
                lists.insert(part.key.clone(), is_good);
            }
            is_whole &= lists[&part.key];
        }
        if !is_whole && !is_newest {
            damaged.push(key);
        }
        is_newest = false;
    }
    damaged.extend(
        lists
            .into_iter()
            .filter(|(_, good)| !good)
            .map(|(key, _)| key),
    );
    let latest = ObjectKey::new(LATEST)?;
    let read = objects.get(&latest, MAX_ROOT_BYTES).await;
    if known(read.map_err(SyncError::from))?.is_none() {
        damaged.push(latest);
    }
    Ok(damaged)
}

/// What was read; `None` where it is known not to be what was written.
fn known<T>(read: Result<T, SyncError>) -> Result<Option<T>, SyncError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if is_damage(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
