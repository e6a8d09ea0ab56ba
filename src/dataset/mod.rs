//! Sets to train, validate and test models on, split by time so that nothing leaks back.

mod card;
mod drift;
mod folder;
mod hermetik;
mod leak;
mod manifest;
mod page;
mod plot;
mod profile;
mod split;
mod write;

pub(crate) use folder::Folder;
pub(crate) use hermetik::write_hermetik;
pub(crate) use manifest::Manifest;
pub(crate) use split::{Ask, Split};
pub(crate) use write::{Origin, write};
