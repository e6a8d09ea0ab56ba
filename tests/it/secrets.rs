//! Secrets of every kind are put into a collector; whatever it says, wherever, holds none of them.

use crate::support::{Chain, Daemon, Program};
use std::net::TcpListener;
use std::path::Path;

/// Stands in every secret, so that any of them is found.
const CANARY: &str = "canary";

/// A port of this machine that nobody listens on.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Every secret that the configuration can hold; each service of them is away, so that it is spoken
/// of in errors.
fn settings(folder: &Path) -> Vec<String> {
    let port = closed_port();
    let file = folder.join("key");
    std::fs::write(&file, "canary-of-a-file-0123456789\n").unwrap();
    vec![
        format!("sync.postgres.url=postgres://us:canary-of-postgres@127.0.0.1:{port}/market"),
        format!("sync.postgres.direct_url=postgres://us:canary-direct@127.0.0.1:{port}/market"),
        "sync.s3.bucket=lake".to_owned(),
        "sync.s3.region=us-east-1".to_owned(),
        format!("sync.s3.endpoint=http://127.0.0.1:{port}"),
        format!("alerts.webhooks.pager.url=http://127.0.0.1:{port}/hook/canary-of-the-address"),
        "alerts.webhooks.pager.secret=canary-of-the-pager-01".to_owned(),
        format!("alerts.webhooks.other.url=http://127.0.0.1:{port}/hook?key=canary-query"),
        format!("alerts.webhooks.other.secret=file:{}", file.display()),
        "api.webhook.secrets=canary-of-others-0123".to_owned(),
        "chain.ws_urls=ws://127.0.0.1:1/v2/canary-of-a-socket".to_owned(),
        // Something to be told, at once.
        "alerts.rules.disk_low.fire_after_s=0".to_owned(),
        "alerts.rules.disk_low.least_free_mib=4000000000".to_owned(),
        "log.level=trace".to_owned(),
    ]
}

#[test]
fn whatever_it_says_holds_no_secret() {
    let chain = Chain::small();
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    let settings = settings(folder.path());
    let settings: Vec<String> = settings.iter().map(|s| format!("--set={s}")).collect();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    // One endpoint answers, whatever the path is, and one does not.
    let urls = format!(
        "{}/v2/canary-of-an-endpoint,http://127.0.0.1:{}/canary-of-a-dead-one",
        chain.url.trim_end_matches('/'),
        closed_port()
    );
    let variables = [
        ("DB_PASSWORD", "canary-of-the-environment"),
        ("AWS_SECRET_ACCESS_KEY", "canary-of-aws"),
        ("AWS_ACCESS_KEY_ID", "AKIDOFNOBODY"),
    ];
    let daemon = Daemon::start_with(&variables, &store, &urls, &settings, &["run"]);
    daemon.wait_until("in trouble with all of them", |status| {
        let failed = |mirror: &str| status["mirrors"][mirror]["last_error"].is_string();
        let tip = status["tip"]["number"].as_u64();
        failed("postgres") && failed("s3") && tip >= Some(chain.head)
    });
    let mut said = String::new();
    for path in [
        "/",
        "/api/status",
        "/api/alerts",
        "/api/coverage",
        "/api/openapi.json",
        "/metrics",
        "/readyz",
    ] {
        said += &daemon.text(path).unwrap_or_default();
    }
    let mut command = |arguments: &[&str]| {
        let all: Vec<&str> = settings.iter().chain(arguments).copied().collect();
        let mut program = Program::on(&store, &urls, &all);
        for (name, value) in variables {
            program = program.env(name, value);
        }
        let outcome = program.run();
        assert!(outcome.stdout.len() + outcome.stderr.len() > 0);
        said += &outcome.stdout;
        said += &outcome.stderr;
    };
    command(&["config", "print"]);
    command(&["config", "check"]);
    command(&["status"]);
    command(&["doctor"]);
    command(&["sync", "--once"]);
    command(&["audit"]);
    command(&["--set=chain.max_in_flight=0", "config", "check"]);
    said += &daemon.stop();
    assert!(said.contains("disk_low"), "nothing was told");
    let told: Vec<&str> = said.lines().filter(|line| line.contains(CANARY)).collect();
    assert!(told.is_empty(), "{} lines: {told:#?}", told.len());
}
