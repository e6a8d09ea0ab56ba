//! Chains known without configuration, read from `presets.toml`.

use crate::{BlockNumber, ChainId, Finality, Listed, Lists, PoolId};
use alloy_primitives::{Address, B256};
use serde::Deserialize;
use std::sync::LazyLock;

/// A contract that makes pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factory {
    /// Its address.
    pub address: Address,
    /// keccak256 of the creation code of its pools, for CREATE2.
    pub init_code_hash: B256,
}

/// What a known chain brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Its EIP-155 id.
    pub chain_id: ChainId,
    /// Its name, for people.
    pub name: String,
    /// The first block worth collecting: the factory's, or a little before.
    pub start_block: BlockNumber,
    /// The factories whose pools are collected.
    pub factories: Vec<Factory>,
    /// The multicall3 contract.
    pub multicall: Address,
    /// How its finalized height is known.
    pub finality: Finality,
    /// What prices rest on.
    pub lists: Lists,
}

impl Preset {
    /// The preset of a chain, if it has one.
    pub fn of(id: ChainId) -> Option<&'static Self> {
        Self::all().iter().find(|preset| preset.chain_id == id)
    }

    /// All presets, mainnet first.
    pub fn all() -> &'static [Self] {
        &PRESETS
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
    id: u64,
    name: String,
    start_block: u64,
    finality: Finality,
    factory: Address,
    init_code_hash: B256,
    multicall: Address,
    /// The lists of another chain count here too.
    lists_of: Option<u64>,
    #[serde(default)]
    lists: FileLists,
}

/// [`Lists`] as people write them.
#[derive(Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct FileLists {
    weth: Option<Address>,
    anchors: Vec<Item>,
    stables: Vec<Item>,
    staked_eth: Vec<Item>,
    bitcoin: Vec<Item>,
    eth_usd_pools: Vec<Item>,
    btc_eth_pools: Vec<Item>,
    support_pools: Vec<Item>,
    earlier_stables: Vec<Address>,
}

/// An address, in force from the chain's beginning or from a block on.
#[derive(Deserialize, Clone, Copy)]
#[serde(untagged, deny_unknown_fields)]
enum Item {
    Always(Address),
    Since { of: Address, from: u64 },
}

impl Item {
    fn listed<T>(self, of: impl Fn(Address) -> T) -> Listed<T> {
        let (address, from) = match self {
            Self::Always(address) => (address, 0),
            Self::Since { of, from } => (of, from),
        };
        Listed {
            of: of(address),
            effective_block: BlockNumber(from),
        }
    }
}

impl From<FileLists> for Lists {
    fn from(file: FileLists) -> Self {
        let tokens = |items: Vec<Item>| items.into_iter().map(|i| i.listed(|a| a)).collect();
        let pools = |items: Vec<Item>| items.into_iter().map(|i| i.listed(PoolId)).collect();
        Self {
            weth: file.weth,
            anchors: tokens(file.anchors),
            stables: tokens(file.stables),
            staked_eth: tokens(file.staked_eth),
            bitcoin: tokens(file.bitcoin),
            eth_usd_pools: pools(file.eth_usd_pools),
            btc_eth_pools: pools(file.btc_eth_pools),
            support_pools: pools(file.support_pools),
            earlier_stables: file.earlier_stables,
        }
    }
}

