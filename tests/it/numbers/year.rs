//! A year lived block by block, with reorganisations of minutes and of days: what the collector
//! computed as it went is what is computed from its swaps, and what the naive way gives.
//!
//! `scripts/year` runs the long form. What is random follows from one seed, which is printed, and
//! given again by `TIDEGAUGE_YEAR_SEED`.

use super::table;
use crate::support::{Daemon, Program, assert_same, number};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;
use tidegauge_model::UnixSeconds;
use tidegauge_simchain::{ServeOptions, SimChain, SimConfig, serve};

/// Days that are lived in the everyday form: more than the longest window and the longest label.
const DAYS: u64 = 24;
const SEED: u64 = 365;
/// One block in so many seconds: few enough for a year in minutes.
const BLOCK_TIME_S: u64 = 3_600;
/// Blocks before the collector starts.
const HISTORY_BLOCKS: u64 = 100;
/// When the history ends: a year later nothing lies in the future.
const BEGIN: UnixSeconds = UnixSeconds(1_735_689_600);
/// Between two blocks; the collector falls behind and catches up, as it may.
const BLOCK_EVERY: Duration = Duration::from_millis(15);
/// The deepest reorganisation: everything that is not final, here more than two days.
const DEEPEST: u64 = 63;
/// The collector is stopped and started again after so many blocks.
const LIFE_BLOCKS: u64 = 500;

#[test]
fn a_year_that_was_lived_is_the_year_computed() {
    let days = number("TIDEGAUGE_YEAR_DAYS").unwrap_or(DAYS);
    let seed = number("TIDEGAUGE_YEAR_SEED").unwrap_or(SEED);
    println!("seed {seed}: TIDEGAUGE_YEAR_SEED={seed} repeats it");
    let folder = tempfile::tempdir().unwrap();
    let config = SimConfig {
        seed,
        block_time_s: BLOCK_TIME_S,
        history_blocks: Some(HISTORY_BLOCKS),
        pool_count: 12,
        swaps_per_block: 4,
        end_at: Some(BEGIN),
        ..SimConfig::default()
    };
    let chain = SimChain::generate_or_open(&config, &folder.path().join("chain"), &mut |_| {});
    let chain = std::sync::Arc::new(chain.expect("a chain"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listen = "127.0.0.1:0".parse().unwrap();
    let served = serve(
        listen,
        chain.clone(),
        ServeOptions::default(),
        std::future::pending(),
    );
    let server = runtime.block_on(served).expect("a listener");
    let settings = [
        "--set=chain.id=1337",
        "--set=chain.start=0",
        "--set=chain.method=receipts",
        "--set=chain.poll_interval_ms=50",
        "--set=log.level=warn,tidegauge=info",
    ];
    let store = folder.path().join("store");
    let last = HISTORY_BLOCKS + days * 86_400 / BLOCK_TIME_S;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut reorgs = 0;
    loop {
        let daemon = Daemon::start(&store, &server.url(), &settings);
        let until = last.min(height(&chain) + LIFE_BLOCKS);
        while height(&chain) < until {
            let depth = match random.random_range(0..100) {
                0..4 => Some(random.random_range(1..=3)),
                4 => Some(random.random_range(4..=DEEPEST)),
                _ => None,
            };
            match depth {
                Some(depth) => drop(chain.reorg(depth).expect("another branch")),
                None => drop(chain.grow().expect("a block")),
            }
            reorgs += u64::from(depth.is_some());
            thread::sleep(BLOCK_EVERY);
        }
        let is_last = height(&chain) >= last;
        if is_last {
            let head = chain.head().expect("a head");
            daemon.wait_for_tip(&format!("{:#x}", head.hash));
        }
        daemon.stop();
        if is_last {
            break;
        }
    }
    let features = |name: &str, arguments: &[&str]| {
        let path = folder.path().join(name);
        let out = path.display().to_string();
        let arguments = [&["features", "--out", out.as_str()], arguments].concat();
        Program::on(&store, &server.url(), &arguments).succeed();
        table(&path)
    };
    let lived = features("lived.csv", &[]);
    let computed = features("computed.csv", &["--recompute"]);
    let naive = features("naive.csv", &["--engine", "oracle"]);
    assert_same(lived.rows(), computed.rows(), "lived and computed");
    assert_same(lived.rows(), naive.rows(), "lived and naive");
    let seen: BTreeSet<_> = lived
        .select(["date"])
        .map(|[date]| date.to_owned())
        .collect();
    assert!(
        seen.len() as u64 >= days && reorgs > 0,
        "rows of {} days, {reorgs} reorganisations",
        seen.len()
    );
    println!(
        "{} rows of {} days are the same lived, computed and naive; {reorgs} reorganisations",
        lived.len(),
        seen.len()
    );
}

fn height(chain: &SimChain) -> u64 {
    chain.head().expect("a head").number.0
}
