//! What kind of pool it is, by its tokens.

use tidegauge_model::{Address, BlockNumber, Listed, Lists};

/// Stable, against ether, or anything else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PoolClass {
    /// Both tokens are dollars.
    Stablecoin,
    /// A token is ether, wrapped or staked.
    EthPaired,
    /// Neither.
    Other,
}

/// The same, finer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[allow(missing_docs)]
pub enum PoolSubclass {
    StableStable,
    EthStable,
    EthLst,
    EthBtc,
    EthOther,
    StableOther,
    BtcBtc,
    Other,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stable,
    Eth,
    Btc,
    Other,
}

impl PoolClass {
    /// Names of all classes.
    pub const NAMES: [&'static str; 3] = ["stablecoin", "eth_paired", "other"];

    /// Its name in columns.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The class of a pair, as of a block.
    pub fn of(lists: &Lists, tokens: [Address; 2], at: BlockNumber) -> Self {
        match tokens.map(|token| kind(lists, token, at)) {
            [Kind::Stable, Kind::Stable] => Self::Stablecoin,
            [Kind::Eth, _] | [_, Kind::Eth] => Self::EthPaired,
            _ => Self::Other,
        }
    }
}

impl PoolSubclass {
    /// Names of all subclasses.
    pub const NAMES: [&'static str; 8] = [
        "stable_stable",
        "eth_stable",
        "eth_lst",
        "eth_btc",
        "eth_other",
        "stable_other",
        "btc_btc",
        "other",
    ];

    /// Its name in columns.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The subclass of a pair, as of a block.
    pub fn of(lists: &Lists, tokens: [Address; 2], at: BlockNumber) -> Self {
        match tokens.map(|token| kind(lists, token, at)) {
            [Kind::Stable, Kind::Stable] => Self::StableStable,
            [Kind::Eth, Kind::Eth] => Self::EthLst,
            [Kind::Eth, Kind::Stable] | [Kind::Stable, Kind::Eth] => Self::EthStable,
            [Kind::Eth, Kind::Btc] | [Kind::Btc, Kind::Eth] => Self::EthBtc,
            [Kind::Eth, Kind::Other] | [Kind::Other, Kind::Eth] => Self::EthOther,
            [Kind::Stable, _] | [_, Kind::Stable] => Self::StableOther,
            [Kind::Btc, Kind::Btc] => Self::BtcBtc,
            [Kind::Btc | Kind::Other, Kind::Other] | [Kind::Other, Kind::Btc] => Self::Other,
        }
    }
}

fn kind(lists: &Lists, token: Address, at: BlockNumber) -> Kind {
    if Listed::holds(&lists.stables, token, at) {
        Kind::Stable
    } else if lists.weth == Some(token) || Listed::holds(&lists.staked_eth, token, at) {
        Kind::Eth
    } else if Listed::holds(&lists.bitcoin, token, at) {
        Kind::Btc
    } else {
        Kind::Other
    }
}
