//! A route that takes a body, declared once: where it is, what it takes, what it answers, how.

use super::context::Context;
use super::refusal::Refusal;
use super::reply;
use super::route::parts_of;
use super::traffic::RouteName;
use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt, pin_mut};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::reply::Response;
use warp::{Filter, Rejection};

/// A body is whole by then.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// What was sent.
pub(super) struct Sent {
    /// The parts of the path that are not fixed, in their order.
    pub(super) parts: Vec<String>,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body.
    pub(super) body: Bytes,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response, Refusal>> + Send>>;
type Run = Box<dyn Fn(Arc<Context>, Sent) -> Answering + Send + Sync>;
type Shape = fn(&mut SchemaGenerator) -> Schema;

/// A route that takes a body.
pub(super) struct Intake {
    /// Its path.
    pub(super) path: &'static str,
    /// How it is asked.
    pub(super) method: Method,
    /// One line for the list of routes.
    pub(super) about: &'static str,
    /// Longest body, in bytes.
    pub(super) most_bytes: usize,
    /// What it answers.
    pub(super) answer: Shape,
    /// Which refusals it has of its own, beside those of every route.
    pub(super) refusals: &'static [StatusCode],
    run: Run,
}

impl Intake {
    /// A route that takes JSON, or what else it knows.
    pub(super) fn new<A, F>(
        method: Method,
        path: &'static str,
        about: &'static str,
        most_bytes: usize,
        refusals: &'static [StatusCode],
        take: fn(Arc<Context>, Sent) -> F,
    ) -> Self
    where
        A: Serialize + JsonSchema,
        F: Future<Output = Result<A, Refusal>> + Send + 'static,
    {
        let run = move |context, sent| -> Answering {
            let taking = take(context, sent);
            Box::pin(async move { Ok(reply::passing(StatusCode::OK, &taking.await?)) })
        };
        Self {
            path,
            method,
            about,
            most_bytes,
            answer: SchemaGenerator::subschema_for::<A>,
            refusals,
            run: Box::new(run),
        }
    }

    /// The route as a filter.
    pub(super) fn served(self, context: &Arc<Context>) -> BoxedFilter<(Response,)> {
        let (intake, context) = (Arc::new(self), context.clone());
        let method = match intake.method {
            Method::PUT => warp::put().boxed(),
            _ => warp::post().boxed(),
        };
        parts_of(intake.path)
            .and(method)
            .and(warp::header::headers_cloned())
            .and(warp::body::stream())
            .and_then(move |parts, headers, body| {
                let (intake, context) = (intake.clone(), context.clone());
                async move {
                    let answer = intake.answer(context, parts, headers, body);
                    Ok::<_, Rejection>(answer.await)
                }
            })
            .boxed()
    }

    async fn answer(
        &self,
        context: Arc<Context>,
        parts: Vec<String>,
        headers: HeaderMap,
        body: impl Stream<Item = Result<impl Buf, warp::Error>> + Send,
    ) -> Response {
        let read = read(body, self.most_bytes);
        let sent = match tokio::time::timeout(BODY_DEADLINE, read).await {
            Ok(Ok(body)) => Ok(Sent {
                parts,
                headers,
                body,
            }),
            Ok(Err(refusal)) => Err(refusal),
            Err(_) => Err(Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "slow_body",
                format!(
                    "the body was not there within {} s",
                    BODY_DEADLINE.as_secs()
                ),
                "send it again, faster",
            )),
        };
        let answer = match sent {
            Ok(sent) => (self.run)(context, sent).await,
            Err(refusal) => Err(refusal),
        };
        let mut response = answer.unwrap_or_else(|refusal| reply::refused(&refusal));
        response.extensions_mut().insert(RouteName(self.path));
        response
    }
}

/// The whole body; no more of it is read than may be.
async fn read(
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
    most_bytes: usize,
) -> Result<Bytes, Refusal> {
    pin_mut!(body);
    let mut whole = Vec::new();
    while let Some(part) = body.next().await {
        let mut part = part.map_err(|_| {
            Refusal::bad(
                "broken_body",
                "the body could not be read to its end",
                "send it again",
            )
        })?;
        if part.remaining() > most_bytes - whole.len() {
            return Err(Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "long_body",
                format!("the body has more than {most_bytes} bytes"),
                "send less at once",
            ));
        }
        while part.has_remaining() {
            let piece = part.chunk();
            whole.extend_from_slice(piece);
            let length = piece.len();
            part.advance(length);
        }
    }
    Ok(whole.into())
}
