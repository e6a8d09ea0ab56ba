//! Secrets that AWS keeps: when one has been replaced, the collector starts itself again.

use crate::collect::{Live, Stage};
use crate::config::secrets_told;
use crate::error::Error;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Between looks while nothing can be collected: a key that was replaced may be why.
const IN_TROUBLE: Duration = Duration::from_secs(60);

/// How often is looked whether a look is due.
const TICK: Duration = Duration::from_secs(1);

/// Waits until one of the secrets that this process was told is another now; `false`: told to stop.
/// What cannot be read is as it was.
pub(crate) async fn replaced(every: Duration, live: &Live, stop: &CancellationToken) -> bool {
    let told = secrets_told();
    let mut looked_at = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return false,
            () = tokio::time::sleep(TICK) => {}
        }
        let pause = match live.stage() {
            Stage::Waiting => every.min(IN_TROUBLE),
            _ => every,
        };
        if told.is_empty() || looked_at.elapsed() < pause {
            continue;
        }
        looked_at = Instant::now();
        for (secret, value) in &told {
            let read = tokio::select! {
                read = secret.read() => read,
                () = stop.cancelled() => return false,
            };
            match read {
                Ok(now) if now == *value => {}
                Ok(_) => {
                    tracing::info!("secret {secret} has been replaced: starting again with it");
                    return true;
                }
                Err(error) => tracing::warn!("secret {secret} is not read again: {error}"),
            }
        }
    }
}

/// This program again, in this process's place; returns only if that fails.
pub(crate) fn start_again() -> Error {
    let attempt = "start again with the secrets that were replaced";
    match std::env::current_exe() {
        Ok(program) => {
            let mut command = Command::new(program);
            Error::io(attempt)(command.args(std::env::args_os().skip(1)).exec())
        }
        Err(cause) => Error::io(attempt)(cause),
    }
}
