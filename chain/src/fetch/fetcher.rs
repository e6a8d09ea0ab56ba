//! Pages in flight, and extends in block order.

use super::{
    log_page::{log_page, rebuilt_block},
    page::{Page, PageError},
    receipt_page::{blocks_per_request, receipt_page},
};
use crate::{
    config::Method,
    error::{ChainError, Result},
    pools::PoolBook,
    ranges::{RangePlanner, RangeRules, TooMuch},
    source::Chain,
};
use alloy::primitives::B256;
use std::{collections::BTreeMap, sync::Arc};
use tidegauge_model::{BlockNumber, BlockRange, Coverage, Evidence, Extend, Tally};
use tokio::task::JoinSet;

/// Pages that wait for an earlier one, for each request in flight.
const WAITING_PER_TASK: usize = 4;

/// Blocks in the first batches of receipts, until their size is known.
const FIRST_BATCH_BLOCKS: u64 = 4;

/// Pages in one extend: beyond, rows are so few that waiting for more delays the tip.
const MAX_PAGES_PER_EXTEND: usize = 64;

/// Widest log page whose every header is read: 20 requests of headers, one after the other.
const BLOOM_PAGE_BLOCKS: u64 = 1_000;

/// A page in flight against one that waits: the JSON of a log takes two to three times
/// the bytes of its row, and both are there while it is read.
const FLIGHT_WEIGHT: usize = 3;

/// How often a page that does not fit its neighbour is asked for again.
const SEAM_TRIES: u32 = 2;

/// Fetches one range; see [`Chain::fetch`]. Dropping it cancels what is in flight.
pub struct Fetcher {
    chain: Chain,
    book: Arc<PoolBook>,
    evidence: Evidence,
    planner: RangePlanner,
    tasks: JoinSet<(BlockRange, std::result::Result<Page, PageError>)>,
    ready: BTreeMap<BlockNumber, Page>,
    ready_bytes: usize,
    /// Bytes that the page that arrived last holds.
    usual_bytes: usize,
    /// The block that comes next, and the hash before it where it is known.
    next: BlockNumber,
    before: Option<B256>,
    end: BlockNumber,
    pending: Option<Pending>,
    finalized: Option<BlockNumber>,
    seam_tries: u32,
    is_finished: bool,
}

impl Chain {
    /// Fetches a range, to be taken from the [`Fetcher`] in block order.
    ///
    /// `parent` is the hash that the block before the range must have, if it is known.
    pub fn fetch(
        &self,
        range: BlockRange,
        parent: Option<B256>,
        method: Method,
        book: &Arc<PoolBook>,
    ) -> Fetcher {
        let evidence = match method {
            Method::Logs => Evidence::Claimed,
            Method::Receipts => Evidence::Receipts,
        };
        self.fetch_to(range, parent, evidence, book)
    }

    /// Fetches a range with at least this evidence, the cheapest way that gives it: to raise
    /// what was collected with less, and to compare.
    ///
    /// `Bloom` reads the headers of all blocks beside the log pages, and the receipts of those
    /// whose bloom and logs do not agree.
    pub fn fetch_to(
        &self,
        range: BlockRange,
        parent: Option<B256>,
        evidence: Evidence,
        book: &Arc<PoolBook>,
    ) -> Fetcher {
        Fetcher::new(self.clone(), range, parent, evidence, Arc::clone(book))
    }
}

/// An extend that still grows.
struct Pending {
    extend: Extend,
    rows: usize,
    pages: usize,
}

impl Fetcher {
    fn new(
        chain: Chain,
        range: BlockRange,
        parent: Option<B256>,
        evidence: Evidence,
        book: Arc<PoolBook>,
    ) -> Self {
        let limits = &chain.inner.limits;
        let rules = match evidence {
            Evidence::Claimed | Evidence::Bloom => RangeRules {
                first_blocks: limits.first_page_blocks,
                max_blocks: match evidence {
                    Evidence::Bloom => limits.max_page_blocks.min(BLOOM_PAGE_BLOCKS),
                    _ => limits.max_page_blocks,
                },
                target_weight: limits.page_target_logs,
            },
            Evidence::Receipts => {
                let most = usize::try_from(limits.max_batch_blocks).unwrap_or(usize::MAX);
                let most = blocks_per_request(&chain.inner, most) as u64;
                RangeRules {
                    first_blocks: most.min(FIRST_BATCH_BLOCKS),
                    max_blocks: most,
                    target_weight: limits.batch_target_bytes,
                }
            }
        };
        Self {
            planner: RangePlanner::new(range, rules),
            tasks: JoinSet::new(),
            ready: BTreeMap::new(),
            ready_bytes: 0,
            usual_bytes: 0,
            next: range.from,
            before: parent,
            end: range.to,
            pending: None,
            finalized: None,
            seam_tries: 0,
            is_finished: false,
            chain,
            book,
            evidence,
        }
    }

