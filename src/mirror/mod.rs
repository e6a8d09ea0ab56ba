//! Mirrors of the store elsewhere, as the program runs them.

mod bucket;
mod desk;
mod keep;
mod keep_bucket;
mod postgres;
mod report;
mod tell;

pub(crate) use bucket::Bucket;
pub(crate) use desk::Desk;
pub(crate) use keep::keep;
pub(crate) use keep_bucket::{Orders, keep_bucket};
pub(crate) use postgres::{database, reader, writer};
pub(crate) use report::{BucketReport, MirrorReport, SnapshotShown};

use tidegauge_sync::{
    AuditDepth, AuditReport, Database, Heard, LakeReport, POSTGRES_MIRROR, ReadBack, Repair,
    S3_MIRROR, SnapshotReport,
};

/// The mirrors that are configured, by the names under which they acknowledge.
pub(crate) fn names(database: Option<&Database>, bucket: Option<&Bucket>) -> Vec<&'static str> {
    let postgres = database.map(|_| POSTGRES_MIRROR);
    let lake = bucket.filter(|to| to.has_lake()).map(|_| S3_MIRROR);
    postgres.into_iter().chain(lake).collect()
}

/// Where audits of Postgres are asked for.
pub(crate) type Auditor = Desk<Repair, AuditReport>;

/// Where audits of the lake are asked for.
pub(crate) type LakeAuditor = Desk<(AuditDepth, Repair), LakeReport>;

/// Where snapshots are asked for.
pub(crate) type Snapshotter = Desk<(ReadBack, Heard), SnapshotReport>;
