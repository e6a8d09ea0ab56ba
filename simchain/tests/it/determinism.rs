//! Equal parameters, equal blocks; and the cache.

use crate::support::{generate, small};
use std::fs;
use tidegauge_model::{BlockNumber, UnixSeconds};
use tidegauge_simchain::{SimChain, SimConfig};

#[test]
fn the_head_depends_on_every_parameter_and_nothing_else() {
    let base = small(1);
    let head = |config: &SimConfig| generate(config).0.head().unwrap().hash;
    let first = head(&base);
    assert_eq!(head(&base), first);
    for other in [
        SimConfig {
            seed: 2,
            ..base.clone()
        },
        SimConfig {
            block_time_s: 301,
            ..base.clone()
        },
        SimConfig {
            pool_count: 15,
            ..base.clone()
        },
        SimConfig {
            swaps_per_block: 9,
            ..base.clone()
        },
        SimConfig {
            end_at: Some(UnixSeconds(1_700_000_000)),
            ..base.clone()
        },
    ] {
        assert_ne!(head(&other), first, "{other:?}");
    }
}

#[test]
fn a_cached_chain_is_opened_not_made() {
    let config = small(3);
    let (chain, folder) = generate(&config);
    let mut reports = 0;
    let again = SimChain::generate_or_open(&config, folder.path(), &mut |_| reports += 1).unwrap();
    assert_eq!(reports, 0);
    assert_eq!(again.head().unwrap(), chain.head().unwrap());
    assert_eq!(again.swap_count(), chain.swap_count());
    assert_eq!(again.log_count(), chain.log_count());
}

#[test]
fn an_unfinished_chain_is_made_again() {
    let config = small(4);
    let (chain, folder) = generate(&config);
    let head = chain.head().unwrap();
    drop(chain);
    let made = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::remove_file(made.join("summary.json")).unwrap();
    fs::write(made.join("entries"), b"half").unwrap();
    let again = SimChain::generate_or_open(&config, folder.path(), &mut |_| ()).unwrap();
    assert_eq!(again.head().unwrap(), head);
}

#[test]
fn a_damaged_cache_is_named() {
    let config = small(5);
    let (_, folder) = generate(&config);
    let made = fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    fs::File::options()
        .write(true)
        .open(made.join("entries"))
        .unwrap()
        .set_len(160 * 7)
        .unwrap();
    let error = SimChain::generate_or_open(&config, folder.path(), &mut |_| ())
        .err()
        .unwrap();
    assert!(error.to_string().contains("remove that folder"), "{error}");
}

#[test]
fn grown_blocks_are_those_of_a_longer_sequence() {
    let config = small(6);
    let (chain, folder) = generate(&config);
    let again = SimChain::generate_or_open(&config, folder.path(), &mut |_| ()).unwrap();
    let mut parent = chain.head().unwrap();
    for _ in 0..40 {
        let grown = chain.grow().unwrap();
        assert_eq!(grown.number, parent.number.next());
        assert_eq!(
            chain.expected().header(grown.number).unwrap().parent,
            parent.hash
        );
        parent = grown;
    }
    let until = UnixSeconds(1_772_431_200 + 40 * 300 + 299);
    assert_eq!(again.grow_until(until).unwrap(), 40);
    assert_eq!(again.head().unwrap(), parent);
    assert_eq!(again.finalized(), BlockNumber(600 + 40 - 64));
    assert_eq!(again.swap_count(), chain.swap_count());
    let swaps = chain
        .expected()
        .swaps(chain.range())
        .map(Result::unwrap)
        .count();
    assert_eq!(swaps as u64, chain.swap_count());
    // Nothing of the grown part is left behind under a name.
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn parameters_out_of_bounds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for bad in [
        SimConfig {
            block_time_s: 0,
            ..small(1)
        },
        SimConfig {
            pool_count: 0,
            ..small(1)
        },
        SimConfig {
            swaps_per_block: 1_000_000,
            ..small(1)
        },
        SimConfig {
            history_blocks: Some(0),
            ..small(1)
        },
        SimConfig {
            end_at: Some(UnixSeconds(5)),
            ..small(1)
        },
    ] {
        let error = SimChain::generate_or_open(&bad, folder.path(), &mut |_| ())
            .err()
            .unwrap();
        assert!(error.to_string().contains("must lie between"), "{error}");
    }
}
