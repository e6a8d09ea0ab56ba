//! Which chain an endpoint serves, shown by itself: before its first answer counts, after it
//! was away, every few minutes, and whenever somebody doubts it.

use super::{
    Replies, Rpc,
    call::{Call, Method},
    question::{Manner, rpc_error},
    roster::Choice,
    slot::Slot,
    standing::Need,
};
use crate::{
    error::{ChainError, Result},
    hex,
};
use tidegauge_model::ChainId;
use tokio::time::Instant;

impl Rpc {
    /// The chain that the endpoints serve: the one expected, or that of the first to answer.
    ///
    /// # Errors
    /// No endpoint answers, or all serve another chain.
    pub(crate) async fn chain_id(&self) -> Result<ChainId> {
        // A question without calls: the first endpoint that may be asked shows its chain.
        self.question(&[], |_| Ok(()), Manner::default()).await?;
        let chain = self.roster.lock().chain();
        chain.ok_or_else(|| self.nobody(Method::ChainId))
    }

    /// Has an endpoint show its chain id now; if it serves another chain, it is asked for
    /// nothing more until it serves ours.
    ///
    /// # Errors
    /// Another chain, or no answer.
    pub(crate) async fn reidentify(&self, endpoint: &str) -> Result<()> {
        let place = self.place(endpoint)?;
        let permit = self.in_flight.acquire().await.ok();
        let now = Instant::now();
        let choice = self.roster.lock().take(place, Need::of(&[]), now);
        let Choice::Ask(ticket) = choice else {
            return Err(self.nobody(Method::ChainId));
        };
        let slot = Slot::new(self, ticket, permit);
        let result = self.identify(place, 1).await;
        slot.settle(now.elapsed(), &result);
        result
    }

    pub(super) async fn identify(&self, place: usize, tries: u32) -> Result<()> {
        let endpoint = self.endpoint(place)?;
        let name = endpoint.name();
        let replies = endpoint
            .send(&[Call::chain_id()])
            .await
            .map_err(|fault| rpc_error(name, Method::ChainId, tries, fault))?;
        let found = read_chain_id(&replies)?;
        let judged = self.roster.lock().identified(place, found, Instant::now());
        judged.map_err(|expected| ChainError::WrongChain {
            endpoint: name.to_owned(),
            expected,
            found,
        })
    }
}

fn read_chain_id(replies: &Replies) -> Result<ChainId> {
    serde_json::from_str::<&str>(replies.text(0))
        .ok()
        .and_then(hex::quantity)
        .map(ChainId)
        .ok_or_else(|| ChainError::Lying {
            endpoint: replies.endpoint.clone(),
            what: "eth_chainId with something that is no quantity".to_owned(),
        })
}
