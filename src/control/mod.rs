//! Orders to the daemon that holds the store: one JSON object a line, over a Unix socket in the
//! store's folder.
//!
//! ```text
//! command ─► {"verify":{…}}            one order
//! daemon  ─► {"heard":{…}} …           how far it is
//!         ─► {"done":{…}} | {"failed":{…}}
//! ```

mod ask;
mod serve;

pub(crate) use ask::ask;
pub(crate) use serve::{Workplace, serve};

use crate::certificate::Findings;
use crate::collect::{Heard, VerifyOrder};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use tidegauge_model::BlockRange;

/// Longest line either side reads.
const MAX_LINE_BYTES: usize = 64 * 1024;

/// What the daemon is asked to do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    Verify(VerifyOrder),
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
    Failed {
        message: String,
        is_usage: bool,
    },
}

/// Where the daemon listens.
fn socket_path(store: &Path) -> PathBuf {
    store.join("control.sock")
}
