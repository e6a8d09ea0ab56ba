//! What a request asks for: its path's parts and its query, each read with an error that names it.

use super::refusal::Refusal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tidegauge_model::{Day, PoolId};
use warp::http::{HeaderMap, StatusCode};

/// Longest query string read, in bytes.
const MAX_QUERY_BYTES: usize = 2_048;

/// One request, past the gate.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The route, as it is declared.
    pub(super) route: &'static str,
    /// The parts of the path that are not fixed, in their order.
    pub(super) parts: Vec<String>,
    /// The query string, as it came.
    pub(super) query: String,
    /// What the client knows already.
    pub(super) headers: HeaderMap,
}

impl Asked {
    /// One part of the path as a pool.
    pub(super) fn pool(&self, place: usize) -> Result<PoolId, Refusal> {
        pool(self.part(place))
    }

    /// One part of the path as a day.
    pub(super) fn day(&self, place: usize) -> Result<Day, Refusal> {
        day(self.part(place))
    }

    /// All of it that an answer depends on.
    pub(super) fn text(&self) -> String {
        format!("{}/{}?{}", self.route, self.parts.join("/"), self.query)
    }

    /// One part of the path.
    pub(super) fn part(&self, place: usize) -> &str {
        self.parts.get(place).map_or("", String::as_str)
    }

    /// The query, with every unknown or malformed key named.
    pub(super) fn read_query<Q: DeserializeOwned>(&self) -> Result<Q, Refusal> {
        if self.query.len() > MAX_QUERY_BYTES {
            return Err(Refusal::new(
                StatusCode::URI_TOO_LONG,
                "long_query",
                format!("the query has {} bytes", self.query.len()),
                format!("ask with at most {MAX_QUERY_BYTES}"),
            ));
        }
        let pairs = url::form_urlencoded::parse(self.query.as_bytes());
        let pairs = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(pairs).map_err(|error| {
            let key = error.path().to_string();
            let message = match key.as_str() {
                "." => error.inner().to_string(),
                key => format!("{key}: {}", error.inner()),
            };
            Refusal::bad(
                "bad_query",
                message,
                "/api/openapi.json lists each route's parameters",
            )
        })
    }
}

/// A pool's address.
pub(super) fn pool(text: &str) -> Result<PoolId, Refusal> {
    text.parse().map(PoolId).map_err(|_| {
        Refusal::bad(
            "bad_pool",
            "this is no pool address",
            "write 0x and 40 hex digits",
        )
    })
}

/// A day.
pub(super) fn day(text: &str) -> Result<Day, Refusal> {
    text.parse().map_err(|_| {
        Refusal::bad(
            "bad_date",
            "this is no day",
            "write a UTC calendar day as YYYY-MM-DD, e.g. 2024-01-05",
        )
    })
}

/// Where a list goes on, opaque to clients.
pub(super) fn write_cursor(at: &impl Serialize) -> Option<String> {
    let bytes = serde_json::to_vec(at).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// The inverse.
pub(super) fn read_cursor<C: DeserializeOwned>(text: &str) -> Result<C, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| {
            Refusal::bad(
                "bad_cursor",
                "cursor: this is none of ours",
                "use the `next` of the page before, with the same query",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        from: Option<u64>,
    }

    fn asked(query: &str) -> Result<Wanted, Refusal> {
        let query = query.to_owned();
        Asked {
            route: "/",
            parts: Vec::new(),
            query,
            headers: HeaderMap::new(),
        }
        .read_query()
    }

    #[test]
    fn what_is_wrong_with_a_query_is_named() {
        assert_eq!(asked("from=7").unwrap(), Wanted { from: Some(7) });
        assert_eq!(asked("").unwrap(), Wanted { from: None });
        for (query, word) in [
            ("from=x", "from"),
            ("from=-1", "from"),
            ("from=1&from=2", "from"),
            ("form=1", "`form`"),
            ("%ff%fe=1", "unknown"),
        ] {
            let refusal = asked(query).unwrap_err();
            assert!(refusal.message.contains(word), "{query}: {refusal:?}");
        }
        assert_eq!(
            asked(&"x".repeat(3_000)).unwrap_err().status,
            StatusCode::URI_TOO_LONG
        );
    }

    #[test]
    fn a_cursor_comes_back_and_others_are_refused() {
        let text = write_cursor(&(7_u64, "a")).unwrap();
        assert_eq!(
            read_cursor::<(u64, String)>(&text).unwrap(),
            (7, "a".to_owned())
        );
        for text in ["", "!!", "AAAA", &text[1..]] {
            assert!(read_cursor::<(u64, String)>(text).is_err(), "{text}");
        }
    }
}
