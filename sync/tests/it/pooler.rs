//! Through a pooler in transaction mode: what does not depend on the session works, the rest is
//! told by its cause.

use crate::support::{
    cluster::{Cluster, Kind},
    pooler::Pooler,
};
use sqlx::{Connection, Executor, Row};
use tidegauge_sync::{CopyBuffer, Database, PostgresCause, PostgresSettings, SyncError};

#[tokio::test]
async fn a_pooler_in_transaction_mode_is_enough() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let Some(pooler) = Pooler::start(&cluster) else {
        return;
    };
    cluster.sql("CREATE TABLE t (a bigint)");
    let mut settings = PostgresSettings::new(pooler.url().parse().unwrap());
    settings.direct_url = Some(cluster.url().parse().unwrap());
    settings.prepared = false;
    let database = Database::new(settings.clone()).unwrap();

    // Several clients at once, so that the pooler moves them between its sessions.
    let mut clients = Vec::new();
    for _ in 0..6 {
        clients.push(database.connect().await.expect("through the pooler"));
    }
    for round in 0..5_i64 {
        for client in &mut clients {
            let mut unit = client.begin().await.unwrap();
            let seen: i64 = database
                .query("SELECT $1::bigint")
                .bind(round)
                .fetch_one(&mut *unit)
                .await
                .unwrap()
                .get(0);
            assert_eq!(seen, round);
            let mut rows = CopyBuffer::new(1);
            rows.row().i64(round);
            let mut copy = unit
                .copy_in_raw("COPY public.t FROM STDIN (FORMAT binary)")
                .await
                .unwrap();
            copy.send(rows.finish()).await.unwrap();
            assert_eq!(copy.finish().await.unwrap(), 1);
            unit.commit().await.unwrap();
        }
    }
    assert_eq!(cluster.sql("SELECT count(*), sum(a) FROM t"), "30|60");
    // Nothing of ours stays in the pooler's sessions.
    for client in &mut clients {
        let row = client
            .fetch_one("SELECT current_setting('tcp_user_timeout'), (SELECT count(*) FROM pg_prepared_statements)")
            .await
            .unwrap();
        assert_eq!(
            (row.get::<String, _>(0).as_str(), row.get::<i64, _>(1)),
            ("0", 0)
        );
    }

    // Past it a session is ours.
    let mut direct = database.connect_direct().await.unwrap();
    let row = direct
        .fetch_one("SELECT current_setting('tcp_user_timeout')")
        .await
        .unwrap();
    assert_eq!(row.get::<String, _>(0), "15000");
}

#[tokio::test]
async fn names_of_statements_fail_there_with_advice() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let Some(pooler) = Pooler::start(&cluster) else {
        return;
    };
    let settings = PostgresSettings::new(pooler.url().parse().unwrap());
    assert!(settings.prepared);
    let database = Database::new(settings).unwrap();
    let mut one = database.connect().await.expect("connects all the same");
    let mut other = database.connect().await.expect("connects all the same");
    // Two clients name their first statements alike, and meet in one session of the pooler.
    let mut found = None;
    for _ in 0..10 {
        for client in [&mut one, &mut other] {
            let asked = database.query("SELECT $1::bigint").bind(1_i64);
            if let Err(e) = asked.fetch_one(client).await {
                found = Some(SyncError::from(e));
            }
        }
    }
    let error = found.expect("a version of PgBouncer that knows no statements by name");
    assert_eq!(
        error.postgres_cause(),
        Some(PostgresCause::Pooler),
        "{error}"
    );
    assert!(
        error.to_string().contains("prepared_statements = false"),
        "{error}"
    );
}
