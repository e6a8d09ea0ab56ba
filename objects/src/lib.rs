//! Objects written once and small documents that are replaced: in a bucket of S3's protocol, or in
//! a folder.
//!
//! What is promised, whatever the back-end: an object appears whole or not at all, is never
//! overwritten, and is what its [`Stamp`] says, on the way there and on the way back. A document is
//! replaced only where it is still the one that was read. What a kill or a broken line leaves
//! behind is invisible: an unfinished upload, ended by [`Objects::end_stale_uploads`].
//!
//! Knows neither the store nor what the objects mean; nothing else knows the SDK.

mod answer;
mod arrival;
mod bucket;
mod error;
mod failure;
mod folder;
mod key;
mod listing;
mod objects;
mod stamp;

pub use answer::{Abilities, Listed, ObjectStat, ObjectTag, Put};
pub use bucket::{
    AccessKey, BucketSettings, Deadlines, Encryption, MULTIPART_ABOVE, SLOWEST_UPLOAD, Secret,
};
pub use error::ObjectError;
pub use failure::{ObjectCause, ObjectFailure};
pub use key::{MOST_KEY_BYTES, ObjectKey};
pub use listing::Listing;
pub use objects::Objects;
pub use stamp::{Content, Sha256, Stamp};
