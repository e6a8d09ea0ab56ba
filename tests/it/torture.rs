//! The collector at the tip of a chain that reorganises, behind endpoints that lie, killed at
//! random: in the end its store holds the honest chain, and nothing else.
//!
//! `scripts/torture` runs the long form. What is random follows from one seed, which is printed,
//! and given again by `TIDEGAUGE_TORTURE_SEED`; when a kill strikes is up to the machine's clock.

use crate::arena::{Arena, Hardship};
use crate::support::number;
use std::time::Duration;
use tidegauge_chain::Method;

/// The everyday forms' seed.
const SEED: u64 = 20_240_105;
/// Kills of the everyday form; `TIDEGAUGE_TAIL_KILLS` asks for more.
const TAIL_KILLS: u32 = 20;
/// Seconds of the everyday form; `TIDEGAUGE_TORTURE_MINUTES` asks for more.
const TORTURE_SECONDS: u64 = 40;

#[test]
fn a_tail_that_is_killed_again_and_again_ends_in_the_store_of_an_undisturbed_one() {
    let kills = number("TIDEGAUGE_TAIL_KILLS").map_or(TAIL_KILLS, |n| n as u32);
    let mut arena = Arena::open(seed(), Hardship::Reorgs, Method::Receipts);
    while arena.kills() < kills {
        arena.live_and_die();
    }
    let run = arena.settle();
    run.compare();
    assert!(run.reorgs > 0, "nothing was reorganised: {run}");
    println!("{run}");
}

#[test]
fn a_tortured_collector_ends_with_the_honest_chain() {
    let life = number("TIDEGAUGE_TORTURE_MINUTES").map_or(TORTURE_SECONDS, |minutes| minutes * 60);
    let mut arena = Arena::open(seed(), Hardship::Everything, Method::Receipts);
    while arena.age() < Duration::from_secs(life) {
        arena.live_and_die();
    }
    let run = arena.settle();
    run.compare();
    assert!(run.reorgs > 0 && run.kills > 0, "too easy a life: {run}");
    for (mode, struck) in &run.mischief {
        println!("  {mode:<16} {struck:>6} times");
    }
    println!("{run}");
}

fn seed() -> u64 {
    let seed = number("TIDEGAUGE_TORTURE_SEED").unwrap_or(SEED);
    println!("seed {seed}: TIDEGAUGE_TORTURE_SEED={seed} repeats it");
    seed
}
