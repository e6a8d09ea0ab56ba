//! `GET /api/alerts`: what is wrong, what was told, and what is on its way to whom.

use crate::alerts::AlertsReport;
use crate::api::ask::Asked;
use crate::api::context::Context;
use crate::api::refusal::Refusal;
use crate::api::route::NoQuery;
use warp::http::StatusCode;

/// Troubles and alerts.
pub(super) fn alerts(
    context: &Context,
    _: &Asked,
    _: NoQuery,
) -> Result<(StatusCode, AlertsReport), Refusal> {
    let view = context.sources.reader.view()?;
    let report = AlertsReport::read(&view, &context.sources.rules, &context.sources.sinks)?;
    Ok((StatusCode::OK, report))
}
