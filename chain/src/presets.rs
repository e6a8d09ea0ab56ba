//! Chains known without configuration, read from `presets.toml`.

use crate::config::Factory;
use alloy::primitives::{Address, B256};
use serde::Deserialize;
use std::sync::LazyLock;
use tidegauge_model::{BlockNumber, ChainId};

/// What a known chain brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its EIP-155 id.
    pub chain_id: ChainId,
    /// Its name, for people.
    pub name: String,
    /// The block in which the factory was made.
    pub start_block: BlockNumber,
    /// The factories whose pools are collected.
    pub factories: Vec<Factory>,
    /// The multicall3 contract.
    pub multicall: Address,
    /// Pools that pricing needs, always collected.
    pub reference_pools: Vec<Address>,
}

impl Preset {
    /// The preset of a chain, if it has one.
    pub fn of(id: ChainId) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.chain_id == id)
    }
}

/// The file is part of the binary and a test reads it: it cannot fail at run time,
/// and if it did, no chain would have a preset.
static PRESETS: LazyLock<Vec<Preset>> = LazyLock::new(|| read(TEXT).unwrap_or_default());

const TEXT: &str = include_str!("../presets.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    chain: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    id: u64,
    start_block: u64,
    factory: Address,
    init_code_hash: B256,
    multicall: Address,
    reference_pools: Vec<Address>,
}

fn read(text: &str) -> Result<Vec<Preset>, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    Ok(file
        .chain
        .into_iter()
        .map(|entry| Preset {
            chain_id: ChainId(entry.id),
            name: entry.name,
            start_block: BlockNumber(entry.start_block),
            factories: vec![Factory {
                address: entry.factory,
                init_code_hash: entry.init_code_hash,
            }],
            multicall: entry.multicall,
            reference_pools: entry.reference_pools,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_reads_and_knows_mainnet() {
        let presets = read(TEXT).unwrap();
        assert_eq!(presets.len(), 2);
        let mainnet = Preset::of(ChainId(1)).unwrap();
        assert_eq!(mainnet.start_block, BlockNumber(12_369_621));
        assert_eq!(mainnet.reference_pools.len(), 10);
        assert!(Preset::of(ChainId(1337)).is_some());
        assert!(Preset::of(ChainId(7)).is_none());
    }
}
