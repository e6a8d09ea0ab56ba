//! Endpoints of another chain, from the beginning or from one moment on.

use super::server::{HEAD, Reply, Server, ask, config};
use crate::{
    config::ChainConfig,
    error::ChainError,
    rpc::{Dice, EndpointState, Rpc},
};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tidegauge_model::{ChainId, ErrorClass};

/// A server whose chain can be changed.
async fn changeable(first: u64) -> (Server, Arc<AtomicU64>) {
    let chain = Arc::new(AtomicU64::new(first));
    let seen = Arc::clone(&chain);
    let server = Server::of_chain(move |method| match method {
        "eth_chainId" => Reply::Result(json!(format!("{:#x}", seen.load(Relaxed)))),
        _ => Reply::Result(json!(format!("{:#x}", seen.load(Relaxed) * 16))),
    })
    .await;
    (server, chain)
}

fn rpc(config: &ChainConfig) -> Rpc {
    Rpc::with_dice(config, Dice::seeded(7)).unwrap()
}

#[tokio::test]
async fn an_endpoint_of_another_chain_is_asked_for_nothing_else() {
    let ((other, _), (ours, _)) = (changeable(5).await, changeable(1).await);
    let mut config = config(&[&other.url, &ours.url]);
    config.chain_id = Some(ChainId(1));
    let rpc = rpc(&config);
    assert_eq!(rpc.chain_id().await.unwrap(), ChainId(1));
    for _ in 0..100 {
        assert_eq!(ask(&rpc).await.unwrap(), "0x10");
    }
    assert_eq!((other.asked(HEAD), other.asked("eth_chainId")), (0, 1));
    let report = &rpc.report()[0];
    assert_eq!(report.state, EndpointState::Quarantined);
    let held = &report.contradictions[0];
    assert_eq!((held.kind, held.count), ("chain", 1));
    assert!(held.last.contains("chain 5"), "{held:?}");
}

#[tokio::test]
async fn where_all_serve_another_chain_the_error_says_so() {
    let ((one, _), (two, _)) = (changeable(5).await, changeable(7).await);
    let mut config = config(&[&one.url, &two.url]);
    config.chain_id = Some(ChainId(1));
    let rpc = rpc(&config);
    for _ in 0..2 {
        let error = rpc.chain_id().await.unwrap_err();
        assert!(matches!(error, ChainError::WrongChain { .. }), "{error}");
        assert_eq!(error.class(), ErrorClass::Refused);
        let error = ask(&rpc).await.unwrap_err();
        assert!(matches!(error, ChainError::WrongChain { .. }), "{error}");
    }
    assert_eq!(one.asked(HEAD) + two.asked(HEAD), 0);
}

#[tokio::test]
async fn without_an_expectation_the_first_to_answer_defines_the_chain() {
    let ((one, _), (two, _)) = (changeable(1).await, changeable(5).await);
    let gone = super::server::nobody().await;
    let rpc = rpc(&config(&[&gone, &one.url, &two.url]));
    assert_eq!(rpc.chain_id().await.unwrap(), ChainId(1));
    for _ in 0..300 {
        assert_eq!(ask(&rpc).await.unwrap(), "0x10");
    }
    assert_eq!(two.asked(HEAD), 0);
}

#[tokio::test]
async fn a_change_of_chain_is_noticed_in_time_and_when_doubted() {
    let ((changing, chain), (steady, _)) = (changeable(1).await, changeable(1).await);
    // In time: here each question is due.
    let mut always = config(&[&changing.url, &steady.url]);
    always.limits.identity_every = Duration::ZERO;
    always.limits.breaker_pause = Duration::from_secs(600);
    let watchful = rpc(&always);
    ask(&watchful).await.unwrap();
    let before = changing.asked(HEAD);
    assert_eq!(before, 1);
    chain.store(5, Relaxed);
    for _ in 0..50 {
        assert_eq!(ask(&watchful).await.unwrap(), "0x10");
    }
    assert_eq!(changing.asked(HEAD), before);
    assert_eq!(watchful.report()[0].state, EndpointState::Quarantined);

    // When doubted.
    chain.store(1, Relaxed);
    let doubting = rpc(&config(&[&changing.url, &steady.url]));
    ask(&doubting).await.unwrap();
    doubting.reidentify(&changing.url).await.unwrap();
    chain.store(5, Relaxed);
    let error = doubting.reidentify(&changing.url).await.unwrap_err();
    assert!(
        matches!(
            error,
            ChainError::WrongChain {
                found: ChainId(5),
                ..
            }
        ),
        "{error}"
    );
    doubting.reidentify(&steady.url).await.unwrap();
    let before = changing.asked(HEAD);
    for _ in 0..50 {
        assert_eq!(ask(&doubting).await.unwrap(), "0x10");
    }
    assert_eq!(changing.asked(HEAD), before);
}

#[tokio::test]
async fn who_returns_to_our_chain_is_asked_again() {
    let (server, chain) = changeable(1).await;
    let mut config = config(&[&server.url]);
    // Each question is due, and each refusal is probed at once.
    config.limits.identity_every = Duration::ZERO;
    config.limits.breaker_pause = Duration::ZERO;
    let rpc = rpc(&config);
    ask(&rpc).await.unwrap();
    chain.store(5, Relaxed);
    let error = ask(&rpc).await.unwrap_err();
    assert!(matches!(error, ChainError::WrongChain { .. }), "{error}");
    assert_eq!(server.asked(HEAD), 1);
    chain.store(1, Relaxed);
    assert_eq!(ask(&rpc).await.unwrap(), "0x10");
    assert_eq!(rpc.report()[0].state, EndpointState::Healthy);
}
