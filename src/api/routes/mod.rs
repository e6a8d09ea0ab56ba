//! The routes, and what is common to their answers.

mod alerts;
mod coverage;
mod days;
mod features;
mod history;
mod latest;
mod models;
mod offer;
mod page;
mod pools;
mod predictions;
mod search;
mod status;
pub(super) mod stream;
mod swaps;
mod webhook;

use super::ask::Asked;
use super::context::Context;
use super::gate::WEBHOOK;
use super::intake::Intake;
use super::refusal::Refusal;
use super::reply;
use super::route::Route;
use super::snapshot::Snapshot;
use super::traffic::RouteName;
use crate::forecasts::MOST_BYTES;
use serde_json::Value;
use std::convert::Infallible;
use std::sync::Arc;
use tidegauge_model::PoolId;
use tidegauge_sync::NamedPool;
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection};

const BAD: StatusCode = StatusCode::BAD_REQUEST;
const MISSING: StatusCode = StatusCode::NOT_FOUND;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
const UNREADY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// Every route that answers in JSON.
pub(super) fn all() -> Vec<Route> {
    vec![
        Route::of_store(
            "/api/pools/{date}",
            "What every pool did on a complete UTC day",
            &[BAD, MISSING, CONFLICT],
            pools::pools,
        ),
        Route::of_store(
            "/api/features/{pool}",
            "A pool's features as of the tip, with its last daily row",
            &[BAD, MISSING],
            features::now,
        ),
        Route::of_store(
            "/api/features/{pool}/history",
            "A pool's daily rows",
            &[BAD, MISSING, CONFLICT],
            history::history,
        ),
        Route::of_store(
            "/api/swaps/{pool}",
            "A pool's swaps, as the mirrors have them",
            &[BAD, MISSING],
            swaps::swaps,
        ),
        Route::of_store(
            "/api/models",
            "Who forecasts, and what the forecasts were worth",
            &[BAD],
            models::models,
        ),
        Route::of_store(
            "/api/predictions/{model}",
            "A model's forecasts from a day, by default its newest",
            &[BAD, MISSING],
            predictions::predictions,
        ),
        Route::of_store(
            "/api/search",
            "Pools by symbol or address",
            &[BAD, MISSING],
            search::search,
        ),
        Route::of_store(
            "/api/coverage",
            "Which blocks are stored, and what stands behind them",
            &[BAD],
            coverage::coverage,
        ),
        Route::of_process(
            "/api/alerts",
            "What is wrong, what was told, and what is on its way to whom",
            &[BAD],
            alerts::alerts,
        ),
        Route::of_process(
            "/api/status",
            "The collector, its store and its mirrors at one look",
            &[],
            status::status,
        ),
        Route::of_process(
            "/readyz",
            "Whether the tip is followed closely: 200 or 503",
            &[UNREADY],
            status::readyz,
        ),
        Route::of_process(
            "/healthz",
            "Whether the process answers",
            &[],
            status::healthz,
        )
        .light(),
    ]
}

/// Every route that takes a body.
pub(super) fn intakes() -> Vec<Intake> {
    vec![
        Intake::new(
            Method::POST,
            WEBHOOK,
            "Takes a message that is signed, once",
            webhook::MOST_BYTES,
            &[MISSING],
            webhook::take,
        ),
        Intake::new(
            Method::PUT,
            "/api/predictions/{model}",
            "Takes forecasts of somebody else's model, whole or not at all",
            MOST_BYTES,
            &[StatusCode::UNSUPPORTED_MEDIA_TYPE, UNPROCESSABLE],
            offer::take,
        ),
    ]
}

