//! Restore: a store from the newest snapshot that is whole, in a life of its own.
//!
//! Everything is downloaded into a folder beside the one that it is for, `NAME.restoring`; each
//! file appears there only when its length and SHA-256 are what the manifest says. Then the
//! checkpoint is opened, its rows are digested, and all of it compared with the manifest. Only then
//! is the new epoch taken, in the bucket first, so that a lost machine that comes back is refused;
//! and the folder is renamed into place as the last step. Whatever is cut off before goes on where
//! it was, or starts afresh.
//!
//! Snapshots are tried from the newest on. One of which objects are missing is passed over, and
//! said: a replica bucket may hold a manifest before its objects. One that is *damaged* is not
//! passed over unasked: somebody or something altered what was verified, and should be known before
//! an hour of work is silently lost.

mod candidates;
mod download;
mod options;
mod steps;
mod workplace;

pub use options::{RestoreOptions, RestoreReport, Which};
pub use steps::restore;
