//! Our own accept loop under warp's filters.
//!
//! warp's own server sets no timer, so hyper's header-read deadline never acts and a client that
//! sends one byte a minute keeps its connection for ever.

use super::context::Context;
use super::openapi;
use super::places::{Place, Places};
use super::readiness::keep_ready;
use super::routes;
use super::service::Guarded;
use crate::config::Api;
use crate::error::Error;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::{Layer, Service};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};
use warp::http::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RETRY_AFTER};
use warp::http::{HeaderValue, Method, Request, Response};

/// A request's headers must be whole by then; idle connections end then, too.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
/// One connection lives no longer than this.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(300);
/// Largest request head read, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Shorter answers are sent as they are: a compressor takes 300 KB for each, and to allocate and give
/// back so much, thousands of times a second, made all answers wait.
const LEAST_COMPRESSED_BYTES: u16 = 16 * 1024;
/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound, not yet serving server.
pub(crate) struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address.
    ///
    /// # Errors
    /// [`Error::Io`] if it is taken or not ours.
    pub(crate) async fn bind(listen: SocketAddr) -> Result<Self, Error> {
        let attempt = || {
            format!(
                "listen on api.listen = {listen} (choose another with --set api.listen=127.0.0.1:PORT)"
            )
        };
        let listener = TcpListener::bind(listen)
            .await
            .map_err(Error::io(attempt()))?;
        let address = listener.local_addr().map_err(Error::io(attempt()))?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until told to stop.
    pub(crate) async fn serve(self, context: Arc<Context>, api: Api, stop: CancellationToken) {
        let contract = openapi::document(&routes::all(), &routes::intakes());
        let routes = warp::service(routes::routes(context.clone(), contract));
        let around = (cors(&api), compression());
        let places = Places::new(api.max_connections);
        tokio::spawn(keep_ready(context.clone(), stop.clone()));
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let Ok((stream, peer)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let place = tokio::select! {
                place = places.take() => place,
                () = stop.cancelled() => return,
            };
            let guarded = Guarded::new(routes.clone(), context.clone(), peer.ip(), place.clone());
            let service = around.0.layer(around.1.layer(guarded));
            tokio::spawn(converse(stream, service, place, stop.clone()));
        }
    }
}

/// One connection, until it ends, is too old, is asked to leave, or the server stops.
async fn converse<S, B>(stream: TcpStream, service: S, place: Arc<Place>, stop: CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send,
    S::Future: Send + 'static,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    // A broken connection is the client's affair.
    tokio::select! {
        _ = tokio::time::timeout(CONNECTION_DEADLINE, connection) => {}
        () = place.leave.cancelled() => {}
        () = stop.cancelled() => {}
    }
}

fn compression() -> CompressionLayer<impl Predicate> {
    let worth_it = DefaultPredicate::new().and(SizeAbove::new(LEAST_COMPRESSED_BYTES));
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(worth_it)
}

/// Pages of these origins may ask with a script.
fn cors(api: &Api) -> CorsLayer {
    let origins = &api.cors_origins;
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|o| HeaderValue::from_str(o).ok()))
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, IF_NONE_MATCH])
        .expose_headers([ETAG, RETRY_AFTER])
}
