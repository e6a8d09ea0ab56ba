//! A busy chain made up on the spot: thousands of pools, some of them as busy as mainnet's.
#![allow(dead_code, clippy::unwrap_used)]

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tidegauge_features::{FeatureSet, PoolInfo};
use tidegauge_model::{
    Address, B256, BlockData, BlockNumber, BlockRange, ChainId, Coverage, Evidence, Extend, I256,
    Listed, Lists, LogIndex, Pool, PoolId, PoolOrigin, PoolVerdict, RawAmount, SqrtPriceX96, Swap,
    Tally, Token, TxIndex, U256, UnixSeconds, UserKey,
};

/// 2023-11-14T00:00:00Z, so that its first block begins a day.
const BEGINNING: u64 = 1_699_920_000;
/// USDC/WETH as it stood in January 2024.
const ROOT: u128 = 1_662_990_119_151_672_310_826_534_140_478_120;
const LIQUIDITY: u128 = 12_453_647_101_533_358_277;
/// Pools that give the price of ether.
const REFERENCES: u32 = 7;

/// Its parameters.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) pools: u32,
    pub(crate) swaps_per_block: u32,
    pub(crate) block_seconds: u64,
    pub(crate) users: u32,
}

pub(crate) struct Busy {
    shape: Shape,
    dice: ChaCha8Rng,
    pools: Vec<PoolId>,
    next: u64,
}

fn address(kind: u8, number: u32) -> Address {
    let mut bytes = [0; 20];
    bytes[0] = kind;
    bytes[16..].copy_from_slice(&number.to_be_bytes());
    Address::new(bytes)
}

pub(crate) fn hash(block: u64) -> B256 {
    B256::left_padding_from(&(block + 1).to_be_bytes())
}

impl Busy {
    pub(crate) fn new(shape: Shape) -> Self {
        Self {
            shape,
            dice: ChaCha8Rng::seed_from_u64(1),
            pools: (0..shape.pools).map(|n| PoolId(address(1, n))).collect(),
            next: 0,
        }
    }

    pub(crate) fn set(&self) -> FeatureSet {
        fn listed<T>(of: T) -> Listed<T> {
            Listed {
                of,
                effective_block: BlockNumber(0),
            }
        }
        let usdc = address(0xa0, 0);
        FeatureSet {
            chain: ChainId(1),
            user: UserKey::Origin,
            lists: Lists {
                weth: Some(address(0xc0, 0)),
                anchors: vec![listed(usdc)],
                stables: vec![listed(usdc)],
                eth_usd_pools: self
                    .pools
                    .iter()
                    .take(REFERENCES as usize)
                    .map(|pool| listed(*pool))
                    .collect(),
                ..Lists::default()
            },
        }
    }

    /// The busiest against USDC, the others against tokens of their own.
    pub(crate) fn infos(&self) -> Vec<PoolInfo> {
        let info = |(n, id): (u32, &PoolId)| {
            let (token0, decimals0) = match n {
                0..REFERENCES => (address(0xa0, 0), 6),
                _ => (address(0x10, n), 18),
            };
            PoolInfo {
                pool: Pool {
                    id: *id,
                    factory: Address::ZERO,
                    token0,
                    token1: address(0xc0, 0),
                    fee_pips: 3_000,
                    tick_spacing: 60,
                    origin: PoolOrigin::Create2,
                },
                decimals0,
                decimals1: 18,
            }
        };
        (0..).zip(&self.pools).map(info).collect()
    }

    /// Swaps made so far.
    pub(crate) fn swaps(&self) -> u64 {
        self.next * u64::from(self.shape.swaps_per_block)
    }

    /// The next block; how busy a pool is falls off with its rank as on mainnet.
    pub(crate) fn block(&mut self) -> BlockData {
        let number = self.next;
        self.next += 1;
        let timestamp = UnixSeconds(BEGINNING + number * self.shape.block_seconds);
        let count = self.shape.swaps_per_block;
        let swaps = (0..count)
            .map(|n| self.swap(number, n, timestamp))
            .collect();
        let tally = Tally {
            received: u64::from(count),
            decoded: u64::from(count),
            refused: 0,
        };
        BlockData {
            number: BlockNumber(number),
            hash: hash(number),
            parent: number.checked_sub(1).map(hash),
            timestamp,
            swaps,
            liquidity: Vec::new(),
            tally,
        }
    }

    /// The next blocks as a range to store, with pools and tokens if they are the first; all final.
    pub(crate) fn extend(&mut self, blocks: u64) -> Extend {
        let from = self.next;
        let blocks: Vec<_> = (0..blocks).map(|_| self.block()).collect();
        let to = self.next - 1;
        let tally = blocks
            .iter()
            .fold(Tally::default(), |sum, block| sum.plus(block.tally));
        let infos = if from == 0 { self.infos() } else { Vec::new() };
        Extend {
            covered: Coverage {
                range: BlockRange::new(BlockNumber(from), BlockNumber(to)).unwrap(),
                evidence: Evidence::Receipts,
                parent: from.checked_sub(1).map_or(B256::ZERO, hash),
                end_hash: hash(to),
                tally,
            },
            blocks,
            tokens: tokens(&infos),
            verdicts: infos
                .into_iter()
                .map(|info| PoolVerdict::Accepted(info.pool))
                .collect(),
            finalized: Some(BlockNumber(u64::MAX)),
            disputes: Vec::new(),
            time_before: None,
            time_after: None,
        }
    }

    fn swap(&mut self, block: u64, n: u32, timestamp: UnixSeconds) -> Swap {
        let u: f64 = self.dice.random();
        let rank = (f64::from(self.shape.pools).powf(u) - 1.0) as usize;
        let wei = I256::unchecked_from(self.dice.random_range(1u64 << 50..1 << 62));
        let dollars = I256::unchecked_from(self.dice.random_range(1_000_000i64..5_000_000_000));
        let (amount0, amount1) = match self.dice.random() {
            true => (dollars, -wei),
            false => (-dollars, wei),
        };
        let root = ROOT + u128::from(self.dice.random::<u64>()) * 100_000_000_000;
        let mut transaction = hash(block).0;
        transaction[..4].copy_from_slice(&n.to_be_bytes());
        Swap {
            pool: self.pools[rank.min(self.pools.len() - 1)],
            block: BlockNumber(block),
            log_index: LogIndex(n),
            tx_hash: B256::new(transaction),
            tx_index: TxIndex(n),
            timestamp,
            sender: address(7, self.dice.random_range(0..50)),
            recipient: address(8, self.dice.random_range(0..self.shape.users)),
            origin: Some(address(9, self.dice.random_range(0..self.shape.users))),
            amount0: RawAmount(amount0),
            amount1: RawAmount(amount1),
            sqrt_price: SqrtPriceX96(U256::from(root)),
            liquidity: LIQUIDITY + u128::from(self.dice.random::<u32>() >> 31),
            tick: 199_045,
        }
    }
}

/// The tokens of some pools.
fn tokens(infos: &[PoolInfo]) -> Vec<Token> {
    let mut tokens: Vec<Token> = infos
        .iter()
        .flat_map(|info| {
            [
                (info.pool.token0, info.decimals0),
                (info.pool.token1, info.decimals1),
            ]
        })
        .map(|(address, decimals)| Token {
            address,
            symbol: Some(format!("T{address:x}")[..8].to_owned()),
            name: None,
            decimals,
        })
        .collect();
    tokens.sort_unstable_by_key(|token| token.address);
    tokens.dedup_by_key(|token| token.address);
    tokens
}
