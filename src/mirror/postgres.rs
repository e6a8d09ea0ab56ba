//! The database of the configuration, and who we are to it.

use crate::config::Config;
use crate::error::Error;
use std::path::Path;
use tidegauge_sync::{Database, LOOK_BACK_EVERY, MirrorOptions};

/// Where to mirror to; `None` if nothing is configured. Nothing is connected yet.
///
/// # Errors
/// What of the configuration does not hold.
pub(crate) fn database(config: &Config) -> Result<Option<Database>, Error> {
    let settings = config.sync.postgres.settings()?;
    Ok(settings.map(Database::new).transpose()?)
}

/// Who we are, for people who meet our lease: one that only reads the store.
pub(crate) fn reader(take_over: bool) -> MirrorOptions {
    MirrorOptions {
        holder: format!("{} process {}", host(), std::process::id()),
        gone: None,
        take_over,
        look_back_every: LOOK_BACK_EVERY,
    }
}

/// Who we are as the only writer of the store in this folder: a process that said so before us is
/// gone, since it let go of the folder's lock.
pub(crate) fn writer(store: &Path) -> MirrorOptions {
    let store = store.canonicalize().unwrap_or_else(|_| store.to_owned());
    let us = format!("{} collecting into {} process ", host(), store.display());
    MirrorOptions {
        holder: format!("{us}{}", std::process::id()),
        gone: Some(us),
        take_over: false,
        look_back_every: LOOK_BACK_EVERY,
    }
}

fn host() -> String {
    let names = rustix::system::uname();
    names.nodename().to_string_lossy().into_owned()
}
