//! Our own accept loop under warp's filters.
//!
//! warp's own server sets no timer, so hyper's header-read deadline never acts and a client that
//! sends one byte a minute keeps its connection for ever.

use super::context::Context;
use super::routes::routes;
use crate::error::Error;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

/// Connections served at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 512;
/// A request's headers must be whole by then; idle connections end then, too.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);
/// One connection lives no longer than this.
const CONNECTION_DEADLINE: Duration = Duration::from_secs(300);
/// Largest request head read, in bytes.
const MAX_HEAD_BYTES: usize = 16 * 1024;
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
    pub(crate) async fn serve(self, context: Arc<Context>, stop: CancellationToken) {
        let service = TowerToHyperService::new(warp::service(routes(context)));
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let service = service.clone();
            let stop = stop.clone();
            tokio::spawn(async move {
                let _place = place;
                let connection = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .header_read_timeout(HEADER_DEADLINE)
                    .max_buf_size(MAX_HEAD_BYTES)
                    .serve_connection(TokioIo::new(stream), service);
                tokio::select! {
                    // A broken connection is the client's affair.
                    _ = tokio::time::timeout(CONNECTION_DEADLINE, connection) => {}
                    () = stop.cancelled() => {}
                }
            });
        }
    }
}