    /// The next extend; `None` after the last one or after an error. Cancel-safe.
    pub async fn next(&mut self) -> Option<Result<Extend>> {
        if self.is_finished {
            return None;
        }
        match self.advance().await {
            Ok(Some(extend)) => Some(Ok(extend)),
            Ok(None) => {
                self.is_finished = true;
                None
            }
            Err(error) => {
                self.is_finished = true;
                self.tasks.abort_all();
                Some(Err(error))
            }
        }
    }

    async fn advance(&mut self) -> Result<Option<Extend>> {
        loop {
            self.launch();
            while !self.is_full() && self.take_ready()? {}
            if self.is_full() {
                return self.hand_over().await;
            }
            if self.next > self.end {
                return Ok(None);
            }
            match self.tasks.join_next().await {
                Some(Ok((range, outcome))) => self.arrived(range, outcome)?,
                Some(Err(lost)) => {
                    return Err(ChainError::TaskLost {
                        range: BlockRange {
                            from: self.next,
                            to: self.end,
                        },
                        cause: lost.to_string(),
                    });
                }
                // The planner hands out every block until it is done.
                None => {
                    return Err(ChainError::TaskLost {
                        range: BlockRange {
                            from: self.next,
                            to: self.end,
                        },
                        cause: "nothing is in flight".to_owned(),
                    });
                }
            }
        }
    }

    /// Starts requests while there is room; the page that all wait for always has room.
    fn launch(&mut self) {
        let inner = Arc::clone(&self.chain.inner);
        while self.tasks.len() < inner.max_in_flight {
            if self.is_probing() {
                return;
            }
            let is_awaited = self.planner.peek() == Some(self.next);
            let has_room = self.ready_bytes + self.flight_bytes() < inner.limits.max_held_bytes
                && self.ready.len() < inner.max_in_flight * WAITING_PER_TASK;
            if !is_awaited && !has_room {
                return;
            }
            let Some(range) = self.planner.next_range() else {
                return;
            };
            let expected = self.planner.expected(range);
            self.spawn(range, expected);
        }
    }

    /// Whether one log page is on its way to tell how wide pages can be: more of its width would
    /// all be refused like it, and be charged.
    fn is_probing(&self) -> bool {
        self.evidence != Evidence::Receipts
            && !self.tasks.is_empty()
            && !self.planner.knows_density()
    }

    /// What is in flight, if its pages weigh as much as the last one.
    fn flight_bytes(&self) -> usize {
        self.usual_bytes * FLIGHT_WEIGHT * self.tasks.len()
    }

    fn spawn(&mut self, range: BlockRange, expected: Option<u64>) {
        let inner = Arc::clone(&self.chain.inner);
        let book = Arc::clone(&self.book);
        let evidence = self.evidence;
        self.tasks.spawn(async move {
            let outcome = match evidence {
                Evidence::Claimed | Evidence::Bloom => {
                    log_page(&inner, &book, range, expected, evidence).await
                }
                Evidence::Receipts => receipt_page(&inner, &book, range)
                    .await
                    .map_err(PageError::from),
            };
            (range, outcome)
        });
    }

    fn spawn_rebuilt(&mut self, range: BlockRange) {
        let inner = Arc::clone(&self.chain.inner);
        let book = Arc::clone(&self.book);
        self.tasks.spawn(async move {
            let outcome = rebuilt_block(&inner, &book, range.from).await;
            (range, outcome.map_err(PageError::Failed))
        });
    }

