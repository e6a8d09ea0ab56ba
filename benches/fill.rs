//! Makes a store of made-up swaps, as large as asked for: what the comparisons with others run on.
//!
//! `cargo bench --bench fill -- FOLDER SWAPS POOLS DAYS`; run by scripts, not by `cargo bench`.
#![allow(clippy::unwrap_used)]

mod busy;

use busy::{Busy, Shape};
use std::path::Path;
use std::time::Instant;
use tidegauge_model::Step;
use tidegauge_storage::{Store, StoreOptions};

const BLOCK_SECONDS: u64 = 12;
/// Blocks in a batch.
const BATCH: u64 = 500;

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let [folder, swaps, pools, days] = arguments.as_slice() else {
        eprintln!("usage: fill FOLDER SWAPS POOLS DAYS");
        return;
    };
    let (swaps, days): (u64, u64) = (swaps.parse().unwrap(), days.parse().unwrap());
    // One block more: it ends the last day.
    let blocks = days * 86_400 / BLOCK_SECONDS + 1;
    let mut busy = Busy::new(Shape {
        pools: pools.parse().unwrap(),
        swaps_per_block: u32::try_from(swaps.div_ceil(blocks)).unwrap(),
        block_seconds: BLOCK_SECONDS,
        users: 200_000,
    });
    let set = busy.set();
    let mut options = StoreOptions::new(set.chain);
    options.features = set;
    let mut store = Store::open(Path::new(folder), &options).unwrap();
    let begun = Instant::now();
    let mut from = 0;
    while from < blocks {
        let to = (from + BATCH).min(blocks) - 1;
        let extend = busy.extend(to + 1 - from);
        store.apply(&Step::Extend(extend)).unwrap();
        from = to + 1;
        if from % (BATCH * 40) == 0 || from == blocks {
            let seconds = begun.elapsed().as_secs_f64();
            let made = busy.swaps();
            eprintln!("{made} swaps, {:.0} a second", made as f64 / seconds);
        }
    }
    store.close().unwrap();
}
