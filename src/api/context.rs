//! What the routes read.

use crate::collect::Live;
use std::sync::Arc;
use tidegauge_chain::Chain;
use tidegauge_storage::{LiveRows, Reader};

/// What the routes read.
pub(crate) struct Context {
    /// The store.
    pub(crate) reader: Reader,
    /// What rows of the present are made of, kept from one to the next.
    pub(crate) rows: LiveRows,
    /// The endpoints' counters.
    pub(crate) chain: Chain,
    /// What the collector is doing.
    pub(crate) live: Arc<Live>,
}