    fn arrived(
        &mut self,
        range: BlockRange,
        outcome: std::result::Result<Page, PageError>,
    ) -> Result<()> {
        let split = match outcome {
            Ok(page) => {
                self.planner.answered(range, page.weight);
                self.usual_bytes = page.held_bytes;
                self.ready_bytes += page.held_bytes;
                self.ready.insert(range.from, page);
                return Ok(());
            }
            Err(PageError::Failed(error)) => return Err(error),
            Err(PageError::TooWide(limit)) => self.planner.too_wide(range, limit),
            Err(PageError::TooDense(width)) => self.planner.too_dense(range, width),
        };
        match (split, self.evidence) {
            (TooMuch::Split, _) => Ok(()),
            (TooMuch::SingleBlock, Evidence::Claimed | Evidence::Bloom) => {
                self.spawn_rebuilt(range);
                Ok(())
            }
            (TooMuch::SingleBlock, Evidence::Receipts) => Err(ChainError::Config {
                key: "chain.rpc_urls",
                problem: format!(
                    "the endpoint cannot give block {} with its receipts in one answer of at most {} bytes: raise chain.max_body_mib, or use an endpoint with larger limits",
                    range.from, self.chain.inner.limits.max_body_bytes
                ),
            }),
        }
    }

    /// Moves the next page in order into the pending extend; false if there is none that fits.
    fn take_ready(&mut self) -> Result<bool> {
        let Some(page) = self.ready.get(&self.next) else {
            return Ok(false);
        };
        if let Some(pending) = &self.pending
            && pending.extend.covered.evidence != page.evidence
        {
            return Ok(false);
        }
        let Some(page) = self.ready.remove(&self.next) else {
            return Ok(false);
        };
        self.ready_bytes = self.ready_bytes.saturating_sub(page.held_bytes);
        if let Some(expected) = self.before
            && expected != page.parent
        {
            self.seam_tries += 1;
            if self.seam_tries >= SEAM_TRIES {
                return Err(ChainError::Seam {
                    at: page.range.from,
                    expected,
                    found: page.parent,
                });
            }
            self.spawn(page.range, None);
            return Ok(false);
        }
        self.seam_tries = 0;
        self.before = Some(page.end_hash);
        self.next = page.range.to.next();
        self.append(page);
        Ok(true)
    }

    fn append(&mut self, page: Page) {
        let rows = page.rows();
        let (verdicts, tokens) = self.book.announce(&page.met);
        let pending = self.pending.get_or_insert_with(|| Pending {
            extend: Extend {
                covered: Coverage {
                    range: page.range,
                    evidence: page.evidence,
                    parent: page.parent,
                    end_hash: page.end_hash,
                    tally: Tally::default(),
                },
                blocks: Vec::new(),
                verdicts: Vec::new(),
                tokens: Vec::new(),
                finalized: None,
                disputes: Vec::new(),
                time_before: None,
                time_after: None,
            },
            rows: 0,
            pages: 0,
        });
        let extend = &mut pending.extend;
        extend.covered.range.to = page.range.to;
        extend.covered.end_hash = page.end_hash;
        extend.covered.tally = extend.covered.tally.plus(page.tally);
        extend.blocks.extend(page.blocks);
        extend.verdicts.extend(verdicts);
        extend.tokens.extend(tokens);
        pending.rows += rows;
        pending.pages += 1;
    }

    /// Whether the pending extend is to be handed on: by rows, blocks or pages, at the
    /// end, or where the next page has other evidence.
    fn is_full(&self) -> bool {
        let limits = &self.chain.inner.limits;
        self.pending.as_ref().is_some_and(|pending| {
            pending.rows >= limits.extend_target_rows
                || pending.extend.blocks.len() as u64 >= limits.extend_max_blocks.max(1)
                    && self.evidence == Evidence::Receipts
                || pending.pages >= MAX_PAGES_PER_EXTEND
                || self.next > self.end
                || self
                    .ready
                    .get(&self.next)
                    .is_some_and(|page| page.evidence != pending.extend.covered.evidence)
        })
    }

    async fn hand_over(&mut self) -> Result<Option<Extend>> {
        let to = self
            .pending
            .as_ref()
            .map_or(self.next, |pending| pending.extend.covered.range.to);
        if self.finalized.is_none_or(|finalized| finalized < to) {
            self.finalized = self.chain.finalized().await?;
        }
        Ok(self.pending.take().map(|pending| Extend {
            finalized: self.finalized,
            ..pending.extend
        }))
    }
}
