//! Waiting out what passes by itself, and not for ever.

use super::Live;
use crate::error::Error;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Pause after the first failure; doubled after each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Failures in a row, without a block committed between them.
///
/// The chain's side has tried several times already before an error arrives here.
pub(crate) struct Patience {
    failures: u32,
    limit: u32,
}

impl Default for Patience {
    /// For a command that a person waits for.
    fn default() -> Self {
        Self {
            failures: 0,
            limit: 3,
        }
    }
}

impl Patience {
    /// For the daemon: an endpoint may be away for days.
    pub(crate) fn endless() -> Self {
        Self {
            failures: 0,
            limit: u32::MAX,
        }
    }

    /// Waits before another attempt, or gives the error back if waiting does not help.
    ///
    /// # Errors
    /// The error itself, if it is not transient or has come too often without `progressed`.
    pub(crate) async fn wait(
        &mut self,
        error: Error,
        progressed: bool,
        live: &Live,
        stop: &CancellationToken,
    ) -> Result<(), Error> {
        if progressed {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        if !error.is_transient() || self.failures >= self.limit {
            return Err(error);
        }
        let pause = FIRST_PAUSE
            .saturating_mul(1 << (self.failures - 1).min(16))
            .min(MAX_PAUSE);
        tracing::warn!("{error}; again in {} s", pause.as_secs());
        live.wait_for(&error.to_string());
        tokio::select! { () = tokio::time::sleep(pause) => {}, () = stop.cancelled() => {} }
        Ok(())
    }
}
