//! How fast a mirror fills, follows and is audited, on a PostgreSQL of its own that writes to
//! disk as usual but for fsync.
//!
//! `cargo bench -p tidegauge-sync --bench mirror -- SWAPS POOLS DAYS`; without arguments nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../benches/busy/mod.rs"]
mod busy;
#[path = "../tests/it/support/mod.rs"]
mod support;

use busy::{Busy, Shape, hash};
use std::collections::BTreeMap;
use std::time::Instant;
use support::cluster::{Cluster, Kind};
use tidegauge_model::{
    B256, BlockNumber, BlockRange, Coverage, Evidence, Extend, PoolVerdict, Step, Tally, Token,
};
use tidegauge_storage::{Store, StoreOptions};
use tidegauge_sync::{
    Auth, Database, LOOK_BACK_EVERY, Mirror, MirrorOptions, PostgresSettings, Repair, TlsMode,
};

const BLOCK_SECONDS: u64 = 12;
/// Blocks in a batch of the store.
const BATCH: u64 = 500;
/// Blocks followed one by one.
const FOLLOWED: u64 = 100;

fn main() {
    let arguments: Vec<u64> = std::env::args().filter_map(|a| a.parse().ok()).collect();
    let [swaps, pools, days] = arguments.as_slice() else {
        eprintln!("usage: mirror SWAPS POOLS DAYS");
        return;
    };
    let blocks = days * 86_400 / BLOCK_SECONDS + 1;
    let mut busy = Busy::new(Shape {
        pools: u32::try_from(*pools).unwrap(),
        swaps_per_block: u32::try_from(swaps.div_ceil(blocks)).unwrap(),
        block_seconds: BLOCK_SECONDS,
        users: 200_000,
    });
    let mut options = StoreOptions::new(busy.set().chain);
    options.features = busy.set();
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path(), &options).unwrap();
    let mut from = 0;
    while from < blocks {
        let to = (from + BATCH).min(blocks) - 1;
        store.apply(&batch(&mut busy, from, to)).unwrap();
        from = to + 1;
    }
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let settings = PostgresSettings {
        url: cluster.url().parse().unwrap(),
        direct_url: None,
        schema: "mirrored".to_owned(),
        tls: TlsMode::Disable,
        ca_file: None,
        auth: Auth::Password,
        prepared: true,
        application_name: "bench".to_owned(),
    };
    let database = Database::new(settings).unwrap();
    let options = MirrorOptions {
        holder: "bench".to_owned(),
        gone: None,
        take_over: false,
        look_back_every: LOOK_BACK_EVERY,
    };
    let mut mirror = Mirror::new(store.reader(), database, options).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let total = busy.swaps() as f64;
        let begun = Instant::now();
        mirror.once().await.unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "filled: {total} swaps, {seconds:.1} s, {:.0} a second",
            total / seconds
        );
        let begun = Instant::now();
        assert!(mirror.audit(Repair::No).await.unwrap().is_equal());
        let seconds = begun.elapsed().as_secs_f64();
        println!(
            "audited: {seconds:.1} s, {:.0} swaps a second",
            total / seconds
        );
        let mut status = mirror.status();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let ended = mirror
                .run(async { stopped.await.unwrap_or_default() })
                .await;
            ended.unwrap();
        });
        let mut longest = 0.0f64;
        for block in blocks..blocks + FOLLOWED {
            store.apply(&batch(&mut busy, block, block)).unwrap();
            let begun = Instant::now();
            let reached = |at: u64| at >= block;
            status
                .wait_for(|status| status.at.is_some_and(|at| reached(at.number.0)))
                .await
                .unwrap();
            longest = longest.max(begun.elapsed().as_secs_f64());
        }
        println!("followed: {FOLLOWED} blocks, {longest:.3} s from commit to mirror at most");
        stop.send(()).unwrap();
        running.await.unwrap();
    });
}

fn batch(busy: &mut Busy, from: u64, to: u64) -> Step {
    let blocks: Vec<_> = (from..=to).map(|_| busy.block()).collect();
    let tally = blocks
        .iter()
        .fold(Tally::default(), |sum, block| sum.plus(block.tally));
    let infos = if from == 0 { busy.infos() } else { Vec::new() };
    let tokens = infos.iter().flat_map(|info| {
        let sides = [
            (info.pool.token0, info.decimals0),
            (info.pool.token1, info.decimals1),
        ];
        sides.map(|(address, decimals)| {
            let token = Token {
                address,
                symbol: Some("T".to_owned()),
                name: None,
                decimals,
            };
            (address, token)
        })
    });
    let tokens: BTreeMap<_, _> = tokens.collect();
    Step::Extend(Extend {
        covered: Coverage {
            range: BlockRange::new(BlockNumber(from), BlockNumber(to)).unwrap(),
            evidence: Evidence::Receipts,
            parent: from.checked_sub(1).map_or(B256::ZERO, hash),
            end_hash: hash(to),
            tally,
        },
        blocks,
        tokens: tokens.into_values().collect(),
        verdicts: infos
            .iter()
            .map(|info| PoolVerdict::Accepted(info.pool.clone()))
            .collect(),
        finalized: Some(BlockNumber(to.saturating_sub(64))),
        disputes: Vec::new(),
        time_before: None,
        time_after: None,
    })
}
