//! A folder as the place: for one machine, for other machines' disks that are mounted, and as the
//! measure that buckets are held to.
//!
//! A folder's `.partial` holds what is being written; its `.lock` is held while a document is
//! replaced, and holds the mark by which the folder is known: once it was opened, a folder that is
//! gone, or another one at its path, is refused. A disk that was unmounted is not its empty place,
//! and the disk beneath is not filled in its stead. Both are hidden from listings, as no key begins with a dot. Where one key continues
//! another (`a` and `a/b`) a folder takes only the first.

mod disk;
mod files;
mod lock;
mod mark;
mod walk;
mod write;

pub(crate) use walk::Walk;

use crate::{
    answer::{Abilities, ObjectStat, ObjectTag, Put},
    arrival::Arrival,
    error::ObjectError,
    failure::{Act, ObjectCause},
    key::ObjectKey,
    stamp::{Content, PIECE_BYTES, Sha256, Stamp},
};
use disk::Disk;
use std::{path::Path, sync::Arc, time::SystemTime};
use tokio::io::AsyncReadExt as _;

/// A folder; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Folder(Arc<Disk>);

impl Folder {
    pub(crate) fn open(root: &Path) -> Result<Self, ObjectError> {
        Disk::open(root).map(Arc::new).map(Self)
    }

    pub(crate) fn place(&self) -> &str {
        self.0.place()
    }

    pub(crate) async fn probe(&self) -> Result<Abilities, ObjectError> {
        let key = ObjectKey::new(&format!("probe/{}", uuid::Uuid::new_v4()))?;
        let (first, second) = (b"first".to_vec(), b"second".to_vec());
        let stamps = [Stamp::of(&first), Stamp::of(&second)];
        self.put_new(&key, &Content::Bytes(first), &stamps[0])
            .await?;
        let again = self
            .put_new(&key, &Content::Bytes(second.clone()), &stamps[1])
            .await;
        let refused = match again {
            Ok(_) => false,
            Err(ObjectError::Different { .. }) => true,
            Err(error) => return Err(error),
        };
        let other = ObjectTag(stamps[1].sha256.to_string());
        let replaced = self.replace(&key, second, Some(&other)).await?;
        Ok(Abilities {
            conditional_put: refused && replaced.is_none(),
            delete: match self.delete(&key).await {
                Ok(()) => true,
                Err(ObjectError::Failed(f)) if f.cause == ObjectCause::File => false,
                Err(error) => return Err(error),
            },
        })
    }

    pub(crate) async fn put_new(
        &self,
        key: &ObjectKey,
        content: &Content,
        stamp: &Stamp,
    ) -> Result<Put, ObjectError> {
        let (key, content, stamp) = (key.clone(), content.clone(), *stamp);
        self.blocking(move |disk| write::put_new(disk, &key, &content, &stamp))
            .await
    }

    pub(crate) async fn replace(
        &self,
        key: &ObjectKey,
        bytes: Vec<u8>,
        expected: Option<&ObjectTag>,
    ) -> Result<Option<ObjectTag>, ObjectError> {
        let (key, expected) = (key.clone(), expected.cloned());
        self.blocking(move |disk| write::replace(disk, &key, &bytes, expected.as_ref()))
            .await
    }

    pub(crate) async fn get(
        &self,
        key: &ObjectKey,
        most_bytes: usize,
    ) -> Result<Option<(Vec<u8>, ObjectTag)>, ObjectError> {
        let key = key.clone();
        let read = self
            .blocking(move |disk| disk.read(&key, most_bytes))
            .await?;
        Ok(read.map(|bytes| {
            let tag = tag(&Sha256::of(&bytes));
            (bytes, tag)
        }))
    }

    pub(crate) async fn download(
        &self,
        key: &ObjectKey,
        stamp: &Stamp,
        to: &Path,
    ) -> Result<(), ObjectError> {
        let act = Act::new(self.place(), "read", key.as_ref());
        let from = self.0.path(key);
        let opened = {
            let (key, from) = (key.clone(), from.clone());
            self.blocking(move |disk| {
                disk.open_file(&Act::new(disk.place(), "read", key.as_ref()), &from)
            })
        };
        let Some(file) = opened.await? else {
            return Err(ObjectError::Missing {
                place: self.place().to_owned(),
                key: key.to_string(),
                expected: stamp.to_string(),
            });
        };
        let mut file = tokio::fs::File::from_std(file);
        let mut arrival = Arrival::begin(act, stamp, to).await?;
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece).await.map_err(|e| act.io(&from, &e))? {
                0 => return arrival.finish().await,
                length => arrival.add(&piece[..length]).await?,
            }
        }
    }

    pub(crate) async fn stat(&self, key: &ObjectKey) -> Result<Option<ObjectStat>, ObjectError> {
        let key = key.clone();
        let stamp = self.blocking(move |disk| disk.stamp(&key)).await?;
        Ok(stamp.map(|stamp| ObjectStat {
            bytes: stamp.bytes,
            sha256: Some(stamp.sha256),
            tag: tag(&stamp.sha256),
        }))
    }

    pub(crate) fn list(&self, prefix: &str) -> Walk {
        Walk::new(self.clone(), prefix)
    }

    pub(crate) async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        let key = key.clone();
        self.blocking(move |disk| write::delete(disk, &key)).await
    }

    pub(crate) async fn end_stale_uploads(&self, before: SystemTime) -> Result<u64, ObjectError> {
        self.blocking(move |disk| write::end_stale(disk, before))
            .await
    }

    /// Runs what waits for the disk where waiting harms nobody.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Disk) -> Result<T, ObjectError> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let disk = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || work(&disk)).await {
            Ok(result) => result,
            Err(e) => match e.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(e) => {
                    let act = Act::new(self.place(), "use", "the folder");
                    Err(act.failed(ObjectCause::Lost, e.to_string()).into())
                }
            },
        }
    }
}

/// A folder has no tags of its own: content is what it can compare by.
fn tag(digest: &Sha256) -> ObjectTag {
    ObjectTag(digest.to_string())
}
