//! What a mirror says of itself: to the status page, and to the store, which keeps its position.

use crate::collect::Committer;
use std::time::Duration;
use tidegauge_storage::MirrorPosition;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The store is told at most so often how far a mirror has come: what it keeps for mirrors is
/// small, and each word is a synced write.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// What is read from a status, and who is shown it.
pub(super) struct Told<A, E, S> {
    /// The mirror's name in the store.
    pub(super) name: &'static str,
    /// The position that the store may keep.
    pub(super) acknowledged: A,
    /// Whether something keeps it from going on.
    pub(super) error: E,
    /// Takes the status.
    pub(super) show: S,
}

/// Shows where a mirror is, and tells the store how far it has come.
pub(super) async fn tell<T: Clone>(
    mut status: watch::Receiver<T>,
    told: Told<impl Fn(&T) -> Option<MirrorPosition>, impl Fn(&T) -> bool, impl Fn(T)>,
    committer: &Committer,
    ended: &CancellationToken,
) {
    let mut kept: Option<MirrorPosition> = None;
    let mut tell_at = Instant::now();
    let mut failing = false;
    loop {
        let is_over = ended.is_cancelled();
        let now = status.borrow_and_update().clone();
        // A mirror logs its failures itself, not that they are over.
        let fails = (told.error)(&now);
        if failing && !fails {
            tracing::info!("the {} mirror goes on", told.name);
        }
        failing = fails;
        let news = (told.acknowledged)(&now).filter(|at| Some(*at) != kept);
        if let Some(at) = news.filter(|_| is_over || Instant::now() >= tell_at) {
            committer.acknowledge(told.name, at).await;
            kept = Some(at);
            tell_at = Instant::now() + TELL_EVERY;
        }
        (told.show)(now);
        if is_over {
            return;
        }
        tokio::select! {
            changed = status.changed() => if changed.is_err() { return },
            () = sleep_until(tell_at), if news.is_some() && Instant::now() < tell_at => {}
            () = ended.cancelled() => {}
        }
    }
}
