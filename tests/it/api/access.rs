//! Who may ask: tokens, scopes, rates, origins.

use super::Served;
use crate::support::Program;
use reqwest::Method;
use serde_json::Value;

/// A token, and its line in the configuration.
pub(super) fn token(arguments: &[&str]) -> (String, String) {
    let printed = Program::new([&["token", "--json"], arguments].concat()).succeed();
    let both: Value = serde_json::from_str(&printed).unwrap();
    let text = |name: &str| both[name].as_str().unwrap().to_owned();
    (text("token"), text("config"))
}

#[test]
fn with_tokens_only_their_owners_read() {
    let (reader, line) = token(&["quant"]);
    let (writer, other) = token(&["trainer", "--scope", "write"]);
    let served = Served::with(&[&format!("--set=api.tokens={line},{other}")]);
    let client = &served.client;
    let status = |path: &str, token: Option<&str>| {
        let header = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = header
            .iter()
            .map(|h| ("authorization", h.as_str()))
            .collect();
        client.ask(Method::GET, path, &headers).status
    };
    for path in [
        "/api/coverage",
        "/api/status",
        "/metrics",
        "/api/openapi.json",
        "/api/stream",
    ] {
        assert_eq!(status(path, None), 401, "{path}");
        assert_eq!(status(path, Some("tg_guess")), 401, "{path}");
        assert_eq!(status(path, Some(&writer)), 403, "{path}");
    }
    for path in [
        "/api/coverage",
        "/api/status",
        "/metrics",
        "/api/openapi.json",
    ] {
        assert_eq!(status(path, Some(&reader)), 200, "{path}");
    }
    for path in ["/", "/healthz"] {
        assert_eq!(status(path, None), 200, "{path}");
    }
    let refused = client.get("/api/status");
    assert_eq!(refused.header("www-authenticate"), "Bearer");
    let log = served.daemon.stop();
    for secret in [&reader, &writer, &line] {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }
}

#[test]
fn who_asks_too_often_is_told_when_to_come_again() {
    let served = Served::with(&["--set=api.requests_per_second=10"]);
    let answers: Vec<_> = (0..60).map(|_| served.client.get("/healthz")).collect();
    let refused: Vec<_> = answers.iter().filter(|a| a.status == 429).collect();
    let passed = answers.iter().filter(|a| a.status == 200).count();
    assert!(
        passed >= 20 && refused.len() + passed == 60,
        "{passed} passed"
    );
    for refusal in refused {
        assert!(refusal.header("retry-after").parse::<u64>().unwrap() >= 1);
    }
    served.daemon.stop();
}

#[test]
fn only_named_origins_may_ask_with_scripts() {
    let served = Served::with(&["--set=api.cors_origins=https://app.example.org"]);
    let ask = |origin: &str| {
        let answer = served
            .client
            .ask(Method::GET, "/healthz", &[("origin", origin)]);
        answer.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(ask("https://app.example.org"), "https://app.example.org");
    assert_eq!(ask("https://evil.example.org"), "");
    let asked = [
        ("origin", "https://app.example.org"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    let allowed = served.client.ask(Method::OPTIONS, "/api/status", &asked);
    assert_eq!(allowed.status, 200);
    assert!(
        allowed
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    served.daemon.stop();
}
