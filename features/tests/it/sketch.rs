//! Small histories, event by event, with round numbers.

use std::collections::BTreeMap;
use tidegauge_features::{Covered, FeatureSet, History, PoolInfo};
use tidegauge_model::{
    Address, B256, BlockNumber, ChainId, I256, LiquidityChange, LiquidityEvent, Listed, Lists,
    LogIndex, Pool, PoolId, PoolOrigin, RawAmount, SqrtPriceX96, Swap, TxIndex, U256, UnixSeconds,
    UserKey,
};

/// Tokens, in the order of their addresses, with their decimals.
pub(crate) const WETH: (u8, u8) = (1, 18);
pub(crate) const USD: (u8, u8) = (2, 6);
pub(crate) const USD2: (u8, u8) = (3, 6);
pub(crate) const PEG: (u8, u8) = (4, 6);
pub(crate) const STAKED: (u8, u8) = (5, 18);
pub(crate) const BTC: (u8, u8) = (6, 8);
pub(crate) const A: (u8, u8) = (7, 18);
pub(crate) const B: (u8, u8) = (8, 18);

/// √P of one raw unit for one.
pub(crate) const ONE: U256 = U256::from_limbs([0, 1 << 32, 0, 0]);

/// √P of WETH against USD at 3725.290298461914...: 2⁻²⁸ raw dollars a wei.
pub(crate) const ETHER: U256 = U256::from_limbs([0, 1 << 18, 0, 0]);

/// A history in the making. Events of a block come in the order in which they are added.
pub(crate) struct Sketch(pub(crate) History);

/// A swap, before the sketch knows where.
#[derive(Clone, Copy)]
pub(crate) struct Trade {
    pub(crate) amounts: [i128; 2],
    pub(crate) sqrt_price: U256,
    pub(crate) liquidity: u128,
    pub(crate) user: u8,
    /// Trades of one number in a block are of one transaction.
    pub(crate) tx: u32,
}

impl Default for Trade {
    fn default() -> Self {
        Self {
            amounts: [0, 0],
            sqrt_price: ONE,
            liquidity: 1_000,
            user: 1,
            tx: 0,
        }
    }
}

impl Sketch {
    /// Mainnet's lists in small: USD and USD2 are anchors, PEG is a stable.
    pub(crate) fn new() -> Self {
        let listed = |token: (u8, u8)| Listed {
            of: address(token),
            effective_block: BlockNumber(0),
        };
        let lists = Lists {
            weth: Some(address(WETH)),
            anchors: vec![listed(USD), listed(USD2)],
            stables: vec![listed(USD), listed(USD2), listed(PEG)],
            staked_eth: vec![listed(STAKED)],
            bitcoin: vec![listed(BTC)],
            ..Lists::default()
        };
        Self(History {
            set: FeatureSet {
                chain: ChainId(1),
                user: UserKey::Origin,
                lists,
            },
            pools: BTreeMap::new(),
            swaps: Vec::new(),
            liquidity: Vec::new(),
            covered: Covered {
                after: None,
                until: UnixSeconds(0),
            },
        })
    }

    /// Adds a pool; its fee is 0.3 %.
    pub(crate) fn pool(&mut self, id: u8, tokens: [(u8, u8); 2]) -> &mut Self {
        let [token0, token1] = tokens;
        assert!(token0.0 < token1.0);
        let pool = Pool {
            id: pool(id),
            factory: Address::ZERO,
            token0: address(token0),
            token1: address(token1),
            fee_pips: 3_000,
            tick_spacing: 1,
            origin: PoolOrigin::Created {
                block: BlockNumber(0),
                log_index: LogIndex(0),
            },
        };
        self.0.pools.insert(
            pool.id,
            PoolInfo {
                pool,
                decimals0: token0.1,
                decimals1: token1.1,
            },
        );
        self
    }

    /// Adds a pool of the ETH/USD list, 1,000 × 2⁴⁰ deep, that says [`ETHER`] in block 1.
    pub(crate) fn ether(&mut self, id: u8) -> &mut Self {
        self.pool(id, [WETH, USD]);
        self.0.set.lists.eth_usd_pools.push(Listed {
            of: pool(id),
            effective_block: BlockNumber(0),
        });
        self.says(id, ETHER, 1_000 << 40)
    }

    /// From the end of block 1 on a pool has this price and liquidity.
    pub(crate) fn says(&mut self, id: u8, sqrt_price: U256, liquidity: u128) -> &mut Self {
        let trade = Trade {
            sqrt_price,
            liquidity,
            ..Trade::default()
        };
        self.swap(id, 1, trade)
    }

    /// Adds a swap; a block's time is its number × 12.
    pub(crate) fn swap(&mut self, id: u8, block: u64, trade: Trade) -> &mut Self {
        let log_index = LogIndex((self.0.swaps.len() + self.0.liquidity.len()) as u32);
        let tx_hash = B256::from(U256::from(block) << 32 | U256::from(trade.tx));
        let [amount0, amount1] = trade
            .amounts
            .map(|amount| RawAmount(I256::try_from(amount).unwrap()));
        let user = Address::repeat_byte(trade.user);
        self.0.swaps.push(Swap {
            pool: pool(id),
            block: BlockNumber(block),
            log_index,
            tx_hash,
            tx_index: TxIndex(trade.tx),
            timestamp: UnixSeconds(block * 12),
            sender: user,
            recipient: user,
            origin: (trade.user > 0).then_some(user),
            amount0,
            amount1,
            sqrt_price: SqrtPriceX96(trade.sqrt_price),
            liquidity: trade.liquidity,
            tick: 0,
        });
        self
    }

    /// Adds another event.
    pub(crate) fn change(&mut self, id: u8, block: u64, change: LiquidityChange) -> &mut Self {
        let log_index = LogIndex((self.0.swaps.len() + self.0.liquidity.len()) as u32);
        self.0.liquidity.push(LiquidityEvent {
            pool: pool(id),
            block: BlockNumber(block),
            log_index,
            tx_hash: B256::ZERO,
            tx_index: TxIndex(0),
            timestamp: UnixSeconds(block * 12),
            origin: None,
            change,
        });
        self
    }
}

pub(crate) fn address(token: (u8, u8)) -> Address {
    Address::repeat_byte(token.0)
}

pub(crate) fn pool(id: u8) -> PoolId {
    PoolId(Address::repeat_byte(id))
}
