//! The tables: made and led up by migrations, checked before use, partitioned as data needs it.

mod migrate;
mod partitions;
mod shape;

pub use migrate::migrate;
pub(super) use partitions::Partitions;

/// What made the tables, by version; the first states every table and column, one a line.
const MIGRATIONS: [(i64, &str, &str); 1] = [(
    1,
    "mirror",
    include_str!("../../../../migrations/0001_mirror.sql"),
)];
