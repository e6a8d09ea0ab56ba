//! The tables themselves: made once, documented, and refused where they are somebody else's.

use super::bench::{Bench, assert_audited};
use std::collections::BTreeMap;
use tidegauge_model::ErrorClass;
use tidegauge_sync::{MirrorFault, SyncError};

fn fault(error: SyncError) -> MirrorFault {
    match error {
        SyncError::Mirror(fault) => fault,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn every_table_and_column_has_a_comment_and_features_are_those_of_the_page() {
    let Some(bench) = Bench::new(40) else { return };
    bench.mirror().once().await.unwrap();
    let schema = &bench.schema;
    let silent = bench.sql(&format!(
        "SELECT c.relname || '.' || coalesce(a.attname, '') FROM pg_class c \
         JOIN pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
         WHERE n.nspname = '{schema}' AND c.relkind IN ('r', 'p') \
         AND c.relname <> 'tidegauge_migrations' \
         AND (obj_description(c.oid, 'pg_class') IS NULL OR col_description(c.oid, a.attnum) IS NULL)"
    ));
    assert_eq!(silent, "");
    let found = bench.sql(&format!(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum) \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 \
         WHERE n.nspname = '{schema}' AND c.relname = 'daily_pool_features' ORDER BY a.attnum"
    ));
    let kinds = BTreeMap::from([
        ("text", "text"),
        ("word", "text"),
        ("integer", "bigint"),
        ("float", "double precision"),
        ("dollars", "numeric"),
        ("yes or no", "boolean"),
        ("day", "date"),
    ]);
    let page = include_str!("../../../../docs/columns.md");
    let expected: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"))
        .map(|line| {
            let cells: Vec<&str> = line.split(" | ").collect();
            let name = cells[0].trim_end_matches('`');
            format!("{name}|{}|{}", kinds[cells[1]], cells[2])
        })
        .collect();
    let found: Vec<&str> = found.lines().skip(1).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn tables_that_are_not_ours_or_not_as_we_made_them_are_refused_by_name() {
    let Some(mut bench) = Bench::new(41) else {
        return;
    };
    bench.grow(5, 2);
    let schema = bench.schema.clone();
    bench
        .cluster
        .sql(&format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.daily_transactions (tx_hash text PRIMARY KEY)"));
    let refused = fault(bench.mirror().once().await.unwrap_err());
    assert!(
        matches!(refused, MirrorFault::ForeignTable { ref table, .. } if table == "daily_transactions")
            && refused.to_string().contains("sync.postgres.schema"),
        "{refused}"
    );
    assert_eq!(refused.class(), ErrorClass::Refused);
    bench.sql("DROP TABLE daily_transactions");
    bench.mirror().once().await.unwrap();
    for (change, back, word) in [
        (
            "ALTER TABLE pools ALTER fee_tier TYPE bigint",
            "ALTER TABLE pools ALTER fee_tier TYPE integer",
            "fee_tier",
        ),
        (
            "ALTER TABLE tokens RENAME symbol TO ticker",
            "ALTER TABLE tokens RENAME ticker TO symbol",
            "symbol",
        ),
        (
            "ALTER TABLE daily_transactions ADD note text NOT NULL DEFAULT ''; \
             ALTER TABLE daily_transactions ALTER note DROP DEFAULT",
            "ALTER TABLE daily_transactions DROP note",
            "note",
        ),
    ] {
        bench.sql(change);
        let refused = fault(bench.mirror().once().await.unwrap_err());
        assert!(
            matches!(refused, MirrorFault::Shape { .. }) && refused.to_string().contains(word),
            "{refused}"
        );
        bench.sql(back);
    }
    // What others add for themselves is theirs.
    bench.sql("ALTER TABLE daily_transactions ADD note text");
    bench.mirror().once().await.unwrap();
    bench.sql("INSERT INTO tidegauge_migrations SELECT 9000, description, installed_on, success, checksum, execution_time FROM tidegauge_migrations LIMIT 1");
    let refused = fault(bench.mirror().once().await.unwrap_err());
    assert!(
        matches!(refused, MirrorFault::Version { .. }) && refused.to_string().contains("9000"),
        "{refused}"
    );
}

#[tokio::test]
async fn partitions_are_made_before_they_are_needed_and_by_many_at_once() {
    let Some(mut bench) = Bench::new(42) else {
        return;
    };
    bench.grow(700, 5);
    let mut one = bench.mirror();
    one.once().await.unwrap();
    let months = bench.sql(
        "SELECT string_agg(DISTINCT to_char(created_date, 'YYYY_MM'), ' ') FROM daily_transactions",
    );
    let parts = bench.sql(
        "SELECT string_agg(substr(inhrelid::regclass::text, 20), ' ' ORDER BY inhrelid::regclass::text) \
         FROM pg_inherits WHERE inhparent = 'daily_transactions'::regclass",
    );
    assert!(
        parts.starts_with(&months) && parts.len() == months.len() + 8,
        "{parts}"
    );
    // Two programs that begin at once make the tables, and the partitions, once.
    for round in 0..5 {
        let Some(mut fresh) = Bench::new(43) else {
            return;
        };
        fresh.grow(20 + round, 5);
        let (mut a, mut b) = (fresh.mirror(), fresh.mirror());
        let (a, b) = tokio::join!(a.once(), b.once());
        assert!(a.is_ok() || b.is_ok(), "{a:?} {b:?}");
        for error in [a.err(), b.err()].into_iter().flatten() {
            assert!(matches!(fault(error), MirrorFault::LeaseHeld { .. }));
        }
        fresh.assert_equal();
    }
    // A reader in a long transaction does not hold up the months to come.
    let (cluster, schema) = (bench.cluster, bench.schema.clone());
    let reader = std::thread::spawn(move || {
        cluster.sql(&format!(
            "BEGIN; SELECT count(*) FROM {schema}.daily_transactions; SELECT pg_sleep(4); COMMIT"
        ))
    });
    bench.grow(700, 5);
    let begun = std::time::Instant::now();
    one.once().await.unwrap();
    assert!(begun.elapsed().as_secs() < 4, "{:?}", begun.elapsed());
    reader.join().unwrap();
    bench.assert_equal();
    assert_audited(&mut one).await;
}
