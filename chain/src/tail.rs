//! Following the tip: the next block, or the way back to the common ancestor.

use crate::{
    error::{ChainError, Result},
    fetch::{Page, blocks_page, headers, read_block, receipt_page},
    header::BlockHeader,
    pools::PoolBook,
    rpc::Call,
    source::{Chain, maybe_header},
};
use alloy::primitives::B256;
use tidegauge_model::{BlockNumber, BlockRange, BlockRef, Coverage, Extend, Step};

/// Deepest walk back, where no finality bounds it earlier.
pub(crate) const MAX_UNWIND_BLOCKS: u64 = 1_024;

/// Most blocks of a replacement that come with the unwinding; the others follow as usual.
const MAX_REPLACEMENT_BLOCKS: u64 = 64;

/// Replacement blocks in one request.
const REPLACEMENT_PAGE_BLOCKS: u64 = 8;

/// Headers in one request of the walk back.
const WALK_HEADERS: u64 = 16;

/// What the tip did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TailEvent {
    /// One more block.
    Extend(Extend),
    /// The chain left our branch.
    Unwind {
        /// The common ancestor.
        to: BlockRef,
        /// The other branch, as far as it was fetched.
        then: Vec<Extend>,
    },
    /// Nothing new yet: wait and ask again.
    AtHead,
}

impl TailEvent {
    /// The step for the store, if there is one.
    pub fn into_step(self) -> Option<Step> {
        match self {
            Self::Extend(extend) => Some(Step::Extend(extend)),
            Self::Unwind { to, then } => Some(Step::Unwind { to, then }),
            Self::AtHead => None,
        }
    }
}

/// Where a branch leaves ours.
struct Fork {
    /// Our tip.
    tip: BlockRef,
    /// The common ancestor.
    to: BlockRef,
    /// The branch's first block.
    first: B256,
}

impl Fork {
    /// How many of our blocks it replaces.
    fn depth(&self) -> u64 {
        self.tip.number.0 - self.to.number.0
    }
}

/// What we hold.
#[derive(Clone, Copy)]
pub struct Ours<'a> {
    /// Names the hash of a block of our own chain; `None` where it is not kept.
    pub hash_of: Lookup<'a>,
    /// Up to here our blocks are final, and never unwound.
    pub final_to: Option<BlockNumber>,
}

/// Names the hash of a block of our own chain; `None` where it is not kept.
pub type Lookup<'a> = &'a (dyn Fn(BlockNumber) -> Option<B256> + Send + Sync);

impl Chain {
    /// The block after our tip, proven by its receipts; or the way back, if the chain has
    /// left our branch.
    ///
    /// An endpoint that does not know our tip lags; that is no reorganisation. A branch that
    /// replaces more than a few blocks needs another's word (see [`ChainError::Unconfirmed`]).
    ///
    /// # Errors
    /// No usable answer; a branch that replaces final blocks; a hash that `lookup` lacks.
    pub async fn next_after(
        &self,
        tip: BlockRef,
        ours: Ours<'_>,
        book: &PoolBook,
    ) -> Result<TailEvent> {
        let next = tip.number.next();
        let calls = [Call::header(tip.number), Call::header(next)];
        let (theirs, after, endpoint) = self
            .inner
            .rpc
            .ask_hedged(&calls, |replies| {
                let theirs = maybe_header(replies, 0)?;
                if let Some(theirs) = theirs
                    && theirs.number != tip.number
                {
                    return Err(ChainError::Lying {
                        endpoint: replies.endpoint.clone(),
                        what: format!("block {} in place of block {}", theirs.number, tip.number),
                    });
                }
                Ok((theirs, maybe_header(replies, 1)?, replies.endpoint.clone()))
            })
            .await?;
        let after = match (theirs, after) {
            (Some(theirs), _) if theirs.hash != tip.hash => {
                return self.branch(tip, &endpoint, ours, book).await;
            }
            (Some(_), Some(after)) if after.parent == tip.hash => after,
            // The endpoint lags, nothing is new, or the chain changed between two questions.
            _ => return Ok(TailEvent::AtHead),
        };
        let (page, finalized) = tokio::try_join!(
            self.tip_page(after, book),
            self.trusted_finalized(after.number, ours.hash_of)
        )?;
        Ok(match page {
            Some(page) => TailEvent::Extend(extend(page, finalized, book)),
            None => TailEvent::AtHead,
        })
    }

