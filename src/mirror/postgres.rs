//! The database of the configuration, and who we are to it.

use crate::config::Config;
use crate::error::Error;
use tidegauge_sync::{Database, MirrorOptions};

/// Where to mirror to; `None` if nothing is configured. Nothing is connected yet.
///
/// # Errors
/// What of the configuration does not hold.
pub(crate) fn database(config: &Config) -> Result<Option<Database>, Error> {
    let settings = config.sync.postgres.settings()?;
    Ok(settings.map(Database::new).transpose()?)
}

/// Who we are, for people who meet our lease.
pub(crate) fn options(take_over: bool) -> MirrorOptions {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    MirrorOptions {
        holder: format!("{host} process {}", std::process::id()),
        take_over,
    }
}
