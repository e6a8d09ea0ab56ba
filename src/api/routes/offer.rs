//! `PUT /api/predictions/{model}`: forecasts of somebody else's model.

use crate::api::context::Context;
use crate::api::intake::Sent;
use crate::api::refusal::Refusal;
use crate::forecasts::{Accepted, OfferedRows, Shape};
use std::sync::Arc;
use warp::http::StatusCode;
use warp::http::header::CONTENT_TYPE;

/// Keeps them, whole or not at all. The same once more changes nothing.
pub(super) async fn take(context: Arc<Context>, sent: Sent) -> Result<Accepted, Refusal> {
    let model = sent.parts.first().map_or("", String::as_str);
    let model = model.parse().map_err(|why: String| {
        Refusal::bad("bad_model", why, "name it as in /api/predictions/growth")
    })?;
    let named = sent.headers.get(CONTENT_TYPE);
    let named = named.map(|named| named.to_str().unwrap_or("?"));
    let shape = Shape::of_type(named).ok_or_else(|| {
        Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unknown_type",
            "the body is of a type that is not read",
            "send application/json, text/csv or application/vnd.apache.parquet",
        )
    })?;
    let rows = OfferedRows {
        model: Some(model),
        shape,
        bytes: sent.body,
    };
    match context.offers.offer(rows).await {
        Some(Ok(Ok(accepted))) => Ok(accepted),
        Some(Ok(Err(refused))) => Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_forecasts",
            refused.to_string(),
            "nothing was kept; docs/forecasts.md says what a row has",
        )),
        Some(Err(error)) => Err(error.into()),
        None => Err(Refusal::busy()),
    }
}
