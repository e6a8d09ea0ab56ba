//! Reading the store from a task: on a thread that may block, each time of a fresh view.

use crate::error::SyncError;
use crate::postgres::ask::Answer;
use tidegauge_storage::{Reader, View};

/// What a function makes of the store as it is now.
pub(super) fn look_at<T: Send + 'static>(
    reader: &Reader,
    make: impl FnOnce(&View<'_>) -> Result<T, SyncError> + Send + 'static,
) -> Answer<'static, T> {
    let reader = reader.clone();
    Box::pin(async move {
        let task = tokio::task::spawn_blocking(move || make(&reader.view()?));
        match task.await {
            Ok(made) => made,
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    })
}
