//! Faults in the middle: killed backends, lost answers, locks, lines that break.

use super::bench::{Bench, assert_audited};
use crate::support::proxy::{Mode, TcpProxy};
use std::time::Duration;
use tidegauge_model::ErrorClass;
use tidegauge_sync::PostgresCause;

/// Ends the backend that writes with the n-th statement, or at the end of a transaction: a
/// sequence counts, which no rollback takes back.
const TRAP: &str = "CREATE SEQUENCE strikes; CREATE TABLE target (strike bigint); \
    INSERT INTO target VALUES (0); \
    CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
      IF nextval('strikes') = (SELECT strike FROM target) THEN \
        PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$; ";

#[tokio::test]
async fn a_backend_killed_at_any_step_leaves_a_mirror_that_converges() {
    let Some(mut bench) = Bench::new(20) else {
        return;
    };
    bench.grow(30, 12);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    bench.sql(TRAP);
    for table in [
        "daily_transactions",
        "daily_pool_features",
        "pools",
        "tokens",
        "mirror_position",
        "mirror_blocks",
        "mirror_segments",
        "mirror_days",
    ] {
        for (name, when) in [("before", "BEFORE"), ("after", "AFTER")] {
            bench.sql(&format!(
                "CREATE TRIGGER {name}_trap {when} INSERT OR UPDATE OR DELETE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION trap()"
            ));
        }
    }
    // At the end of the transaction, when COMMIT is under way.
    bench.sql(
        "CREATE CONSTRAINT TRIGGER last_trap AFTER UPDATE ON mirror_position \
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION trap()",
    );
    let mut struck = 0;
    for round in 0..120 {
        let blocks = 1 + bench.world.below(25);
        if bench.world.below(3) == 0 {
            let depth = 1 + bench.world.below(8) as usize;
            bench.reorganise(depth, blocks);
        } else {
            bench.grow(blocks, 12);
        }
        let in_statements = 1 + bench.world.below(40);
        bench.sql(&format!(
            "UPDATE target SET strike = (SELECT last_value FROM strikes) + {in_statements}"
        ));
        let before = mirror.status().borrow().failures_total;
        mirror
            .once()
            .await
            .unwrap_or_else(|e| panic!("round {round}: {e}"));
        struck += mirror.status().borrow().failures_total - before;
        bench.assert_equal();
    }
    assert!(struck >= 60, "struck {struck} times");
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_neither_repeated_nor_missing() {
    let Some(mut bench) = Bench::new(21) else {
        return;
    };
    let line = TcpProxy::start(bench.cluster.port());
    let mut mirror = bench.mirror_of(bench.database_at(line.port()));
    bench.grow(20, 10);
    mirror.once().await.unwrap();
    for round in 0..60 {
        match round % 3 {
            0 => bench.reorganise(4, 9),
            _ => bench.grow(7, 10),
        }
        let commit = b"COMMIT\0".to_vec();
        line.set(match round % 2 {
            0 => Mode::CutAfter(commit),
            _ => Mode::CutBefore(commit),
        });
        mirror
            .once()
            .await
            .unwrap_or_else(|e| panic!("round {round}: {e}"));
        bench.assert_equal();
    }
    assert_eq!(line.cuts(), 60);
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn steps_that_are_dropped_leave_nothing_behind() {
    let Some(mut bench) = Bench::new(22) else {
        return;
    };
    let mut mirror = bench.mirror();
    bench.grow(12, 10);
    // Making the tables takes longer than any of these.
    mirror.once().await.unwrap();
    for _ in 0..60 {
        bench.grow(12, 10);
        let micros = bench.world.below(60_000);
        let cut_off = tokio::time::timeout(Duration::from_micros(micros), mirror.once());
        let _ = cut_off.await;
    }
    // The last one may have left its lease.
    bench.sql("UPDATE mirror_position SET heartbeat = NULL");
    mirror.once().await.unwrap();
    bench.assert_equal();
    assert_audited(&mut mirror).await;
}

#[tokio::test]
async fn a_position_that_somebody_locked_is_waited_for_and_named() {
    let Some(mut bench) = Bench::new(23) else {
        return;
    };
    bench.grow(10, 5);
    let mut mirror = bench.mirror();
    mirror.once().await.unwrap();
    bench.grow(10, 5);
    let (cluster, schema) = (bench.cluster, bench.schema.clone());
    let holder = std::thread::spawn(move || {
        cluster.sql(&format!(
            "BEGIN; SELECT 1 FROM {schema}.mirror_position FOR UPDATE; SELECT pg_sleep(8); COMMIT"
        ))
    });
    // Until it has the lock.
    while bench.sql("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(8)%' AND wait_event = 'PgSleep'") == "0" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let status = mirror.status();
    mirror.once().await.unwrap();
    holder.join().unwrap();
    assert!(status.borrow().failures_total >= 1);
    bench.assert_equal();
}

#[tokio::test]
async fn what_an_operator_must_put_right_is_refused_by_name() {
    let Some(mut bench) = Bench::new(24) else {
        return;
    };
    bench.grow(10, 5);
    bench.mirror().once().await.unwrap();
    let schema = bench.schema.clone();
    bench.sql(&format!(
        "CREATE ROLE reader_{schema} LOGIN PASSWORD 'r'; GRANT USAGE ON SCHEMA {schema} TO reader_{schema}; \
         GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader_{schema}"
    ));
    let url = bench.cluster.url_as(&format!("reader_{schema}"), "r");
    let settings = super::bench::settings(url.parse().unwrap(), &schema);
    let database = tidegauge_sync::Database::new(settings).unwrap();
    bench.grow(10, 5);
    let refused = bench.mirror_of(database).once().await.unwrap_err();
    assert_eq!(refused.postgres_cause(), Some(PostgresCause::Privilege));
    assert_eq!(refused.class(), ErrorClass::Refused);
    assert!(refused.to_string().contains("mirror_position"), "{refused}");
    // A row that should not be there is a signal, never ignored.
    bench.mirror().once().await.unwrap();
    bench.grow(1, 5);
    let swap = loop {
        bench.grow(1, 5);
        if let Some(swap) = bench.chain.blocks.last().unwrap().swaps.first() {
            break swap.clone();
        }
    };
    bench.sql(&format!(
        "INSERT INTO daily_transactions SELECT (json_populate_record(NULL::daily_transactions, \
         (to_jsonb(t) || '{{\"block_number\": {}, \"tx_hash\": \"{:#x}\", \"log_index\": {}, \
         \"created_date\": \"{}\"}}')::json)).* FROM daily_transactions t LIMIT 1",
        swap.block,
        swap.tx_hash,
        swap.log_index,
        tidegauge_model::Day::of(swap.timestamp),
    ));
    let mut mirror = bench.mirror();
    let signal = mirror.once().await.unwrap_err();
    assert_eq!(
        signal.postgres_cause(),
        Some(PostgresCause::Constraint),
        "{signal}"
    );
    bench.sql(&format!(
        "DELETE FROM daily_transactions WHERE block_number >= {}",
        swap.block
    ));
    mirror.once().await.unwrap();
    bench.assert_equal();
}
