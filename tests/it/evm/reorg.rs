//! Reorganisations of a real node, followed by WebSocket.

use super::node::Node;
use super::store::{INIT_CODE_HASH, liquidity_rows, swap_rows};
use crate::support::{Daemon, Program, Table, assert_same, store_holds};

/// Blocks that the node replaces, one time after the other.
const DEPTHS: [u64; 3] = [1, 5, 20];
/// Swaps between them: more blocks than the deepest.
const SWAPS: u32 = 110;

#[test]
fn a_node_that_reorganises_is_followed_to_its_canonical_chain() {
    // Two epochs of 16 slots are not final: more than the deepest reorganisation.
    let Some(mut node) = Node::start(&["--swaps=150", "--days=0.05", "--epoch-slots=16"]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let factories = format!(
        "--set=chain.factories=[\"{}:{INIT_CODE_HASH}\"]",
        node.factory
    );
    let settings = [
        factories.as_str(),
        "--set=chain.start=0",
        // Without announcements the test would take hours.
        "--set=chain.silence_s=3600",
        "--set=chain.poll_interval_ms=60000",
    ];
    let daemon = Daemon::start(&store, &node.url, &settings);
    for depth in DEPTHS {
        let hash = node.trade_more(SWAPS);
        daemon.wait_for_tip(&hash);
        let replaced = node.reorganise(depth);
        let hash = node.trade_more(3);
        assert_ne!(replaced, hash);
        let status = daemon.wait_for_tip(&hash);
        let tail = &status["collector"]["tail"];
        assert_eq!(tail["announced"], true, "{tail}");
        assert!(tail["deepest_reorg"].as_u64() >= Some(depth), "{tail}");
    }
    daemon.stop();

    let truth = node.events();
    let export = |rows| {
        Table::read(&Program::on(&store, &node.url, &["export", rows, "--out", "-"]).succeed())
    };
    assert_same(
        &swap_rows(&export("swaps"), "receipts"),
        &truth.swaps("receipts"),
        "swaps",
    );
    assert_same(
        &liquidity_rows(&export("liquidity")),
        &truth.liquidity(),
        "liquidity",
    );
    store_holds(&store, &node.url);
}
