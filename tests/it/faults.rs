//! One fault at a time: an endpoint does one thing wrong, often, and the store is right all the same.
//!
//! `docs/faults.md` lists them with their outcomes, beside the faults that other tests set off.

use crate::arena::{Arena, Hardship};
use tidegauge_chain::Method;
use tidegauge_simchain::Mode;

const SEED: u64 = 7;
/// Blocks that the chain grows by meanwhile.
const BLOCKS: u64 = 25;

/// Collects and follows behind an endpoint that does this, and compares; gives the log.
fn endures(mode: Mode, method: Method) -> String {
    let mut arena = Arena::open(SEED, Hardship::One(mode), method);
    arena.live_through(BLOCKS);
    let run = arena.settle();
    let struck = run.mischief.get(mode.info().name).copied();
    assert!(struck > Some(0), "it never struck: {run}");
    if method == Method::Logs {
        println!("{}", run.verify());
    }
    run.compare();
    println!("{run}");
    run.log
}

#[test]
fn a_lagging_back_end_is_waited_out() {
    endures(Mode::Lag, Method::Receipts);
}

#[test]
fn a_head_that_goes_backwards_is_no_reorganisation() {
    endures(Mode::Backwards, Method::Receipts);
}

#[test]
fn empty_answers_are_not_believed() {
    endures(Mode::Empty, Method::Receipts);
}

#[test]
fn empty_log_pages_are_not_believed() {
    endures(Mode::Empty, Method::Logs);
}

#[test]
fn receipts_that_lack_a_log_are_refuted() {
    endures(Mode::Missing, Method::Receipts);
}

#[test]
fn log_pages_that_lack_a_log_are_mended() {
    endures(Mode::Missing, Method::Logs);
}

#[test]
fn silent_truncation_is_mended() {
    endures(Mode::Truncated, Method::Logs);
}

#[test]
fn suggested_ranges_are_not_obeyed() {
    endures(Mode::WrongRange, Method::Logs);
}

#[test]
fn storms_of_refusals_are_waited_out() {
    endures(Mode::RateLimit, Method::Receipts);
}

#[test]
fn late_answers_do_no_harm() {
    endures(Mode::Latency, Method::Receipts);
}

#[test]
fn bodies_that_trickle_are_given_up() {
    endures(Mode::SlowBody, Method::Receipts);
}

#[test]
fn bodies_that_break_off_are_asked_for_again() {
    endures(Mode::Disconnect, Method::Receipts);
}

#[test]
fn wrong_log_indexes_are_refuted() {
    endures(Mode::WrongIndex, Method::Receipts);
}

#[test]
fn wrong_log_indexes_in_pages_are_mended() {
    endures(Mode::WrongIndex, Method::Logs);
}

#[test]
fn duplicated_logs_are_refuted() {
    endures(Mode::Duplicate, Method::Receipts);
}

#[test]
fn duplicated_logs_in_pages_are_refuted() {
    endures(Mode::Duplicate, Method::Logs);
}

#[test]
fn forged_logs_are_refuted() {
    endures(Mode::Forged, Method::Receipts);
}

#[test]
fn forged_logs_in_pages_are_mended() {
    endures(Mode::Forged, Method::Logs);
}

#[test]
fn timestamps_of_zero_are_refuted() {
    endures(Mode::ZeroTime, Method::Receipts);
}

#[test]
fn timestamps_of_zero_in_pages_are_looked_up() {
    endures(Mode::ZeroTime, Method::Logs);
}

#[test]
fn an_endpoint_that_changes_its_chain_is_left() {
    endures(Mode::WrongChain, Method::Receipts);
}

#[test]
fn a_silent_websocket_is_noticed() {
    endures(Mode::WsSilence, Method::Receipts);
}

#[test]
fn a_websocket_that_drops_is_made_anew() {
    endures(Mode::WsDrop, Method::Receipts);
}
