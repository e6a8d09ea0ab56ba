//! `GET /api/status`: the collector, its store and its mirrors at one look.

use super::latest::{LatestSwap, latest_swaps};
use crate::alerts::{TroubleReport, troubles};
use crate::api::ask::Asked;
use crate::api::context::Context;
use crate::api::refusal::Refusal;
use crate::api::route::NoQuery;
use crate::clock::now;
use crate::collect::{LatencyShown, Stage, Tail};
use crate::daily::JobsReport;
use crate::mirror::{BucketReport, MirrorReport, SnapshotShown};
use crate::report::Report;
use schemars::JsonSchema;
use serde::Serialize;
use tidegauge_chain::EndpointReport;
use warp::http::StatusCode;

/// Swaps listed by the status answer.
const LATEST_SWAPS: usize = 12;
/// Blocks looked through for them.
const LATEST_BLOCKS: usize = 500;
/// Blocks behind the head up to which the collector counts as ready.
const READY_LAG_BLOCKS: u64 = 5;

/// Everything an operator looks at first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Status {
    #[serde(flatten)]
    store: Report,
    collector: Collector,
    mirrors: Mirrors,
    daily: JobsReport,
    /// What was told and is not over, worst first.
    troubles: Vec<TroubleReport>,
    latest_swaps: Vec<LatestSwap>,
}

#[derive(Serialize, JsonSchema)]
struct Collector {
    stage: Stage,
    /// The chain's last block that we heard of.
    head: Option<u64>,
    lag_blocks: Option<u64>,
    last_error: Option<String>,
    tail: Tail,
    /// From hearing of a block of the tip until it is durable.
    commit_latency: LatencyShown,
    endpoints: Vec<EndpointReport>,
}

#[derive(Serialize, JsonSchema)]
struct Mirrors {
    postgres: Option<MirrorReport>,
    s3: Option<BucketReport>,
    snapshots: Option<SnapshotShown>,
}

/// Whether the tip is followed closely.
#[derive(Serialize, JsonSchema)]
pub(super) struct Readiness {
    ready: bool,
    stage: Stage,
    lag_blocks: Option<u64>,
    last_error: Option<String>,
}

/// Whether the process answers.
#[derive(Serialize, JsonSchema)]
pub(super) struct Health {
    ok: bool,
}

/// The status.
pub(super) fn status(
    context: &Context,
    _: &Asked,
    _: NoQuery,
) -> Result<(StatusCode, Status), Refusal> {
    let view = context.sources.reader.view()?;
    let store = Report::of(&context.sources.reader, &view)?;
    let head = context.sources.live.head().map(|head| head.0);
    let collector = Collector {
        stage: context.sources.live.stage(),
        head,
        lag_blocks: head
            .zip(store.tip_number())
            .map(|(head, tip)| head.saturating_sub(tip)),
        last_error: context.sources.live.last_error(),
        tail: context.sources.live.tail(),
        commit_latency: context.sources.live.latencies().into(),
        endpoints: context.sources.endpoint_reports(),
    };
    let at = view.tip()?;
    let bucket = context.sources.live.bucket(at);
    let mirrors = Mirrors {
        postgres: context
            .sources
            .live
            .postgres(at)
            .as_ref()
            .map(MirrorReport::of),
        s3: BucketReport::of(&bucket),
        snapshots: SnapshotShown::of(&bucket),
    };
    let daily = JobsReport::read(&view, context.sources.daily_at, now())?;
    let troubles = troubles(&view, &context.sources.rules)?;
    let latest_swaps = latest_swaps(&view, &context.names, LATEST_SWAPS, LATEST_BLOCKS)?;
    let status = Status {
        store,
        collector,
        mirrors,
        daily,
        troubles,
        latest_swaps,
    };
    Ok((StatusCode::OK, status))
}

/// 200 while following the tip closely, else 503 with the reason.
pub(super) fn readyz(
    context: &Context,
    _: &Asked,
    _: NoQuery,
) -> Result<(StatusCode, Readiness), Refusal> {
    let stage = context.sources.live.stage();
    let tip = context
        .sources
        .reader
        .view()?
        .tip()?
        .map(|tip| tip.block.number.0);
    let lag_blocks = context
        .sources
        .live
        .head()
        .zip(tip)
        .map(|(head, tip)| head.0.saturating_sub(tip));
    let ready = stage == Stage::Following && lag_blocks.is_some_and(|lag| lag <= READY_LAG_BLOCKS);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let readiness = Readiness {
        ready,
        stage,
        lag_blocks,
        last_error: context.sources.live.last_error(),
    };
    Ok((status, readiness))
}

/// 200 as long as the process answers.
pub(super) fn healthz(_: &Context, _: &Asked, _: NoQuery) -> Result<(StatusCode, Health), Refusal> {
    Ok((StatusCode::OK, Health { ok: true }))
}
