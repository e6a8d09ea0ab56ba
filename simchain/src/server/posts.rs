//! HTTP requests.

use super::{Desk, MAX_BODY_BYTES};
use crate::hostile::Body;
use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt, stream};
use std::io;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use warp::http::{HeaderValue, StatusCode, header};
use warp::reply::{Reply, Response};

/// Between two bytes of a slow body.
const DRIP: Duration = Duration::from_millis(10);
/// After this a slow body breaks off: nobody needs to be held longer to have no patience left.
const DRIP_MAX: Duration = Duration::from_secs(120);
/// What a refused client reads.
const TOO_MANY: &str = r#"{"jsonrpc":"2.0","id":null,"error":{"code":429,"message":"Your app has exceeded its compute units per second capacity."}}"#;

/// Answers one POST.
pub(super) async fn post(
    desk: Desk,
    body: impl Stream<Item = Result<impl Buf, warp::Error>> + Send,
) -> Response {
    let asked = match read(body).await {
        Ok(asked) => asked,
        Err(status) => return response(status, Response::default()),
    };
    let delivery = desk.imp.as_ref().map(|imp| imp.delivery());
    let mode = delivery.map_or(Body::Whole, |delivery| delivery.body);
    if let Body::Refused { retry_after_s } = mode {
        let mut refused = response(
            StatusCode::TOO_MANY_REQUESTS,
            Response::new(TOO_MANY.into()),
        );
        if let Some(seconds) = retry_after_s {
            let seconds = HeaderValue::from(seconds);
            refused.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        return refused;
    }
    if let Some(delivery) = delivery {
        tokio::time::sleep(delivery.wait).await;
    }
    let stopping = desk.stopping.clone();
    let answer = tokio::task::spawn_blocking(move || Bytes::from(desk.answer(&asked, None))).await;
    let Ok(answer) = answer else {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        return response(status, Response::default());
    };
    let length = HeaderValue::from(answer.len());
    let body = match mode {
        Body::Slow => warp::reply::stream(drip(answer, stopping)).into_response(),
        Body::Cut => warp::reply::stream(half(answer)).into_response(),
        Body::Whole | Body::Refused { .. } => Response::new(answer.into()),
    };
    let mut response = response(StatusCode::OK, body);
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, length);
    response
}

/// A reply as JSON.
fn response(status: StatusCode, body: Response) -> Response {
    let mut response = body;
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A body byte by byte, until it is whole, the time is up, or the server stops.
fn drip(
    body: Bytes,
    stopping: watch::Receiver<bool>,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + Sync + 'static {
    let end = Instant::now() + DRIP_MAX;
    stream::unfold((body, stopping), move |(mut body, stopping)| async move {
        if body.is_empty() {
            return None;
        }
        tokio::time::sleep(DRIP).await;
        if Instant::now() > end || *stopping.borrow() {
            return Some((Err(broken()), (Bytes::new(), stopping)));
        }
        let byte = body.split_to(1);
        Some((Ok(byte), (body, stopping)))
    })
}

/// Half of a body, then an end of the connection.
fn half(body: Bytes) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + Sync + 'static {
    let half = body.slice(..body.len() / 2);
    stream::iter([Ok(half)]).chain(stream::once(async {
        // Unsent bytes would be lost with the connection.
        tokio::time::sleep(DRIP).await;
        Err(broken())
    }))
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::ConnectionReset)
}

/// A whole body, within its bound.
async fn read(
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Vec<u8>, StatusCode> {
    let mut body = std::pin::pin!(body);
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        let mut part = part.map_err(|_| StatusCode::BAD_REQUEST)?;
        if bytes.len() + part.remaining() > MAX_BODY_BYTES {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        while part.has_remaining() {
            let chunk = part.chunk();
            bytes.extend_from_slice(chunk);
            let len = chunk.len();
            part.advance(len);
        }
    }
    Ok(bytes)
}