/// All routes as a filter, with their description; what none of them knows is a 404 in JSON.
pub(super) fn routes(
    context: Arc<Context>,
    contract: Value,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone {
    let context = &context;
    let contract = Arc::new(contract);
    let openapi = warp::path!("api" / "openapi.json")
        .map(move || reply::passing(StatusCode::OK, contract.as_ref()))
        .boxed();
    let metrics = {
        let context = context.clone();
        warp::path!("metrics")
            .and_then(move || blocking(context.clone(), metrics))
            .boxed()
    };
    let others = page::page()
        .or(openapi)
        .unify()
        .or(metrics)
        .unify()
        .or(stream::stream(context))
        .unify()
        .boxed();
    let all = all().into_iter().fold(others, |before, route| {
        before.or(served(route, context)).unify().boxed()
    });
    let asked = warp::get().or(warp::head()).unify();
    let asked = asked.and(all).boxed();
    let served = intakes().into_iter().fold(asked, |before, intake| {
        before.or(intake.served(context)).unify().boxed()
    });
    served.recover(refuse)
}

fn served(route: Route, context: &Arc<Context>) -> BoxedFilter<(Response,)> {
    let (route, context) = (Arc::new(route), context.clone());
    // A route without a query must not be asked for one by the filter.
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    route
        .filter()
        .and(query)
        .and(warp::header::headers_cloned())
        .and_then(move |parts, query, headers| {
            let asked = Asked {
                route: route.path,
                parts,
                query,
                headers,
            };
            answer(route.clone(), context.clone(), asked)
        })
        .boxed()
}

async fn answer(
    route: Arc<Route>,
    context: Arc<Context>,
    asked: Asked,
) -> Result<Response, Rejection> {
    let name = RouteName(route.path);
    let mut response = if route.is_light {
        let answer = route.answer(&context, &asked);
        answer.unwrap_or_else(|refusal| reply::refused(&refusal))
    } else if let Some(ready) = route.ready(&context, &asked) {
        ready
    } else {
        blocking(context, move |context| route.answer(context, &asked)).await?
    };
    response.extensions_mut().insert(name);
    Ok(response)
}

/// Reads the store away from the threads that serve connections.
async fn blocking(
    context: Arc<Context>,
    read: impl FnOnce(&Context) -> Result<Response, Refusal> + Send + 'static,
) -> Result<Response, Rejection> {
    let Ok(room) = context.readers.clone().acquire_owned().await else {
        return Ok(reply::refused(&Refusal::busy()));
    };
    let read = tokio::task::spawn_blocking(move || {
        let _room = room;
        read(&context)
    });
    Ok(match read.await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => reply::refused(&refusal),
        Err(_) => reply::refused(&Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the answer could not be made",
            "see the collector's log",
        )),
    })
}

fn metrics(context: &Context) -> Result<Response, Refusal> {
    let mut response = super::metrics::scrape(context)?.into_response();
    let format = warp::http::HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert("content-type", format);
    Ok(response)
}

async fn refuse(rejection: Rejection) -> Result<Response, Infallible> {
    let refusal = if rejection.is_not_found() {
        Refusal::missing(
            "not_found",
            "there is nothing at this path",
            "/api/openapi.json lists all routes",
        )
    } else if rejection.find::<warp::reject::MethodNotAllowed>().is_some() {
        Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this path is not asked that way",
            "/api/openapi.json lists each route's methods",
        )
    } else {
        Refusal::bad(
            "bad_request",
            "the request is malformed",
            "/api/openapi.json lists all routes",
        )
    };
    Ok(reply::refused(&refusal))
}

/// A pool that the store has; others are refused.
fn known(snapshot: &Snapshot<'_>, pool: PoolId) -> Result<Arc<NamedPool>, Refusal> {
    let found = snapshot.context.names.of(&snapshot.view, pool)?;
    found.ok_or_else(|| no_swap(pool))
}

fn no_swap(pool: PoolId) -> Refusal {
    Refusal::missing(
        "unknown_pool",
        format!("no swap of pool {pool} is in the store"),
        "is it a Uniswap V3 pool of this chain? /api/search finds pools by symbol or address",
    )
}

fn bad_limit(key: &str, given: u64, most: u64) -> Refusal {
    Refusal::bad(
        "bad_limit",
        format!("{key}: {given} is not within 1 and {most}"),
        "ask for less, and go on by cursor",
    )
}
