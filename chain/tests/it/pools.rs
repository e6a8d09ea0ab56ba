//! CREATE2 gives the address of every recorded pool.

use crate::data;
use alloy::primitives::Address;
use std::collections::BTreeMap;
use tidegauge_chain::{Preset, create2_address};
use tidegauge_model::{ChainId, Listed, PoolId};

#[test]
fn create2_gives_every_recorded_pool() {
    let Some(folder) = data::folder() else { return };
    let factory = Preset::of(ChainId(1)).unwrap().factories[0];
    let text = data::text(&folder.join("pools/pool-created-first.csv.gz"));
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let address = |place: usize| fields[place].parse::<Address>().unwrap();
        let fee = fields[6].trim_end_matches(".0").parse().unwrap();
        assert_eq!(
            create2_address(&factory, address(4), address(5), fee),
            address(3),
            "{line}"
        );
        rows += 1;
    }
    assert_eq!(rows, 5_500);
}

/// Every reference pool of every chain is the factory's pool of two tokens of its own lists:
/// ether against an anchor, bitcoin against ether, anything listed against ether.
#[test]
fn reference_pools_are_create2_addresses_of_listed_pairs() {
    const FEES: [u32; 4] = [100, 500, 3_000, 10_000];
    for preset in Preset::all() {
        let lists = &preset.lists;
        let weth = lists.weth.unwrap();
        let with_weth = |tokens: &[&[Listed<Address>]]| -> BTreeMap<PoolId, (Address, u32)> {
            tokens
                .iter()
                .flat_map(|list| list.iter().map(|listed| listed.of))
                .flat_map(|token| FEES.map(|fee| (token, fee)))
                .map(|(token, fee)| {
                    let [token0, token1] = [weth.min(token), weth.max(token)];
                    let pool = create2_address(&preset.factories[0], token0, token1, fee);
                    (PoolId(pool), (token, fee))
                })
                .collect()
        };
        for (name, pools, allowed) in [
            (
                "eth_usd",
                &lists.eth_usd_pools,
                with_weth(&[&lists.anchors]),
            ),
            (
                "btc_eth",
                &lists.btc_eth_pools,
                with_weth(&[&lists.bitcoin]),
            ),
            (
                "support",
                &lists.support_pools,
                with_weth(&[&lists.stables, &lists.staked_eth, &lists.bitcoin]),
            ),
        ] {
            for listed in pools {
                assert!(
                    allowed.contains_key(&listed.of),
                    "{}: {name} pool {} is none of the pools of its pairs",
                    preset.name,
                    listed.of
                );
            }
        }
    }
}
