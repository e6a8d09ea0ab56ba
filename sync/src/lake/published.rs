//! What is published: the newest manifest as it lies in the bucket, and the way to the next.
//!
//! Objects come first and the manifest last, so that whatever is cut off leaves a lake that was
//! published before, and objects that nobody names. A version is written once: of two writers
//! one finds the next version taken, and looks again.

use super::catalog::Catalog;
use super::manifest::{
    LATEST, LakeObject, MANIFESTS, MAX_PART_BYTES, MAX_ROOT_BYTES, Part, PartRef, Root, StoreLife,
    damaged, missing, read,
};
use crate::error::SyncError;
use crate::lake_fault::LakeFault;
use crate::s3::Writer;
use std::collections::BTreeSet;
use tidegauge_model::{BlockRef, ChainId, UnixSeconds};
use tidegauge_objects::{Content, Listed, ObjectError, ObjectKey, ObjectTag, Objects, Stamp};
use tokio::task::JoinSet;

/// Lists of objects that are read at once.
const PARTS_AT_ONCE: usize = 16;

/// What to make of documents that are damaged or not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trust {
    /// They are an error.
    Strict,
    /// They are left out: what they named is published anew.
    Mend,
}

/// What is published.
pub(super) struct Published {
    objects: Objects,
    chain: ChainId,
    /// The newest manifest.
    pub(super) root: Option<Root>,
    /// Its objects of final days, and those that the next manifest is to name.
    pub(super) catalog: Catalog,
    /// Lists that are there.
    lists: BTreeSet<ObjectKey>,
    /// The newest version, readable or not; zero: none.
    version: u64,
    /// The copy of the newest, and whether it is one.
    latest: Option<ObjectTag>,
    is_latest_current: bool,
}

/// What the next manifest says besides its objects.
pub(super) struct Draft {
    pub(super) life: StoreLife,
    pub(super) notice: u64,
    pub(super) tip: Option<BlockRef>,
    pub(super) feature_set: Option<String>,
    pub(super) hot: Vec<LakeObject>,
}

