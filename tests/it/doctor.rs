//! `doctor` says of each thing that an operator can get wrong whether it is right, and what to do.

use crate::alerts::{Place, settings as pager};
use crate::postgres::cluster::{Cluster, Kind};
use crate::s3::{BUCKET, Server, free_port};
use crate::support::{Chain, Program};
use serde_json::Value;
use std::path::Path;

/// What it found, by check.
fn found(
    store: &Path,
    url: &str,
    settings: &[String],
    flags: &[&str],
) -> Vec<(String, bool, String)> {
    let mut arguments: Vec<&str> = settings.iter().map(String::as_str).collect();
    arguments.extend(["doctor", "--json"]);
    arguments.extend(flags);
    let outcome = Program::on(store, url, &arguments).run();
    let all: Value = serde_json::from_str(&outcome.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}{}", outcome.stdout, outcome.stderr));
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let one = |one: &Value| {
        let ok = one["ok"].as_bool().unwrap();
        (text(one, "check"), ok, text(one, "detail"))
    };
    all.as_array().unwrap().iter().map(one).collect()
}

/// What a check came to.
fn of<'a>(all: &'a [(String, bool, String)], check: &str) -> (bool, &'a str) {
    let one = all.iter().find(|(name, ..)| name == check);
    let (_, ok, detail) = one.unwrap_or_else(|| panic!("no {check}: {all:#?}"));
    (*ok, detail)
}

#[test]
fn every_right_that_will_be_needed_is_tried() {
    let Some(cluster) = Cluster::start(Kind::Plain) else {
        return;
    };
    let chain = Chain::small();
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let port = free_port();
    let bucket = folder.path().join("s3");
    std::fs::create_dir(&bucket).unwrap();
    let _server = Server::s3s_fs_at(&bucket, port);
    let place = Place::answering(200);
    let mut settings = vec![
        format!("--set=sync.s3.bucket={BUCKET}"),
        "--set=sync.s3.region=us-east-1".to_owned(),
        format!("--set=sync.s3.endpoint=http://127.0.0.1:{port}"),
        "--set=sync.s3.path_style=true".to_owned(),
    ];
    settings.extend(pager(&place));
    let with = |url: &str| {
        let url = format!("--set=sync.postgres.url={url}");
        [settings.clone(), vec![url]].concat()
    };
    let from =
        |start: &str| [settings.clone(), vec![format!("--set=chain.start={start}")]].concat();
    let all = found(&store, &chain.url, &from("99999999"), &[]);
    let (ok, history) = of(&all, "history");
    assert!(
        !ok && history.contains("beyond the chain's head"),
        "{history}"
    );
    let all = found(&store, &chain.url, &from("1"), &[]);
    let (ok, history) = of(&all, "history");
    assert!(
        ok && history.contains("block 1, where collection begins"),
        "{history}"
    );
    let all = found(&store, &chain.url, &with(&cluster.url()), &[]);
    assert!(of(&all, "endpoint").0);
    let (ok, bucket) = of(&all, "bucket");
    assert!(
        ok && bucket.contains("may list, write and delete"),
        "{bucket}"
    );
    let (ok, line) = of(&all, "postgres");
    assert!(ok && line.contains("in the open"), "{line}");
    let (ok, schema) = of(&all, "schema");
    assert!(
        ok && schema.contains("makes its tables, and may"),
        "{schema}"
    );
    assert!(of(&all, "alerts").1.contains("not tried"));
    // Nothing was changed by looking.
    assert_eq!(
        cluster.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
        "0"
    );

    // One that may log in and no more.
    cluster.sql("CREATE USER guest PASSWORD 'guest'");
    let guest = with(&cluster.url_as("guest", "guest"));
    let all = found(&store, &chain.url, &guest, &["--send"]);
    let (ok, schema) = of(&all, "schema");
    assert!(!ok && schema.contains("may not make tables"), "{schema}");
    assert!(schema.contains("GRANT ALL ON SCHEMA public TO guest"));
    let (ok, told) = of(&all, "alerts");
    assert!(ok && told.contains("took a test alert"), "{told}");
    let taken = place.taken("test alert", |taken| !taken.is_empty());
    assert_eq!(
        (&taken[0]["rule"], &taken[0]["severity"]),
        (&"test".into(), &"info".into())
    );

    // The tables are made; then it may read them, and not write.
    let ours = with(&cluster.url());
    let mut arguments: Vec<&str> = ours.iter().map(String::as_str).collect();
    arguments.extend(["sync", "--migrate-only"]);
    Program::on(&store, &chain.url, &arguments).succeed();
    let all = found(&store, &chain.url, &ours, &[]);
    assert!(of(&all, "schema").1.contains("as this version makes them"));
    cluster.sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest");
    let all = found(&store, &chain.url, &guest, &[]);
    let (ok, schema) = of(&all, "schema");
    assert!(!ok && schema.contains("guest may not"), "{schema}");
    cluster.sql("ALTER TABLE daily_transactions DROP COLUMN tick");
    let all = found(&store, &chain.url, &ours, &[]);
    let (ok, schema) = of(&all, "schema");
    assert!(!ok && schema.contains("column tick is missing"), "{schema}");

    // Nobody there.
    let nobody = with(&format!(
        "postgres://us:them@127.0.0.1:{}/market",
        free_port()
    ));
    let all = found(&store, &chain.url, &nobody, &[]);
    assert!(!of(&all, "postgres").0);
    let place = Place::answering(500);
    let mut settings = settings.clone();
    settings.retain(|setting| !setting.contains("alerts.") && !setting.contains("s3.bucket"));
    settings.push("--set=sync.s3.bucket=not-there".to_owned());
    settings.extend(pager(&place));
    let all = found(&store, &chain.url, &settings, &["--send"]);
    let (ok, told) = of(&all, "alerts");
    assert!(!ok && told.contains("it answered 500"), "{told}");
    assert!(!of(&all, "bucket").0);
}

