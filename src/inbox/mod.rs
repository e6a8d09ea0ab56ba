//! What others tell us: proven to be theirs and of now, kept once.
//!
//! A message is a hint for people, never data: it is kept, shown and logged, and nothing else follows.

mod book;
mod proof;
mod sns;

pub(crate) use book::{Delivery, keep};
pub(crate) use proof::Doubt;
pub(crate) use sns::MESSAGE_TYPE;

use crate::config::WebhookIn;
use crate::error::Error;
use book::Message;
use sns::Topics;
use tidegauge_model::UnixSeconds;
use tokio::sync::{mpsc, oneshot};

/// Messages between a handler and the store at once.
const QUEUE: usize = 16;

/// What became of a message that is who it claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is kept.
    New,
    /// It was here before.
    Again,
    /// There were too many of late.
    TooMany,
}

/// Takes messages.
pub(crate) struct Inbox {
    keys: Vec<Vec<u8>>,
    topics: Topics,
    way: mpsc::Sender<Delivery>,
}

impl Inbox {
    /// As configured, and what comes through it.
    pub(crate) fn of(webhook: &WebhookIn) -> Result<(Self, mpsc::Receiver<Delivery>), Error> {
        let (way, deliveries) = mpsc::channel(QUEUE);
        let keys = webhook.secrets.iter();
        let inbox = Self {
            keys: keys.map(|key| key.expose().as_bytes().to_vec()).collect(),
            topics: Topics::of(webhook)?,
            way,
        };
        Ok((inbox, deliveries))
    }

    /// Whether anybody may tell us anything.
    pub(crate) fn is_open(&self) -> bool {
        !self.keys.is_empty() || !self.topics.is_empty()
    }

    /// Takes what was signed with one of our keys.
    pub(crate) async fn take_signed(
        &self,
        timestamp: &str,
        signature: &str,
        body: &[u8],
        now: UnixSeconds,
    ) -> Result<Taken, Doubt> {
        let message = proof::of_key(&self.keys, timestamp, signature, body, now)?;
        self.deliver(message).await
    }

    /// Takes what SNS posted.
    pub(crate) async fn take_published(
        &self,
        body: &[u8],
        now: UnixSeconds,
    ) -> Result<Taken, Doubt> {
        let message = self.topics.read(body, now).await?;
        self.deliver(message).await
    }

    async fn deliver(&self, message: Message) -> Result<Taken, Doubt> {
        let (answer, taken) = oneshot::channel();
        let delivery = Delivery { message, answer };
        let sent = self.way.send(delivery).await;
        sent.map_err(|_| Doubt::Unkept)?;
        taken.await.map_err(|_| Doubt::Unkept)
    }
}
