//! Rows of the present, ready before they are asked for: when the chain enters another hour, what
//! is kept of the hours before is read for it at once.

use super::context::Context;
use std::sync::Arc;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::StoreError;
use tokio_util::sync::CancellationToken;

/// Follows the store until told to stop.
pub(super) async fn keep_ready(context: Arc<Context>, stop: CancellationToken) {
    let mut steps = context.sources.live.steps();
    loop {
        let changed = tokio::select! {
            changed = steps.changed() => changed.is_ok(),
            () = stop.cancelled() => false,
        };
        if !changed {
            return;
        }
        let context = context.clone();
        let read = tokio::task::spawn_blocking(move || move_on(&context)).await;
        if let Ok(Err(error)) = read {
            // Whoever asks reads it then, and is told.
            tracing::debug!("rows of the present are not ready: {error}");
        }
    }
}

fn move_on(context: &Context) -> Result<(), StoreError> {
    let view = context.sources.reader.view()?;
    if let Some(time) = view.tip()?.and_then(|tip| tip.timestamp) {
        context.rows.move_on(&view, UnixSeconds(time.0 + 1))?;
    }
    Ok(())
}
