//! Log lines on standard error: text for people, JSON for machines.

use crate::config::{Log, LogFormat};
use crate::error::Error;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Installs the process's subscriber.
///
/// # Errors
/// [`Error::Usage`] if `log.level` is no filter.
pub(crate) fn init(log: &Log) -> Result<(), Error> {
    let filter =
        EnvFilter::try_new(format!("{},{}", crate::api::QUIET, log.level)).map_err(|e| {
            Error::Usage(format!(
                "configuration: `log.level` = {}: {e}; write error, warn, info, debug or trace",
                log.level
            ))
        })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(crate::progress::LogWriter::default);
    match log.format {
        LogFormat::Text => builder
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
