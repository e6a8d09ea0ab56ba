//! Rows that changed under the mirror: repairs and rebuilds of the store, hands in Postgres.

use super::bench::{Bench, CHAIN, assert_audited, options};
use crate::world::features;
use std::time::Duration;
use tidegauge_model::{Evidence, Step, UserKey};
use tidegauge_sync::{Mirror, MirrorOptions, MirrorPhase, MirrorStatus, Repair};

/// What a statement does to some row, and what the audit calls the place.
const HANDS: [(&str, &str); 14] = [
    (
        "UPDATE daily_transactions SET amount0_raw = amount0_raw + 1 WHERE ",
        "block",
    ),
    (
        "UPDATE daily_transactions SET token1_amount = -token1_amount - 1 WHERE ",
        "block",
    ),
    (
        "UPDATE daily_transactions SET volume_usd = coalesce(volume_usd, 0) + 0.000000001 WHERE ",
        "block",
    ),
    (
        "UPDATE daily_transactions SET tx_from = CASE WHEN tx_from IS NULL THEN '' || sender END WHERE ",
        "block",
    ),
    (
        "UPDATE daily_transactions SET fee_tier = 10000 WHERE ",
        "block",
    ),
    (
        "UPDATE daily_transactions SET \"timestamp\" = \"timestamp\" + interval '1 s' WHERE ",
        "block",
    ),
    (
        "UPDATE daily_transactions SET block_number = block_number + 1 WHERE ",
        "block",
    ),
    (
        "UPDATE daily_transactions SET pool_address = upper(pool_address) WHERE ",
        "block",
    ),
    ("DELETE FROM daily_transactions WHERE ", "block"),
    (
        "INSERT INTO daily_transactions SELECT (json_populate_record(NULL::daily_transactions, \
      (to_jsonb(t) || '{\"log_index\": 999, \"tx_hash\": \"0x00\"}')::json)).* \
      FROM daily_transactions t WHERE ",
        "block",
    ),
    (
        "UPDATE daily_pool_features SET tx_count = tx_count + 1 WHERE ",
        "pool",
    ),
    (
        "UPDATE daily_pool_features SET tx_count_3d_avg = tx_count_3d_avg + 1e-9 WHERE ",
        "pool",
    ),
    (
        "UPDATE daily_pool_features SET target_volume_usd_3d = 1 WHERE ",
        "pool",
    ),
    ("DELETE FROM daily_pool_features WHERE ", "pool"),
];

#[tokio::test]
async fn rows_changed_by_hand_are_found_shown_and_put_right() {
    let Some(mut bench) = Bench::new(30) else {
        return;
    };
    // Some of it in segments, some not.
    bench.grow(1_400, 10);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    for (at, (hand, kind)) in HANDS.iter().enumerate() {
        let row = bench.world.below(100);
        let condition = match *kind {
            "block" => format!(
                "(block_number, log_index) = (SELECT block_number, log_index FROM daily_transactions \
                 ORDER BY md5(tx_hash || {row}) LIMIT 1)"
            ),
            _ => format!(
                "(date, pool_address) = (SELECT date, pool_address FROM daily_pool_features \
                 ORDER BY md5(pool_address || date || {row}) LIMIT 1)"
            ),
        };
        bench.sql(&format!("{hand}{condition}"));
        let report = mirror.audit(Repair::No).await.unwrap();
        assert!(!report.is_equal(), "{hand}");
        assert!(!report.repaired);
        // A moved row is missing in one block and too much in another.
        let most = if hand.contains("block_number +") {
            2
        } else {
            1
        };
        assert!(
            (1..=most).contains(&report.differences.len()),
            "{at}: {report:#?}"
        );
        assert!(report.differences[0].place.contains(kind), "{report:#?}");
        assert!((1..=most as u64).contains(&(report.blocks_differ + report.days_differ)));
        let swaps: usize = bench.chain.blocks.iter().map(|b| b.swaps.len()).sum();
        assert_eq!(report.swaps, swaps as u64);
        // Only what differs is written: other rows keep their place on disk.
        let places = "SELECT count(*) FROM daily_transactions WHERE xmin::text::bigint > ";
        let before = bench.sql("SELECT txid_current()");
        let repaired = mirror.audit(Repair::Yes).await.unwrap();
        assert!(repaired.repaired && !repaired.is_equal());
        let written: usize = bench.sql(&format!("{places}{before}")).parse().unwrap();
        assert!(written <= 12, "{hand}: {written} rows written");
        assert!(mirror.audit(Repair::No).await.unwrap().is_equal(), "{hand}");
        bench.assert_equal();
    }
}

