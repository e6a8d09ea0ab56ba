//! What the commit thread is asked to do.

use tidegauge_features::FeatureSet;
use tidegauge_model::Step;
use tidegauge_storage::{Applied, Keep, MirrorPosition, Rebuild, StoreError};
use tokio::sync::oneshot;

/// What the thread is to do, and who waits for what came of it.
pub(super) enum Order {
    Apply {
        step: Box<Step>,
        answer: Option<oneshot::Sender<Result<Applied, StoreError>>>,
    },
    Rebuild {
        set: Box<FeatureSet>,
        answer: oneshot::Sender<Result<Rebuild, StoreError>>,
    },
    Keep {
        records: Vec<Keep>,
        answer: oneshot::Sender<Result<(), StoreError>>,
    },
    Acknowledge {
        mirror: &'static str,
        at: MirrorPosition,
    },
}
