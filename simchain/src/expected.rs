//! What a faithful collector must end up with.

use crate::abi;
use crate::chain::SimChain;
use crate::error::SimError;
use crate::rpc::receipts_json;
use alloy::primitives::{Address, B256, Bytes, LogData, U256};
use alloy::sol_types::SolEvent;
use serde::Deserialize;
use tidegauge_model::{
    BlockNumber, BlockRange, BlockRef, LogIndex, PoolId, RawAmount, Refusal, SqrtPriceX96, Swap,
    Token, TxIndex, UnixSeconds,
};

/// The truth about a chain.
pub struct Expected<'a> {
    chain: &'a SimChain,
}

/// A pool of the chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PoolTruth {
    /// Its address.
    pub id: PoolId,
    /// The factory that it names.
    pub factory: Address,
    /// The lower token address.
    pub token0: Address,
    /// The higher token address.
    pub token1: Address,
    /// Fee in hundredths of a basis point.
    pub fee_pips: u32,
    /// Distance between usable ticks.
    pub tick_spacing: i32,
    /// Its `PoolCreated` event, if that is on the chain.
    pub created: Option<(BlockNumber, LogIndex)>,
    /// Why it must be refused, if it must.
    pub refusal: Option<Refusal>,
}

/// A block's place in the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeadOf {
    /// The block.
    pub block: BlockRef,
    /// Its parent's hash.
    pub parent: B256,
    /// Its timestamp.
    pub timestamp: UnixSeconds,
}

impl SimChain {
    /// The truth about the chain, for comparison with what was collected.
    pub fn expected(&self) -> Expected<'_> {
        Expected { chain: self }
    }
}

impl<'a> Expected<'a> {
    /// Every pool that exists at the head, by address.
    pub fn pools(&self) -> Vec<PoolTruth> {
        let contracts = self.chain.contracts();
        let factory = self.chain.factory();
        contracts
            .pools
            .values()
            .filter(|pool| contracts.live_pool(pool.address).is_some())
            .map(|pool| PoolTruth {
                id: PoolId(pool.address),
                factory: pool.factory,
                token0: pool.token0,
                token1: pool.token1,
                fee_pips: pool.fee_pips,
                tick_spacing: pool.tick_spacing,
                created: pool.created,
                refusal: contracts.refusal(pool, factory),
            })
            .collect()
    }

    /// Every token with decimals, by address.
    pub fn tokens(&self) -> Vec<Token> {
        self.chain
            .contracts()
            .tokens
            .values()
            .filter_map(|token| {
                Some(Token {
                    address: token.address,
                    symbol: Some(token.symbol.clone()),
                    name: Some(token.name.clone()),
                    decimals: token.decimals?,
                })
            })
            .collect()
    }

    /// Whether an honest collector keeps a pool.
    pub fn accepts(&self, pool: PoolId) -> bool {
        self.chain.contracts().accepts(pool, self.chain.factory())
    }

    /// A block's place in the chain.
    pub fn header(&self, number: BlockNumber) -> Result<HeadOf, SimError> {
        let entry = self.chain.placed(number)?.entry;
        Ok(HeadOf {
            block: BlockRef {
                number,
                hash: entry.hash,
            },
            parent: entry.parent,
            timestamp: UnixSeconds(entry.timestamp),
        })
    }

    /// Every log with the Swap topic in a range, in order, whoever emitted it.
    ///
    /// Read back from the receipts as served, through alloy's decoder.
    pub fn swaps(
        &self,
        range: BlockRange,
    ) -> impl Iterator<Item = Result<Swap, SimError>> + use<'a> {
        let chain = self.chain;
        range
            .iter()
            .flat_map(move |number| match swaps_of(chain, number) {
                Ok(swaps) => swaps.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error)],
            })
    }
}

#[derive(Deserialize)]
struct SeenReceipt {
    from: Option<Address>,
    logs: Vec<SeenLog>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SeenLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_timestamp: U256,
    transaction_hash: B256,
    transaction_index: U256,
    log_index: U256,
}

fn swaps_of(chain: &SimChain, number: BlockNumber) -> Result<Vec<Swap>, SimError> {
    let mut json = Vec::new();
    receipts_json(&chain.placed(number)?, None, &mut json)?;
    let broken = |what: &str| SimError::Broken(format!("block {number}: {what}"));
    let receipts: Vec<SeenReceipt> =
        serde_json::from_slice(&json).map_err(|e| broken(&e.to_string()))?;
    let mut swaps = Vec::new();
    for receipt in receipts {
        for log in receipt.logs {
            if log.topics.first() != Some(&abi::Swap::SIGNATURE_HASH) {
                continue;
            }
            let data = LogData::new(log.topics, log.data).ok_or_else(|| broken("five topics"))?;
            let event = abi::Swap::decode_log_data(&data).map_err(|e| broken(&e.to_string()))?;
            swaps.push(Swap {
                pool: PoolId(log.address),
                block: number,
                log_index: LogIndex(log.log_index.saturating_to()),
                tx_hash: log.transaction_hash,
                tx_index: TxIndex(log.transaction_index.saturating_to()),
                timestamp: UnixSeconds(log.block_timestamp.saturating_to()),
                sender: event.sender,
                recipient: event.recipient,
                origin: receipt.from,
                amount0: RawAmount(event.amount0),
                amount1: RawAmount(event.amount1),
                sqrt_price: SqrtPriceX96(event.sqrtPriceX96.to()),
                liquidity: event.liquidity,
                tick: event.tick.as_i32(),
            });
        }
    }
    Ok(swaps)
}
