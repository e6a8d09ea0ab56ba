//! Being told to stop.

use crate::error::Error;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by SIGTERM, SIGINT or SIGHUP; a second signal ends the process at once
/// (nothing is lost by that: every commit is atomic).
///
/// # Errors
/// [`Error::Io`] if the signals cannot be listened to.
pub(crate) fn stop_signal() -> Result<CancellationToken, Error> {
    let listen = |kind| signal(kind).map_err(Error::io("listen for signals"));
    let mut signals = [
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
        listen(SignalKind::hangup())?,
    ];
    let token = CancellationToken::new();
    let stop = token.clone();
    tokio::spawn(async move {
        let [term, int, hup] = &mut signals;
        for round in 0.. {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {}, _ = hup.recv() => {} }
            if round > 0 {
                std::process::exit(1);
            }
            tracing::info!("stopping: finishing what is in hand");
            stop.cancel();
        }
    });
    Ok(token)
}
