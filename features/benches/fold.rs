//! What folding costs a swap, and whether it stays flat: after 1, 10 and 50 million swaps.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;
use std::time::{Duration, Instant};
use tidegauge_features::{FeatureSet, Fold, PoolInfo};
use tidegauge_model::{
    Address, B256, BlockData, BlockNumber, ChainId, Day, I256, Listed, Lists, LogIndex, Pool,
    PoolId, PoolOrigin, RawAmount, SqrtPriceX96, Swap, Tally, TxIndex, U256, UnixSeconds, UserKey,
};

const POOLS: u32 = 6_000;
const SWAPS_PER_BLOCK: u64 = 20;
const BLOCK_SECONDS: u64 = 12;

/// Pools by rank: each against WETH, the first few against stables.
struct World {
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

fn begin() -> (World, Fold) {
    let weth = address(0xc0, 0);
    let usdc = address(0xa0, 0);
    let pools: Vec<_> = (0..POOLS).map(|n| PoolId(address(1, n))).collect();
    let listed = |of| Listed {
        of,
        effective_block: BlockNumber(0),
    };
    let set = FeatureSet {
        chain: ChainId(1),
        user: UserKey::Origin,
        lists: Lists {
            weth: Some(weth),
            anchors: vec![listed(usdc)],
            stables: vec![listed(usdc)],
            eth_usd_pools: pools[..7]
                .iter()
                .map(|pool| Listed {
                    of: *pool,
                    effective_block: BlockNumber(0),
                })
                .collect(),
            ..Lists::default()
        },
    };
    let mut fold = Fold::new(set, Day::of(UnixSeconds(0)), BlockNumber(0));
    for (n, id) in pools.iter().enumerate() {
        let (token0, decimals0) = match n {
            0..7 => (usdc, 6),
            _ => (address(0x10, n as u32), 18),
        };
        fold.put_pool(
            PoolInfo {
                pool: Pool {
                    id: *id,
                    factory: Address::ZERO,
                    token0,
                    token1: weth,
                    fee_pips: 3_000,
                    tick_spacing: 60,
                    origin: PoolOrigin::Create2,
                },
                decimals0,
                decimals1: 18,
            },
            None,
        );
    }
    fold.settle();
    let world = World {
        dice: ChaCha8Rng::seed_from_u64(1),
        pools,
        next: 0,
    };
    (world, fold)
}

impl World {
    /// The next block; the rank of a swap's pool falls off as on mainnet.
    fn block(&mut self) -> BlockData {
        let number = self.next;
        self.next += 1;
        let timestamp = UnixSeconds(1_700_000_000 + number * BLOCK_SECONDS);
        let swaps = (0..SWAPS_PER_BLOCK)
            .map(|n| {
                let u: f64 = self.dice.random();
                let rank = (f64::from(POOLS).powf(u) - 1.0) as usize;
                let wei = self
                    .dice
                    .random_range(1_000_000_000_000_000u64..5_000_000_000_000_000_000);
                let root = 1_662_990_119_151_672_310_826_534_140_478_120u128
                    + u128::from(self.dice.random::<u64>()) * 100_000_000_000;
                Swap {
                    pool: self.pools[rank.min(self.pools.len() - 1)],
                    block: BlockNumber(number),
                    log_index: LogIndex(n as u32),
                    tx_hash: B256::ZERO,
                    tx_index: TxIndex(n as u32),
                    timestamp,
                    sender: Address::ZERO,
                    recipient: Address::ZERO,
                    origin: Some(address(9, self.dice.random_range(0..200_000))),
                    amount0: RawAmount(I256::try_from(-2_000_000_000i64).unwrap_or(I256::ZERO)),
                    amount1: RawAmount(I256::try_from(wei).unwrap_or(I256::ZERO)),
                    sqrt_price: SqrtPriceX96(U256::from(root)),
                    liquidity: 12_453_647_101_533_358_277,
                    tick: 199_045,
                }
            })
            .collect();
        BlockData {
            number: BlockNumber(number),
            hash: B256::ZERO,
            parent: None,
            timestamp,
            swaps,
            liquidity: Vec::new(),
            tally: Tally::default(),
        }
    }
}

fn fold(c: &mut Criterion) {
    let mut group = c.benchmark_group("fold");
    group.throughput(Throughput::Elements(SWAPS_PER_BLOCK));
    let (mut world, mut fold) = begin();
    for millions in [1u64, 10, 50] {
        while world.next * SWAPS_PER_BLOCK < millions * 1_000_000 {
            if fold.block(&world.block()).is_err() {
                return;
            }
        }
        group.bench_function(
            format!("a block of 20 swaps after {millions} million"),
            |b| {
                b.iter_custom(|blocks| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..blocks {
                        let block = world.block();
                        let begun = Instant::now();
                        let _ = black_box(fold.block(black_box(&block)));
                        spent += begun.elapsed();
                    }
                    spent
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, fold);
criterion_main!(benches);
