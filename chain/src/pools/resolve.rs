//! Asking unknown contracts what they are, many in one call.

use super::{book::PoolBook, create2::create2_address, metadata};
use crate::{
    abi::{Multicall3, PoolCalls, TokenCalls},
    decode::CreatedFields,
    error::{ChainError, Result},
    header::parse_header,
    hex,
    rpc::{Call, Method, Replies, Rpc},
};
use alloy::{
    primitives::{Address, Bytes},
    sol_types::{SolCall, SolValue},
};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
};
use tidegauge_model::{BlockRef, Factory, Pool, PoolId, PoolOrigin, Refusal, Token};

/// Calls packed into one multicall: some 50 tokens, well below the gas cap of `eth_call`.
const CALLS_PER_MULTICALL: usize = 150;

/// Single calls in one batch.
const CALLS_PER_BATCH: usize = 50;

/// Contracts judged in one go.
const CONTRACTS_AT_ONCE: usize = 100;

/// A contract to be judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unknown {
    pub(crate) contract: Address,
    /// The highest block in which it was met: an endpoint that has not seen that very
    /// block, or has left it for another branch, cannot say that the contract does not
    /// exist. `None` if it was listed, not met.
    pub(crate) seen_at: Option<BlockRef>,
    /// What its factory's event says of it, and which factory.
    pub(crate) created: Option<(Factory, CreatedFields)>,
}

/// Knows how to ask.
pub(crate) struct Resolver {
    pub(crate) factories: Vec<Factory>,
    multicall: Option<Address>,
    multicall_answers: AtomicBool,
}

/// One call of a contract's function.
type Ask = (Address, Vec<u8>);

impl Resolver {
    pub(crate) fn new(factories: Vec<Factory>, multicall: Option<Address>) -> Self {
        Self {
            factories,
            multicall,
            multicall_answers: AtomicBool::new(true),
        }
    }

    /// The multicall contract, unless there is none.
    pub(crate) fn multicall(&self) -> Option<Address> {
        self.multicall
            .filter(|_| self.multicall_answers.load(Relaxed))
    }

    /// Judges contracts that the book does not know; afterwards it knows them.
    pub(crate) async fn resolve(
        &self,
        rpc: &Rpc,
        book: &PoolBook,
        unknown: &[Unknown],
    ) -> Result<()> {
        let _one_at_a_time = book.asking.lock().await;
        let unknown: Vec<Unknown> = {
            let view = book.view();
            unknown
                .iter()
                .filter(|unknown| view.accepts(&unknown.contract).is_none())
                .copied()
                .collect()
        };
        for chunk in unknown.chunks(CONTRACTS_AT_ONCE) {
            let pools = self.pools(rpc, chunk).await?;
            self.tokens(rpc, book, chunk, &pools).await?;
            for (unknown, pool) in chunk.iter().zip(pools) {
                let fact = pool.and_then(|pool| {
                    let view = book.view();
                    for token in [pool.token0, pool.token1] {
                        view.token(&token)
                            .unwrap_or(Err(Refusal::DecimalsMissing))?;
                    }
                    Ok(pool)
                });
                if let Err(refusal) = &fact {
                    tracing::debug!(contract = %unknown.contract, %refusal, "not collected");
                }
                book.learn_pool(unknown.contract, fact);
            }
        }
        Ok(())
    }

    /// What each contract is, by its factory's event or by its own word and CREATE2.
    ///
    /// `factory()` is not asked: any contract can name any factory, CREATE2 cannot be talked to.
    async fn pools(
        &self,
        rpc: &Rpc,
        chunk: &[Unknown],
    ) -> Result<Vec<std::result::Result<Pool, Refusal>>> {
        let silent: Vec<&Unknown> = chunk.iter().filter(|u| u.created.is_none()).collect();
        let asks: Vec<Ask> = silent.iter().flat_map(|u| pool_asks(u.contract)).collect();
        let answers = self.call_many(rpc, &asks).await?;
        let mut said: HashMap<Address, Option<CreatedFields>> = silent
            .iter()
            .zip(answers.chunks(POOL_ASKS))
            .map(|(unknown, answers)| (unknown.contract, pool_fields(unknown.contract, answers)))
            .collect();
        // No refusal rests on a multicall alone: one contract can burn the gas of all.
        for unknown in silent {
            if said.get(&unknown.contract).is_some_and(Option::is_none) {
                let asks: Vec<Ask> = pool_asks(unknown.contract).into();
                let answers = self.call_singly(rpc, &asks, unknown.seen_at).await?;
                said.insert(unknown.contract, pool_fields(unknown.contract, &answers));
            }
        }
        chunk
            .iter()
            .map(|unknown| match &unknown.created {
                Some((factory, fields)) => self.created(factory, fields).map(Ok),
                None => Ok(self.by_create2(unknown.contract, said.get(&unknown.contract))),
            })
            .collect()
    }

