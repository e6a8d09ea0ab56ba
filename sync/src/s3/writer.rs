//! The writer of a bucket: the fence that every publication passes.
//!
//! `writer.json` says which store writes, in which of its lives, and with which epoch. Only who
//! read it last can replace it, so of two writers one is told that it is the writer no more. Times
//! only spare people from surprises; who is right is decided by the document alone.

use super::succession::{Document, LEASE_SECONDS, WriterClaim};
use crate::error::SyncError;
use crate::writer_fault::WriterFault;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tidegauge_model::{ErrorClass, UnixSeconds};
use tidegauge_objects::{ObjectKey, ObjectTag, Objects};
use tidegauge_storage::Identity;
use tokio::sync::Mutex;

/// Where the document is.
const KEY: &str = "writer.json";

/// It holds a handful of short strings.
const MAX_BYTES: usize = 64 * 1024;

/// How often a writer says that it is alive.
const RENEW_EVERY: Duration = Duration::from_secs(LEASE_SECONDS / 3);

/// Looks at the document before it is given up: each lost one is another writer's gain.
const MAX_LOOKS: u32 = 8;

/// Tells the time.
pub type Clock = fn() -> UnixSeconds;

/// The machine's clock.
pub fn wall_clock() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixSeconds(since.map_or(0, |since| since.as_secs()))
}

/// The right to write to a bucket. Clones are one and the same writer.
#[derive(Clone)]
pub struct Writer {
    objects: Objects,
    epoch: u64,
    held: Arc<Mutex<Held>>,
}

/// The document as we left it.
struct Held {
    document: Document,
    tag: ObjectTag,
}

impl Writer {
    /// Asks for the right to write. The same store on the same machine goes on with its epoch at
    /// once; another is refused while the one before is alive, unless it takes over.
    ///
    /// # Errors
    /// [`SyncError::Writer`] says who is in the way, [`SyncError::Objects`] what failed.
    pub async fn claim(
        objects: &Objects,
        claim: &WriterClaim,
        now: UnixSeconds,
    ) -> Result<Self, SyncError> {
        let place = objects.place();
        Self::install(objects, |found| match found {
            None => Ok(Document::first(claim, now)),
            Some(found) => found.after(claim, now, &place),
        })
        .await
    }

    /// Takes the right to write for a store that was restored, from whoever has it, and gives the
    /// store's new identity: its epoch is above all that were here, so that the lost machine is
    /// refused when it comes back.
    ///
    /// # Errors
    /// [`SyncError::Objects`].
    pub async fn begin_life(
        objects: &Objects,
        claim: &WriterClaim,
        now: UnixSeconds,
    ) -> Result<(Self, Identity), SyncError> {
        let writer =
            Self::install(objects, |found| Ok(Document::life_after(found, claim, now))).await?;
        let identity = Identity {
            epoch: writer.epoch,
            ..claim.store
        };
        Ok((writer, identity))
    }

    /// The epoch of such a life, where nothing can be written: it is taken with the first claim.
    ///
    /// # Errors
    /// [`SyncError::Objects`].
    pub(crate) async fn epoch_after(
        objects: &Objects,
        claim: &WriterClaim,
    ) -> Result<u64, SyncError> {
        let found = objects.get(&ObjectKey::new(KEY)?, MAX_BYTES).await?;
        let read = found
            .map(|(bytes, _)| Document::read(&bytes, &objects.place()))
            .transpose()?;
        // The time is of no matter to the epoch.
        Ok(Document::life_after(read.as_ref(), claim, UnixSeconds(0)).epoch)
    }

    /// Replaces the document by what is made of the one that is there.
    async fn install(
        objects: &Objects,
        next: impl Fn(Option<&Document>) -> Result<Document, WriterFault>,
    ) -> Result<Self, SyncError> {
        let place = objects.place();
        let key = ObjectKey::new(KEY)?;
        for _ in 0..MAX_LOOKS {
            let found = objects.get(&key, MAX_BYTES).await?;
            let read = found
                .as_ref()
                .map(|(bytes, _)| Document::read(bytes, &place))
                .transpose()?;
            let document = next(read.as_ref())?;
            let tag = found.as_ref().map(|(_, tag)| tag);
            if let Some(tag) = objects.replace(&key, document.bytes(), tag).await? {
                return Ok(Self {
                    objects: objects.clone(),
                    epoch: document.epoch,
                    held: Arc::new(Mutex::new(Held { document, tag })),
                });
            }
        }
        Err(WriterFault::Contended { place }.into())
    }

    /// The epoch that everything written carries.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Says that we are alive, and makes sure that we are the writer still: to be called every
    /// 20 s, before each publication, and before anything is deleted.
    ///
    /// # Errors
    /// [`WriterFault::Fenced`]: another writer took over, nothing may be written any more.
    pub async fn renew(&self, now: UnixSeconds) -> Result<(), SyncError> {
        let key = ObjectKey::new(KEY)?;
        let mut held = self.held.lock().await;
        for _ in 0..MAX_LOOKS {
            let document = held.document.renewed(now);
            let replaced = self
                .objects
                .replace(&key, document.bytes(), Some(&held.tag))
                .await?;
            if let Some(tag) = replaced {
                *held = Held { document, tag };
                return Ok(());
            }
            // Another's, or our own whose answer was lost.
            let found = self.objects.get(&key, MAX_BYTES).await?;
            let place = self.objects.place();
            let Some((bytes, tag)) = found else {
                return Err(self
                    .fenced(place, 0, "nobody: writer.json was removed")
                    .into());
            };
            let found = Document::read(&bytes, &place)?;
            if found.token != document.token {
                return Err(self.fenced(place, found.epoch, &found.holder).into());
            }
            held.tag = tag;
        }
        let place = self.objects.place();
        Err(WriterFault::Contended { place }.into())
    }

    /// Renews until `stop` is done; what passes by itself is waited out.
    ///
    /// # Errors
    /// As [`Writer::renew`], but for those of class transient.
    pub async fn hold(
        &self,
        clock: Clock,
        stop: impl Future<Output = ()>,
    ) -> Result<(), SyncError> {
        let renewing = async {
            loop {
                tokio::time::sleep(RENEW_EVERY).await;
                match self.renew(clock()).await {
                    Err(error) if error.class() != ErrorClass::Transient => return Err(error),
                    Err(error) => {
                        tracing::warn!("cannot renew the lease of {}: {error}", self.place());
                    }
                    Ok(()) => {}
                }
            }
        };
        tokio::select! {
            () = stop => Ok(()),
            ended = renewing => ended,
        }
    }

    fn place(&self) -> String {
        self.objects.place()
    }

    fn fenced(&self, place: String, theirs: u64, holder: &str) -> WriterFault {
        WriterFault::Fenced {
            place,
            ours: self.epoch,
            theirs,
            holder: holder.to_owned(),
        }
    }
}
