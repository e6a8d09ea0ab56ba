//! What is asked wrongly is refused in JSON: with a code, what is wrong, and what to do.

use super::Served;
use reqwest::Method;

#[test]
fn every_wrong_question_is_told_what_is_wrong() {
    let served = Served::with(&[]);
    let status = served
        .daemon
        .wait_until("the tip", |status| status["tip"].is_object());
    let pool = status["latest_swaps"][0]["pool"].as_str().unwrap();
    let unknown = "0x00000000000000000000000000000000000000aa";
    let long = "x".repeat(3_000);
    for (path, status, code) in [
        ("/api/features/nonsense".to_owned(), 400, "bad_pool"),
        ("/api/features/0x12".to_owned(), 400, "bad_pool"),
        ("/api/features/%ff%fe".to_owned(), 400, "bad_pool"),
        (format!("/api/features/{unknown}"), 404, "unknown_pool"),
        (format!("/api/features/{pool}?x=1"), 400, "bad_query"),
        (
            format!("/api/features/{pool}/history?from=yesterday"),
            400,
            "bad_date",
        ),
        (
            format!("/api/features/{pool}/history?from=2026-02-09&to=2026-02-08"),
            400,
            "bad_range",
        ),
        (
            format!("/api/features/{pool}/history?to=2031-01-01"),
            409,
            "not_begun",
        ),
        (
            format!("/api/features/{pool}/history?from=2019-01-01"),
            404,
            "before_start",
        ),
        (
            format!("/api/features/{pool}/history?days=0"),
            400,
            "bad_limit",
        ),
        (
            format!("/api/features/{pool}/history?days=7&from=2026-02-09"),
            400,
            "bad_range",
        ),
        (
            format!("/api/features/{unknown}/history"),
            404,
            "unknown_pool",
        ),
        ("/api/pools/2024-02-30".to_owned(), 400, "bad_date"),
        ("/api/pools/20240105".to_owned(), 400, "bad_date"),
        ("/api/pools/2019-01-01".to_owned(), 404, "before_start"),
        ("/api/pools/2031-01-01".to_owned(), 409, "not_begun"),
        ("/api/pools/2026-02-10?limit=0".to_owned(), 400, "bad_limit"),
        (
            "/api/pools/2026-02-10?limit=10001".to_owned(),
            400,
            "bad_limit",
        ),
        (
            "/api/pools/2026-02-10?limit=-1".to_owned(),
            400,
            "bad_query",
        ),
        ("/api/pools/2026-02-10?limit=x".to_owned(), 400, "bad_query"),
        (
            "/api/pools/2026-02-10?limit=1&limit=2".to_owned(),
            400,
            "bad_query",
        ),
        (
            "/api/pools/2026-02-10?sort=nonsense".to_owned(),
            400,
            "bad_sort",
        ),
        (
            "/api/pools/2026-02-10?class=nonsense".to_owned(),
            400,
            "bad_class",
        ),
        (
            "/api/pools/2026-02-10?cursor=nonsense".to_owned(),
            400,
            "bad_cursor",
        ),
        (
            format!("/api/swaps/{pool}?from=tomorrow"),
            400,
            "bad_moment",
        ),
        (format!("/api/swaps/{pool}?from=7d"), 400, "bad_moment"),
        (format!("/api/swaps/{pool}?from=9&to=8"), 400, "bad_range"),
        (
            format!("/api/swaps/{pool}?from=99999999"),
            404,
            "not_collected",
        ),
        (format!("/api/swaps/{pool}?cursor=AAAA"), 400, "bad_cursor"),
        ("/api/search".to_owned(), 400, "bad_query"),
        ("/api/search?q=".to_owned(), 400, "bad_search"),
        ("/api/search?q=%ff".to_owned(), 200, ""),
        (format!("/api/search?q={long}"), 414, "long_query"),
        ("/api/coverage?from=9&to=8".to_owned(), 400, "bad_range"),
        ("/api/coverage?from=1e3".to_owned(), 400, "bad_query"),
        ("/api/stream?pools=nonsense".to_owned(), 400, "bad_pool"),
        ("/api/nothing".to_owned(), 404, "not_found"),
        ("/api/features".to_owned(), 404, "not_found"),
        (format!("/api/features/{pool}/"), 200, ""),
    ] {
        let answer = served.client.get(&path);
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        if status == 200 {
            continue;
        }
        let error = answer.json()["error"].clone();
        assert_eq!(error["code"], code, "{path}: {error}");
        for part in ["message", "hint"] {
            assert!(!error[part].as_str().unwrap().is_empty(), "{path}: {error}");
        }
    }
    wrong_methods(&served);
    served.daemon.stop();
}

fn wrong_methods(served: &Served) {
    for method in [Method::POST, Method::DELETE, Method::PUT] {
        let answer = served.client.ask(method.clone(), "/api/status", &[]);
        assert_eq!(
            answer.status, 401,
            "{method}: nobody may write without a token"
        );
    }
}

#[test]
fn a_day_that_is_not_complete_is_refused_with_how_far_it_is() {
    let served = Served::with(&[]);
    let status = served
        .daemon
        .wait_until("the tip", |status| status["tip"].is_object());
    let tip = tidegauge_model::UnixSeconds(status["tip"]["timestamp"].as_u64().unwrap());
    let today = tidegauge_model::Day::of(tip);
    let yesterday = today.minus_days(1);
    assert_eq!(
        served.client.get(&format!("/api/pools/{yesterday}")).status,
        200
    );
    let answer = served.client.get(&format!("/api/pools/{today}"));
    assert_eq!(answer.status, 409, "{}", answer.text);
    let error = &answer.json()["error"];
    assert_eq!(error["code"], "not_complete");
    let progress = &error["progress"];
    assert_eq!(progress["last_complete"], yesterday.to_string());
    assert_eq!(progress["known_until"], tip.0);
    let share = progress["share"].as_f64().unwrap();
    let expected = (tip.0 - today.start().0) as f64 / 86_400.0;
    assert!((share - expected).abs() < 1e-9, "{share} {expected}");
    served.daemon.stop();
}
