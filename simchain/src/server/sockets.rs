//! WebSocket connections.

use super::Desk;
use crate::error::SimError;
use crate::rpc::{Subscriptions, header_json, notification};
use alloy::primitives::B256;
use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use tidegauge_model::BlockRef;
use tokio::sync::broadcast;
use warp::ws::{Message, WebSocket};

/// Answers one connection, and tells it of new heads. Pings are answered below this.
///
/// What a slow subscriber has not read yet waits in the chain's bounded queue;
/// it loses the oldest heads first, and nobody waits for it.
pub(super) async fn converse(
    mut desk: Desk,
    socket: WebSocket,
    mut heads: broadcast::Receiver<BlockRef>,
) {
    let (mut out, mut incoming) = socket.split();
    let mut subscriptions = Subscriptions::default();
    let mut is_silent = false;
    loop {
        tokio::select! {
            _ = desk.stopping.changed() => {
                // The other side may be gone already.
                let _ = out.send(Message::close()).await;
                return;
            }
            message = incoming.next() => {
                let Some(Ok(message)) = message else { return };
                if message.is_close() {
                    return;
                }
                if !message.is_text() && !message.is_binary() {
                    continue;
                }
                let asked = desk.clone();
                let answer = tokio::task::spawn_blocking(move || {
                    let answer = asked.answer(message.as_bytes(), Some(&mut subscriptions));
                    (answer, subscriptions)
                })
                .await;
                let Ok((answer, kept)) = answer else { return };
                subscriptions = kept;
                let text = String::from_utf8_lossy(&answer).into_owned();
                if out.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
            head = heads.recv() => {
                let head = match head {
                    Ok(head) => head,
                    Err(broadcast::error::RecvError::Lagged(_)) => continue,
                    // No more heads: requests are still answered, but never spin here.
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                if is_silent || subscriptions.heads.is_empty() {
                    continue;
                }
                if let Some(imp) = &desk.imp {
                    if imp.drops() {
                        return;
                    }
                    is_silent = imp.silences();
                    if is_silent {
                        continue;
                    }
                }
                if announce(&desk, head.hash, &subscriptions, &mut out).await.is_none() {
                    return;
                }
            }
        }
    }
}

/// Sends a head to all subscriptions; `None` if the connection is of no more use.
async fn announce(
    desk: &Desk,
    head: B256,
    subscriptions: &Subscriptions,
    out: &mut SplitSink<WebSocket, Message>,
) -> Option<()> {
    let header = match header(desk, head) {
        Ok(Some(header)) => String::from_utf8_lossy(&header).into_owned(),
        // So late that its branch is gone: like a head lost in the queue.
        Ok(None) => return Some(()),
        Err(error) => {
            tracing::error!(%error, "a new head cannot be announced");
            return None;
        }
    };
    for id in &subscriptions.heads {
        let told = out.send(Message::text(notification(*id, &header))).await;
        told.ok()?;
    }
    Some(())
}

fn header(desk: &Desk, head: B256) -> Result<Option<Vec<u8>>, SimError> {
    let Some(block) = desk.node.chain.find_hash(&head)? else {
        return Ok(None);
    };
    let header = header_json(&block)?;
    Ok(Some(match &desk.imp {
        Some(imp) => imp.header(header),
        None => header,
    }))
}
