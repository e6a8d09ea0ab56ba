//! The feature set as `meta` keeps it: whole, so that it can be compared and handed out.

use super::{read, write};
use crate::codec_error::CodecError;
use bincode::{Decode, Encode};
use tidegauge_features::{DEFINITIONS, FeatureSet};
use tidegauge_model::{Address, BlockNumber, ChainId, Listed, Lists, PoolId, UserKey};

const FEATURE_SET_VERSION: u8 = 1;

/// A feature set with the number of the definitions that it was computed by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StoredSet {
    pub(crate) definitions: u32,
    pub(crate) set: FeatureSet,
}

impl StoredSet {
    /// A set as this program computes it.
    pub(crate) fn ours(set: &FeatureSet) -> Self {
        Self {
            definitions: DEFINITIONS,
            set: set.clone(),
        }
    }
}

type ListedValue = ([u8; 20], u64);

#[derive(Encode, Decode)]
struct FeatureSetValue {
    definitions: u32,
    chain: u64,
    user: u8,
    weth: Option<[u8; 20]>,
    anchors: Vec<ListedValue>,
    stables: Vec<ListedValue>,
    staked_eth: Vec<ListedValue>,
    bitcoin: Vec<ListedValue>,
    eth_usd_pools: Vec<ListedValue>,
    btc_eth_pools: Vec<ListedValue>,
    support_pools: Vec<ListedValue>,
    earlier_stables: Vec<[u8; 20]>,
}

pub(crate) fn encode_feature_set(stored: &StoredSet, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let StoredSet { definitions, set } = stored;
    let lists = &set.lists;
    let value = FeatureSetValue {
        definitions: *definitions,
        chain: set.chain.0,
        user: set.user as u8,
        weth: lists.weth.map(|a| a.0.0),
        anchors: tokens(&lists.anchors),
        stables: tokens(&lists.stables),
        staked_eth: tokens(&lists.staked_eth),
        bitcoin: tokens(&lists.bitcoin),
        eth_usd_pools: pools(&lists.eth_usd_pools),
        btc_eth_pools: pools(&lists.btc_eth_pools),
        support_pools: pools(&lists.support_pools),
        earlier_stables: lists.earlier_stables.iter().map(|a| a.0.0).collect(),
    };
    write(FEATURE_SET_VERSION, &value, out)
}

pub(crate) fn decode_feature_set(bytes: &[u8]) -> Result<StoredSet, CodecError> {
    let value: FeatureSetValue = read(FEATURE_SET_VERSION, bytes)?;
    let user = UserKey::ALL.get(usize::from(value.user));
    let set = FeatureSet {
        chain: ChainId(value.chain),
        user: *user.ok_or(CodecError::Impossible("user"))?,
        lists: Lists {
            weth: value.weth.map(Address::new),
            anchors: listed(value.anchors, Address::new),
            stables: listed(value.stables, Address::new),
            staked_eth: listed(value.staked_eth, Address::new),
            bitcoin: listed(value.bitcoin, Address::new),
            eth_usd_pools: listed(value.eth_usd_pools, pool),
            btc_eth_pools: listed(value.btc_eth_pools, pool),
            support_pools: listed(value.support_pools, pool),
            earlier_stables: value
                .earlier_stables
                .into_iter()
                .map(Address::new)
                .collect(),
        },
    };
    Ok(StoredSet {
        definitions: value.definitions,
        set,
    })
}

fn pool(bytes: [u8; 20]) -> PoolId {
    PoolId(Address::new(bytes))
}

fn tokens(list: &[Listed<Address>]) -> Vec<ListedValue> {
    list.iter()
        .map(|l| (l.of.0.0, l.effective_block.0))
        .collect()
}

fn pools(list: &[Listed<PoolId>]) -> Vec<ListedValue> {
    list.iter()
        .map(|l| (l.of.0.0.0, l.effective_block.0))
        .collect()
}

fn listed<T>(list: Vec<ListedValue>, of: fn([u8; 20]) -> T) -> Vec<Listed<T>> {
    list.into_iter()
        .map(|(bytes, height)| Listed {
            of: of(bytes),
            effective_block: BlockNumber(height),
        })
        .collect()
}
