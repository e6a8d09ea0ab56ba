//! A route, declared once: where it is, what it takes, what it answers, how.

use super::ask::Asked;
use super::context::Context;
use super::kept::{Answer, Kept};
use super::refusal::Refusal;
use super::reply;
use super::snapshot::Snapshot;
use crate::clock::now;
use crate::error::Error;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::http::header::IF_NONE_MATCH;
use warp::reply::Response;

/// Makes the answer; reads the store, so it runs where that may block.
type Run = Box<dyn Fn(&Context, &Asked) -> Result<Response, Refusal> + Send + Sync>;
/// Gives a type's schema.
type Shape = fn(&mut SchemaGenerator) -> Schema;

/// A route that is asked by GET and answers in JSON.
pub(super) struct Route {
    /// As `/api/features/{pool}`.
    pub(super) path: &'static str,
    /// One line for the list of routes.
    pub(super) about: &'static str,
    /// What its query may hold.
    pub(super) query: Shape,
    /// What it answers.
    pub(super) answer: Shape,
    /// Which refusals it has of its own, beside those of every route.
    pub(super) refusals: &'static [StatusCode],
    /// Whether it reads no store, so that it answers whatever else goes on.
    pub(super) is_light: bool,
    /// Whether its answers follow from the store's state alone.
    pub(super) has_tag: bool,
    run: Run,
}

/// How the answers of a kind are made from more than the store: with a status of their own.
type OfProcess<Q, A> = fn(&Context, &Asked, Q) -> Result<(StatusCode, A), Refusal>;

/// A query without keys.
#[derive(Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

impl Route {
    /// A route whose answer follows from the store's state: a client that knows the state is told
    /// so, and nothing is computed.
    pub(super) fn of_store<Q, A>(
        path: &'static str,
        about: &'static str,
        refusals: &'static [StatusCode],
        answer: fn(&Snapshot<'_>, &Asked, Q) -> Result<A, Refusal>,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + 'static,
        A: Answer + 'static,
    {
        let run = move |context: &Context, asked: &Asked| {
            let query = asked.read_query()?;
            let (snapshot, tag) = Snapshot::named(context)?;
            if asked.headers.get(IF_NONE_MATCH) == Some(&tag) {
                return Ok(reply::unchanged(&tag));
            }
            let question = (tag.clone(), asked.text());
            let kept = context.answers.of(&question, || {
                let answer = answer(&snapshot, asked, query)?;
                let kept = Kept::of(&answer).map_err(|e| Error::Failed(e.to_string()))?;
                Ok::<_, Refusal>(Arc::new(kept))
            })?;
            Ok(reply::of_state(&tag, kept.at(now())))
        };
        Self {
            has_tag: true,
            ..Self::new::<Q, A>(path, about, refusals, Box::new(run))
        }
    }

    /// A route whose answer follows from more than the store, and is not to be kept.
    pub(super) fn of_process<Q, A>(
        path: &'static str,
        about: &'static str,
        refusals: &'static [StatusCode],
        answer: OfProcess<Q, A>,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + 'static,
        A: Serialize + JsonSchema + 'static,
    {
        let run = move |context: &Context, asked: &Asked| {
            let (status, answer) = answer(context, asked, asked.read_query()?)?;
            Ok(reply::passing(status, &answer))
        };
        Self::new::<Q, A>(path, about, refusals, Box::new(run))
    }

    fn new<Q: JsonSchema, A: JsonSchema>(
        path: &'static str,
        about: &'static str,
        refusals: &'static [StatusCode],
        run: Run,
    ) -> Self {
        Self {
            path,
            about,
            query: Q::json_schema,
            answer: SchemaGenerator::subschema_for::<A>,
            refusals,
            is_light: false,
            has_tag: false,
            run,
        }
    }

    /// The same, as a route that reads no store.
    pub(super) fn light(self) -> Self {
        Self {
            is_light: true,
            ..self
        }
    }

    /// Answers.
    pub(super) fn answer(&self, context: &Context, asked: &Asked) -> Result<Response, Refusal> {
        (self.run)(context, asked)
    }

    /// The answer that was given already of the store's present state: reads nothing.
    pub(super) fn ready(&self, context: &Context, asked: &Asked) -> Option<Response> {
        if !self.has_tag {
            return None;
        }
        let state = context.sources.reader.state();
        let (tag, kept) = context.answers.ready(state, &asked.text())?;
        Some(match asked.headers.get(IF_NONE_MATCH) == Some(&tag) {
            true => reply::unchanged(&tag),
            false => reply::of_state(&tag, kept.at(now())),
        })
    }

    /// Takes the parts out of paths that are this route's.
    pub(super) fn filter(&self) -> BoxedFilter<(Vec<String>,)> {
        parts_of(self.path)
    }
}

/// Takes the parts that are not fixed out of paths of this form.
pub(super) fn parts_of(path: &'static str) -> BoxedFilter<(Vec<String>,)> {
    let start = warp::any().map(Vec::new).boxed();
    let segments = path.split('/').skip(1);
    let path = segments.fold(start, |before, segment| {
        if segment.starts_with('{') {
            before
                .and(warp::path::param::<String>())
                .map(|mut parts: Vec<String>, part: String| {
                    parts.push(part);
                    parts
                })
                .boxed()
        } else {
            before.and(warp::path(segment.to_owned())).boxed()
        }
    });
    path.and(warp::path::end()).boxed()
}
