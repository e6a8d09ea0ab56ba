//! Who may follow whom as the writer of a bucket: pure, a document and a claim in, a document out.

use crate::writer_fault::WriterFault;
use serde::{Deserialize, Serialize};
use tidegauge_model::{ChainId, UnixSeconds};
use tidegauge_storage::Identity;
use uuid::Uuid;

/// How long a writer may be silent before another store takes its place: three renewals.
pub(super) const LEASE_SECONDS: u64 = 60;

/// The document's format.
const FORMAT: u32 = 1;

/// Who asks to write.
#[derive(Clone, Debug)]
pub struct WriterClaim {
    /// The store that is written from.
    pub store: Identity,
    /// The machine: a copy of a store on another one is not taken for the store.
    pub machine: String,
    /// Who, for people: machine and process, say.
    pub holder: String,
    /// Whether it is taken from whoever holds it.
    pub take_over: bool,
}

/// Who may write: `writer.json`. It is never deleted, so that its epoch never falls.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    format: u32,
    chain_id: u64,
    store_id: Uuid,
    /// The store's own epoch, raised by each restore: which life of it writes.
    pub(super) store_epoch: u64,
    /// Raised whenever another store, or another life of it, takes over.
    pub(super) epoch: u64,
    machine: String,
    pub(super) holder: String,
    /// One claim's, unlike all others.
    pub(super) token: Uuid,
    /// Unix seconds until when nobody else takes over unasked.
    pub(super) until: u64,
}

impl Document {
    /// From its bytes.
    pub(super) fn read(bytes: &[u8], place: &str) -> Result<Self, WriterFault> {
        let unreadable = |problem: String| WriterFault::Unreadable {
            place: place.to_owned(),
            problem,
        };
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } =
            serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))?;
        if format != FORMAT {
            return Err(unreadable(format!("format {format}, not {FORMAT}")));
        }
        serde_json::from_slice(bytes).map_err(|error| unreadable(error.to_string()))
    }

    /// As bytes; people read it too.
    pub(super) fn bytes(&self) -> Vec<u8> {
        // Strings and integers alone: there is nothing that could fail.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The first of a bucket.
    pub(super) fn first(claim: &WriterClaim, now: UnixSeconds) -> Self {
        Self::of(claim, claim.store.epoch, now)
    }

    /// The one after this, where the claim may have it.
    pub(super) fn after(
        &self,
        claim: &WriterClaim,
        now: UnixSeconds,
        place: &str,
    ) -> Result<Self, WriterFault> {
        let found = ChainId(self.chain_id);
        if found != claim.store.chain_id {
            return Err(WriterFault::OtherChain {
                place: place.to_owned(),
                found,
                ours: claim.store.chain_id,
            });
        }
        let next = self.epoch.max(claim.store.epoch).saturating_add(1);
        if claim.take_over {
            return Ok(Self::of(claim, next, now));
        }
        let is_alive = self.until > now.0;
        let held = WriterFault::Held {
            place: place.to_owned(),
            holder: self.holder.clone(),
            seconds: self.until.saturating_sub(now.0),
        };
        if self.store_id != claim.store.uuid {
            return if is_alive {
                Err(held)
            } else {
                Ok(Self::of(claim, next, now))
            };
        }
        match self.store_epoch.cmp(&claim.store.epoch) {
            // The store's own lock proves that an earlier process of this machine is gone.
            std::cmp::Ordering::Equal if self.machine == claim.machine || !is_alive => {
                Ok(Self::of(claim, self.epoch, now))
            }
            std::cmp::Ordering::Equal => Err(held),
            std::cmp::Ordering::Less => Ok(Self::of(claim, next, now)),
            std::cmp::Ordering::Greater => Err(WriterFault::Superseded {
                place: place.to_owned(),
                ours: claim.store.epoch,
                theirs: self.store_epoch,
                holder: self.holder.clone(),
            }),
        }
    }

    /// The one of a store that was restored: a life later than all that were here.
    pub(super) fn life_after(found: Option<&Self>, claim: &WriterClaim, now: UnixSeconds) -> Self {
        let last = found.map_or(0, |found| found.epoch.max(found.store_epoch));
        let epoch = last.max(claim.store.epoch).saturating_add(1);
        Self {
            store_epoch: epoch,
            ..Self::of(claim, epoch, now)
        }
    }

    fn of(claim: &WriterClaim, epoch: u64, now: UnixSeconds) -> Self {
        Self {
            format: FORMAT,
            chain_id: claim.store.chain_id.0,
            store_id: claim.store.uuid,
            store_epoch: claim.store.epoch,
            epoch,
            machine: claim.machine.clone(),
            holder: claim.holder.clone(),
            token: Uuid::new_v4(),
            until: until(now),
        }
    }

    /// The same, for longer.
    pub(super) fn renewed(&self, now: UnixSeconds) -> Self {
        Self {
            until: until(now),
            ..self.clone()
        }
    }
}

