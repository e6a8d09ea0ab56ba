//! Answers as HTTP has them.

use super::refusal::Refusal;
use serde::Serialize;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::{Reply, Response};

/// Asked again each time, and then perhaps told that nothing changed.
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// Never kept.
const FORGET: HeaderValue = HeaderValue::from_static("no-store");

/// An answer that is true now and is not to be kept.
pub(super) fn passing(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = json(status, body);
    response.headers_mut().insert(CACHE_CONTROL, FORGET);
    response
}

/// An answer of the store in one state.
pub(super) fn of_state(tag: &HeaderValue, json: String) -> Response {
    let mut response = json.into_response();
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response.headers_mut().insert(CACHE_CONTROL, REVALIDATE);
    response.headers_mut().insert(ETAG, tag.clone());
    response
}

/// The store is in the state that the client knows.
pub(super) fn unchanged(tag: &HeaderValue) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    response.headers_mut().insert(CACHE_CONTROL, REVALIDATE);
    response.headers_mut().insert(ETAG, tag.clone());
    response
}

/// A refusal.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let mut response = passing(refusal.status, &refusal.fault());
    let headers = response.headers_mut();
    if let Some(seconds) = refusal.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if refusal.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    warp::reply::with_status(warp::reply::json(body), status).into_response()
}
