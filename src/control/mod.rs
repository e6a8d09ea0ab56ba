//! Orders to the daemon that holds the store: one JSON object a line, over a Unix socket in the
//! store's folder.
//!
//! ```text
//! command ─► {"verify":{…}} | {"rebuild":{…}} | {"audit":{…}} | {"snapshot":{…}} | "predict" | {"daily":{…}} | {"import":{…}}   one order
//! daemon  ─► {"heard":{…}} | {"deriving":{…}} | {"snapshotting":{…}} …  how far it is
//!         ─► {"done":{…}} | {"derived":{…}} | {"audited":{…}} | {"snapshotted":{…}} | {"predicted":{…}} | {"worked":{…}} | {"imported":{…}} | {"failed":{…}}
//! ```

mod ask;
mod serve;

pub(crate) use ask::{audit, daily, import, predict, rebuild, snapshot, verify};
pub(crate) use serve::{Listener, Workplace, serve};

use crate::certificate::Findings;
use crate::collect::{Heard, VerifyOrder};
use crate::daily::JobReport;
use crate::forecasts::{Accepted, Made, Shape};
use crate::snapshots::SnapshotOrder;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tidegauge_model::{BlockRange, Day, UserKey};
use tidegauge_sync::{AuditReport, LakeReport, SnapshotProgress, SnapshotReport};

/// Longest line either side reads.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// Bytes of a file that one line carries in base64.
const PIECE_BYTES: usize = 45 * 1024;

/// What the daemon is asked to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Verify(VerifyOrder),
    Rebuild {
        user: UserKey,
    },
    Audit {
        repair: bool,
        deep: bool,
    },
    Snapshot(SnapshotOrder),
    Predict,
    Daily {
        day: Day,
    },
    /// So many lines follow, of a file in base64.
    Import {
        model: Option<String>,
        shape: Shape,
        pieces: usize,
    },
}

/// What audits found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Audited {
    /// Of Postgres; `None` where nothing is mirrored there.
    pub(crate) postgres: Option<AuditReport>,
    /// Of the lake; `None` without one.
    pub(crate) s3: Option<LakeReport>,
}

/// What the daemon answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Heard(Heard),
    Done {
        range: BlockRange,
        findings: Findings,
    },
    Deriving {
        done: u64,
        total: u64,
    },
    Derived {
        total: u64,
    },
    Audited(Audited),
    Snapshotting(SnapshotProgress),
    Snapshotted(SnapshotReport),
    Predicting {
        done: u64,
        total: u64,
    },
    Predicted(Made),
    Worked(JobReport),
    Imported(Accepted),
    Failed {
        message: String,
        is_usage: bool,
    },
}

/// Where the daemon listens.
fn socket_path(store: &Path) -> PathBuf {
    store.join("control.sock")
}
