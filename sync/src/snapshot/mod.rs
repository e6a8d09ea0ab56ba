//! Snapshots: the store in a bucket, so that a lost machine costs what it collected since the last.
//!
//! ```text
//! snapshots/objects/ab/ab12…         files of checkpoints, named by what they hold
//! snapshots/manifests/…-e3-….json    which files make up one snapshot, and of which state
//! snapshots/LATEST-GOOD.json         the snapshots that were verified, newest first
//! ```
//!
//! Objects come first, the manifest after them, and only when everything was read back from the
//! bucket and agrees does LATEST-GOOD name it. Whatever is cut off before leaves objects that
//! nobody names: they cost money until they are swept, and mean nothing. Nothing is ever
//! overwritten but that one document, by whoever read it last, and only within its epoch.
//!
//! A table file of RocksDB never changes, so what an earlier snapshot holds is neither hashed nor
//! uploaded again. What is deleted is no longer named by any manifest that stays, is older than a
//! grace period, and the writer made sure just before that it is the writer still.

mod blocking;
mod facts;
mod index;
mod local;
mod manifest;
mod options;
mod place;
mod prove;
mod restore;
mod retention;
mod runner;
mod sweep;

pub use facts::Facts;
pub use options::{
    Heard, PlaceReport, ReadBack, SnapshotOptions, SnapshotPhase, SnapshotProgress, SnapshotReport,
    SnapshotStatus,
};
pub use restore::{RestoreOptions, RestoreReport, Which, restore};
pub use retention::Keep;
pub use runner::Snapshots;
