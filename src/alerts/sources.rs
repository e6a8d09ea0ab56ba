//! What facts are gathered from.

use crate::collect::Live;
use crate::config::DailyAt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tidegauge_chain::Chain;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::Reader;

/// What facts are gathered from.
#[derive(Clone)]
pub(crate) struct Sources {
    /// The store.
    pub(crate) reader: Reader,
    /// Its folder.
    pub(crate) store: PathBuf,
    /// What the collector is doing.
    pub(crate) live: Arc<Live>,
    /// The endpoints, once one of them answered.
    pub(crate) endpoints: Arc<OnceLock<Chain>>,
    /// When the job of a day is due.
    pub(crate) daily_at: DailyAt,
    /// Names of the places that alerts go to.
    pub(crate) sinks: Vec<String>,
    /// Whether nothing is collected, on purpose.
    pub(crate) offline: bool,
    /// The clock on the wall.
    pub(crate) now: fn() -> UnixSeconds,
}