    /// The block with that header; `None` if it was replaced meanwhile.
    async fn tip_page(&self, header: BlockHeader, book: &PoolBook) -> Result<Option<Page>> {
        let inner = &self.inner;
        // By hash: a number may change its meaning between two questions.
        let calls = [Call::header(header.number), Call::receipts_of(header.hash)];
        let found = inner
            .rpc
            .ask_hedged(&calls, |replies| {
                match maybe_header(replies, 0)? {
                    Some(now) if now.hash == header.hash => {}
                    _ => return Ok(None),
                }
                let parent = Some(header.parent);
                read_block(replies, 0, 1, header.number, parent, &inner.filter)
                    .map(|block| Some((block, replies.endpoint.clone())))
            })
            .await?;
        match found {
            None => Ok(None),
            Some((block, endpoint)) => blocks_page(inner, book, vec![block], &endpoint)
                .await
                .map(Some),
        }
    }

    /// The finalized height, as far as it agrees with our own blocks and lies below `head`.
    ///
    /// Blocks that are final write no journal: a height that is too great would take the way back.
    async fn trusted_finalized(
        &self,
        head: BlockNumber,
        lookup: Lookup<'_>,
    ) -> Result<Option<BlockNumber>> {
        let Some(found) = self.finalized_header().await? else {
            return Ok(None);
        };
        if found.number > head {
            return Ok(None);
        }
        if lookup(found.number).is_some_and(|ours| ours != found.hash) {
            tracing::warn!(
                "finalized block {} {:#x} is none of ours: not believed",
                found.number,
                found.hash
            );
            return Ok(None);
        }
        Ok(Some(found.number))
    }

    /// The common ancestor, and the branch that replaces ours; fetched before anything is unwound.
    async fn branch(
        &self,
        tip: BlockRef,
        endpoint: &str,
        ours: Ours<'_>,
        book: &PoolBook,
    ) -> Result<TailEvent> {
        let lookup = ours.hash_of;
        // Its own blocks would look just so.
        self.inner.rpc.reidentify(endpoint).await?;
        let to = self.ancestor(tip, endpoint, ours).await?;
        // Beyond the ancestor nothing of ours says that it is not too great.
        let finalized = self.finalized().await?.filter(|last| *last <= to.number);
        let head = self.head().await?;
        let last = head.number.0.min(to.number.0 + MAX_REPLACEMENT_BLOCKS);
        let mut pages = Vec::new();
        let mut before = to.hash;
        let mut from = to.number.next();
        while from.0 <= last {
            let range = BlockRange {
                from,
                to: BlockNumber(last.min(from.0 + REPLACEMENT_PAGE_BLOCKS - 1)),
            };
            let page = receipt_page(&self.inner, book, range).await?;
            if page.parent != before {
                return Err(ChainError::Seam {
                    at: from,
                    expected: before,
                    found: page.parent,
                });
            }
            before = page.end_hash;
            from = range.to.next();
            pages.push(page);
        }
        let first = pages.first().and_then(|page| page.blocks.first());
        let Some(first) = first.map(|block| block.hash) else {
            // The branch is gone, or its endpoint is: nothing replaces what we hold.
            return Ok(TailEvent::AtHead);
        };
        if lookup(to.number.next()) == Some(first) {
            // Another endpoint, which has not changed over yet, answered with our own blocks.
            return Ok(TailEvent::AtHead);
        }
        let fork = Fork { tip, to, first };
        self.confirm(&fork, endpoint, lookup).await?;
        book.unwind(to.number);
        let then = pages
            .into_iter()
            .map(|page| extend(page, finalized, book))
            .collect();
        Ok(TailEvent::Unwind { to, then })
    }

