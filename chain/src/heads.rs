//! News of heads: by WebSocket where one is offered, by polling where none is or it falls silent.

use crate::{
    config::SecretUrl,
    error::{ChainError, Result},
    hex,
    source::Chain,
};
use alloy::primitives::B256;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use tidegauge_model::{BlockNumber, BlockRef};
use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// Largest message; a header is some 2 KB.
const MAX_MESSAGE_BYTES: usize = 1 << 20;
/// Deadline of a connection with its subscription.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
/// A quiet connection is asked for a sign of life after this long, and given up after twice that.
const PING_AFTER: Duration = Duration::from_secs(30);
/// First pause before another connection; doubled after each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Longest pause before another connection.
const MAX_PAUSE: Duration = Duration::from_secs(30);

/// Why the waiting ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// An endpoint announced this block.
    Announced(BlockRef),
    /// Nothing was announced for a while: look.
    Poll,
}

/// How often heads are asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pace {
    /// Without announcements.
    pub poll: Duration,
    /// Beside announcements, since a connection may fall silent without closing.
    pub silence: Duration,
}

/// News of heads. Dropping it ends the connection.
pub struct Heads {
    news: watch::Receiver<News>,
    again: Arc<Notify>,
    pace: Pace,
    task: Option<JoinHandle<()>>,
    /// The last waiting ended without the announcement that was due.
    is_overdue: bool,
}

#[derive(Clone, Copy, Default, Debug)]
struct News {
    is_connected: bool,
    head: Option<BlockRef>,
}

impl Chain {
    /// Listens for new heads.
    pub fn heads(&self, pace: Pace) -> Heads {
        let (publish, news) = watch::channel(News::default());
        let again = Arc::new(Notify::new());
        let urls = self.inner.socket_urls.clone();
        let task =
            (!urls.is_empty()).then(|| tokio::spawn(listen(urls, publish, Arc::clone(&again))));
        Heads {
            news,
            again,
            pace,
            task,
            is_overdue: false,
        }
    }
}

impl Heads {
    /// Waits for news of a block after the tip: an announcement, or the time to look.
    pub async fn after(&mut self, tip: BlockNumber) -> Wake {
        let News { is_connected, head } = *self.news.borrow();
        // Announced already, but whoever was asked does not have it yet: look again soon.
        let is_awaited = head.is_some_and(|head| head.number > tip);
        self.is_overdue = false;
        if self.task.is_none() {
            sleep(self.pace.poll).await;
            return Wake::Poll;
        }
        let patience = match is_connected && !is_awaited {
            true => self.pace.silence,
            false => self.pace.poll,
        };
        match timeout(patience, self.news.changed()).await {
            Ok(Ok(())) => match *self.news.borrow_and_update() {
                News {
                    is_connected: true,
                    head: Some(head),
                } => Wake::Announced(head),
                // Connected or lost: either way there may be blocks that nobody announced.
                _ => Wake::Poll,
            },
            Err(_) => {
                self.is_overdue = is_connected && !is_awaited;
                Wake::Poll
            }
            Ok(Err(_)) => {
                self.task = None;
                Wake::Poll
            }
        }
    }

    /// Looking found a new block. If it should have been announced, the connection has fallen
    /// silent: another one is made.
    pub fn found(&mut self) {
        if std::mem::take(&mut self.is_overdue) {
            tracing::warn!("new blocks are no longer announced: polling, and connecting again");
            self.again.notify_one();
        }
    }

    /// Whether heads are announced at the moment.
    pub fn is_announced(&self) -> bool {
        self.news.borrow().is_connected
    }
}

