//! Which messages were here, kept over restarts: one that comes again is known.

use super::Taken;
use crate::collect::Committer;
use crate::error::Error;
use crate::signature::SIGNATURE_BYTES;
use std::collections::{BTreeMap, BTreeSet};
use tidegauge_model::UnixSeconds;
use tidegauge_storage::{HeardMessage, Keep, NONCE_BYTES, Reader};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// For so long a message is known: longer than one may be on its way.
const KNOWN_S: u64 = 3 * 3_600;

/// Messages within that time; more are refused.
const MOST_KNOWN: usize = 2_000;

/// Older ones that are kept, to be read.
const MOST_OLD: usize = 200;

/// Characters of a message that the log shows.
const MOST_LOGGED: usize = 500;

const _: () = assert!(NONCE_BYTES == SIGNATURE_BYTES);

/// A message that is who it claims to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) from: String,
    pub(super) body: String,
    /// Whether whoever delivers it may do so again.
    pub(super) is_repeated: bool,
}

/// A message on its way to be kept, and to whom that is told.
pub(crate) struct Delivery {
    pub(super) message: Message,
    pub(super) answer: oneshot::Sender<Taken>,
}

/// Which messages were here, by nonce and by age.
#[derive(Debug, Default)]
struct Known {
    nonces: BTreeMap<[u8; NONCE_BYTES], UnixSeconds>,
    ages: BTreeSet<(UnixSeconds, [u8; NONCE_BYTES])>,
}

impl Known {
    fn read(reader: &Reader) -> Result<Self, Error> {
        let mut known = Self::default();
        for message in reader.view()?.heard_messages_backwards()? {
            let message = message?;
            known.add(message.at, message.nonce);
        }
        Ok(known)
    }

    fn add(&mut self, at: UnixSeconds, nonce: [u8; NONCE_BYTES]) {
        self.nonces.insert(nonce, at);
        self.ages.insert((at, nonce));
    }

    /// Those that came of late.
    fn recent(&self, now: UnixSeconds) -> usize {
        let from = UnixSeconds(now.0.saturating_sub(KNOWN_S));
        self.ages.range((from, [0; NONCE_BYTES])..).count()
    }

    /// Those that need not be known any more; the newest of them stay, to be read.
    fn forget(&mut self, now: UnixSeconds) -> Vec<Keep> {
        let too_many = (self.ages.len() - self.recent(now)).saturating_sub(MOST_OLD);
        let mut dropped = Vec::new();
        for _ in 0..too_many {
            let Some((at, nonce)) = self.ages.pop_first() else {
                break;
            };
            self.nonces.remove(&nonce);
            dropped.push(HeardMessage::drop(at, &nonce));
        }
        dropped
    }
}

/// Keeps what comes, one after the other, until told to stop.
pub(crate) async fn keep(
    mut deliveries: mpsc::Receiver<Delivery>,
    committer: &Committer,
    reader: &Reader,
    now: fn() -> UnixSeconds,
    stop: &CancellationToken,
) {
    let mut known = None;
    loop {
        let delivery = tokio::select! {
            delivery = deliveries.recv() => delivery,
            () = stop.cancelled() => return,
        };
        let Some(Delivery { message, answer }) = delivery else {
            return;
        };
        match take(message, &mut known, committer, reader, now()).await {
            // Whoever asked may have left.
            Ok(taken) => drop(answer.send(taken)),
            Err(error) => {
                // Read again: what was written is not certain.
                known = None;
                tracing::warn!("a message is not kept: {error}");
            }
        }
    }
}

async fn take(
    message: Message,
    known: &mut Option<Known>,
    committer: &Committer,
    reader: &Reader,
    now: UnixSeconds,
) -> Result<Taken, Error> {
    let known = match known {
        Some(known) => known,
        None => known.insert(tokio::task::block_in_place(|| Known::read(reader))?),
    };
    if known.nonces.contains_key(&message.nonce) {
        return Ok(match message.is_repeated {
            true => Taken::New,
            false => Taken::Again,
        });
    }
    if known.recent(now) >= MOST_KNOWN {
        return Ok(Taken::TooMany);
    }
    let heard = HeardMessage {
        at: now,
        nonce: message.nonce,
        from: message.from,
        body: message.body,
    };
    let mut records = known.forget(now);
    records.push(heard.keep()?);
    if !committer.keep(records).await? {
        return Err(Error::Failed("the commit thread has stopped".to_owned()));
    }
    known.add(now, heard.nonce);
    let shown: String = heard.body.chars().take(MOST_LOGGED).collect();
    tracing::info!("told by {}: {}", heard.from, shown.escape_debug());
    Ok(Taken::New)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_ones_are_known_and_old_ones_are_few() {
        let mut known = Known::default();
        let nonce = |n: u64| {
            let mut nonce = [0; NONCE_BYTES];
            nonce[..8].copy_from_slice(&n.to_be_bytes());
            nonce
        };
        for n in 0..1_000 {
            known.add(UnixSeconds(n), nonce(n));
        }
        let now = UnixSeconds(KNOWN_S + 500);
        assert_eq!(known.recent(now), 500);
        let dropped = known.forget(now);
        assert_eq!(dropped.len(), 300);
        assert_eq!(dropped[0], HeardMessage::drop(UnixSeconds(0), &nonce(0)));
        assert_eq!(known.ages.len(), 700);
        assert_eq!(known.nonces.len(), 700);
        assert!(known.nonces.contains_key(&nonce(500)));
        assert!(known.forget(now).is_empty());
    }
}