/// Each endpoint is looked at by itself, since a good one hides what another lacks.
#[test]
fn an_endpoint_that_lacks_history_or_allows_little_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let good = Chain::small();
    let pruned = Chain::small_with(&["--pruned-below", "100", "--max-range", "50"]);
    let both = format!("{},{}", good.url, pruned.url);
    let start = "--set=chain.start=1".to_owned();
    let all = found(&store, &both, std::slice::from_ref(&start), &[]);
    let each = |check: &str| -> Vec<(bool, &str)> {
        all.iter()
            .filter(|(name, ..)| name == check)
            .map(|(_, ok, detail)| (*ok, detail.as_str()))
            .collect()
    };
    let [(true, first), (true, second)] = each("endpoint")[..] else {
        panic!("{all:#?}");
    };
    assert!(first.starts_with(&good.url) && second.starts_with(&pruned.url));
    let [(true, wide), (true, narrow)] = each("limits")[..] else {
        panic!("{all:#?}");
    };
    assert!(wide.contains("up to 1,"), "{wide}");
    assert!(narrow.contains("up to 50 blocks"), "{narrow}");
    assert!(narrow.contains("tell their block's timestamp"), "{narrow}");
    let [(true, _), (false, gone)] = each("history")[..] else {
        panic!("{all:#?}");
    };
    assert!(
        gone.contains("pruned history unavailable") && gone.contains("an archive's endpoint"),
        "{gone}"
    );
    let [(true, heads)] = each("websocket")[..] else {
        panic!("{all:#?}");
    };
    assert!(heads.contains("announced"), "{heads}");

    // A socket that was written down, and that nobody opens.
    let nobody = format!("--set=chain.ws_urls=ws://127.0.0.1:{}", free_port());
    let all = found(&store, &good.url, &[start, nobody], &[]);
    let (ok, heads) = of(&all, "websocket");
    assert!(!ok && heads.contains("nobody answers"), "{heads}");
}
