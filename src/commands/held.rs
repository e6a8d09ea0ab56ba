//! The store as its only holder, for commands that write where its collector does.

use crate::collect;
use crate::config::Config;
use crate::error::Error;
use tidegauge_storage::Store;

/// Opens the store of the configuration, and no other process can until it is closed.
///
/// # Errors
/// There is none, somebody holds it, or it cannot be read.
pub(super) fn hold_store(config: &Config) -> Result<Store, Error> {
    // A look beside first: opening to write would make a store where there is none.
    let chain = super::open_beside(config)?.view()?.chain_id()?;
    collect::open_store(config, chain, false)
}
