//! What a configuration means for asking.

use super::super::Rpc;
use crate::config::ChainConfig;

fn config(urls: &[&str]) -> ChainConfig {
    ChainConfig::new(urls.iter().map(|url| url.parse().unwrap()).collect())
}

#[test]
fn batches_stay_within_one_second_of_the_budget() {
    for (budget, units, expected) in [
        (0, 520, 50),
        (500, 520, 1),
        (10_000, 520, 19),
        (500, 20, 25),
    ] {
        let rpc = Rpc::new(&ChainConfig {
            compute_units_per_second: budget,
            ..config(&["http://127.0.0.1:1"])
        })
        .unwrap();
        assert_eq!(rpc.batch_of(units, 50), expected, "{budget} {units}");
    }
}

#[test]
fn a_configuration_that_fetches_nothing_is_refused() {
    let idle = ChainConfig {
        max_in_flight: 0,
        ..config(&["http://127.0.0.1:1"])
    };
    for (config, key) in [
        (config(&[]), "chain.rpc_urls"),
        (config(&["http://127.0.0.1:1"; 65]), "chain.rpc_urls"),
        (idle, "chain.max_in_flight"),
    ] {
        let error = Rpc::new(&config).err().unwrap().to_string();
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn every_endpoint_has_a_name_of_its_own() {
    let rpc = Rpc::new(&config(&[
        "https://eth.example/v2/key-one",
        "https://other.example",
        "https://eth.example/v2/key-two",
    ]))
    .unwrap();
    let names: Vec<String> = rpc.report().into_iter().map(|r| r.endpoint).collect();
    assert_eq!(
        names,
        [
            "https://eth.example/*** (no. 1)",
            "https://other.example",
            "https://eth.example/*** (no. 2)",
        ]
    );
}
