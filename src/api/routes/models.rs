//! `GET /api/models`: who forecasts, and what the forecasts were worth.

use crate::api::ask::Asked;
use crate::api::kept::Answer;
use crate::api::refusal::Refusal;
use crate::api::route::NoQuery;
use crate::api::snapshot::Snapshot;
use crate::forecasts::Models;
use schemars::JsonSchema;
use serde::Serialize;
use tidegauge_model::BlockRef;

/// The models with their scores.
#[derive(Serialize, JsonSchema)]
pub(super) struct AllModels {
    /// The last block that is in the numbers.
    as_of: BlockRef,
    #[serde(flatten)]
    models: Models,
}

impl Answer for AllModels {}

/// All models.
pub(super) fn models(snapshot: &Snapshot<'_>, _: &Asked, _: NoQuery) -> Result<AllModels, Refusal> {
    Ok(AllModels {
        as_of: snapshot.as_of()?.block,
        models: Models::read(&snapshot.view)?,
    })
}
