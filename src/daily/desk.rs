//! What a job works with.

use crate::collect::Committer;
use crate::config::Predictions;
use crate::error::Error;
use tidegauge_model::UnixSeconds;
use tidegauge_storage::{Keep, Reader};

/// What a job works with.
pub(crate) struct Desk<'a> {
    /// The store.
    pub(crate) reader: &'a Reader,
    /// Its only writer.
    pub(crate) committer: &'a Committer,
    /// The mirrors that are configured, by the names under which they acknowledge.
    pub(crate) mirrors: &'a [&'static str],
    /// How is forecast.
    pub(crate) predictions: &'a Predictions,
    /// The clock on the wall.
    pub(crate) now: fn() -> UnixSeconds,
}

impl Desk<'_> {
    /// Keeps records, all of them or none.
    pub(super) async fn keep(&self, records: Vec<Keep>) -> Result<(), Error> {
        if self.committer.keep(records).await? {
            Ok(())
        } else {
            Err(Error::Failed("the commit thread has stopped".to_owned()))
        }
    }

    /// Reads the store where that may take its time.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let reader = self.reader.clone();
        tokio::task::spawn_blocking(move || read(&reader))
            .await
            .map_err(|e| Error::Failed(format!("a thread that read the store ended: {e}")))?
    }
}