    /// A fork that replaces many blocks is believed if another endpoint is on it as well, or,
    /// where there is none to ask, if the block that its endpoint calls final is one of ours.
    async fn confirm(&self, fork: &Fork, endpoint: &str, lookup: Lookup<'_>) -> Result<()> {
        let inner = &self.inner;
        if fork.depth() <= inner.confirm_depth {
            return Ok(());
        }
        let unconfirmed = |why: &str| ChainError::Unconfirmed {
            endpoint: endpoint.to_owned(),
            tip: fork.tip.number,
            to: fork.to.number,
            why: why.to_owned(),
        };
        let calls = [Call::header(fork.to.number.next())];
        let word = inner
            .rpc
            .ask_elsewhere(endpoint, &calls, |replies| maybe_header(replies, 0))
            .await;
        match word {
            Ok(Some(Some(theirs))) if theirs.hash == fork.first => return Ok(()),
            Ok(Some(Some(_))) => {
                let error = unconfirmed("another endpoint is on another branch");
                inner.rpc.contradict(endpoint, &error);
                return Err(error);
            }
            Ok(Some(None)) => return Err(unconfirmed("another endpoint has no such block yet")),
            Ok(None) | Err(_) => {}
        }
        match self.finalized_header().await? {
            // What it calls final is ours, or lies on the branch itself.
            Some(last) if last.number > fork.to.number => Ok(()),
            Some(last) if lookup(last.number) == Some(last.hash) => Ok(()),
            _ => Err(unconfirmed(
                "there is no other endpoint to ask, and what this one calls final is none of our blocks",
            )),
        }
    }

    async fn ancestor(&self, tip: BlockRef, endpoint: &str, ours: Ours<'_>) -> Result<BlockRef> {
        let lowest = tip.number.0.saturating_sub(MAX_UNWIND_BLOCKS);
        let floor = BlockNumber(ours.final_to.map_or(0, |block| block.0).max(lowest));
        let mut high = tip.number.0;
        while high > floor.0 {
            let low = high.saturating_sub(WALK_HEADERS).max(floor.0);
            let theirs = self.hashes(low, high - 1).await?;
            for (number, hash) in theirs.into_iter().rev() {
                let known = (ours.hash_of)(number);
                let known = known.ok_or(ChainError::UnknownAncestor { block: number })?;
                if known == hash {
                    return Ok(BlockRef { number, hash });
                }
            }
            high = low;
        }
        let error = ChainError::TooDeep {
            endpoint: endpoint.to_owned(),
            tip: tip.number,
            floor,
        };
        self.inner.rpc.contradict(endpoint, &error);
        Err(error)
    }

    async fn hashes(&self, from: u64, to: u64) -> Result<Vec<(BlockNumber, B256)>> {
        let numbers: Vec<BlockNumber> = (from..=to).map(BlockNumber).collect();
        let headers = headers(&self.inner, &numbers).await?;
        let hashes = headers.into_iter().map(|header| header.hash);
        Ok(numbers.into_iter().zip(hashes).collect())
    }
}

fn extend(page: Page, finalized: Option<BlockNumber>, book: &PoolBook) -> Extend {
    let (verdicts, tokens) = book.announce(&page.met);
    Extend {
        covered: Coverage {
            range: page.range,
            evidence: page.evidence,
            parent: page.parent,
            end_hash: page.end_hash,
            tally: page.tally,
        },
        blocks: page.blocks,
        verdicts,
        tokens,
        finalized,
        disputes: Vec::new(),
        time_before: None,
        time_after: None,
    }
}
