//! What stands before the routes, for every request: the gate, a deadline, and the place's state.

use super::context::Context;
use super::gate::Gate;
use super::places::{Busy, Place};
use super::refusal::Refusal;
use super::reply;
use hyper::body::{Frame, Incoming, SizeHint};
use pin_project_lite::pin_project;
use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::{Duration, Instant};
use tower_service::Service;
use warp::http::{HeaderValue, Request, Response, StatusCode};
use warp::reply::Response as Reply;

/// A response's body, whatever its library calls it.
pub(super) trait Carries {
    /// The body.
    type Content;
}

impl<B> Carries for Response<B> {
    type Content = B;
}

type Content = <Reply as Carries>::Content;

pin_project! {
    /// What is sent; until then the connection is busy.
    #[derive(Default)]
    pub(super) struct Body<B> {
        #[pin]
        content: B,
        busy: Option<Busy>,
    }
}

impl<B: http_body::Body> http_body::Body for Body<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.project().content.poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.content.size_hint()
    }
}

/// An answer begins by then.
const HANDLER_DEADLINE: Duration = Duration::from_secs(15);

/// The routes behind the gate, for one connection.
#[derive(Clone)]
pub(super) struct Guarded<S> {
    routes: S,
    context: Arc<Context>,
    peer: IpAddr,
    place: Arc<Place>,
}

impl<S> Guarded<S> {
    /// For a connection from there.
    pub(super) fn new(routes: S, context: Arc<Context>, peer: IpAddr, place: Arc<Place>) -> Self {
        Self {
            routes,
            context,
            peer,
            place,
        }
    }

    fn gate(&self) -> &Gate {
        &self.context.gate
    }
}

impl<S> Service<Request<Incoming>> for Guarded<S>
where
    S: Service<Request<Incoming>, Response = Reply, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body<Content>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body<Content>>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let busy = self.place.busy();
        let (begun, context) = (Instant::now(), self.context.clone());
        let (method, path) = (request.method(), request.uri().path());
        let answer = match self
            .gate()
            .admit(self.peer, method, path, request.headers())
        {
            Ok(()) => Ok(self.routes.call(request)),
            Err(refusal) => Err(refusal),
        };
        Box::pin(async move {
            let mut response = match answer {
                Ok(answer) => match tokio::time::timeout(HANDLER_DEADLINE, answer).await {
                    Ok(Ok(response)) => response,
                    Err(_) => reply::refused(&late()),
                },
                Err(refusal) => reply::refused(&refusal),
            };
            context.traffic.count(&response, begun.elapsed());
            let headers = response.headers_mut();
            headers.insert(
                "x-content-type-options",
                HeaderValue::from_static("nosniff"),
            );
            headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
            // The connection is idle again when the body has been sent.
            Ok(response.map(|content| Body {
                content,
                busy: Some(busy),
            }))
        })
    }
}

fn late() -> Refusal {
    Refusal {
        retry_after_s: Some(5),
        ..Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "late",
            format!("no answer within {} s", HANDLER_DEADLINE.as_secs()),
            "ask for less, or later",
        )
    }
}
