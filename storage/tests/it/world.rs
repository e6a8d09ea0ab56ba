//! A small made-up chain: blocks, forks, pools and tokens from a seed.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use tidegauge_features::FeatureSet;
use tidegauge_model::{
    Address, B256, BlockData, BlockNumber, BlockRange, BlockRef, ChainId, Coverage, Evidence,
    Extend, I256, LiquidityChange, LiquidityEvent, Listed, Lists, LogIndex, Pool, PoolId,
    PoolOrigin, PoolVerdict, RawAmount, Refusal, Repair, SqrtPriceX96, Swap, Tally, Token, TxIndex,
    U256, UnixSeconds, UserKey,
};

/// First block of every made-up chain.
pub(crate) const START: u64 = 1_000;

/// Hash of the block before it.
pub(crate) const GENESIS: B256 = B256::repeat_byte(0xee);

/// Makes blocks.
pub(crate) struct World {
    rng: ChaCha8Rng,
    pools: u8,
    /// Most rows of a block, per kind.
    rows: u32,
    /// From a block to the next.
    seconds: u64,
}

/// A transaction's logs share its hash, and no other's do.
fn tx_hash(block: &BlockData, tx_index: u32) -> B256 {
    let mut bytes = block.hash.0;
    for (byte, salt) in bytes.iter_mut().zip((tx_index + 1).to_be_bytes()) {
        *byte ^= salt;
    }
    B256::new(bytes)
}

impl World {
    pub(crate) fn new(seed: u64, pools: u8, rows: u32) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            pools,
            rows,
            seconds: 12,
        }
    }

    /// Blocks so many seconds apart.
    pub(crate) fn every(self, seconds: u64) -> Self {
        Self { seconds, ..self }
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.rng.random_range(0..n)
    }

    /// A block on top of another.
    pub(crate) fn block(&mut self, number: u64, parent: B256) -> BlockData {
        let hash = B256::from(self.rng.random::<[u8; 32]>());
        let timestamp = UnixSeconds(1_700_000_000 + self.seconds * number);
        let mut block = BlockData {
            number: BlockNumber(number),
            hash,
            parent: Some(parent),
            timestamp,
            swaps: Vec::new(),
            liquidity: Vec::new(),
            tally: Tally::default(),
        };
        let rows = self.rng.random_range(0..=self.rows);
        let mut log_index = 0;
        for _ in 0..rows {
            log_index += self.rng.random_range(1..4);
            if self.rng.random_range(0..8) == 0 {
                let event = self.event(&block, LogIndex(log_index));
                block.liquidity.push(event);
            } else {
                let swap = self.swap(&block, LogIndex(log_index));
                block.swaps.push(swap);
            }
        }
        let decoded = (block.swaps.len() + block.liquidity.len()) as u64;
        block.tally = Tally {
            received: decoded,
            decoded,
            refused: 0,
        };
        block
    }

    /// Exactly so many swaps in one block.
    pub(crate) fn full_block(&mut self, number: u64, parent: B256, swaps: u32) -> BlockData {
        let mut block = self.block(number, parent);
        block.liquidity.clear();
        block.swaps.clear();
        for log_index in 0..swaps {
            let swap = self.swap(&block, LogIndex(log_index));
            block.swaps.push(swap);
        }
        let decoded = u64::from(swaps);
        block.tally = Tally {
            received: decoded,
            decoded,
            refused: 0,
        };
        block
    }

    /// The same block with other rows: some gone, some new, some that say something else,
    /// and origins that come to be known or are not known any more.
    pub(crate) fn vary(&mut self, block: &BlockData) -> BlockData {
        let mut other = block.clone();
        other.swaps.clear();
        other.liquidity.clear();
        for swap in &block.swaps {
            let mut swap = swap.clone();
            match self.below(8) {
                0 => continue,
                1 => swap.amount0 = RawAmount(I256::MINUS_ONE),
                2 => swap.origin = Some(self.address()),
                3 => swap.origin = None,
                _ => {}
            }
            other.swaps.push(swap);
        }
        for event in &block.liquidity {
            let mut event = event.clone();
            match self.below(5) {
                0 => continue,
                1 => event.tx_hash = B256::repeat_byte(7),
                2 => event.origin = Some(self.address()),
                _ => {}
            }
            other.liquidity.push(event);
        }
        let swaps = block.swaps.iter().map(|s| s.log_index);
        let last = swaps.chain(block.liquidity.iter().map(|e| e.log_index));
        let next = LogIndex(last.max().unwrap_or_default().0 + 1);
        match self.below(6) {
            0 | 1 => {
                let swap = self.swap(&other, next);
                other.swaps.push(swap);
            }
            2 => {
                let event = self.event(&other, next);
                other.liquidity.push(event);
            }
            _ => {}
        }
        other.tally.decoded = (other.swaps.len() + other.liquidity.len()) as u64;
        other.tally.refused = self.below(2);
        other.tally.received = other.tally.decoded + other.tally.refused;
        other
    }

    fn pool(&mut self) -> PoolId {
        // Low numbers are busy, as on the real chain.
        let a = self.rng.random_range(0..self.pools);
        let b = self.rng.random_range(0..self.pools);
        pool_id(a.min(b))
    }

    fn address(&mut self) -> Address {
        Address::repeat_byte(self.rng.random_range(1..200))
    }

    fn swap(&mut self, block: &BlockData, log_index: LogIndex) -> Swap {
        let pool = self.pool();
        let amount = |rng: &mut ChaCha8Rng| {
            I256::from_raw(U256::from(rng.random::<u128>() >> rng.random_range(40..80)))
        };
        let amount0 = amount(&mut self.rng);
        let amount1 = amount(&mut self.rng).wrapping_neg();
        Swap {
            pool,
            block: block.number,
            log_index,
            tx_hash: tx_hash(block, log_index.0 / 2),
            tx_index: TxIndex(log_index.0 / 2),
            timestamp: block.timestamp,
            sender: self.address(),
            recipient: self.address(),
            origin: self.rng.random::<bool>().then(|| self.address()),
            amount0: RawAmount(amount0),
            amount1: RawAmount(amount1),
            // Around one, so that what rests on prices is priced.
            sqrt_price: SqrtPriceX96(U256::from(self.rng.random::<u128>() >> 24 | 1 << 90)),
            liquidity: self.rng.random::<u128>() >> self.rng.random_range(20..60),
            tick: self.rng.random_range(-887_272..=887_272),
        }
    }

    fn event(&mut self, block: &BlockData, log_index: LogIndex) -> LiquidityEvent {
        let pool = self.pool();
        LiquidityEvent {
            pool,
            block: block.number,
            log_index,
            tx_hash: tx_hash(block, log_index.0 / 2),
            tx_index: TxIndex(log_index.0 / 2),
            timestamp: block.timestamp,
            origin: None,
            change: self.change(),
        }
    }

    fn change(&mut self) -> LiquidityChange {
        let amount = self.rng.random::<u128>() >> 60;
        let amount0 = U256::from(self.rng.random::<u64>());
        let (tick_lower, tick_upper, amount1) = (-700_000, 60, U256::ZERO);
        let owner = self.address();
        match self.below(4) {
            0 => LiquidityChange::Mint {
                sender: owner,
                owner,
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
            },
            1 => LiquidityChange::SetFeeProtocol {
                old0: 0,
                old1: 0,
                new0: 4,
                new1: 6,
            },
            _ => LiquidityChange::Burn {
                owner,
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
            },
        }
    }
}

