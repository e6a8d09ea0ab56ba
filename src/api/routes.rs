//! Routes and their answers.

use super::context::Context;
use super::coverage::CoverageReport;
use super::features::FeaturesNow;
use super::latest::{LatestSwap, latest_swaps};
use crate::collect::{Latencies, Stage, Tail};
use crate::error::Error;
use crate::mirror::{BucketReport, MirrorReport, SnapshotShown};
use crate::report::Report;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::convert::Infallible;
use std::sync::Arc;
use tidegauge_model::{BlockNumber, BlockRange, PoolId, UnixSeconds};
use warp::http::StatusCode;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

/// Swaps listed by the status answer.
const LATEST_SWAPS: usize = 12;
/// Blocks looked through for them.
const LATEST_BLOCKS: usize = 500;
/// Blocks behind the head up to which the collector counts as ready.
const READY_LAG_BLOCKS: u64 = 5;

const PAGE: &str = include_str!("page.html");

#[derive(Serialize)]
struct Status {
    #[serde(flatten)]
    store: Report,
    collector: Collector,
    mirrors: Mirrors,
    latest_swaps: Vec<LatestSwap>,
}

#[derive(Serialize)]
struct Collector {
    stage: Stage,
    head: Option<u64>,
    lag_blocks: Option<u64>,
    last_error: Option<String>,
    tail: Tail,
    commit_latency: Latencies,
    endpoints: Vec<tidegauge_chain::EndpointReport>,
}

#[derive(Serialize)]
struct Mirrors {
    postgres: Option<MirrorReport>,
    s3: Option<BucketReport>,
    snapshots: Option<SnapshotShown>,
}

/// All routes; what none of them knows is a 404 in JSON.
pub(super) fn routes(
    context: Arc<Context>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let context = warp::any().map(move || context.clone());
    let page = warp::path::end().map(|| {
        let mut response = warp::reply::html(PAGE).into_response();
        let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:";
        if let Ok(policy) = policy.parse() {
            response.headers_mut().insert("content-security-policy", policy);
        }
        response
    });
    let healthz = warp::path!("healthz").map(|| answer(StatusCode::OK, &json!({"ok": true})));
    let readyz = warp::path!("readyz")
        .and(context.clone())
        .and_then(|context| blocking(context, readyz));
    let coverage = warp::path!("api" / "coverage")
        .and(context.clone())
        .and(warp::query::<Range>())
        .and_then(|context, range: Range| {
            blocking(context, move |context| coverage(context, range))
        });
    let features = warp::path!("api" / "features" / String)
        .and(context.clone())
        .and_then(|pool: String, context| {
            blocking(context, move |context| features(context, &pool))
        });
    let metrics = warp::path!("metrics")
        .and(context.clone())
        .and_then(|context| blocking(context, metrics));
    let status = warp::path!("api" / "status")
        .and(context)
        .and_then(|context| blocking(context, status));
    warp::get()
        .and(
            page.or(healthz)
                .unify()
                .or(readyz)
                .unify()
                .or(coverage)
                .unify()
                .or(features)
                .unify()
                .or(metrics)
                .unify()
                .or(status)
                .unify(),
        )
        .recover(refuse)
}

/// Reads the store away from the threads that serve connections.
async fn blocking(
    context: Arc<Context>,
    read: impl FnOnce(&Context) -> Result<Response, Error> + Send + 'static,
) -> Result<Response, Rejection> {
    let read = tokio::task::spawn_blocking(move || read(&context)).await;
    Ok(match read {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => fault(
            StatusCode::INTERNAL_SERVER_ERROR,
            "store",
            &error.to_string(),
            "see the collector's log; tidegauge doctor --store checks every row",
        ),
        Err(_) => fault(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the answer could not be made",
            "see the collector's log",
        ),
    })
}

