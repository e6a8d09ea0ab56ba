//! Questions to real servers, some of which are ill.

use super::server::{HEAD, Reply, Server, ask, config, head, nobody, read_head};
use crate::{
    error::ChainError,
    rpc::{Dice, EndpointState, Rpc},
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tidegauge_model::{BlockNumber, ErrorClass};

fn rpc(urls: &[&str]) -> Rpc {
    Rpc::with_dice(&config(urls), Dice::seeded(7)).unwrap()
}

async fn honest() -> Server {
    Server::start(|_| Reply::Result(json!("0x10"))).await
}

#[tokio::test]
async fn a_dead_endpoint_beside_a_live_one_costs_little() {
    let (dead, live) = (nobody().await, honest().await);
    let rpc = rpc(&[&dead, &live.url]);
    for _ in 0..100 {
        assert_eq!(ask(&rpc).await.unwrap(), "0x10");
    }
    assert_eq!(live.asked(HEAD), 100);
    let report = &rpc.report()[0];
    assert!(
        matches!(report.state, EndpointState::Open | EndpointState::Probation),
        "{report:?}"
    );
    assert!(report.requests < 15, "{report:?}");
    let words = report.last_error.as_deref().unwrap();
    assert!(words.contains("could not connect"), "{words}");
}

#[tokio::test]
async fn a_hanging_endpoint_is_hedged_and_then_left() {
    let hanging = Server::start(|_| Reply::Hang).await;
    let live = honest().await;
    let mut config = config(&[&hanging.url, &live.url]);
    config.limits.request_timeout = Duration::from_secs(2);
    let rpc = Rpc::with_dice(&config, Dice::seeded(7)).unwrap();
    let begun = Instant::now();
    for _ in 0..200 {
        let answer = rpc.ask_hedged(&head(), read_head).await.unwrap();
        assert_eq!(answer, "0x10");
    }
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(hanging.asked(HEAD) < 25, "{}", hanging.asked(HEAD));
    let report = rpc.report();
    assert!((1..25).contains(&report[1].hedges), "{report:?}");
    assert_eq!(report[0].in_flight + report[1].in_flight, 0);
    let abandoned = report[0].questions.iter();
    assert!(abandoned.clone().any(|q| q.outcome == "abandoned"));
}

#[tokio::test]
async fn an_endpoint_that_names_a_wait_is_not_asked_before() {
    let busy = Server::start(|_| Reply::Rest(60)).await;
    let free = honest().await;
    let rpc = rpc(&[&busy.url, &free.url]);
    let begun = Instant::now();
    for _ in 0..200 {
        assert_eq!(ask(&rpc).await.unwrap(), "0x10");
    }
    assert_eq!((busy.asked(HEAD), free.asked(HEAD)), (1, 200));
    assert!(begun.elapsed() < Duration::from_secs(5), "nobody slept");
    let report = &rpc.report()[0];
    assert_eq!(
        (report.state, report.rate_limited),
        (EndpointState::Resting, 1)
    );
    assert!(report.concurrency_limit < rpc.report()[1].concurrency_limit);
}

#[tokio::test]
async fn a_liar_beside_an_honest_one_is_named() {
    let liar = Server::start(|_| Reply::Result(json!(["nonsense"]))).await;
    let live = honest().await;
    let rpc = rpc(&[&liar.url, &live.url]);
    for _ in 0..100 {
        assert_eq!(ask(&rpc).await.unwrap(), "0x10");
    }
    assert_eq!(liar.asked(HEAD), 1, "it is not trusted for a while");
    let seam = ChainError::TooDeep {
        endpoint: String::new(),
        tip: BlockNumber(9),
        floor: BlockNumber(3),
    };
    rpc.contradict(&liar.url, &seam);
    let report = rpc.report();
    let held: Vec<_> = report[0]
        .contradictions
        .iter()
        .map(|entry| (entry.kind, entry.count))
        .collect();
    assert_eq!(held, [("lying", 1), ("seam", 1)]);
    assert!(report[0].contradictions[0].last.contains(&liar.url));
    assert_eq!(
        (report[0].disputed, report[0].state),
        (1, EndpointState::Probation)
    );
    assert!(report[0].health < 0.3, "{report:?}");
    assert!(report[1].contradictions.is_empty() && report[1].health == 1.0);
}

#[tokio::test]
async fn what_one_endpoint_does_not_offer_another_is_asked() {
    let plain = Server::start(|_| {
        Reply::Error(json!({"code": -32601, "message": "the method does not exist"}))
    })
    .await;
    let live = honest().await;
    let both = rpc(&[&plain.url, &live.url]);
    for _ in 0..50 {
        assert_eq!(ask(&both).await.unwrap(), "0x10");
    }
    assert_eq!((plain.asked(HEAD), live.asked(HEAD)), (1, 50));
    assert_eq!(both.report()[0].state, EndpointState::Healthy);
    let alone = rpc(&[&plain.url]);
    let error = ask(&alone).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Refused, "{error}");
    assert_eq!(plain.asked(HEAD), 2, "and no third time");
}

