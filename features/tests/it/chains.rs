//! Random histories from a seed: every kind of pool, token and event that prices and rows depend on.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use tidegauge_features::{Covered, FeatureSet, History, PoolInfo};
use tidegauge_model::v3::{MAX_SQRT_RATIO, MIN_SQRT_RATIO, tick_at_sqrt_ratio};
use tidegauge_model::{
    Address, B256, BlockNumber, ChainId, I256, LiquidityChange, LiquidityEvent, Listed, Lists,
    LogIndex, Pool, PoolId, PoolOrigin, RawAmount, SECONDS_PER_DAY, SECONDS_PER_HOUR, SqrtPriceX96,
    Swap, TxIndex, U256, UnixSeconds, UserKey,
};

/// First block of every chain.
const START: u64 = 5_000;

/// A token: decimals, dollars that a whole one is worth, the list that it is in.
struct Token(u8, f64, Listing);

#[derive(Clone, Copy, PartialEq)]
enum Listing {
    Weth,
    Anchor,
    Stable,
    Staked,
    Bitcoin,
    None,
}

const TOKENS: [Token; 13] = [
    Token(18, 3_000.0, Listing::Weth),
    Token(6, 1.0, Listing::Anchor),
    Token(18, 1.0, Listing::Anchor),
    Token(18, 1.0, Listing::Stable),
    Token(6, 0.8, Listing::Stable),
    Token(18, 3_100.0, Listing::Staked),
    Token(8, 60_000.0, Listing::Bitcoin),
    Token(18, 60_100.0, Listing::Bitcoin),
    Token(18, 2.5, Listing::None),
    Token(0, 150.0, Listing::None),
    Token(24, 0.01, Listing::None),
    // Nobody pays so much; with less its price would leave the range of a pool.
    Token(77, 1e47, Listing::None),
    Token(77, 1e40, Listing::Stable),
];

/// Pairs of tokens by their place above. Those before `REFERENCES` give prices.
const PAIRS: [(usize, usize); 28] = [
    (1, 0),
    (1, 0),
    (2, 0),
    (2, 0),
    (6, 0),
    (7, 0),
    (6, 0),
    (5, 0),
    (5, 0),
    (5, 1),
    (3, 1),
    (4, 2),
    (4, 0),
    (3, 4),
    (1, 2),
    (6, 7),
    (6, 8),
    (8, 0),
    (8, 1),
    (8, 9),
    (9, 0),
    (9, 10),
    (10, 4),
    (10, 11),
    (11, 0),
    (12, 8),
    (12, 1),
    (12, 0),
];
const REFERENCES: usize = 7;

struct Made {
    info: PoolInfo,
    /// Dollars of a whole token.
    worth: [f64; 2],
    sqrt_price: U256,
    liquidity: u128,
    /// What it returns to now and then, and shares with the other pools of its pair.
    base: (U256, u128),
    /// Events before that block are not its own.
    born: u64,
    began: bool,
}

struct Maker {
    rng: ChaCha8Rng,
    pools: Vec<Made>,
    block: u64,
    now: u64,
    log_index: u32,
    tx_index: u32,
    /// One swap in so many lacks its origin.
    originless: u64,
    swaps: Vec<Swap>,
    liquidity: Vec<LiquidityEvent>,
}

