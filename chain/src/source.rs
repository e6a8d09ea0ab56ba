//! A chain, as its endpoints serve it.

use crate::{
    config::{ChainConfig, Limits, SecretUrl},
    error::{ChainError, Result},
    evidence::check_hash,
    filter::Filter,
    header::{BlockHeader, parse_header},
    pools::{PoolBook, Resolver, Unknown},
    rpc::{Call, EndpointReport, Replies, Rpc},
};
use alloy::primitives::Address;
use std::sync::Arc;
use tidegauge_model::{BlockNumber, ChainId, Finality, PoolVerdict, Preset};

/// A connected chain; clones share everything.
#[derive(Clone)]
pub struct Chain {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    id: ChainId,
    pub(crate) rpc: Rpc,
    pub(crate) filter: Filter,
    pub(crate) resolver: Resolver,
    pub(crate) finality: Finality,
    pub(crate) limits: Limits,
    pub(crate) max_in_flight: usize,
    pub(crate) socket_urls: Vec<SecretUrl>,
    pub(crate) confirm_depth: u64,
}

impl Chain {
    /// Connects: at least one endpoint has to serve the right chain. The others show theirs
    /// before their first answer counts.
    ///
    /// # Errors
    /// Unreachable endpoints, another chain, a chain without preset and factories.
    pub async fn connect(config: ChainConfig) -> Result<Self> {
        let rpc = Rpc::new(&config)?;
        let id = rpc.chain_id().await?;
        let preset = Preset::of(id);
        let factories = match (config.factories.is_empty(), preset) {
            (false, _) => config.factories,
            (true, Some(preset)) => preset.factories.clone(),
            (true, None) => {
                return Err(ChainError::Config {
                    key: "chain.factories",
                    problem: format!(
                        "chain {id} has no preset: name its factory and the init code hash of its pools"
                    ),
                });
            }
        };
        let support = match (config.support, preset) {
            (Some(support), _) => support,
            (None, Some(preset)) => preset.lists.reference_pools().map(|pool| pool.0).collect(),
            (None, None) => Vec::new(),
        };
        let socket_urls = config.socket_urls.unwrap_or_else(|| {
            let urls = config.rpc_urls.iter();
            urls.map(SecretUrl::socket).collect()
        });
        let finality = config.finality.or(preset.map(|preset| preset.finality));
        let finality = finality.unwrap_or_default();
        let multicall = config.multicall.or(preset.map(|preset| preset.multicall));
        Ok(Self {
            inner: Arc::new(Inner {
                id,
                rpc,
                filter: Filter::new(&config.pools, &support, factories.clone()),
                resolver: Resolver::new(factories, multicall),
                finality,
                limits: config.limits,
                max_in_flight: config.max_in_flight,
                socket_urls,
                confirm_depth: config.confirm_depth,
            }),
        })
    }

    /// The chain's id.
    pub fn id(&self) -> ChainId {
        self.inner.id
    }

    /// The first block worth collecting, where the chain has a preset.
    pub fn start_block(&self) -> Option<BlockNumber> {
        Preset::of(self.inner.id).map(|preset| preset.start_block)
    }

    /// The newest block.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn head(&self) -> Result<BlockHeader> {
        let calls = [Call::tagged("latest")];
        let rpc = &self.inner.rpc;
        rpc.ask_hedged(&calls, |replies| {
            maybe_header(replies, 0)?.ok_or_else(|| no_block(replies, BlockNumber(0)))
        })
        .await
    }

    /// The header of a block; `None` if the endpoint has no such block yet.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn header(&self, number: BlockNumber) -> Result<Option<BlockHeader>> {
        let calls = [Call::header(number)];
        let rpc = &self.inner.rpc;
        rpc.ask(&calls, |replies| header_at(replies, number)).await
    }

    /// The height up to which blocks are final; `None` while nothing is.
    ///
    /// # Errors
    /// No usable answer.
    pub async fn finalized(&self) -> Result<Option<BlockNumber>> {
        let found = self.finalized_header().await?;
        Ok(found.map(|block| block.number))
    }

    /// The last block that is final; `None` while nothing is.
    pub(crate) async fn finalized_header(&self) -> Result<Option<BlockHeader>> {
        match self.inner.finality {
            Finality::Tag => {
                let calls = [Call::tagged("finalized")];
                let rpc = &self.inner.rpc;
                match rpc.ask(&calls, |replies| maybe_header(replies, 0)).await {
                    Err(ChainError::Rpc(error)) if nothing_final(&error.fault.message) => Ok(None),
                    found => found,
                }
            }
            Finality::Depth(depth) => {
                let head = self.head().await?;
                match head.number.0.checked_sub(depth).map(BlockNumber) {
                    Some(number) => self.header(number).await,
                    None => Ok(None),
                }
            }
        }
    }

    /// Judges contracts that somebody listed, before they emit anything.
    ///
    /// # Errors
    /// No usable answer; what a contract is not, is a verdict.
    pub async fn judge(&self, contracts: &[Address], book: &PoolBook) -> Result<Vec<PoolVerdict>> {
        let unknown: Vec<Unknown> = contracts
            .iter()
            .map(|contract| Unknown {
                contract: *contract,
                seen_at: None,
                created: None,
            })
            .collect();
        let inner = &self.inner;
        inner.resolver.resolve(&inner.rpc, book, &unknown).await?;
        Ok(contracts
            .iter()
            .filter_map(|contract| book.verdict(*contract))
            .collect())
    }

    /// What each endpoint was asked so far, and what it cost.
    pub fn report(&self) -> Vec<EndpointReport> {
        self.inner.rpc.report()
    }

    /// The header of a block that must exist.
    pub(crate) async fn known_header(&self, number: BlockNumber) -> Result<BlockHeader> {
        let calls = [Call::header(number)];
        let rpc = &self.inner.rpc;
        rpc.ask(&calls, |replies| {
            header_at(replies, number)?.ok_or_else(|| no_block(replies, number))
        })
        .await
    }

    /// The endpoints' names, for errors that concern whoever answered.
    pub(crate) fn endpoint(&self) -> String {
        let report = self.inner.rpc.report();
        report
            .first()
            .map(|endpoint| endpoint.endpoint.clone())
            .unwrap_or_default()
    }
}

/// The header of that very block; `None` if the endpoint has no such block.
fn header_at(replies: &Replies, number: BlockNumber) -> Result<Option<BlockHeader>> {
    match maybe_header(replies, 0)? {
        Some(found) if found.number != number => Err(ChainError::Lying {
            endpoint: replies.endpoint.clone(),
            what: format!("block {} in place of block {number}", found.number),
        }),
        found => Ok(found),
    }
}

/// How geth and reth say that no block is final yet.
fn nothing_final(words: &str) -> bool {
    let words = words.to_lowercase();
    words.contains("finalized") && words.contains("not found")
}

fn no_block(replies: &Replies, block: BlockNumber) -> ChainError {
    ChainError::NoBlock {
        endpoint: replies.endpoint.clone(),
        block,
    }
}

/// A verified header out of an answer; `None` for `null`.
pub(crate) fn maybe_header(replies: &Replies, at: usize) -> Result<Option<BlockHeader>> {
    if replies.is_null(at) {
        return Ok(None);
    }
    let stated = parse_header(replies.text(at)).map_err(|problem| ChainError::Lying {
        endpoint: replies.endpoint.clone(),
        what: problem,
    })?;
    let header = check_hash(stated).map_err(|source| ChainError::Evidence {
        endpoint: replies.endpoint.clone(),
        source,
    })?;
    Ok(Some(header.brief()))
}
