//! What a place answers.

use crate::{key::ObjectKey, stamp::Sha256};
use std::{fmt, time::SystemTime};

/// What a document is compared by before it is replaced: the server's ETag. It says nothing about
/// the content.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ObjectTag(pub(crate) String);

impl fmt::Display for ObjectTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an object came to be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Put {
    /// It was written now.
    Written,
    /// It was there already, with the same stamp: by an earlier attempt, or the same content.
    Same,
}

/// An object of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    /// Its key, below the place's prefix.
    pub key: ObjectKey,
    /// Its length.
    pub bytes: u64,
    /// When it was written, by the place's clock.
    pub modified: SystemTime,
}

/// What is known of an object without reading it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ObjectStat {
    /// Its length.
    pub bytes: u64,
    /// What was stored with it by its writer; unknown for objects by others. A folder stores
    /// nothing beside its files, so it reads the file.
    pub sha256: Option<Sha256>,
    /// What it is compared by.
    pub tag: ObjectTag,
}

/// What a place can do, tried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abilities {
    /// Conditional writes are refused where they must be. Without this two writers may overwrite
    /// each other unseen.
    pub conditional_put: bool,
    /// We may remove objects. Retention needs it, nothing else does.
    pub delete: bool,
}
