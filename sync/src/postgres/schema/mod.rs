//! The tables: made and led up by migrations, checked before use, partitioned as data needs it.

mod inspect;
mod migrate;
mod partitions;
mod shape;

pub use inspect::{Inspected, inspect};
pub use migrate::migrate;
pub(super) use partitions::Partitions;

/// What made the tables, by version; which state each table's columns one a line.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (
        1,
        "mirror",
        include_str!("../../../../migrations/0001_mirror.sql"),
    ),
    (
        2,
        "predictions",
        include_str!("../../../../migrations/0002_predictions.sql"),
    ),
    (
        3,
        "daily_jobs",
        include_str!("../../../../migrations/0003_daily_jobs.sql"),
    ),
];