fn read(text: &str) -> Result<Vec<Preset>, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    let lists_of = |id: u64| {
        let entry = file.chain.iter().find(|entry| entry.id == id);
        entry.map(|entry| entry.lists.clone()).unwrap_or_default()
    };
    Ok(file
        .chain
        .iter()
        .map(|entry| Preset {
            chain_id: ChainId(entry.id),
            name: entry.name.clone(),
            start_block: BlockNumber(entry.start_block),
            factories: vec![Factory {
                address: entry.factory,
                init_code_hash: entry.init_code_hash,
            }],
            multicall: entry.multicall,
            finality: entry.finality,
            lists: lists_of(entry.lists_of.unwrap_or(entry.id)).into(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_file_reads_and_knows_its_chains() {
        let presets = read(TEXT).unwrap();
        assert_eq!(presets, Preset::all());
        let known: Vec<_> = presets
            .iter()
            .map(|preset| (preset.chain_id.0, preset.start_block.0))
            .collect();
        assert_eq!(
            known,
            [
                (1, 12_369_621),
                (1337, 0),
                (42_161, 165),
                (8_453, 1_371_680),
                (10, 0),
                (137, 22_757_547),
            ]
        );
        assert!(Preset::of(ChainId(7)).is_none());
        let [mainnet, simulated] = [1, 1337].map(|id| Preset::of(ChainId(id)).unwrap());
        assert_eq!(mainnet.lists, simulated.lists);
        assert_eq!(mainnet.lists.reference_pools().count(), 10);
        assert_eq!(mainnet.lists.earlier_stables.len(), 27);
    }

    #[test]
    fn every_address_is_written_with_its_checksum() {
        let mut seen = 0;
        for (place, _) in TEXT.match_indices("0x") {
            let digits = TEXT[place + 2..]
                .bytes()
                .take_while(u8::is_ascii_hexdigit)
                .count();
            let text = &TEXT[place..place + 2 + digits];
            match digits {
                40 => assert_eq!(
                    text.parse::<Address>().unwrap().to_checksum(None),
                    text,
                    "{text}"
                ),
                64 => {}
                _ => panic!("{text} is no address and no hash"),
            }
            seen += usize::from(digits == 40);
        }
        assert!(seen > 150, "{seen}");
    }

    #[test]
    fn every_listed_address_has_a_source() {
        let earlier = "# The rest is known from that pipeline only.";
        let mut exempt = false;
        for line in TEXT.lines().map(str::trim) {
            exempt = (exempt || line == earlier) && line != "]";
            if line.contains("\"0x") && !exempt {
                let (_, comment) = line.split_once('#').unwrap_or_default();
                assert!(!comment.trim().is_empty(), "{line}");
            }
        }
    }

    #[test]
    fn lists_keep_to_their_rules() {
        for preset in Preset::all() {
            let (lists, name) = (&preset.lists, &preset.name);
            let set = |items: &[Listed<Address>]| -> BTreeSet<_> {
                let set: BTreeSet<_> = items.iter().map(|item| item.of).collect();
                assert_eq!(set.len(), items.len(), "{name}: an entry twice");
                set
            };
            let stables = set(&lists.stables);
            let [staked_eth, bitcoin] = [set(&lists.staked_eth), set(&lists.bitcoin)];
            assert!(set(&lists.anchors).is_subset(&stables), "{name}");
            let kinds = [
                &stables,
                &staked_eth,
                &bitcoin,
                &lists.weth.into_iter().collect(),
            ];
            let all: BTreeSet<_> = kinds.into_iter().flatten().collect();
            assert_eq!(
                all.len(),
                kinds.map(BTreeSet::len).into_iter().sum::<usize>(),
                "{name}: a token is of one kind"
            );
            let pools: BTreeSet<_> = lists.reference_pools().collect();
            assert_eq!(pools.len(), lists.reference_pools().count(), "{name}");
            assert!(!lists.eth_usd_pools.is_empty(), "{name}");
        }
    }

    #[test]
    fn an_entry_may_begin_later() {
        let since =
            r#"anchors = [{ of = "0xdAC17F958D2ee523a2206206994597C13D831ec7", from = 7 }]"#;
        let lists: FileLists = toml::from_str(since).unwrap();
        let listed = Lists::from(lists).anchors[0];
        assert_eq!(listed.effective_block, BlockNumber(7));
        for wrong in [
            "weht = []",
            r#"anchors = [{ of = "0x00", from = 7 }]"#,
            "anchors = [1]",
        ] {
            assert!(toml::from_str::<FileLists>(wrong).is_err(), "{wrong}");
        }
    }
}
