//! Adds a block at every interval.

use super::Desk;
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn grow(mut desk: Desk, interval: Duration) {
    let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        tokio::select! {
            _ = desk.stopping.changed() => return,
            _ = ticks.tick() => {}
        }
        let (chain, imp) = (Arc::clone(&desk.node.chain), desk.imp.clone());
        let grown = tokio::task::spawn_blocking(move || match imp {
            None => chain.grow().map(drop),
            Some(imp) => imp.grow(&chain),
        });
        match grown.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the simulated chain stopped growing");
                return;
            }
            Err(_) => return,
        }
    }
}