/// The history of a seed.
pub(crate) fn history(seed: u64) -> History {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let blocks = rng.random_range(40..160);
    let addresses: Vec<Address> = TOKENS
        .iter()
        .map(|_| Address::from(rng.random::<[u8; 20]>()))
        .collect();
    let start = rng.random_range(15_000..20_000) * SECONDS_PER_DAY;
    let mut maker = Maker {
        pools: Vec::new(),
        block: START,
        now: start + rng.random_range(0..SECONDS_PER_DAY),
        log_index: 0,
        tx_index: 0,
        originless: [30, 1_000_000][rng.random_range(0..2)],
        swaps: Vec::new(),
        liquidity: Vec::new(),
        rng,
    };
    let began = maker.now;
    let lists = maker.make_pools(&addresses, blocks);
    for _ in 0..blocks {
        maker.advance();
        for _ in 0..maker.below(4) {
            maker.transaction();
        }
    }
    let rest = maker.below(10 * SECONDS_PER_DAY);
    let until = if maker.one_in(4) {
        maker.now.saturating_sub(rest)
    } else {
        maker.now + rest
    };
    let midnight = began / SECONDS_PER_DAY * SECONDS_PER_DAY;
    let after = [
        None,
        Some(midnight - 1),
        Some(midnight),
        Some(began),
        Some(began - 1),
    ][maker.below(5) as usize];
    History {
        set: FeatureSet {
            chain: ChainId(1),
            user: UserKey::ALL[maker.below(3) as usize],
            lists,
        },
        pools: maker
            .pools
            .into_iter()
            .map(|made| (made.info.pool.id, made.info))
            .collect::<BTreeMap<_, _>>(),
        swaps: maker.swaps,
        liquidity: maker.liquidity,
        covered: Covered {
            after: after.map(UnixSeconds),
            until: UnixSeconds(until),
        },
    }
}

