//! Logs into blocks: decoded + refused = received, and nothing skipped.

use crate::{
    decode::{Event, EventKind},
    error::{ChainError, Result},
    filter::Filter,
    logs::LogRecord,
    pools::{BookView, Met, PoolBook, Unknown},
};
use alloy::primitives::{Address, B256};
use std::collections::{BTreeMap, HashSet};
use tidegauge_model::{
    BlockData, BlockNumber, BlockRef, LiquidityEvent, PoolId, Swap, Tally, UnixSeconds,
};

/// A block around its logs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) number: BlockNumber,
    pub(crate) hash: B256,
    pub(crate) parent: Option<B256>,
    pub(crate) timestamp: UnixSeconds,
}

/// Contracts in these logs that were never judged.
pub(crate) fn unknown_in<'a>(
    records: impl Iterator<Item = &'a LogRecord>,
    filter: &Filter,
    book: &PoolBook,
) -> Vec<Unknown> {
    let view = book.view();
    let mut unknown: BTreeMap<Address, Unknown> = BTreeMap::new();
    for record in records {
        let (contract, created) = match (record.kind, &record.event) {
            (EventKind::PoolCreated, Ok(Event::Created(fields))) => {
                match filter.factory(&record.emitter) {
                    Some(factory) if filter.wants(&fields.pool) => {
                        (fields.pool, Some((*factory, *fields)))
                    }
                    _ => continue,
                }
            }
            (EventKind::PoolCreated, _) => continue,
            _ => (record.emitter, None),
        };
        if view.accepts(&contract).is_some() {
            continue;
        }
        let entry = unknown.entry(contract).or_insert(Unknown {
            contract,
            seen_at: None,
            created,
        });
        let here = BlockRef {
            number: record.block,
            hash: record.block_hash,
        };
        if entry.seen_at.is_none_or(|seen| seen.number < here.number) {
            entry.seen_at = Some(here);
        }
        entry.created = entry.created.or(created);
    }
    unknown.into_values().collect()
}

/// Collects one block's rows; keeps across blocks which contracts were met already.
pub(crate) struct Assembler<'a> {
    filter: &'a Filter,
    view: BookView<'a>,
    endpoint: &'a str,
    seen: HashSet<Address>,
    /// The last emitter and its verdict: routes touch a pool several times in a row.
    last: Option<(Address, bool)>,
    pub(crate) met: Vec<Met>,
    pub(crate) tally: Tally,
}

impl<'a> Assembler<'a> {
    pub(crate) fn new(filter: &'a Filter, book: &'a PoolBook, endpoint: &'a str) -> Self {
        Self {
            filter,
            view: book.view(),
            endpoint,
            seen: HashSet::new(),
            last: None,
            met: Vec::new(),
            tally: Tally::default(),
        }
    }

    /// The rows of one block; `records` are its logs in order, all of them wanted.
    pub(crate) fn block(
        &mut self,
        frame: Frame,
        records: impl Iterator<Item = LogRecord>,
    ) -> Result<BlockData> {
        let mut block = BlockData {
            number: frame.number,
            hash: frame.hash,
            parent: frame.parent,
            timestamp: frame.timestamp,
            swaps: Vec::new(),
            liquidity: Vec::new(),
            tally: Tally::default(),
        };
        for record in records {
            block.tally.received += 1;
            if self.row(&mut block, record)? {
                block.tally.decoded += 1;
            } else {
                block.tally.refused += 1;
            }
        }
        assert!(block.tally.balances(), "decoded + refused = received");
        self.tally = self.tally.plus(block.tally);
        Ok(block)
    }

    /// Whether the log was decoded; otherwise its emitter is refused.
    fn row(&mut self, block: &mut BlockData, record: LogRecord) -> Result<bool> {
        if record.kind == EventKind::PoolCreated {
            return self.created(&record);
        }
        if !self.accepts(&record)? {
            return Ok(false);
        }
        let undecodable = |problem: String| ChainError::Lying {
            endpoint: self.endpoint.to_owned(),
            what: format!(
                "log {} of block {} of pool {:#x}, a {:?} that cannot be decoded: {problem}",
                record.log_index, record.block, record.emitter, record.kind
            ),
        };
        let pool = PoolId(record.emitter);
        match record.event {
            Ok(Event::Swap(fields)) => block.swaps.push(Swap {
                pool,
                block: block.number,
                log_index: record.log_index,
                tx_hash: record.tx_hash,
                tx_index: record.tx_index,
                timestamp: block.timestamp,
                sender: fields.sender,
                recipient: fields.recipient,
                origin: record.origin,
                amount0: fields.amount0,
                amount1: fields.amount1,
                sqrt_price: fields.sqrt_price,
                liquidity: fields.liquidity,
                tick: fields.tick,
            }),
            Ok(Event::Change(change)) => block.liquidity.push(LiquidityEvent {
                pool,
                block: block.number,
                log_index: record.log_index,
                tx_hash: record.tx_hash,
                tx_index: record.tx_index,
                timestamp: block.timestamp,
                origin: record.origin,
                change,
            }),
            Ok(Event::Created(_)) => return Err(undecodable("a pool made no pool".to_owned())),
            Err(error) => return Err(undecodable(error.to_string())),
        }
        Ok(true)
    }

    fn created(&mut self, record: &LogRecord) -> Result<bool> {
        if self.filter.factory(&record.emitter).is_none() {
            return Ok(false);
        }
        match &record.event {
            Ok(Event::Created(fields)) => {
                if self.filter.wants(&fields.pool) && self.seen.insert(fields.pool) {
                    self.met.push(Met {
                        contract: fields.pool,
                        block: record.block,
                        created: Some(record.log_index),
                    });
                }
                Ok(true)
            }
            Ok(_) => Ok(false),
            Err(error) => Err(ChainError::Lying {
                endpoint: self.endpoint.to_owned(),
                what: format!(
                    "log {} of block {} of factory {:#x}, a PoolCreated that cannot be decoded: {error}",
                    record.log_index, record.block, record.emitter
                ),
            }),
        }
    }

    fn accepts(&mut self, record: &LogRecord) -> Result<bool> {
        if let Some((emitter, accepted)) = self.last
            && emitter == record.emitter
        {
            return Ok(accepted);
        }
        let accepted = self
            .view
            .accepts(&record.emitter)
            .ok_or_else(|| ChainError::Lying {
                endpoint: self.endpoint.to_owned(),
                what: format!("nothing about contract {:#x}", record.emitter),
            })?;
        if self.seen.insert(record.emitter) {
            self.met.push(Met {
                contract: record.emitter,
                block: record.block,
                created: None,
            });
        }
        self.last = Some((record.emitter, accepted));
        Ok(accepted)
    }
}
