//! CREATE2 gives the address of every recorded pool.

use crate::data;
use alloy::primitives::Address;
use tidegauge_chain::{Preset, create2_address};
use tidegauge_model::ChainId;

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

#[test]
fn reference_pools_are_create2_addresses_of_known_pairs() {
    let preset = Preset::of(ChainId(1)).unwrap();
    let token = |text: &str| text.parse::<Address>().unwrap();
    let weth = token("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2");
    let usdc = token("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48");
    let usdt = token("0xdAC17F958D2ee523a2206206994597C13D831ec7");
    let dai = token("0x6B175474E89094C44Da98b954EedeAC495271d0F");
    let wbtc = token("0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599");
    let wsteth = token("0x7f39C581F595B53c5cb19bD0b3f8dA6c935E2Ca0");
    let pairs = [
        (usdc, weth, 500),
        (usdc, weth, 3_000),
        (weth, usdt, 100),
        (weth, usdt, 500),
        (weth, usdt, 3_000),
        (dai, weth, 500),
        (dai, weth, 3_000),
        (wbtc, weth, 500),
        (wbtc, weth, 3_000),
        (wsteth, weth, 100),
    ];
    let computed: Vec<Address> = pairs
        .into_iter()
        .map(|(token0, token1, fee)| create2_address(&preset.factories[0], token0, token1, fee))
        .collect();
    assert_eq!(computed, preset.reference_pools);
}