pub(crate) fn pool_id(n: u8) -> PoolId {
    PoolId(Address::from([n.wrapping_mul(37); 20]))
}

/// A feature set in which prices rest on the busiest pools: the first pairs WETH with a
/// dollar, others are routes, and one entry is in force later.
pub(crate) fn features(chain: ChainId) -> FeatureSet {
    fn from<T>(of: T, height: u64) -> Listed<T> {
        Listed {
            of,
            effective_block: BlockNumber(height),
        }
    }
    let token = |byte| from(Address::repeat_byte(byte), 0);
    let dollars = vec![token(0xc0), token(0xc2)];
    FeatureSet {
        chain,
        user: UserKey::Origin,
        lists: Lists {
            weth: Some(Address::repeat_byte(0x80)),
            anchors: dollars.clone(),
            stables: [dollars, vec![token(0xc1), token(0xc5)]].concat(),
            staked_eth: vec![token(0x81)],
            bitcoin: vec![token(0xc3), from(Address::repeat_byte(0xc6), START + 30)],
            eth_usd_pools: (0..10).map(|n| from(pool_id(n), 0)).collect(),
            btc_eth_pools: (0..10).map(|n| from(pool_id(n), START + 20)).collect(),
            ..Lists::default()
        },
    }
}

/// A pool's two tokens; pools share them.
pub(crate) fn tokens_of(pool: PoolId) -> [Address; 2] {
    let n = pool.0[0];
    [
        Address::repeat_byte(0x80 | (n % 5)),
        Address::repeat_byte(0xc0 | (n % 7)),
    ]
}

pub(crate) fn pools_of(block: &BlockData) -> BTreeSet<PoolId> {
    let swaps = block.swaps.iter().map(|s| s.pool);
    swaps
        .chain(block.liquidity.iter().map(|e| e.pool))
        .collect()
}

/// One chain, as a list of blocks on top of [`GENESIS`].
#[derive(Clone, Default)]
pub(crate) struct Chain {
    pub(crate) blocks: Vec<BlockData>,
}

impl Chain {
    pub(crate) fn tip(&self) -> BlockRef {
        self.blocks.last().map_or(
            BlockRef {
                number: BlockNumber(START - 1),
                hash: GENESIS,
            },
            |b| BlockRef {
                number: b.number,
                hash: b.hash,
            },
        )
    }

