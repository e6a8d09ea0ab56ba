//! Files into the bucket, several at once.

use super::file::Made;
use super::manifest::{LakeObject, object_key};
use crate::error::SyncError;
use tidegauge_model::ChainId;
use tidegauge_objects::{Content, Objects, Put, Stamp};
use tokio::task::JoinSet;

/// Files uploaded at once: enough to fill a line, few enough to be small on disk.
pub(super) const MAX_AT_ONCE: usize = 8;

/// Where objects go.
#[derive(Clone, Copy)]
pub(super) struct Address {
    pub(super) chain: ChainId,
    pub(super) epoch: u64,
    /// Whether their days are not final.
    pub(super) is_hot: bool,
}

/// Uploads files, which are removed then; gives the objects and how each came to be there.
pub(super) async fn upload(
    objects: &Objects,
    to: Address,
    files: Vec<Made>,
) -> Result<Vec<(LakeObject, Put)>, SyncError> {
    let mut done = Vec::with_capacity(files.len());
    let mut files = files.into_iter();
    let mut running = JoinSet::new();
    loop {
        while running.len() < MAX_AT_ONCE
            && let Some(made) = files.next()
        {
            running.spawn(upload_one(objects.clone(), to, made));
        }
        let Some(ended) = running.join_next().await else {
            return Ok(done);
        };
        match ended {
            Ok(uploaded) => done.push(uploaded?),
            Err(failed) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime ends, and this task with it.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

async fn upload_one(
    objects: Objects,
    to: Address,
    made: Made,
) -> Result<(LakeObject, Put), SyncError> {
    let path = made.file.path();
    let stamp = Stamp::of_file(path).await?;
    let key = object_key(to.is_hot, (to.chain, to.epoch), &made.object, &stamp.sha256)?;
    let content = Content::File(path.to_owned());
    let put = objects.put_new(&key, &content, &stamp).await?;
    Ok((made.object.named(key, stamp), put))
}