impl Published {
    /// Reads the newest manifest with all that it lists.
    pub(super) async fn load(
        objects: &Objects,
        chain: ChainId,
        trust: Trust,
    ) -> Result<Self, SyncError> {
        let versions = versions(objects).await?;
        let version = versions.last().map_or(0, |(version, _)| *version);
        let mut published = Self {
            objects: objects.clone(),
            chain,
            root: None,
            catalog: Catalog::default(),
            lists: BTreeSet::new(),
            version,
            latest: None,
            is_latest_current: false,
        };
        for (_, listed) in versions.iter().rev() {
            match read_root(objects, &listed.key).await {
                Ok(root) => {
                    published.take_root(root, trust).await?;
                    break;
                }
                Err(error) if trust == Trust::Mend && is_damage(&error) => {
                    tracing::warn!("{error}: an older one is taken");
                }
                Err(error) => return Err(error),
            }
        }
        let latest = objects.get(&ObjectKey::new(LATEST)?, MAX_ROOT_BYTES).await;
        match latest {
            Ok(Some((bytes, tag))) => {
                let newest = published.root.as_ref().map(Root::bytes);
                published.is_latest_current = newest.is_some_and(|newest| newest == bytes);
                published.latest = Some(tag);
            }
            Ok(None) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(published)
    }

    async fn take_root(&mut self, root: Root, trust: Trust) -> Result<(), SyncError> {
        if root.chain_id != self.chain {
            return Err(LakeFault::OtherChain {
                place: self.objects.place(),
                found: root.chain_id,
                ours: self.chain,
            }
            .into());
        }
        for (list, objects) in read_parts(&self.objects, &root.parts, trust).await? {
            self.lists.insert(list);
            objects
                .into_iter()
                .for_each(|object| self.catalog.put(object));
        }
        self.root = Some(root);
        Ok(())
    }

    /// The objects of days that are not final.
    pub(super) fn hot(&self) -> &[LakeObject] {
        self.root.as_ref().map_or(&[], |root| &root.hot)
    }

    /// Every object that the newest manifest names, once everything is published.
    pub(super) fn objects(&self) -> impl Iterator<Item = &LakeObject> {
        self.catalog.iter().chain(self.hot())
    }

    /// Whether readers of the copy see the newest manifest.
    pub(super) fn is_latest_current(&self) -> bool {
        self.is_latest_current || self.root.is_none()
    }

    /// Publishes the next manifest.
    ///
    /// # Errors
    /// [`LakeFault::Moved`], the writer's faults, and what fails on the way: then what is
    /// published has to be read again.
    pub(super) async fn publish(
        &mut self,
        writer: &Writer,
        now: UnixSeconds,
        draft: Draft,
    ) -> Result<(), SyncError> {
        let parts = self.put_parts().await?;
        let version = self.version + 1;
        let root = Root {
            format: Root::FORMAT,
            check: String::new(),
            version,
            epoch: writer.epoch(),
            chain_id: self.chain,
            store: draft.life,
            made_at: now,
            made_by: concat!("tidegauge ", env!("CARGO_PKG_VERSION")).to_owned(),
            notice: draft.notice,
            final_block: self.catalog.last().map(LakeObject::last_block),
            tip: draft.tip,
            feature_set: draft.feature_set,
            parts,
            hot: draft.hot,
        }
        .checked();
        let bytes = root.bytes();
        writer.renew(now).await?;
        let (key, stamp) = (Root::key(version)?, Stamp::of(&bytes));
        let content = Content::Bytes(bytes.clone());
        match self.objects.put_new(&key, &content, &stamp).await {
            Ok(_) => {}
            Err(ObjectError::Different { .. }) => return Err(self.moved(version)),
            Err(error) => return Err(error.into()),
        }
        self.version = version;
        self.root = Some(root);
        self.is_latest_current = false;
        self.put_latest(bytes).await
    }

    /// Has the copy be one of the newest manifest.
    pub(super) async fn refresh_latest(&mut self) -> Result<(), SyncError> {
        match &self.root {
            Some(root) if !self.is_latest_current => self.put_latest(root.bytes()).await,
            _ => Ok(()),
        }
    }

    async fn put_latest(&mut self, bytes: Vec<u8>) -> Result<(), SyncError> {
        let key = ObjectKey::new(LATEST)?;
        let replaced = self.objects.replace(&key, bytes, self.latest.as_ref());
        let Some(tag) = replaced.await? else {
            return Err(self.moved(self.version));
        };
        self.latest = Some(tag);
        self.is_latest_current = true;
        Ok(())
    }

    /// Writes the lists that the bucket has not, and says where all are.
    async fn put_parts(&mut self) -> Result<Vec<PartRef>, SyncError> {
        let mut refs = Vec::new();
        for (part, bytes) in self.catalog.parts(self.chain)? {
            if !self.lists.contains(&part.key) {
                let stamp = Stamp::of(&bytes);
                let content = Content::Bytes(bytes);
                self.objects.put_new(&part.key, &content, &stamp).await?;
                self.lists.insert(part.key.clone());
            }
            refs.push(part);
        }
        Ok(refs)
    }

    fn moved(&self, version: u64) -> SyncError {
        LakeFault::Moved {
            place: self.objects.place(),
            version,
        }
        .into()
    }
}

/// The versions that are there, ascending, as they are listed.
pub(super) async fn versions(objects: &Objects) -> Result<Vec<(u64, Listed)>, SyncError> {
    let mut found = Vec::new();
    // Versions begin with a digit, the other documents with a letter.
    let mut listing = objects.list(&format!("{MANIFESTS}0"));
    while let Some(page) = listing.next().await? {
        let listed = page.into_iter();
        found.extend(listed.filter_map(|o| Some((Root::version_of(&o.key)?, o))));
    }
    Ok(found)
}

/// Reads a manifest.
pub(super) async fn read_root(objects: &Objects, key: &ObjectKey) -> Result<Root, SyncError> {
    let place = objects.place();
    match objects.get(key, MAX_ROOT_BYTES).await? {
        Some((bytes, _)) => {
            let root: Root = read(&bytes, key, &place)?;
            if root.clone().checked() != root {
                return Err(damaged(&place, key, "(its check differs)").into());
            }
            Ok(root)
        }
        None => Err(missing(&place, key).into()),
    }
}

/// Reads lists of objects, several at once; each with its key.
pub(super) async fn read_parts(
    objects: &Objects,
    parts: &[PartRef],
    trust: Trust,
) -> Result<Vec<(ObjectKey, Vec<LakeObject>)>, SyncError> {
    let mut found = Vec::new();
    for some in parts.chunks(PARTS_AT_ONCE) {
        let mut reading = JoinSet::new();
        for part in some {
            let (objects, part) = (objects.clone(), part.clone());
            reading.spawn(async move {
                let read = read_part(&objects, &part).await?;
                Ok((part.key, read.objects))
            });
        }
        while let Some(ended) = reading.join_next().await {
            match ended {
                Ok(Ok(part)) => found.push(part),
                Ok(Err(error)) if trust == Trust::Mend && is_damage(&error) => {
                    tracing::warn!("{error}: what it listed is published anew");
                }
                Ok(Err(error)) => return Err(error),
                Err(failed) => match failed.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The runtime ends, and this task with it.
                    Err(_) => std::future::pending().await,
                },
            }
        }
    }
    Ok(found)
}

pub(super) async fn read_part(objects: &Objects, part: &PartRef) -> Result<Part, SyncError> {
    let place = objects.place();
    let Some((bytes, _)) = objects.get(&part.key, MAX_PART_BYTES).await? else {
        return Err(missing(&place, &part.key).into());
    };
    let found = Stamp::of(&bytes);
    if (found.bytes, found.sha256) != (part.bytes, part.sha256) {
        return Err(damaged(&place, &part.key, "(its SHA-256 differs)").into());
    }
    Ok(read(&bytes, &part.key, &place)?)
}

/// Whether a document is known not to be what was written, rather than not known.
pub(super) fn is_damage(error: &SyncError) -> bool {
    matches!(
        error,
        SyncError::Lake(LakeFault::Damaged { .. })
            | SyncError::Objects(ObjectError::Corrupt { .. })
    )
}