    fn created(&self, factory: &Factory, fields: &CreatedFields) -> Result<Pool> {
        let expected = create2_address(factory, fields.token0, fields.token1, fields.fee_pips);
        if expected != fields.pool {
            return Err(ChainError::FactoryMismatch {
                factory: factory.address,
                found: fields.pool,
                expected,
            });
        }
        Ok(pool(factory, fields))
    }

    fn by_create2(
        &self,
        contract: Address,
        said: Option<&Option<CreatedFields>>,
    ) -> std::result::Result<Pool, Refusal> {
        let fields = said.and_then(Option::as_ref).ok_or(Refusal::NotAPool)?;
        self.factories
            .iter()
            .find(|factory| {
                create2_address(factory, fields.token0, fields.token1, fields.fee_pips) == contract
            })
            .map(|factory| pool(factory, fields))
            .ok_or(Refusal::ForeignFactory)
    }

    /// Learns the tokens of accepted pools.
    async fn tokens(
        &self,
        rpc: &Rpc,
        book: &PoolBook,
        chunk: &[Unknown],
        pools: &[std::result::Result<Pool, Refusal>],
    ) -> Result<()> {
        let mut wanted: Vec<(Address, Option<BlockRef>)> = {
            let view = book.view();
            chunk
                .iter()
                .zip(pools)
                .filter_map(|(unknown, pool)| Some((unknown, pool.as_ref().ok()?)))
                .flat_map(|(unknown, pool)| {
                    [
                        (pool.token0, unknown.seen_at),
                        (pool.token1, unknown.seen_at),
                    ]
                })
                .filter(|(token, _)| view.token(token).is_none())
                .collect()
        };
        wanted.sort_by_key(|(token, seen_at)| (*token, seen_at.map(|seen| seen.number)));
        wanted.dedup_by_key(|(token, _)| *token);
        let asks: Vec<Ask> = wanted.iter().flat_map(|(t, _)| token_asks(*t)).collect();
        let answers = self.call_many(rpc, &asks).await?;
        for ((address, seen_at), answers) in wanted.iter().zip(answers.chunks(TOKEN_ASKS)) {
            let mut fact = token(*address, answers);
            if fact.is_err() {
                let asks: Vec<Ask> = token_asks(*address).into();
                fact = token(*address, &self.call_singly(rpc, &asks, *seen_at).await?);
            }
            book.learn_token(*address, fact);
        }
        Ok(())
    }

    /// Answers in the order asked; `None` where a call failed.
    async fn call_many(&self, rpc: &Rpc, asks: &[Ask]) -> Result<Vec<Option<Bytes>>> {
        let mut answers = Vec::with_capacity(asks.len());
        for chunk in asks.chunks(CALLS_PER_MULTICALL) {
            match self.call_packed(rpc, chunk).await? {
                Some(packed) => answers.extend(packed),
                None => answers.extend(self.call_singly(rpc, chunk, None).await?),
            }
        }
        Ok(answers)
    }

    /// `None` where there is no multicall contract, or it does not answer as one.
    async fn call_packed(&self, rpc: &Rpc, asks: &[Ask]) -> Result<Option<Vec<Option<Bytes>>>> {
        let Some(multicall) = self.multicall() else {
            return Ok(None);
        };
        let calls = asks
            .iter()
            .map(|(target, data)| Multicall3::Call3 {
                target: *target,
                allowFailure: true,
                callData: data.clone().into(),
            })
            .collect();
        let data = Multicall3::aggregate3Call { calls }.abi_encode();
        let returned = rpc
            .ask(&[Call::eth_call(multicall, &data)], |replies| {
                returned_bytes(replies, 0)
            })
            .await?;
        if returned.as_ref().is_some_and(|bytes| bytes.is_empty()) {
            tracing::info!(%multicall, "no multicall contract there: asking contracts one by one");
            self.multicall_answers.store(false, Relaxed);
        }
        let outcomes = returned
            .and_then(|bytes| Multicall3::aggregate3Call::abi_decode_returns(&bytes).ok())
            .filter(|outcomes| outcomes.len() == asks.len());
        Ok(outcomes.map(|outcomes| {
            outcomes
                .into_iter()
                .map(|outcome| outcome.success.then_some(outcome.returnData))
                .collect()
        }))
    }

