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
    AuditDepth, AuditReport, Heard, LakeReport, ReadBack, Repair, SnapshotReport,
};

/// Where audits of Postgres are asked for.
pub(crate) type Auditor = Desk<Repair, AuditReport>;

/// Where audits of the lake are asked for.
pub(crate) type LakeAuditor = Desk<(AuditDepth, Repair), LakeReport>;

/// Where snapshots are asked for.
pub(crate) type Snapshotter = Desk<(ReadBack, Heard), SnapshotReport>;
