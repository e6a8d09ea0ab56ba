//! Asking the chain for a pool's whole state at a block, where an endpoint still has it.

use super::{Place, PoolTerms, Seed};
use crate::{
    abi::Multicall3,
    error::{ChainError, Result},
    fault::FaultKind,
    hex,
    rpc::{Call, Method, Replies},
    source::Chain,
};
use alloy::{
    primitives::{Address, Bytes, aliases::I24},
    sol,
    sol_types::SolCall,
};
use tidegauge_model::{BlockNumber, LogIndex, Pool, SqrtPriceX96, U256, v3::MAX_TICK};

/// Reads packed into one multicall: at some 12,000 gas each, half of the least gas cap known.
const READS_PER_MULTICALL: usize = 400;

/// Single reads in one request.
const READS_PER_BATCH: usize = 50;

/// Most ticks read; a pool with more is followed without them.
const MAX_TICKS: usize = super::profile::MAX_SEGMENTS_PER_POOL / 2;

sol! {
    /// A pool's state (v3-core `IUniswapV3PoolState.sol`).
    contract PoolState {
        function slot0() external view returns (uint160 sqrtPriceX96, int24 tick, uint16 observationIndex, uint16 observationCardinality, uint16 observationCardinalityNext, uint8 feeProtocol, bool unlocked);
        function liquidity() external view returns (uint128);
        function tickBitmap(int16 wordPosition) external view returns (uint256);
        function ticks(int24 tick) external view returns (uint128 liquidityGross, int128 liquidityNet, uint256 feeGrowthOutside0X128, uint256 feeGrowthOutside1X128, int56 tickCumulativeOutside, uint160 secondsPerLiquidityOutsideX128, uint32 secondsOutside, bool initialized);
    }
}

impl Chain {
    /// A pool's state after a block, with its initialised ticks, for
    /// [`Continuity::rebase`](super::Continuity::rebase); `None` if the endpoint no longer has
    /// the state of that block, or the pool had no price then.
    ///
    /// # Errors
    /// No usable answer, or one that contradicts itself.
    pub async fn pool_seed(&self, pool: &Pool, at: BlockNumber) -> Result<Option<Seed>> {
        match self.read_seed(pool, at).await {
            Err(ChainError::Rpc(error)) if error.fault.kind == FaultKind::Depth => Ok(None),
            outcome => outcome,
        }
    }

    async fn read_seed(&self, pool: &Pool, at: BlockNumber) -> Result<Option<Seed>> {
        let terms = PoolTerms::from(pool);
        let contract = pool.id.0;
        let asks = vec![
            PoolState::slot0Call {}.abi_encode(),
            PoolState::liquidityCall {}.abi_encode(),
        ];
        let answers = self.read_state(contract, asks, at).await?;
        let [Some(slot0), Some(liquidity)] = answers.as_slice() else {
            return Ok(None);
        };
        let (Ok(slot0), Ok(liquidity)) = (
            PoolState::slot0Call::abi_decode_returns_validate(slot0),
            PoolState::liquidityCall::abi_decode_returns_validate(liquidity),
        ) else {
            return Ok(None);
        };
        if slot0.sqrtPriceX96.is_zero() || !super::is_sound(terms) {
            return Ok(None);
        }
        let ticks = match self.initialised(contract, terms, at).await? {
            Some(ticks) if ticks.len() <= MAX_TICKS => {
                self.nets(contract, ticks, at).await?.map(Some)
            }
            Some(_) => Some(None),
            None => None,
        };
        let seed = ticks.map(|ticks| Seed {
            after: Place {
                block: at,
                log_index: LogIndex(u32::MAX),
            },
            sqrt_price: SqrtPriceX96(U256::from(slot0.sqrtPriceX96)),
            tick: slot0.tick.as_i32(),
            liquidity,
            ticks,
        });
        match seed {
            Some(seed) if seed.track(terms).is_some() => Ok(Some(seed)),
            _ => Err(ChainError::Lying {
                endpoint: self.endpoint(),
                what: format!(
                    "pool {contract:#x} at block {at} with ticks that contradict its liquidity"
                ),
            }),
        }
    }

    /// The initialised ticks, ascending; `None` if the pool does not answer.
    async fn initialised(
        &self,
        contract: Address,
        terms: PoolTerms,
        at: BlockNumber,
    ) -> Result<Option<Vec<i32>>> {
        let outermost = terms.interval(MAX_TICK);
        let words = (-outermost >> 8)..=(outermost >> 8);
        let asks = words
            .clone()
            .filter_map(|word| i16::try_from(word).ok())
            .map(|word| PoolState::tickBitmapCall { wordPosition: word }.abi_encode())
            .collect();
        let answers = self.read_state(contract, asks, at).await?;
        let mut ticks = Vec::new();
        for (word, answer) in words.zip(answers) {
            let decoded =
                answer.and_then(|bytes| PoolState::tickBitmapCall::abi_decode_returns(&bytes).ok());
            let Some(bits) = decoded else { return Ok(None) };
            let set = (0..256).filter(|bit| bits.bit(*bit));
            ticks.extend(set.filter_map(|bit| {
                let interval = word
                    .checked_mul(256)?
                    .checked_add(i32::try_from(bit).ok()?)?;
                interval.checked_mul(terms.tick_spacing)
            }));
        }
        Ok(Some(ticks))
    }

