//! The lake: the store's rows as Parquet files in a bucket, day by day, for others to read.
//!
//! What counts is what the newest manifest names: `lake/_manifests/`, one document a version,
//! each written once. It names lists of the objects of final days, one for each table and month
//! and named by their content, and the few objects of days that are not final. `docs/lake.md` is
//! the page for readers.
//!
//! Objects come first and the manifest last. So whatever is cut off at any moment leaves the lake
//! as the version before has it, and perhaps objects that nobody names; the next attempt finds
//! those by their names, which hold the hash of what is in them, or a sweep removes them when they
//! are old. No object is ever overwritten. Of two writers one finds that it is the writer no more
//! before it publishes, or that the next version is taken.
//!
//! What is due is found by comparing: a table's day that is final in the store, and not in the
//! catalog, is made, uploaded and published. What was published is compared once more by the
//! digest of its rows whenever there is reason to doubt it: a repair or a rebuild, which the
//! store's notices tell of, another store or another life of it, a store that went back in time.
//! The manifest says up to which notice of which store all that is in it; there is no other state.
//!
//! A day is final here when the block that closed it is: one block later than the rows themselves,
//! since until then the day could be opened again.

mod audit;
mod catalog;
mod damage;
mod days;
mod differ;
mod doubt;
mod doubts;
mod file;
mod forecast_days;
mod hot;
mod inspect;
mod look;
mod manifest;
mod means;
mod options;
mod published;
mod recheck;
mod rows;
mod rows_digest;
mod runner;
mod scratch;
mod session;
mod store_view;
mod sweep;
mod table;
mod upload;

pub use audit::{Finding, Flaw, LakeReport};
pub use inspect::AuditDepth;
pub use manifest::LakeObject;
pub use options::{LakeOptions, LakePhase, LakeStatus, S3_MIRROR};
pub use rows_digest::RowsDigest;
pub use runner::Lake;
pub use sweep::Swept;
pub use table::LakeTable;
