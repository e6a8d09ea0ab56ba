//! Orders to the daemon that holds the store: one JSON object a line, over a Unix socket in the
//! store's folder.
//!
//! ```text
//! command ─► {"verify":{…}} | {"rebuild":{…}} | {"audit":{…}}   one order
//! daemon  ─► {"heard":{…}} | {"deriving":{…}} …  how far it is
//!         ─► {"done":{…}} | {"derived":{…}} | {"audited":{…}} | {"failed":{…}}
//! ```

mod ask;
mod serve;

pub(crate) use ask::{audit, rebuild, verify};
pub(crate) use serve::{Workplace, serve};

use crate::certificate::Findings;
use crate::collect::{Heard, VerifyOrder};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tidegauge_model::{BlockRange, UserKey};
use tidegauge_sync::AuditReport;

/// Longest line either side reads.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// What the daemon is asked to do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Verify(VerifyOrder),
    Rebuild { user: UserKey },
    Audit { repair: bool },
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
    Audited(AuditReport),
    Failed {
        message: String,
        is_usage: bool,
    },
}

/// Where the daemon listens.
fn socket_path(store: &Path) -> PathBuf {
    store.join("control.sock")
}
