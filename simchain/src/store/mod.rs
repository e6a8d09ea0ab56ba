//! Blocks on disk, as the JSON that is served of them.
//!
//! A segment is a folder of append-only files. It is written under another
//! name and renamed when complete, so a half-written one is never opened.
//! Memory does not grow with it: every answer is read from its place.

mod entry;
mod lookup;
mod segment;

pub(crate) use entry::{BlockEntry, LOG_BYTES, LogEntry};
pub(crate) use lookup::{Lookup, LookupWriter, RecentLookup, Spot};
pub(crate) use segment::{Kind, Segment, SegmentWriter};