    /// Each call on its own, by an endpoint on whose chain block `seen_at` is, before and after:
    /// its latest state may be that of another branch.
    async fn call_singly(
        &self,
        rpc: &Rpc,
        asks: &[Ask],
        seen_at: Option<BlockRef>,
    ) -> Result<Vec<Option<Bytes>>> {
        let mut answers = Vec::with_capacity(asks.len());
        for chunk in asks.chunks(rpc.batch_of(Method::EthCall.throughput_cu(), CALLS_PER_BATCH)) {
            let header = seen_at.map(|seen| Call::header(seen.number));
            let mut calls = vec![Call::block_number()];
            calls.extend(header.clone());
            let first = calls.len();
            calls.extend(chunk.iter().map(|(to, data)| Call::eth_call(*to, data)));
            let after = calls.len();
            calls.extend(header);
            let chunk_answers = rpc
                .ask(&calls, |replies| {
                    if let Some(seen) = seen_at {
                        has_seen(replies, seen, [first - 1, after])?;
                    }
                    (first..after)
                        .map(|index| returned_bytes(replies, index))
                        .collect::<Result<Vec<_>>>()
                })
                .await?;
            answers.extend(chunk_answers);
        }
        Ok(answers)
    }
}

/// Whether the endpoint's head has reached a block, and both headers at its height are its own.
fn has_seen(replies: &Replies, seen: BlockRef, headers: [usize; 2]) -> Result<()> {
    let head = serde_json::from_str::<&str>(replies.text(0)).ok();
    let is_reached = head
        .and_then(hex::quantity)
        .is_some_and(|head| head >= seen.number.0);
    let is_there = |at| parse_header(replies.text(at)).is_ok_and(|header| header.hash == seen.hash);
    if is_reached && headers.into_iter().all(is_there) {
        return Ok(());
    }
    Err(ChainError::NoBlock {
        endpoint: replies.endpoint.clone(),
        block: seen.number,
    })
}

const POOL_ASKS: usize = 4;
const TOKEN_ASKS: usize = 3;

fn pool_asks(contract: Address) -> [Ask; POOL_ASKS] {
    [
        (contract, PoolCalls::token0Call {}.abi_encode()),
        (contract, PoolCalls::token1Call {}.abi_encode()),
        (contract, PoolCalls::feeCall {}.abi_encode()),
        (contract, PoolCalls::tickSpacingCall {}.abi_encode()),
    ]
}

fn token_asks(contract: Address) -> [Ask; TOKEN_ASKS] {
    [
        (contract, TokenCalls::symbolCall {}.abi_encode()),
        (contract, TokenCalls::nameCall {}.abi_encode()),
        (contract, TokenCalls::decimalsCall {}.abi_encode()),
    ]
}

fn pool_fields(contract: Address, answers: &[Option<Bytes>]) -> Option<CreatedFields> {
    let [token0, token1, fee, spacing] = answers else {
        return None;
    };
    let fee: alloy::primitives::Uint<24, 1> =
        PoolCalls::feeCall::abi_decode_returns_validate(fee.as_ref()?).ok()?;
    let spacing: alloy::primitives::Signed<24, 1> =
        PoolCalls::tickSpacingCall::abi_decode_returns_validate(spacing.as_ref()?).ok()?;
    Some(CreatedFields {
        token0: Address::abi_decode_validate(token0.as_ref()?).ok()?,
        token1: Address::abi_decode_validate(token1.as_ref()?).ok()?,
        fee_pips: fee.to(),
        tick_spacing: spacing.as_i32(),
        pool: contract,
    })
}

fn pool(factory: &Factory, fields: &CreatedFields) -> Pool {
    Pool {
        id: PoolId(fields.pool),
        factory: factory.address,
        token0: fields.token0,
        token1: fields.token1,
        fee_pips: fields.fee_pips,
        tick_spacing: fields.tick_spacing,
        // Where it was met decides, when it is announced.
        origin: PoolOrigin::Create2,
    }
}

fn token(address: Address, answers: &[Option<Bytes>]) -> std::result::Result<Token, Refusal> {
    let returned =
        |index: usize| -> Option<&[u8]> { answers.get(index)?.as_deref().map(|bytes| &bytes[..]) };
    Ok(Token {
        address,
        symbol: returned(0).and_then(metadata::text),
        name: returned(1).and_then(metadata::text),
        decimals: metadata::decimals(returned(2))?,
    })
}

/// What a call returned; `None` if it reverted.
fn returned_bytes(replies: &Replies, index: usize) -> Result<Option<Bytes>> {
    if replies.is_null(index) {
        return Ok(None);
    }
    serde_json::from_str::<&str>(replies.text(index))
        .ok()
        .and_then(hex::bytes)
        .map(|bytes| Some(bytes.into()))
        .ok_or_else(|| ChainError::Lying {
            endpoint: replies.endpoint.clone(),
            what: "eth_call with something that is not hex bytes".to_owned(),
        })
}