    /// The ticks with the liquidity that each adds going up; `None` if the pool does not answer.
    async fn nets(
        &self,
        contract: Address,
        ticks: Vec<i32>,
        at: BlockNumber,
    ) -> Result<Option<Vec<(i32, i128)>>> {
        let asks = ticks
            .iter()
            .filter_map(|tick| I24::try_from(*tick).ok())
            .map(|tick| PoolState::ticksCall { tick }.abi_encode())
            .collect();
        let answers = self.read_state(contract, asks, at).await?;
        let net = |answer: Option<Bytes>| {
            let tick = PoolState::ticksCall::abi_decode_returns(&answer?).ok()?;
            Some(tick.liquidityNet)
        };
        let with_net = |(tick, answer)| Some((tick, net(answer)?));
        Ok(ticks.into_iter().zip(answers).map(with_net).collect())
    }

    /// Reads of one contract at one block, in the order asked; `None` where one failed.
    async fn read_state(
        &self,
        contract: Address,
        asks: Vec<Vec<u8>>,
        at: BlockNumber,
    ) -> Result<Vec<Option<Bytes>>> {
        let mut answers = Vec::with_capacity(asks.len());
        for chunk in asks.chunks(READS_PER_MULTICALL) {
            match self.read_packed(contract, chunk, at).await? {
                Some(packed) => answers.extend(packed),
                None => answers.extend(self.read_singly(contract, chunk, at).await?),
            }
        }
        Ok(answers)
    }

    /// `None` where there was no multicall contract at that block.
    async fn read_packed(
        &self,
        contract: Address,
        asks: &[Vec<u8>],
        at: BlockNumber,
    ) -> Result<Option<Vec<Option<Bytes>>>> {
        let Some(multicall) = self.inner.resolver.multicall() else {
            return Ok(None);
        };
        let calls = asks
            .iter()
            .map(|ask| Multicall3::Call3 {
                target: contract,
                allowFailure: true,
                callData: ask.clone().into(),
            })
            .collect();
        let data = Multicall3::aggregate3Call { calls }.abi_encode();
        let calls = [Call::eth_call_at(multicall, &data, &format!("{:#x}", at.0))];
        let returned = self.inner.rpc.ask(&calls, |replies| bytes_of(replies, 0));
        let outcomes = returned
            .await?
            .and_then(|bytes| Multicall3::aggregate3Call::abi_decode_returns(&bytes).ok())
            .filter(|outcomes| outcomes.len() == asks.len());
        Ok(outcomes.map(|outcomes| {
            let answer =
                |outcome: Multicall3::Outcome| outcome.success.then_some(outcome.returnData);
            outcomes.into_iter().map(answer).collect()
        }))
    }

    async fn read_singly(
        &self,
        contract: Address,
        asks: &[Vec<u8>],
        at: BlockNumber,
    ) -> Result<Vec<Option<Bytes>>> {
        let rpc = &self.inner.rpc;
        let block = format!("{:#x}", at.0);
        let mut answers = Vec::with_capacity(asks.len());
        for chunk in asks.chunks(rpc.batch_of(Method::EthCall.throughput_cu(), READS_PER_BATCH)) {
            let calls: Vec<Call> = chunk
                .iter()
                .map(|ask| Call::eth_call_at(contract, ask, &block))
                .collect();
            let read = |replies: &Replies| -> Result<Vec<Option<Bytes>>> {
                (0..calls.len()).map(|at| bytes_of(replies, at)).collect()
            };
            answers.extend(rpc.ask(&calls, read).await?);
        }
        Ok(answers)
    }
}

/// What a call returned; `None` if it reverted, or no contract was there.
fn bytes_of(replies: &Replies, index: usize) -> Result<Option<Bytes>> {
    if replies.is_null(index) {
        return Ok(None);
    }
    let bytes = serde_json::from_str::<&str>(replies.text(index))
        .ok()
        .and_then(hex::bytes)
        .ok_or_else(|| ChainError::Lying {
            endpoint: replies.endpoint.clone(),
            what: "eth_call with something that is not hex bytes".to_owned(),
        })?;
    Ok((!bytes.is_empty()).then(|| bytes.into()))
}
