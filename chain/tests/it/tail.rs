//! Following the tip over forks.

use crate::{
    mini_chain::{MiniChain, older_pool},
    server::{Answer, Server},
};
use std::sync::{Arc, Mutex};
use tidegauge_chain::{Chain, ChainError, Ours, PoolBook, TailEvent};
use tidegauge_model::{BlockNumber, BlockRef, Evidence, PoolId};

/// Two endpoints of one chain, the second of which may be on another branch.
async fn two(
    mini: &MiniChain,
    first: MiniChain,
    second: MiniChain,
) -> Result<TailEvent, ChainError> {
    let serve = |mini: MiniChain| Server::start(move |request| Answer::ok(mini.answer(request)));
    let (first, second) = (serve(first).await, serve(second).await);
    let mut config = first.config();
    config.rpc_urls.extend(second.config().rpc_urls);
    let chain = Chain::connect(config).await.unwrap();
    let lookup = |number: BlockNumber| mini.blocks.get(number.0 as usize).map(|block| block.hash);
    let ours = Ours {
        hash_of: &lookup,
        final_to: None,
    };
    chain
        .next_after(mini.block_ref(30), ours, &PoolBook::default())
        .await
}

/// A served chain that a test can change.
struct Tail {
    served: Arc<Mutex<MiniChain>>,
    ours: MiniChain,
    chain: Chain,
    book: PoolBook,
    final_to: Option<BlockNumber>,
    _server: Server,
}

impl Tail {
    async fn at(mini: MiniChain) -> Self {
        let served = Arc::new(Mutex::new(mini.clone()));
        let answering = Arc::clone(&served);
        let server =
            Server::start(move |request| Answer::ok(answering.lock().unwrap().answer(request)))
                .await;
        Self {
            chain: Chain::connect(server.config()).await.unwrap(),
            served,
            ours: mini,
            book: PoolBook::default(),
            final_to: None,
            _server: server,
        }
    }

    fn serve(&self, mini: MiniChain) {
        *self.served.lock().unwrap() = mini;
    }

    async fn next(&self, tip: BlockRef) -> Result<TailEvent, ChainError> {
        let lookup = |number: BlockNumber| {
            let block = self.ours.blocks.get(number.0 as usize);
            block.map(|block| block.hash)
        };
        let ours = Ours {
            hash_of: &lookup,
            final_to: self.final_to,
        };
        self.chain.next_after(tip, ours, &self.book).await
    }
}

#[tokio::test]
async fn new_blocks_come_one_by_one_until_the_head() {
    let tail = Tail::at(MiniChain::new(30)).await;
    for number in 27..30 {
        let TailEvent::Extend(extend) = tail.next(tail.ours.block_ref(number)).await.unwrap()
        else {
            panic!("{number}");
        };
        assert_eq!(extend.covered.range.from, BlockNumber(number + 1));
        assert_eq!(extend.covered.evidence, Evidence::Receipts);
        assert_eq!(extend.finalized, Some(BlockNumber(0)));
    }
    let head = tail.ours.block_ref(30);
    assert_eq!(tail.next(head).await.unwrap(), TailEvent::AtHead);
}

#[tokio::test]
async fn a_lagging_endpoint_is_no_reorganisation() {
    let tail = Tail::at(MiniChain::new(30)).await;
    let mut lagging = tail.ours.clone();
    lagging.blocks.truncate(25);
    tail.serve(lagging);
    assert_eq!(
        tail.next(tail.ours.block_ref(30)).await.unwrap(),
        TailEvent::AtHead
    );
}

#[tokio::test]
async fn forks_of_any_depth_are_unwound_to_the_ancestor() {
    for (depth, grown) in [(1, 1), (1, 3), (2, 2), (7, 9), (20, 20), (29, 40)] {
        let tail = Tail::at(MiniChain::new(30)).await;
        let ancestor = 30 - depth;
        let fork = tail.ours.fork(ancestor, grown, 1);
        tail.serve(fork.clone());
        let event = tail.next(tail.ours.block_ref(30)).await.unwrap();
        let TailEvent::Unwind { to, then } = event else {
            panic!("{depth}: {event:?}");
        };
        assert_eq!(to, tail.ours.block_ref(ancestor));
        let mut before = to.hash;
        for extend in &then {
            assert_eq!(extend.covered.parent, before);
            before = extend.covered.end_hash;
        }
        assert_eq!(before, fork.block_ref(ancestor + grown).hash, "{depth}");
    }
}