fn until(now: UnixSeconds) -> u64 {
    now.0.saturating_add(LEASE_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_000);

    fn claim(store: u128, epoch: u64, machine: &str) -> WriterClaim {
        WriterClaim {
            store: Identity {
                uuid: Uuid::from_u128(store),
                epoch,
                chain_id: ChainId(1),
                format: 3,
            },
            machine: machine.to_owned(),
            holder: format!("{machine} process 1"),
            take_over: false,
        }
    }

    fn word(fault: &WriterFault) -> &'static str {
        match fault {
            WriterFault::Fenced { .. } => "fenced",
            WriterFault::Held { .. } => "held",
            WriterFault::Superseded { .. } => "superseded",
            WriterFault::OtherChain { .. } => "other chain",
            WriterFault::Unreadable { .. } => "unreadable",
            WriterFault::Contended { .. } => "contended",
        }
    }

    #[test]
    fn who_follows_whom_is_a_table() {
        // Store 7 at epoch 3, on machine a, writes with epoch 5 until 1,060.
        let first = Document {
            epoch: 5,
            ..Document::first(&claim(7, 3, "a"), NOW)
        };
        let late = UnixSeconds(NOW.0 + LEASE_SECONDS);
        let over = |claim: WriterClaim| WriterClaim {
            take_over: true,
            ..claim
        };
        let cases = [
            ("the same store at once", claim(7, 3, "a"), NOW, Ok(5)),
            ("its copy elsewhere", claim(7, 3, "b"), NOW, Err("held")),
            ("moved, and silent", claim(7, 3, "b"), late, Ok(5)),
            ("a later life", claim(7, 4, "b"), NOW, Ok(6)),
            ("a much later life", claim(7, 9, "b"), NOW, Ok(10)),
            ("an earlier life", claim(7, 2, "a"), late, Err("superseded")),
            (
                "an earlier life by force",
                over(claim(7, 2, "a")),
                NOW,
                Ok(6),
            ),
            ("another store", claim(8, 1, "a"), NOW, Err("held")),
            ("another store later", claim(8, 1, "a"), late, Ok(6)),
            ("another store by force", over(claim(8, 1, "a")), NOW, Ok(6)),
        ];
        for (name, claim, now, expected) in cases {
            let found = first.after(&claim, now, "here");
            let found = found.as_ref().map(|next| next.epoch).map_err(word);
            assert_eq!(found, expected, "{name}");
        }
        let mut other = claim(7, 3, "a");
        other.store.chain_id = ChainId(10);
        let refused = first.after(&other, late, "here").unwrap_err();
        assert_eq!(word(&refused), "other chain");
        let life = Document::life_after(Some(&first), &claim(7, 3, "b"), NOW);
        assert_eq!((life.epoch, life.store_epoch), (6, 6));
        let life = Document::life_after(None, &claim(7, 3, "b"), NOW);
        assert_eq!((life.epoch, life.store_epoch), (4, 4));
    }

    #[test]
    fn a_document_reads_back_and_others_are_refused() {
        let document = Document::first(&claim(7, 3, "a"), NOW);
        let read = Document::read(&document.bytes(), "here").unwrap();
        assert_eq!(read, document);
        for bytes in [
            &b"{}"[..],
            b"",
            b"{\"format\":2}",
            b"{\"format\":1}",
            b"\xff\xfe",
        ] {
            let refused = Document::read(bytes, "here").unwrap_err();
            assert_eq!(word(&refused), "unreadable");
        }
    }
}
