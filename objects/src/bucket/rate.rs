//! A limit of bytes a second, shared by all uploads.

use std::{
    num::NonZeroU64,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// When the line is free again, for whoever asks next.
#[derive(Debug)]
pub(super) struct Rate {
    per_second: NonZeroU64,
    free_at: Mutex<Instant>,
}

impl Rate {
    pub(super) fn new(per_second: NonZeroU64) -> Self {
        Self {
            per_second,
            free_at: Mutex::new(Instant::now()),
        }
    }

    /// How many bytes to send at once, so that every upload moves several times a second.
    pub(super) fn piece_bytes(&self, most: usize) -> usize {
        usize::try_from(self.per_second.get() / 16).map_or(most, |share| share.clamp(1, most))
    }

    /// Waits until so many bytes may be sent; whoever asks later waits longer.
    pub(super) async fn admit(&self, bytes: usize) {
        let takes = self.takes(bytes as u64);
        let turn = {
            let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
            // What was not used in the past is lost: no bursts.
            let turn = (*free_at).max(Instant::now());
            *free_at = turn + takes;
            turn
        };
        tokio::time::sleep_until(turn).await;
    }

    /// How long so many bytes take at least.
    pub(super) fn takes(&self, bytes: u64) -> Duration {
        let nanoseconds = u128::from(bytes) * 1_000_000_000 / u128::from(self.per_second.get());
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}
