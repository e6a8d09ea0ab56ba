//! Removing what no manifest names any more.
//!
//! What is reachable from a manifest that stays is never touched; of the rest only what is old by
//! the bucket's own clock, and only while we are the writer. Manifests go before the objects that
//! they name. A document that cannot be read ends the sweep: leaking is safe, deleting is not.

use super::manifest::{HOT, LAKE, LATEST, PARTS, Root};
use super::means::Means;
use super::published::{Trust, read_parts, read_root, versions};
use super::table::LakeTable;
use crate::error::SyncError;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};
use tidegauge_model::ErrorClass;
use tidegauge_objects::{Listed, ObjectKey, Objects};

/// Objects removed before it is made sure again that we are the writer.
const RENEW_EVERY: usize = 100;

/// What a sweep removed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Manifests.
    pub manifests: u64,
    /// Other objects.
    pub objects: u64,
    /// Bytes of both.
    pub bytes: u64,
    /// Uploads that were never finished.
    pub uploads: u64,
    /// Why no more was removed, where we may not.
    pub refused: Option<String>,
}

/// What manifests name.
#[derive(Default)]
pub(super) struct Reach {
    roots: BTreeMap<u64, Root>,
    pub(super) keys: BTreeSet<ObjectKey>,
}

impl Reach {
    /// A version.
    async fn root(&mut self, objects: &Objects, version: u64) -> Result<&Root, SyncError> {
        Ok(match self.roots.entry(version) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(read_root(objects, &Root::key(version)?).await?),
        })
    }

    /// Adds what a version names.
    pub(super) async fn add(&mut self, objects: &Objects, version: u64) -> Result<(), SyncError> {
        let root = self.root(objects, version).await?;
        let hot: Vec<_> = root.hot.iter().map(|object| object.key.clone()).collect();
        let parts = root.parts.clone();
        self.keys.extend(hot);
        // A list is named by its content: once is enough.
        let fresh: Vec<_> = parts
            .into_iter()
            .filter(|part| !self.keys.contains(&part.key))
            .collect();
        let named = read_parts(objects, &fresh, Trust::Strict).await?;
        let objects = named.into_iter().flat_map(|(_, objects)| objects);
        self.keys.extend(objects.map(|object| object.key));
        self.keys.extend(fresh.into_iter().map(|part| part.key));
        Ok(())
    }
}

/// What a key is to the sweep.
pub(super) enum Place {
    Version,
    Part,
    Hot,
    Table,
    /// None of ours: never touched.
    Other,
}

impl Place {
    /// Whether a key is of a day that is not final.
    pub(super) fn is_hot(key: &ObjectKey) -> bool {
        matches!(Self::of(key), Self::Hot)
    }

    pub(super) fn of(key: &ObjectKey) -> Self {
        let text = key.as_ref();
        let is_rows = text.ends_with(".parquet");
        let in_table = |table: LakeTable| text.starts_with(&format!("{LAKE}{table}/chain_id="));
        match text {
            LATEST => Self::Other,
            _ if Root::version_of(key).is_some() => Self::Version,
            _ if text.starts_with(PARTS) && text.ends_with(".json") => Self::Part,
            _ if text.starts_with(HOT) && is_rows => Self::Hot,
            _ if is_rows && LakeTable::ALL.into_iter().any(in_table) => Self::Table,
            _ => Self::Other,
        }
    }
}

/// Removes what may go.
pub(super) async fn sweep(means: &Means) -> Result<Swept, SyncError> {
    let (objects, options) = (&means.objects, &means.options);
    let mut swept = Swept::default();
    let found = versions(objects).await?;
    let Some((newest, listed)) = found.last() else {
        return Ok(swept);
    };
    // The bucket's clock, as of our last publication.
    let now = listed.modified;
    let mut reach = Reach::default();
    let mut kept = BTreeSet::from([*newest]);
    for pair in found.windows(2) {
        let [(version, _), (next, successor)] = pair else {
            continue;
        };
        let age = age(now, successor.modified);
        let stays = age < options.hot_grace
            || (age < options.manifest_retention && {
                let parts = reach.root(objects, *version).await?.parts.clone();
                reach.root(objects, *next).await?.parts != parts
            });
        if stays {
            kept.insert(*version);
        }
    }
    for version in &kept {
        reach.add(objects, *version).await?;
    }
    let dropped = found
        .into_iter()
        .filter(|(version, _)| !kept.contains(version));
    let dropped: Vec<_> = dropped.map(|(_, listed)| listed).collect();
    if !remove(means, &dropped, &mut swept).await? {
        return Ok(swept);
    }
    let goes = |o: &Listed| {
        let is_older = |limit| now.duration_since(o.modified).is_ok_and(|age| age >= limit);
        let is_loose = |limit| !reach.keys.contains(&o.key) && is_older(limit);
        match Place::of(&o.key) {
            Place::Part | Place::Table => is_loose(options.grace),
            Place::Hot => is_loose(options.hot_grace),
            Place::Version | Place::Other => false,
        }
    };
    // Page by page: however much lies there, it is never held at once.
    let mut pages = objects.list(LAKE);
    while let Some(mut page) = pages.next().await? {
        page.retain(goes);
        if !remove(means, &page, &mut swept).await? {
            return Ok(swept);
        }
    }
    if let Some(before) = now.checked_sub(options.grace) {
        means.writer.renew((options.clock)()).await?;
        swept.uploads = objects.end_stale_uploads(before).await?;
    }
    Ok(swept)
}

/// Removes these; `false` where we may not, which `swept` then says.
async fn remove(means: &Means, going: &[Listed], swept: &mut Swept) -> Result<bool, SyncError> {
    for (at, listed) in going.iter().enumerate() {
        if at % RENEW_EVERY == 0 {
            means.writer.renew((means.options.clock)()).await?;
        }
        match means.objects.delete(&listed.key).await {
            Ok(()) => {}
            Err(error) if error.class() == ErrorClass::Refused => {
                swept.refused = Some(error.to_string());
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        }
        match Place::of(&listed.key) {
            Place::Version => swept.manifests += 1,
            _ => swept.objects += 1,
        }
        swept.bytes += listed.bytes;
    }
    Ok(true)
}

/// How long ago; what is yet to come was just now.
fn age(now: SystemTime, then: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}