impl Maker {
    fn below(&mut self, n: u64) -> u64 {
        self.rng.random_range(0..n)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Evenly spread over powers of ten.
    fn ten_to(&mut self, least: f64, most: f64) -> f64 {
        10_f64.powf(self.rng.random_range(least..most))
    }

    fn effective(&mut self) -> BlockNumber {
        let later = START + self.below(60);
        BlockNumber(if self.one_in(4) { later } else { 0 })
    }

    fn make_pools(&mut self, addresses: &[Address], blocks: u64) -> Lists {
        let mut lists = Lists {
            weth: (!self.one_in(20)).then_some(addresses[0]),
            ..Lists::default()
        };
        for (token, of) in TOKENS.iter().zip(addresses) {
            let listed = Listed {
                of: *of,
                effective_block: self.effective(),
            };
            match token.2 {
                Listing::Anchor => {
                    lists.anchors.push(listed);
                    lists.stables.push(listed);
                }
                Listing::Stable => lists.stables.push(listed),
                Listing::Staked => lists.staked_eth.push(listed),
                Listing::Bitcoin => lists.bitcoin.push(listed),
                Listing::Weth | Listing::None => {}
            }
        }
        let mut bases: BTreeMap<(usize, usize), (U256, u128)> = BTreeMap::new();
        for (n, pair) in PAIRS.into_iter().enumerate() {
            if self.one_in(5) {
                continue;
            }
            let mut made = self.make_pool(addresses, pair, blocks);
            made.base = *bases.entry(pair).or_insert(made.base);
            (made.sqrt_price, made.liquidity) = made.base;
            let listed = Listed {
                of: made.info.pool.id,
                effective_block: self.effective(),
            };
            if n < REFERENCES && !self.one_in(6) {
                let list = match TOKENS[pair.0].2 {
                    Listing::Anchor => &mut lists.eth_usd_pools,
                    _ => &mut lists.btc_eth_pools,
                };
                // Twice in a list is once.
                list.extend([listed; 2]);
            }
            self.pools.push(made);
        }
        lists
    }

    fn make_pool(&mut self, addresses: &[Address], pair: (usize, usize), blocks: u64) -> Made {
        let mut tokens = [pair.0, pair.1];
        tokens.sort_by_key(|token| addresses[*token]);
        let [token0, token1] = tokens;
        let born = if self.one_in(4) {
            START + self.below(blocks)
        } else {
            0
        };
        let origin = if born > 0 || self.one_in(2) {
            PoolOrigin::Created {
                block: BlockNumber(born),
                log_index: LogIndex(0),
            }
        } else {
            PoolOrigin::Create2
        };
        let info = PoolInfo {
            pool: Pool {
                id: PoolId(Address::from(self.rng.random::<[u8; 20]>())),
                factory: Address::ZERO,
                token0: addresses[token0],
                token1: addresses[token1],
                fee_pips: [100, 500, 3_000, 10_000][self.below(4) as usize],
                tick_spacing: 1,
                origin,
            },
            decimals0: TOKENS[token0].0,
            decimals1: TOKENS[token1].0,
        };
        let worth = tokens.map(|token| TOKENS[token].1);
        let raw = tokens.map(|token| TOKENS[token].1 / 10_f64.powi(TOKENS[token].0.into()));
        let sqrt_price = integer((raw[0] / raw[1]).sqrt() * 2_f64.powi(96));
        let sqrt_price = sqrt_price.clamp(MIN_SQRT_RATIO, MAX_SQRT_RATIO - U256::ONE);
        // About three pools of four are deep enough to price by.
        let depth = self.ten_to(4.0, 8.0);
        let liquidity = integer(depth / (raw[0] * raw[1]).sqrt()).saturating_to::<u128>();
        let base = (sqrt_price, liquidity.clamp(1, 1 << 126));
        Made {
            info,
            worth,
            sqrt_price,
            liquidity: base.1,
            base,
            born,
            began: false,
        }
    }

    /// To the next block: often at the same second, at an hour's or a day's edge, days away.
    fn advance(&mut self) {
        self.block += 1 + self.below(3);
        (self.log_index, self.tx_index) = (0, 0);
        let edge = |now: u64, of: u64| (now / of + 1) * of;
        self.now = match self.below(16) {
            0..2 => self.now,
            2..5 => self.now + 12,
            5 => edge(self.now, SECONDS_PER_HOUR),
            6 => edge(self.now, SECONDS_PER_DAY),
            7 => edge(self.now, SECONDS_PER_DAY) - 1,
            8 => self.now + 1 + self.below(3 * SECONDS_PER_DAY),
            9..12 => self.now + 1 + self.below(12 * SECONDS_PER_HOUR),
            _ => self.now + 1 + self.below(SECONDS_PER_HOUR),
        };
    }

    fn transaction(&mut self) {
        self.tx_index += 1;
        for _ in 0..=self.below(4) {
            self.log_index += 1 + self.below(3) as u32;
            let n = self.below(self.pools.len() as u64) as usize;
            if self.pools[n].born > self.block {
                continue;
            }
            let began = std::mem::replace(&mut self.pools[n].began, true);
            if !began && self.pools[n].born > 0 && !self.one_in(6) {
                let (sqrt_price, _) = self.pools[n].base;
                self.change(
                    n,
                    LiquidityChange::Initialize {
                        sqrt_price: SqrtPriceX96(sqrt_price),
                        tick: tick_at_sqrt_ratio(sqrt_price).unwrap(),
                    },
                );
            } else if self.one_in(4) {
                let change = self.some_change(n);
                self.change(n, change);
            } else {
                self.swap(n);
            }
        }
    }

    fn user(&mut self) -> Address {
        Address::repeat_byte(self.below(12) as u8)
    }

    fn tx_hash(&self) -> B256 {
        B256::from(U256::from(self.block) << 32 | U256::from(self.tx_index))
    }

    fn change(&mut self, n: usize, change: LiquidityChange) {
        self.liquidity.push(LiquidityEvent {
            pool: self.pools[n].info.pool.id,
            block: BlockNumber(self.block),
            log_index: LogIndex(self.log_index),
            tx_hash: self.tx_hash(),
            tx_index: TxIndex(self.tx_index),
            timestamp: UnixSeconds(self.now),
            origin: None,
            change,
        });
    }

    fn some_change(&mut self, n: usize) -> LiquidityChange {
        let tick = tick_at_sqrt_ratio(self.pools[n].sqrt_price).unwrap();
        // Around the tick: below, from it, up to it, above.
        let tick_lower = tick + self.below(5) as i32 - 3;
        let tick_upper = tick_lower + 1 + self.below(3) as i32;
        let owner = self.user();
        let amount = match self.below(8) {
            0 => u128::MAX,
            1 => self.pools[n].liquidity,
            _ => u128::from(self.below(1 << 60)),
        };
        let (amount0, amount1) = (U256::ZERO, U256::ZERO);
        match self.below(6) {
            0..3 => LiquidityChange::Mint {
                sender: owner,
                owner,
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
            },
            3 => LiquidityChange::Burn {
                owner,
                tick_lower,
                tick_upper,
                amount,
                amount0,
                amount1,
            },
            4 => LiquidityChange::SetFeeProtocol {
                old0: 9,
                old1: 9,
                new0: [0, 1, 4, 10, 255][self.below(5) as usize],
                new1: [0, 1, 4, 10, 255][self.below(5) as usize],
            },
            _ => LiquidityChange::Collect {
                owner,
                recipient: owner,
                tick_lower,
                tick_upper,
                amount0: 1,
                amount1: 1,
            },
        }
    }

    fn swap(&mut self, n: usize) {
        self.walk(n);
        let dollars = self.ten_to(-2.0, 6.0);
        let made = &self.pools[n];
        let decimals = [made.info.decimals0, made.info.decimals1];
        let [a, b] = [0, 1].map(|leg| {
            let raw = dollars / made.worth[leg] * 10_f64.powi(decimals[leg].into());
            integer(raw).saturating_to::<I256>()
        });
        let huge: I256 = I256::ONE << 126;
        let (amount0, amount1) = match self.below(60) {
            0 => (huge + huge, -huge),
            1 => (-huge, huge),
            2 => (I256::MIN, I256::MAX),
            3 => (I256::ZERO, I256::ZERO),
            4 => (-a, -b),
            5 => (a, b),
            6 => (I256::ONE, I256::ZERO),
            n if n % 2 == 0 => (a, -b),
            _ => (-a, b),
        };
        let (sender, recipient, origin) = (self.user(), self.user(), self.user());
        let known = !self.one_in(self.originless);
        let liquidity = if self.one_in(40) {
            0
        } else {
            self.pools[n].liquidity
        };
        self.swaps.push(Swap {
            pool: self.pools[n].info.pool.id,
            block: BlockNumber(self.block),
            log_index: LogIndex(self.log_index),
            tx_hash: self.tx_hash(),
            tx_index: TxIndex(self.tx_index),
            timestamp: UnixSeconds(self.now),
            sender,
            recipient,
            origin: known.then_some(origin),
            amount0: RawAmount(amount0),
            amount1: RawAmount(amount1),
            sqrt_price: SqrtPriceX96(self.pools[n].sqrt_price),
            liquidity,
            tick: tick_at_sqrt_ratio(self.pools[n].sqrt_price).unwrap(),
        });
    }

    /// Moves a pool: a little, far enough for the guard or a lost peg, to an end of the range, home.
    fn walk(&mut self, n: usize) {
        let (sqrt_price, liquidity) = (self.pools[n].sqrt_price, self.pools[n].liquidity);
        let per_mille = |of: U256, n: u64| of / U256::from(1_000) * U256::from(n);
        let (sqrt_price, liquidity) = match self.below(40) {
            0..8 => self.pools[n].base,
            8 => (MIN_SQRT_RATIO, liquidity),
            9 => (MAX_SQRT_RATIO - U256::ONE, liquidity),
            10..13 => (per_mille(sqrt_price, 800 + self.below(400)), liquidity),
            13..22 => {
                let factor = 500 + u128::from(self.below(1_000));
                (sqrt_price, (liquidity / 1_000).saturating_mul(factor))
            }
            _ => (per_mille(sqrt_price, 995 + self.below(11)), liquidity),
        };
        self.pools[n].sqrt_price = sqrt_price.clamp(MIN_SQRT_RATIO, MAX_SQRT_RATIO - U256::ONE);
        self.pools[n].liquidity = liquidity.max(1);
    }
}

/// The integer part of a positive float, up to 256 bits.
fn integer(value: f64) -> U256 {
    U256::saturating_from(value)
}
