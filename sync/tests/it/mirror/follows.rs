//! The mirror follows the store: whatever it does between two looks, they end equal.

use super::bench::{Bench, assert_audited, options};
use tidegauge_sync::{Mirror, MirrorPhase, Repair};

#[tokio::test]
async fn a_mirror_equals_the_store_after_every_look() {
    let Some(mut bench) = Bench::new(1) else {
        return;
    };
    let mut mirror = bench.mirror();
    for round in 0..60 {
        let blocks = 1 + bench.world.below(40);
        match bench.world.below(3) {
            // As deep as the journal goes, however far the mirror has come.
            0 if round > 2 => {
                let depth = 1 + bench.world.below(12) as usize;
                bench.reorganise(depth, blocks.min(20));
            }
            _ => bench.grow(blocks, 14),
        }
        if bench.world.below(2) == 0 {
            mirror.once().await.unwrap();
            bench.assert_equal();
        }
    }
    mirror.once().await.unwrap();
    bench.assert_equal();
    assert_audited(&mut mirror).await;
    // What is final and complete is kept by segments.
    assert_ne!(bench.sql("SELECT count(*) FROM mirror_segments"), "0");
    let ledger = bench.sql("SELECT min(number) % 1024 FROM mirror_blocks");
    assert_eq!(ledger, "0");
}

#[tokio::test]
async fn unwinds_are_followed_at_every_lag() {
    let Some(mut bench) = Bench::new(2) else {
        return;
    };
    bench.grow(40, 20);
    let mut mirror = bench.mirror();
    for lag in 0..12 {
        mirror.once().await.unwrap();
        for _ in 0..lag {
            bench.grow(1, 20);
        }
        // Below, at and above where the mirror stands.
        bench.reorganise(6, 8);
        mirror.once().await.unwrap();
        bench.assert_equal();
    }
}

#[tokio::test]
async fn a_store_that_went_back_in_time_takes_the_mirror_with_it() {
    let Some(mut bench) = Bench::new(3) else {
        return;
    };
    bench.grow(60, 5);
    bench.mirror().once().await.unwrap();
    let (older, shorter) = (bench.copy(), bench.chain.clone());
    bench.grow(2_300, 5);
    bench.mirror().once().await.unwrap();
    bench.assert_equal();
    let segments: u32 = bench
        .sql("SELECT count(*) FROM mirror_segments")
        .parse()
        .unwrap();
    assert!(segments >= 2, "{segments} segments");
    bench = bench.with(older, shorter);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    bench.assert_equal();
    bench.grow(2_100, 5);
    mirror.once().await.unwrap();
    bench.assert_equal();
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_mirror_that_was_restored_or_emptied_converges() {
    let Some(mut bench) = Bench::new(4) else {
        return;
    };
    bench.grow(1_500, 5);
    bench.mirror().once().await.unwrap();
    let tables = "daily_transactions, daily_pool_features, pools, tokens, mirror_position, \
                  mirror_blocks, mirror_segments, mirror_days";
    for table in tables.split(", ") {
        bench.sql(&format!("CREATE TABLE kept_{table} AS TABLE {table}"));
    }
    bench.reorganise(4, 900);
    bench.mirror().once().await.unwrap();
    bench.assert_equal();
    // A restore to an earlier moment.
    bench.sql(&format!("TRUNCATE {tables}"));
    for table in tables.split(", ") {
        bench.sql(&format!("INSERT INTO {table} TABLE kept_{table}"));
    }
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    bench.assert_equal();
    bench.sql(&format!("TRUNCATE {tables}"));
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    bench.assert_equal();
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_running_mirror_follows_and_lets_go_of_its_lease() {
    let Some(mut bench) = Bench::new(5) else {
        return;
    };
    bench.grow(30, 10);
    let mut mirror = bench.mirror();
    let status = mirror.status();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(async move {
        let ended = mirror.run(async { stopped.await.unwrap() }).await;
        (mirror, ended)
    });
    for _ in 0..5 {
        bench.grow(3, 10);
        let tip = bench.chain.tip();
        let mut seen = status.clone();
        let reached = seen.wait_for(|status| status.at == Some(tip));
        tokio::time::timeout(std::time::Duration::from_secs(20), reached)
            .await
            .unwrap()
            .unwrap();
    }
    stop.send(()).unwrap();
    let (mut mirror, ended) = running.await.unwrap();
    ended.unwrap();
    bench.assert_equal();
    let last = status.borrow().clone();
    assert_eq!(last.phase, MirrorPhase::Stopped);
    assert_eq!((last.lag_blocks(), last.lag_seconds()), (Some(0), Some(0)));
    let swaps = bench.chain.blocks.iter().map(|b| b.swaps.len() as u64);
    assert_eq!(last.rows, swaps.sum::<u64>());
    // Nobody has to wait for it to end by itself.
    let mut other = Mirror::new(bench.store.reader(), bench.database(), options("other")).unwrap();
    other.once().await.unwrap();
    assert!(mirror.audit(Repair::No).await.unwrap().is_equal());
    // What the mirror says it holds is what a store takes.
    let position = last.acknowledged.unwrap();
    bench.store.acknowledge("postgres", position).unwrap();
}

#[tokio::test]
async fn blocks_called_final_that_nobody_has_do_no_harm() {
    let Some(mut bench) = Bench::new(7) else {
        return;
    };
    bench.grow_to(20, u64::MAX);
    bench.mirror().once().await.unwrap();
    bench.assert_equal();
    assert_eq!(
        bench.sql("SELECT final_height = height FROM mirror_position"),
        "t"
    );
}
