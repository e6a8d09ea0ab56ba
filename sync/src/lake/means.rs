//! What all work on a lake has at hand: the store, the bucket, the right to write, room for files.

use super::file::Made;
use super::manifest::{LakeObject, StoreLife};
use super::options::{LakeOptions, LakeStatus};
use super::scratch::Scratch;
use super::upload::{Address, upload};
use crate::error::SyncError;
use crate::s3::Writer;
use std::sync::Arc;
use tidegauge_model::ChainId;
use tidegauge_objects::{Objects, Put};
use tidegauge_storage::Reader;

/// What work on a lake has at hand.
pub(super) struct Means {
    pub(super) reader: Reader,
    pub(super) objects: Objects,
    pub(super) writer: Writer,
    pub(super) options: LakeOptions,
    pub(super) scratch: Arc<Scratch>,
    pub(super) chain: ChainId,
    pub(super) life: StoreLife,
}

impl Means {
    /// Uploads files, and counts them.
    pub(super) async fn put(
        &self,
        made: Vec<Made>,
        is_hot: bool,
        status: &mut LakeStatus,
    ) -> Result<Vec<LakeObject>, SyncError> {
        let to = Address {
            chain: self.chain,
            epoch: self.writer.epoch(),
            is_hot,
        };
        let mut objects = Vec::with_capacity(made.len());
        for (object, put) in upload(&self.objects, to, made).await? {
            if put == Put::Written {
                status.uploaded_objects += 1;
                status.uploaded_bytes += object.bytes;
            }
            objects.push(object);
        }
        Ok(objects)
    }
}