#[tokio::test]
async fn all_dead_is_one_clear_error_in_bounded_time() {
    let (gone, broken) = (nobody().await, Server::start(|_| Reply::Status(503)).await);
    let begun = Instant::now();
    let error = ask(&rpc(&[&gone, &broken.url])).await.unwrap_err();
    let text = error.to_string();
    for word in [
        gone.as_str(),
        broken.url.as_str(),
        "could not connect",
        "HTTP 503",
        "after 4 tries",
    ] {
        assert!(text.contains(word), "{text} lacks `{word}`");
    }
    assert_eq!(error.class(), ErrorClass::Transient);
    assert!(begun.elapsed() < Duration::from_secs(5));

    // Left alone for longer than a question may take: said at once, without asking.
    let mut config = config(&[&gone, &broken.url]);
    config.limits.breaker_failures = 1;
    config.limits.breaker_pause = Duration::from_secs(600);
    let rpc = Rpc::with_dice(&config, Dice::seeded(7)).unwrap();
    ask(&rpc).await.unwrap_err();
    let requests = || -> u64 { rpc.report().iter().map(|report| report.requests).sum() };
    let before = requests();
    let text = ask(&rpc).await.unwrap_err().to_string();
    assert_eq!(requests(), before);
    assert!(
        text.contains(&gone) && text.contains(&broken.url) && text.contains("HTTP 503"),
        "{text}"
    );
}

#[tokio::test]
async fn an_endpoint_that_comes_back_is_asked_again() {
    let is_up = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&is_up);
    let server = Server::start(move |_| match seen.load(Relaxed) {
        true => Reply::Result(json!("0x10")),
        false => Reply::Status(502),
    })
    .await;
    let rpc = rpc(&[&server.url]);
    ask(&rpc).await.unwrap_err();
    let report = &rpc.report()[0];
    assert_eq!(report.state, EndpointState::Open);
    assert!(report.breaker_opens >= 1);
    is_up.store(true, Relaxed);
    assert_eq!(ask(&rpc).await.unwrap(), "0x10");
    assert_ne!(rpc.report()[0].state, EndpointState::Open);
}

#[tokio::test]
async fn another_endpoints_word_is_had_where_there_is_another() {
    let (one, two) = (
        honest().await,
        Server::start(|_| Reply::Result(json!("0x20"))).await,
    );
    let gone = nobody().await;
    let both = rpc(&[&one.url, &two.url]);
    for (not, word) in [(&one.url, "0x20"), (&two.url, "0x10")] {
        let found = both.ask_elsewhere(not, &head(), read_head).await.unwrap();
        assert_eq!(found.as_deref(), Some(word));
        let found = both.ask_avoiding(not, &head(), read_head).await.unwrap();
        assert_eq!(found, word);
    }
    let alone = rpc(&[&one.url]);
    let found = alone.ask_elsewhere(&one.url, &head(), read_head).await;
    assert_eq!(found.unwrap(), None);
    let found = alone.ask_avoiding(&one.url, &head(), read_head).await;
    assert_eq!(found.unwrap(), "0x10", "rather the same than none");

    let half = rpc(&[&one.url, &gone]);
    let lost = half.ask_elsewhere(&one.url, &head(), read_head).await;
    assert!(lost.unwrap_err().to_string().contains(&gone));
    let found = half.ask_elsewhere(&one.url, &head(), read_head).await;
    assert_eq!(found.unwrap(), None, "it is left alone by now");
    let found = half.ask_avoiding(&one.url, &head(), read_head).await;
    assert_eq!(found.unwrap(), "0x10");

    let both = rpc(&[&one.url, &two.url]);
    let lie = ChainError::Lying {
        endpoint: two.url.clone(),
        what: "something else before".to_owned(),
    };
    both.contradict(&two.url, &lie);
    let found = both.ask_elsewhere(&one.url, &head(), read_head).await;
    assert_eq!(found.unwrap(), None, "a liar's word is none");
}

#[tokio::test]
async fn many_questions_at_once_stay_within_their_bounds() {
    let (one, two) = (honest().await, honest().await);
    let mut config = config(&[&one.url, &two.url]);
    config.max_in_flight = 3;
    let rpc = Arc::new(Rpc::with_dice(&config, Dice::seeded(7)).unwrap());
    let asking: Vec<_> = (0..100)
        .map(|_| {
            let rpc = Arc::clone(&rpc);
            tokio::spawn(async move {
                let answer = ask(&rpc).await;
                let in_flight: usize = rpc.report().iter().map(|r| r.in_flight).sum();
                assert!(in_flight <= 3, "{in_flight}");
                answer
            })
        })
        .collect();
    for answer in asking {
        assert_eq!(answer.await.unwrap().unwrap(), "0x10");
    }
    assert_eq!(one.asked(HEAD) + two.asked(HEAD), 100);
    for server in [&one, &two] {
        assert_eq!(server.asked("eth_chainId"), 1, "each shows its chain once");
    }
}