fn status(context: &Context) -> Result<Response, Error> {
    let view = context.reader.view()?;
    let store = Report::of(&context.reader, &view)?;
    let head = context.live.head().map(|head| head.0);
    let collector = Collector {
        stage: context.live.stage(),
        head,
        lag_blocks: head
            .zip(store.tip_number())
            .map(|(head, tip)| head.saturating_sub(tip)),
        last_error: context.live.last_error(),
        tail: context.live.tail(),
        commit_latency: context.live.latencies(),
        endpoints: context.chain.report(),
    };
    let bucket = context.live.bucket();
    let mirrors = Mirrors {
        postgres: context.live.postgres().as_ref().map(MirrorReport::of),
        s3: BucketReport::of(&bucket),
        snapshots: SnapshotShown::of(&bucket),
    };
    let latest_swaps = latest_swaps(&view, LATEST_SWAPS, LATEST_BLOCKS)?;
    Ok(answer(
        StatusCode::OK,
        &Status {
            store,
            collector,
            mirrors,
            latest_swaps,
        },
    ))
}

fn metrics(context: &Context) -> Result<Response, Error> {
    let mut response = super::metrics::scrape(context)?.into_response();
    let format = warp::http::HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert("content-type", format);
    Ok(response)
}

/// `?from=&to=`, by default everything.
#[derive(Deserialize)]
struct Range {
    from: Option<u64>,
    to: Option<u64>,
}

fn coverage(context: &Context, wanted: Range) -> Result<Response, Error> {
    let from = BlockNumber(wanted.from.unwrap_or(0));
    let to = BlockNumber(wanted.to.unwrap_or(u64::MAX));
    Ok(match BlockRange::new(from, to) {
        Some(range) => {
            let view = context.reader.view()?;
            answer(StatusCode::OK, &CoverageReport::of(&view, range)?)
        }
        None => fault(
            StatusCode::BAD_REQUEST,
            "bad_range",
            &format!("block {to} lies before block {from}"),
            "use ?from=BLOCK&to=BLOCK with from <= to",
        ),
    })
}

/// A pool's features now.
fn features(context: &Context, pool: &str) -> Result<Response, Error> {
    let Ok(pool) = pool.parse().map(PoolId) else {
        return Ok(fault(
            StatusCode::BAD_REQUEST,
            "bad_pool",
            "this is no pool address",
            "write 0x and 40 hex digits",
        ));
    };
    let view = context.reader.view()?;
    Ok(
        match FeaturesNow::of(&view, &context.rows, pool, unix_now())? {
            Some(found) => answer(StatusCode::OK, &found),
            None => fault(
                StatusCode::NOT_FOUND,
                "unknown_pool",
                &format!("no swap of pool {pool} is in the store"),
                "is it a Uniswap V3 pool of this chain? tidegauge status lists what is collected",
            ),
        },
    )
}

fn unix_now() -> UnixSeconds {
    UnixSeconds(u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0))
}

/// 200 while following the tip closely, else 503 with the reason.
fn readyz(context: &Context) -> Result<Response, Error> {
    let stage = context.live.stage();
    let tip = context.reader.view()?.tip()?.map(|tip| tip.block.number.0);
    let lag = context
        .live
        .head()
        .zip(tip)
        .map(|(head, tip)| head.0.saturating_sub(tip));
    let ready = stage == Stage::Following && lag.is_some_and(|lag| lag <= READY_LAG_BLOCKS);
    let code = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    Ok(answer(
        code,
        &json!({"ready": ready, "stage": stage, "lag_blocks": lag, "last_error": context.live.last_error()}),
    ))
}

async fn refuse(rejection: Rejection) -> Result<Response, Infallible> {
    let (code, name, hint) = if rejection.is_not_found() {
        (
            StatusCode::NOT_FOUND,
            "not_found",
            "see /, /api/status, /api/coverage, /api/features/POOL, /metrics, /healthz, /readyz",
        )
    } else if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        (
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "use GET",
        )
    } else {
        (
            StatusCode::BAD_REQUEST,
            "bad_request",
            "the request is malformed",
        )
    };
    Ok(fault(
        code,
        name,
        code.canonical_reason().unwrap_or("refused"),
        hint,
    ))
}

fn answer(code: StatusCode, body: &impl Serialize) -> Response {
    let mut response = warp::reply::with_status(warp::reply::json(body), code).into_response();
    response.headers_mut().insert(
        "cache-control",
        warp::http::HeaderValue::from_static("no-store"),
    );
    response
}

fn fault(code: StatusCode, name: &str, message: &str, hint: &str) -> Response {
    answer(
        code,
        &json!({"error": {"code": name, "message": message, "hint": hint}}),
    )
}
