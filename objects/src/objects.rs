//! The place of the objects: a bucket with a prefix, or a folder.

use crate::{
    answer::{Abilities, ObjectStat, ObjectTag, Put},
    bucket::{Bucket, BucketSettings},
    error::ObjectError,
    folder::Folder,
    key::ObjectKey,
    listing::Listing,
    stamp::{Content, Stamp},
};
use std::{path::Path, time::SystemTime};

/// A bucket with a prefix, or a folder; clones share what they hold.
#[derive(Clone, Debug)]
pub struct Objects(Place);

#[derive(Clone, Debug)]
enum Place {
    Bucket(Bucket),
    Folder(Folder),
}

impl Objects {
    /// A folder that is there; it is not created, since a missing one may be a disk that is not
    /// mounted. From now on it is the one with its mark: where that is gone, everything is refused
    /// until it is back.
    ///
    /// # Errors
    /// [`ObjectError::Failed`], where it is no folder.
    pub fn folder(root: &Path) -> Result<Self, ObjectError> {
        Folder::open(root).map(Place::Folder).map(Self)
    }

    /// A bucket; nothing is asked of it yet.
    ///
    /// # Errors
    /// [`ObjectError::Settings`].
    pub async fn bucket(settings: &BucketSettings) -> Result<Self, ObjectError> {
        Bucket::open(settings).await.map(Place::Bucket).map(Self)
    }

    /// `s3://BUCKET/PREFIX`, or the folder's path; for people.
    pub fn place(&self) -> String {
        match &self.0 {
            Place::Bucket(bucket) => bucket.place().to_owned(),
            Place::Folder(folder) => folder.place().to_owned(),
        }
    }

    /// Tries out, with an object of its own below `probe/`, whether we may list and write, and
    /// what the place can do.
    ///
    /// # Errors
    /// [`ObjectError::Failed`], where we may not list or write.
    pub async fn probe(&self) -> Result<Abilities, ObjectError> {
        match &self.0 {
            Place::Bucket(bucket) => bucket.probe().await,
            Place::Folder(folder) => folder.probe().await,
        }
    }

    /// Writes an object once, whole or not at all; synced to disk by a folder.
    ///
    /// # Errors
    /// [`ObjectError::Different`] where another object has the key, [`ObjectError::Changed`] where
    /// the content does not fit the stamp, [`ObjectError::Failed`].
    pub async fn put_new(
        &self,
        key: &ObjectKey,
        content: &Content,
        stamp: &Stamp,
    ) -> Result<Put, ObjectError> {
        match &self.0 {
            Place::Bucket(bucket) => bucket.put_new(key, content, stamp).await,
            Place::Folder(folder) => folder.put_new(key, content, stamp).await,
        }
    }

    /// Replaces a document that still has this tag, or writes one that is not there (no tag). No
    /// answer: somebody else was first. After a lost answer the same bytes count as ours: documents
    /// that decide something name their writer.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn replace(
        &self,
        key: &ObjectKey,
        bytes: Vec<u8>,
        expected: Option<&ObjectTag>,
    ) -> Result<Option<ObjectTag>, ObjectError> {
        match &self.0 {
            Place::Bucket(bucket) => bucket.replace(key, bytes, expected).await,
            Place::Folder(folder) => folder.replace(key, bytes, expected).await,
        }
    }

    /// Reads a document of at most so many bytes.
    ///
    /// # Errors
    /// [`ObjectError::TooLarge`]; [`ObjectError::Corrupt`] where it is not what was stored as its
    /// SHA-256; [`ObjectError::Failed`].
    pub async fn get(
        &self,
        key: &ObjectKey,
        most_bytes: usize,
    ) -> Result<Option<(Vec<u8>, ObjectTag)>, ObjectError> {
        match &self.0 {
            Place::Bucket(bucket) => bucket.get(key, most_bytes).await,
            Place::Folder(folder) => folder.get(key, most_bytes).await,
        }
    }

    /// Reads an object into a file, which appears (or is replaced) only when it is what the stamp
    /// says; one download to a file at a time, since both would write `NAME.partial`.
    ///
    /// # Errors
    /// [`ObjectError::Missing`], [`ObjectError::Corrupt`], [`ObjectError::Failed`].
    pub async fn download(
        &self,
        key: &ObjectKey,
        stamp: &Stamp,
        to: &Path,
    ) -> Result<(), ObjectError> {
        match &self.0 {
            Place::Bucket(bucket) => bucket.download(key, stamp, to).await,
            Place::Folder(folder) => folder.download(key, stamp, to).await,
        }
    }

    /// What is known of an object; nothing, if it is not there.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn stat(&self, key: &ObjectKey) -> Result<Option<ObjectStat>, ObjectError> {
        match &self.0 {
            Place::Bucket(bucket) => bucket.stat(key).await,
            Place::Folder(folder) => folder.stat(key).await,
        }
    }

    /// Lists the objects whose keys begin so, page by page in the order of their keys.
    pub fn list(&self, prefix: &str) -> Listing {
        match &self.0 {
            Place::Bucket(bucket) => Listing::from(bucket.list(prefix)),
            Place::Folder(folder) => Listing::from(folder.list(prefix)),
        }
    }

    /// Removes an object; one that is not there is removed already.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn delete(&self, key: &ObjectKey) -> Result<(), ObjectError> {
        match &self.0 {
            Place::Bucket(bucket) => bucket.delete(key).await,
            Place::Folder(folder) => folder.delete(key).await,
        }
    }

    /// Ends uploads that a killed process left, begun before this; says how many.
    ///
    /// # Errors
    /// [`ObjectError::Failed`].
    pub async fn end_stale_uploads(&self, before: SystemTime) -> Result<u64, ObjectError> {
        match &self.0 {
            Place::Bucket(bucket) => bucket.end_stale_uploads(before).await,
            Place::Folder(folder) => folder.end_stale_uploads(before).await,
        }
    }
}