#[tokio::test]
async fn the_mirrors_books_are_put_right_too() {
    let Some(mut bench) = Bench::new(31) else {
        return;
    };
    bench.grow(1_400, 10);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    let dump = "SELECT string_agg(t::text, ';' ORDER BY t::text) FROM ";
    let tables = ["mirror_blocks", "mirror_segments", "mirror_days"];
    let before = tables.map(|table| bench.sql(&format!("{dump}{table} t")));
    bench.sql("DELETE FROM mirror_days WHERE date IN (SELECT date FROM mirror_days LIMIT 3)");
    bench.sql("UPDATE mirror_segments SET swaps = swaps + 1");
    bench.sql("DELETE FROM mirror_blocks WHERE number % 7 = 0");
    bench.sql("INSERT INTO mirror_segments SELECT chain_id, 5000, 1, 1, '', '', '' FROM mirror_segments LIMIT 1");
    let mut mirror = bench.mirror();
    mirror.audit(Repair::Yes).await.unwrap();
    assert_audited(&mut mirror).await;
    let after = tables.map(|table| bench.sql(&format!("{dump}{table} t")));
    assert_eq!(before, after);
}

#[tokio::test]
async fn repairs_of_final_blocks_reach_the_mirror() {
    let Some(mut bench) = Bench::new(32) else {
        return;
    };
    bench.grow(1_300, 10);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    for round in 0..12 {
        let at = bench.world.below(1_200) as usize;
        let count = 1 + bench.world.below(6) as usize;
        let blocks: Vec<_> = bench.chain.blocks[at..at + count]
            .to_vec()
            .iter()
            .map(|block| bench.world.vary(block))
            .collect();
        let repair = bench.chain.repair(at, blocks.clone(), Evidence::Receipts);
        bench.store.apply(&Step::Repair(repair)).unwrap();
        bench.chain.repaired(at, &blocks);
        if round % 3 == 0 {
            bench.grow(2, 10);
        }
        if round % 2 == 0 {
            mirror.once().await.unwrap();
            bench.assert_equal();
        }
    }
    mirror.once().await.unwrap();
    bench.assert_equal();
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_rebuild_reaches_every_number_of_the_mirror() {
    let Some(mut bench) = Bench::new(33) else {
        return;
    };
    bench.grow(400, 10);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    let before = bench.sql("SELECT max(feature_set) FROM daily_pool_features");
    let mut set = features(CHAIN);
    set.user = UserKey::Recipient;
    set.lists.anchors.truncate(1);
    let mut rebuild = bench.store.begin_rebuild(set).unwrap();
    let mut slices = 0;
    while !rebuild.finished {
        rebuild = bench.store.rebuild_slice(60).unwrap();
        slices += 1;
        // Meanwhile the chain goes on, without numbers.
        if slices == 3 {
            bench.grow(5, 10);
            mirror.once().await.unwrap();
            bench.assert_equal();
        }
    }
    mirror.once().await.unwrap();
    bench.assert_equal();
    assert_ne!(
        before,
        bench.sql("SELECT max(feature_set) FROM daily_pool_features")
    );
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_recheck_that_is_cut_short_goes_on_where_it_was() {
    let Some(mut bench) = Bench::new(34) else {
        return;
    };
    bench.grow(3_000, 10);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    let damage = "UPDATE daily_transactions SET tick = 7 WHERE log_index % 5 = 0";
    bench.sql(damage);
    bench.sql("UPDATE mirror_position SET recheck_block = 2048, recheck_date = '1970-01-01'");
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    assert_eq!(
        bench.sql("SELECT recheck_block IS NULL AND recheck_date IS NULL FROM mirror_position"),
        "t"
    );
    // What lies before the mark was none of its business.
    let wrong = "SELECT count(*) FROM daily_transactions WHERE tick = 7 AND log_index % 5 = 0 AND block_number";
    assert_eq!(bench.sql(&format!("{wrong} >= 2048")), "0");
    assert_ne!(bench.sql(&format!("{wrong} < 2048")), "0");
    mirror.audit(Repair::Yes).await.unwrap();
    bench.assert_equal();
}

#[tokio::test]
async fn a_running_mirror_finds_and_mends_what_others_changed_at_the_tip() {
    let Some(mut bench) = Bench::new(35) else {
        return;
    };
    bench.grow(60, 10);
    let often = MirrorOptions {
        look_back_every: Duration::from_millis(300),
        ..options("test")
    };
    let mut mirror = Mirror::new(bench.store.reader(), bench.database(), often).unwrap();
    let mut status = mirror.status();
    let running = tokio::spawn(async move { mirror.run(std::future::pending()).await });
    let follows = |s: &MirrorStatus| s.phase == MirrorPhase::Following;
    status.wait_for(follows).await.unwrap();
    assert_eq!(status.borrow().differed_total, 0);
    for (round, change) in [
        "UPDATE daily_transactions SET tick = tick + 1 WHERE (block_number, log_index) = \
         (SELECT block_number, log_index FROM daily_transactions ORDER BY 1 DESC, 2 LIMIT 1)",
        "UPDATE daily_pool_features SET tx_count = tx_count + 1 WHERE (pool_address, date) = \
         (SELECT pool_address, date FROM daily_pool_features ORDER BY 2 DESC, 1 LIMIT 1)",
    ]
    .into_iter()
    .enumerate()
    {
        bench.sql(change);
        // A store at rest is looked back at too.
        let found = |s: &MirrorStatus| s.differed_total > round as u64;
        status.wait_for(found).await.unwrap();
        bench.assert_equal();
    }
    running.abort();
}
