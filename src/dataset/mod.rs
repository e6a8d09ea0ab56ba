//! Sets to train, validate and test models on, split by time so that nothing leaks back.

mod card;
mod drift;
mod folder;
mod leak;
mod manifest;
mod page;
mod plot;
mod profile;
mod sample;
mod split;
mod write;

pub(crate) use folder::Folder;
pub(crate) use manifest::{FileEntry, Manifest, SetEntry};
pub(crate) use split::{Ask, Split};
pub(crate) use write::{Origin, put_manifest, write};