impl Drop for Heads {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

/// Keeps a subscription alive, over the URLs in turn.
async fn listen(urls: Vec<SecretUrl>, publish: watch::Sender<News>, again: Arc<Notify>) {
    let mut pause = FIRST_PAUSE;
    for url in urls.iter().cycle() {
        match timeout(SUBSCRIBE_TIMEOUT, subscribe(url)).await {
            Ok(Ok(socket)) => {
                tracing::info!("{url} announces new blocks");
                publish.send_modify(|news| news.is_connected = true);
                let begun = Instant::now();
                let ended = tokio::select! {
                    ended = relay(socket, &publish) => ended,
                    () = again.notified() => "it fell silent".to_owned(),
                };
                publish.send_modify(|news| *news = News::default());
                tracing::warn!("{url} no longer announces new blocks: {ended}");
                // One that is closed as soon as it is made is no reason to hurry.
                if begun.elapsed() > MAX_PAUSE {
                    pause = FIRST_PAUSE;
                }
            }
            Ok(Err(problem)) => {
                tracing::debug!("{url} announces no blocks: {problem}; polling");
            }
            Err(_) => tracing::debug!("{url} announces no blocks: timed out; polling"),
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(MAX_PAUSE);
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn subscribe(url: &SecretUrl) -> std::result::Result<Socket, String> {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    // Errors of the handshake do not quote the URL, which may hold a key.
    let (mut socket, _) = connect_async_with_config(url.expose().as_str(), Some(limits), true)
        .await
        .map_err(|error| url.conceal(&error.to_string()))?;
    let question = r#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"#;
    let sent = socket.send(Message::text(question)).await;
    sent.map_err(|error| error.to_string())?;
    while let Some(message) = socket.next().await {
        match message.map_err(|error| error.to_string())? {
            Message::Text(text) => return subscribed(&text).map(|()| socket),
            Message::Close(_) => break,
            _ => {}
        }
    }
    Err("the connection was closed".to_owned())
}

fn subscribed(text: &str) -> std::result::Result<(), String> {
    #[derive(Deserialize)]
    struct Reply {
        result: Option<String>,
    }
    match serde_json::from_str::<Reply>(text) {
        Ok(Reply { result: Some(_) }) => Ok(()),
        _ => Err(format!(
            "the subscription was refused: {}",
            text.chars().take(200).collect::<String>()
        )),
    }
}

/// Publishes what is announced until the connection ends; says why it ended.
async fn relay(mut socket: Socket, publish: &watch::Sender<News>) -> String {
    let mut was_pinged = false;
    loop {
        let message = match timeout(PING_AFTER, socket.next()).await {
            Err(_) if was_pinged => return "no sign of life".to_owned(),
            Err(_) => {
                was_pinged = true;
                match socket.send(Message::Ping(Vec::new().into())).await {
                    Ok(()) => continue,
                    Err(error) => return error.to_string(),
                }
            }
            Ok(None) => return "the connection was closed".to_owned(),
            Ok(Some(Err(error))) => return error.to_string(),
            Ok(Some(Ok(message))) => message,
        };
        was_pinged = false;
        match message {
            Message::Text(text) => match announced(&text) {
                Ok(head) => publish.send_modify(|news| news.head = Some(head)),
                Err(error) => return error.to_string(),
            },
            Message::Close(_) => return "the connection was closed".to_owned(),
            _ => {}
        }
    }
}

/// The head in a notification. It only says where to look: what it names is verified like any other.
fn announced(text: &str) -> Result<BlockRef> {
    #[derive(Deserialize)]
    struct Notification<'a> {
        #[serde(borrow)]
        params: Params<'a>,
    }
    #[derive(Deserialize)]
    struct Params<'a> {
        #[serde(borrow)]
        result: Head<'a>,
    }
    #[derive(Deserialize)]
    struct Head<'a> {
        number: &'a str,
        hash: B256,
    }
    let malformed = || ChainError::Lying {
        endpoint: "a WebSocket".to_owned(),
        what: "an announcement without a block's number and hash".to_owned(),
    };
    let notification: Notification<'_> = serde_json::from_str(text).map_err(|_| malformed())?;
    let head = notification.params.result;
    Ok(BlockRef {
        number: BlockNumber(hex::quantity(head.number).ok_or_else(malformed)?),
        hash: head.hash,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_are_read_or_refused() {
        let hash = format!("{:#x}", B256::repeat_byte(7));
        let head = format!(r#"{{"number":"0x10","hash":"{hash}","parentHash":"0x00"}}"#);
        for (text, number) in [
            (
                format!(
                    r#"{{"jsonrpc":"2.0","method":"eth_subscription","params":{{"subscription":"0x1","result":{head}}}}}"#
                ),
                Some(16),
            ),
            (r#"{"params":{"result":{}}}"#.to_owned(), None),
            (
                format!(r#"{{"params":{{"result":{{"number":"ten","hash":"{hash}"}}}}}}"#),
                None,
            ),
            ("[]".to_owned(), None),
            (String::new(), None),
        ] {
            let read = announced(&text).ok().map(|head| head.number.0);
            assert_eq!(read, number, "{text}");
        }
    }
}
