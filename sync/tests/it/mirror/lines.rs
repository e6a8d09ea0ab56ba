//! Ways to the server: through a pooler, slow ones, silent ones, and one that moves on.

use super::bench::{Bench, assert_audited, settings};
use crate::support::cluster::{Cluster, Kind};
use crate::support::pooler::Pooler;
use crate::support::proxy::{Mode, TcpProxy};
use std::time::Duration;
use tidegauge_sync::{Database, MirrorPhase, PostgresCause};

#[tokio::test]
async fn a_mirror_through_a_pooler_in_transaction_mode_is_equal_too() {
    let Some(mut bench) = Bench::new(50) else {
        return;
    };
    let Some(pooler) = Pooler::start(bench.cluster) else {
        return;
    };
    let mut settings = settings(pooler.url().parse().unwrap(), &bench.schema);
    settings.direct_url = Some(bench.cluster.url().parse().unwrap());
    settings.prepared = false;
    let mut mirror = bench.mirror_of(Database::new(settings).unwrap());
    for round in 0..20 {
        match round % 4 {
            3 => bench.reorganise(4, 9),
            _ => bench.grow(12, 10),
        }
        mirror.once().await.unwrap();
        bench.assert_equal();
    }
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_slow_line_is_only_slow() {
    let Some(mut bench) = Bench::new(51) else {
        return;
    };
    let line = TcpProxy::start(bench.cluster.port());
    let mut mirror = bench.mirror_of(bench.database_at(line.port()));
    for mode in [
        Mode::Delay(Duration::from_millis(15)),
        Mode::Throttle(200_000),
    ] {
        line.set(mode);
        bench.grow(20, 10);
        mirror.once().await.unwrap();
        bench.reorganise(5, 8);
        mirror.once().await.unwrap();
        bench.assert_equal();
    }
    assert_eq!(mirror.status().borrow().failures_total, 0);
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_server_that_vanishes_without_a_word_is_left() {
    let Some(mut bench) = Bench::new(52) else {
        return;
    };
    let line = TcpProxy::start(bench.cluster.port());
    let mut mirror = bench.mirror_of(bench.database_at(line.port()));
    let mut status = mirror.status();
    bench.grow(20, 10);
    let running = tokio::spawn(async move { mirror.run(std::future::pending()).await });
    let follows = |phase: MirrorPhase| phase == MirrorPhase::Following;
    status.wait_for(|s| follows(s.phase)).await.unwrap();
    line.set(Mode::HalfOpen);
    bench.grow(5, 10);
    let silent = status
        .wait_for(|s| s.error.is_some())
        .await
        .unwrap()
        .clone();
    assert!(silent.error.unwrap().contains("20s"));
    line.cut();
    line.set(Mode::Forward);
    let tip = bench.chain.tip().number;
    let reached = |at: Option<tidegauge_model::BlockRef>| at.is_some_and(|at| at.number == tip);
    status
        .wait_for(|s| s.error.is_none() && reached(s.at))
        .await
        .unwrap();
    running.abort();
    bench.assert_equal();
}

#[tokio::test]
async fn a_fail_over_is_followed_even_if_the_standby_lacks_the_last_rows() {
    let (Some(mut bench), Some(mut primary)) = (Bench::new(53), Cluster::start(Kind::Plain)) else {
        return;
    };
    let line = TcpProxy::start(primary.port());
    let mut mirror = bench.mirror_of(bench.database_at(line.port()));
    bench.grow(40, 10);
    mirror.once().await.unwrap();
    let standby = primary.standby();
    // What is written from now on, the standby never hears of.
    standby.sql("ALTER SYSTEM SET primary_conninfo = ''");
    standby.sql("SELECT pg_reload_conf()");
    while standby.sql("SELECT count(*) FROM pg_stat_wal_receiver") != "0" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bench.grow(10, 10);
    mirror.once().await.unwrap();
    primary.kill();
    line.cut();
    line.point_at(standby.port());
    bench.reorganise(3, 6);
    let refused = mirror.once().await.unwrap_err();
    assert_eq!(
        refused.postgres_cause(),
        Some(PostgresCause::ReadOnly),
        "{refused}"
    );
    // The rows in between are lost with the primary: the standby ends where it was.
    standby.sql("SELECT pg_promote(true, 30)");
    mirror.once().await.unwrap();
    let schema = &bench.schema;
    let (rows, swaps) = (
        standby.sql(&format!("SELECT count(*) FROM {schema}.daily_transactions")),
        bench.store.reader().view().unwrap().counters().swaps,
    );
    assert_eq!(rows, swaps.to_string());
    assert_audited(&mut mirror).await;
}
