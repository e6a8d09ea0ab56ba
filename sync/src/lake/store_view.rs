//! Reading the store from a task: on a thread that may block, each time of a fresh view.

use crate::error::SyncError;
use tidegauge_storage::{Reader, View};

/// What a function makes of the store as it is now.
pub(super) async fn look_at<T: Send + 'static>(
    reader: &Reader,
    make: impl FnOnce(&View<'_>) -> Result<T, SyncError> + Send + 'static,
) -> Result<T, SyncError> {
    let reader = reader.clone();
    on_a_thread(move || make(&reader.view()?)).await
}

/// What a function that may block makes.
pub(super) async fn on_a_thread<T: Send + 'static>(
    make: impl FnOnce() -> Result<T, SyncError> + Send + 'static,
) -> Result<T, SyncError> {
    match tokio::task::spawn_blocking(make).await {
        Ok(made) => made,
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