#[tokio::test]
async fn verdicts_taken_back_are_announced_on_the_other_branch() {
    let tail = Tail::at(MiniChain::new(30)).await;
    let verdicts = |event: &TailEvent| -> Vec<PoolId> {
        let extends = match event {
            TailEvent::Extend(extend) => std::slice::from_ref(extend),
            TailEvent::Unwind { then, .. } => then,
            TailEvent::AtHead => &[],
        };
        extends
            .iter()
            .flat_map(|e| &e.verdicts)
            .map(|v| v.id())
            .collect()
    };
    // Block 26 swaps in the older pool, and is where it is met.
    let event = tail.next(tail.ours.block_ref(25)).await.unwrap();
    assert_eq!(verdicts(&event), [PoolId(older_pool())]);
    tail.serve(tail.ours.fork(25, 3, 1));
    let event = tail.next(tail.ours.block_ref(26)).await.unwrap();
    assert!(
        verdicts(&event).contains(&PoolId(older_pool())),
        "{event:?}"
    );
}

#[tokio::test]
async fn final_blocks_are_never_replaced() {
    let mut mini = MiniChain::new(30);
    mini.finalized = 20;
    let mut tail = Tail::at(mini).await;
    tail.final_to = Some(BlockNumber(20));
    tail.serve(tail.ours.fork(20, 15, 1));
    let event = tail.next(tail.ours.block_ref(30)).await.unwrap();
    assert!(matches!(event, TailEvent::Unwind { to, .. } if to.number == BlockNumber(20)));
    tail.serve(tail.ours.fork(19, 15, 1));
    let error = tail.next(tail.ours.block_ref(30)).await.unwrap_err();
    assert!(
        matches!(
            error,
            ChainError::TooDeep {
                floor: BlockNumber(20),
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_that_lacks_its_own_hashes_is_told_so() {
    let tail = Tail::at(MiniChain::new(30)).await;
    tail.serve(tail.ours.fork(20, 15, 1));
    let nothing = Ours {
        hash_of: &|_| None,
        final_to: None,
    };
    let error = tail
        .chain
        .next_after(tail.ours.block_ref(30), nothing, &tail.book)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ChainError::UnknownAncestor {
                block: BlockNumber(29)
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_deep_branch_needs_another_endpoints_word() {
    let mini = MiniChain::new(30);
    let fork = mini.fork(20, 15, 1);
    let agreed = two(&mini, fork.clone(), fork.clone()).await.unwrap();
    assert!(matches!(agreed, TailEvent::Unwind { to, .. } if to.number == BlockNumber(20)));
    // Whichever is asked first: the branch of one is not believed while the other is on ours.
    for (first, second) in [(fork.clone(), mini.clone()), (mini.clone(), fork)] {
        match two(&mini, first, second).await {
            Ok(TailEvent::AtHead) => {}
            Ok(event) => panic!("{event:?}"),
            Err(error) => assert!(
                matches!(
                    error,
                    ChainError::Unconfirmed { .. } | ChainError::Seam { .. }
                ),
                "{error}"
            ),
        }
    }
}

#[tokio::test]
async fn a_shallow_branch_needs_nobody_elses() {
    let mini = MiniChain::new(30);
    let event = two(&mini, mini.fork(28, 5, 1), mini.fork(28, 5, 1))
        .await
        .unwrap();
    assert!(matches!(event, TailEvent::Unwind { to, .. } if to.number == BlockNumber(28)));
}

#[tokio::test]
async fn a_finalized_block_of_another_branch_is_not_believed() {
    let tail = Tail::at(MiniChain::new(30)).await;
    let mut ours = tail.ours.clone();
    // What the endpoint calls final is block 10, and ours has another hash there.
    let mut served = tail.ours.clone();
    served.finalized = 10;
    tail.serve(served);
    ours.blocks[10].hash = alloy::primitives::B256::repeat_byte(1);
    let lookup = |number: BlockNumber| ours.blocks.get(number.0 as usize).map(|block| block.hash);
    let ours = Ours {
        hash_of: &lookup,
        final_to: None,
    };
    let event = tail
        .chain
        .next_after(tail.ours.block_ref(29), ours, &tail.book)
        .await
        .unwrap();
    assert!(
        matches!(&event, TailEvent::Extend(extend) if extend.finalized.is_none()),
        "{event:?}"
    );
}

#[tokio::test]
async fn a_branch_that_became_final_while_nobody_followed_is_taken() {
    let mut tail = Tail::at(MiniChain::new(30)).await;
    tail.final_to = Some(BlockNumber(10));
    let mut branch = tail.ours.fork(20, 60, 1);
    branch.finalized = 70;
    tail.serve(branch.clone());
    let event = tail.next(tail.ours.block_ref(30)).await.unwrap();
    let TailEvent::Unwind { to, then } = event else {
        panic!("{event:?}");
    };
    assert_eq!(to, tail.ours.block_ref(20));
    let end = then.last().unwrap().covered;
    assert_eq!(end.end_hash, branch.block_ref(end.range.to.0).hash);
}
