//! Reading the store from a task: on a thread that may block, each time of a fresh view.

use crate::error::SyncError;
use crate::postgres::ask::Answer;
use tidegauge_storage::{Reader, View};
use tokio::task::JoinHandle;

/// A look that was begun, whether or not anybody waits for it.
pub(super) type Begun<T> = JoinHandle<Result<T, SyncError>>;

/// What a function makes of the store as it is now.
pub(super) fn look_at<T: Send + 'static>(
    reader: &Reader,
    make: impl FnOnce(&View<'_>) -> Result<T, SyncError> + Send + 'static,
) -> Answer<'static, T> {
    let begun = begin_look(reader, make);
    Box::pin(end_look(begun))
}

/// Begins to look.
pub(super) fn begin_look<T: Send + 'static>(
    reader: &Reader,
    make: impl FnOnce(&View<'_>) -> Result<T, SyncError> + Send + 'static,
) -> Begun<T> {
    let reader = reader.clone();
    tokio::task::spawn_blocking(move || make(&reader.view()?))
}

/// Waits for what was made.
pub(super) async fn end_look<T>(begun: Begun<T>) -> Result<T, SyncError> {
    match begun.await {
        Ok(made) => made,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