    /// The block reference `depth` blocks below the tip.
    pub(crate) fn back(&self, depth: usize) -> BlockRef {
        let mut shorter = self.clone();
        shorter.blocks.truncate(self.blocks.len() - depth);
        shorter.tip()
    }

    /// Grows by some blocks, and says so as a range.
    pub(crate) fn grow(
        &mut self,
        world: &mut World,
        count: u64,
        finalized: Option<u64>,
        evidence: Evidence,
    ) -> Extend {
        let at = self.blocks.len();
        for _ in 0..count {
            let tip = self.tip();
            let block = world.block(tip.number.0 + 1, tip.hash);
            self.blocks.push(block);
        }
        self.extend_from(at, finalized, evidence)
    }

    /// A repair of so many blocks from an index on with these, which takes all that it says
    /// of contracts and tokens from them.
    pub(crate) fn repair(&self, at: usize, blocks: Vec<BlockData>, evidence: Evidence) -> Repair {
        let mut before = self.clone();
        before.blocks.truncate(at);
        let mut with = self.clone();
        with.blocks.truncate(at + blocks.len());
        let pools: BTreeSet<PoolId> = blocks.iter().flat_map(pools_of).collect();
        let tokens: BTreeSet<Address> = pools.iter().flat_map(|p| tokens_of(*p)).collect();
        Repair {
            covered: Coverage {
                range: BlockRange::new(before.tip().number.next(), with.tip().number).unwrap(),
                evidence,
                parent: before.tip().hash,
                end_hash: with.tip().hash,
                tally: sum(&blocks),
            },
            blocks,
            verdicts: pools.into_iter().map(accepted).collect(),
            tokens: tokens.into_iter().map(token).collect(),
        }
    }

    /// What the chain is after a repair, the simple way: what was fetched, except that a
    /// known origin and a known parent stay.
    pub(crate) fn repaired(&mut self, at: usize, blocks: &[BlockData]) {
        for (old, new) in self.blocks[at..].iter_mut().zip(blocks) {
            let mut new = new.clone();
            new.parent = new.parent.or(old.parent);
            for swap in &mut new.swaps {
                for known in &old.swaps {
                    let mut same = known.clone();
                    same.origin = None;
                    if *swap == same {
                        *swap = known.clone();
                    }
                }
            }
            for event in &mut new.liquidity {
                for known in &old.liquidity {
                    let mut same = known.clone();
                    same.origin = None;
                    if *event == same {
                        *event = known.clone();
                    }
                }
            }
            *old = new;
        }
    }

    /// The blocks from an index on, as a range with whatever is met first in them.
    pub(crate) fn extend_from(
        &self,
        at: usize,
        finalized: Option<u64>,
        evidence: Evidence,
    ) -> Extend {
        let known: BTreeSet<PoolId> = self.blocks[..at].iter().flat_map(pools_of).collect();
        let known_tokens: BTreeSet<Address> = known.iter().flat_map(|p| tokens_of(*p)).collect();
        let blocks = self.blocks[at..].to_vec();
        let met: BTreeSet<PoolId> = blocks.iter().flat_map(pools_of).collect();
        let fresh: Vec<PoolId> = met.difference(&known).copied().collect();
        let tokens: BTreeSet<Address> = fresh
            .iter()
            .flat_map(|p| tokens_of(*p))
            .filter(|t| !known_tokens.contains(t))
            .collect();
        let mut before = self.clone();
        before.blocks.truncate(at);
        let parent = before.tip();
        Extend {
            covered: Coverage {
                range: BlockRange::new(parent.number.next(), self.tip().number).unwrap(),
                evidence,
                parent: parent.hash,
                end_hash: self.tip().hash,
                tally: sum(&blocks),
            },
            blocks,
            verdicts: fresh.into_iter().map(accepted).collect(),
            tokens: tokens.into_iter().map(token).collect(),
            finalized: finalized.map(BlockNumber),
            disputes: Vec::new(),
            time_before: None,
            time_after: None,
        }
    }
}

/// All logs of some blocks.
pub(crate) fn sum(blocks: &[BlockData]) -> Tally {
    blocks
        .iter()
        .fold(Tally::default(), |sum, b| sum.plus(b.tally))
}

pub(crate) fn accepted(id: PoolId) -> PoolVerdict {
    let [token0, token1] = tokens_of(id);
    PoolVerdict::Accepted(Pool {
        id,
        factory: Address::repeat_byte(0xfa),
        token0,
        token1,
        fee_pips: 3_000,
        tick_spacing: 60,
        origin: PoolOrigin::Create2,
    })
}

pub(crate) fn refused(n: u8) -> PoolVerdict {
    PoolVerdict::Refused {
        id: PoolId(Address::from([n; 20])),
        refusal: Refusal::ForeignFactory,
    }
}

pub(crate) fn token(address: Address) -> Token {
    Token {
        address,
        symbol: Some(format!("T{:02x}", address[0])),
        name: None,
        decimals: address[0] % 20,
    }
}
