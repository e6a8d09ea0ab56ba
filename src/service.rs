//! What the service manager is told: that we serve, that we are alive, that we stop.
//!
//! The protocol is systemd's (sd_notify(3)): a datagram of lines to the socket that `NOTIFY_SOCKET`
//! names. We are alive as long as the only writer of the store answers, after an empty batch that it
//! syncs: a process in which writer or disk is stuck is killed and started again, which loses nothing.

use crate::collect::Committer;
use crate::error::Error;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where it listens; nowhere, if nobody started us as a service.
pub(crate) struct Manager {
    socket: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants to hear of us; `None`: it does not watch.
    watchdog: Option<Duration>,
}

impl Manager {
    /// The one that started this process, as the environment says.
    ///
    /// # Errors
    /// A socket that is named and cannot be reached.
    pub(crate) fn of_process() -> Result<Self, Error> {
        let name = std::env::var_os("NOTIFY_SOCKET");
        let watchdog = std::env::var("WATCHDOG_USEC").ok();
        let watchdog = watchdog.and_then(|micros| micros.parse().ok());
        let socket = name.map(|name| {
            let bytes = name.as_bytes();
            let address = match bytes.strip_prefix(b"@") {
                Some(name) => SocketAddr::from_abstract_name(name),
                None => SocketAddr::from_pathname(&name),
            };
            Ok((UnixDatagram::unbound()?, address?))
        });
        let socket = socket
            .transpose()
            .map_err(Error::io("reach the service manager at $NOTIFY_SOCKET"))?;
        Ok(Self {
            socket,
            watchdog: watchdog.map(Duration::from_micros),
        })
    }

    /// We serve; and what is going on, for who asks the manager.
    pub(crate) fn is_ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={status}"));
    }

    /// We were told to stop, and do.
    pub(crate) fn is_stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// Tells it that we are alive while the writer answers, until told to stop.
    pub(crate) async fn feed(&self, committer: &Committer, stop: &CancellationToken) {
        let Some(every) = self.watchdog.map(|interval| interval / 3) else {
            stop.cancelled().await;
            return;
        };
        loop {
            match committer.keep(Vec::new()).await {
                // One that refuses is not stuck, and another process would be refused too.
                Ok(true) | Err(_) => self.tell("WATCHDOG=1"),
                Ok(false) => return,
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    fn tell(&self, state: &str) {
        let Some((socket, address)) = &self.socket else {
            return;
        };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), address) {
            tracing::warn!("the service manager does not hear us: {error}");
        }
    }
}
