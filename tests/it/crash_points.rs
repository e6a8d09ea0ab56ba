//! A collector that is ended at each named crash point, and started again: nothing is lost.
//!
//! Needs the feature `failpoints`; without it there is nothing to reach.

use crate::arena::{Arena, Hardship};
use tidegauge_chain::Method;
use tidegauge_storage::FAILPOINTS;

/// Points of the pipeline, beside those of the store.
const PIPELINE: [&str; 2] = ["collect-before-submit", "collect-after-commit"];
/// How often a point is passed before the process ends there.
const PASSES: [u32; 2] = [0, 5];

#[test]
fn every_point_of_a_collector_at_the_tip_leaves_a_store_that_goes_on() {
    let mut arena = Arena::open(11, Hardship::Reorgs, Method::Receipts);
    let mut reached = Vec::new();
    for point in FAILPOINTS.iter().chain(&PIPELINE) {
        for passes in PASSES {
            if arena.crash_at(point, passes) {
                reached.push(*point);
            }
        }
    }
    // Others belong to migrations, repairs and mirrors, and have tests of their own.
    for point in [
        "store-before-write",
        "store-after-write",
        "store-after-prune",
    ]
    .iter()
    .chain(&PIPELINE)
    {
        assert!(
            reached.contains(point),
            "{point} was not reached: {reached:?}"
        );
    }
    let run = arena.settle();
    run.compare();
    println!("{run}; crashed at {reached:?}");
}
