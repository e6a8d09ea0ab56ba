//! Who may ask, and how often.

mod rate;
use super::refusal::Refusal;
use crate::access::{Scope, Tokens};
use crate::config;
use rate::Rates;
use std::net::IpAddr;
use warp::http::header::AUTHORIZATION;
use warp::http::{HeaderMap, Method, StatusCode};

/// Where messages come in that prove themselves.
pub(super) const WEBHOOK: &str = "/api/webhook/alerts";

/// Lets requests in, or says why not.
#[derive(Debug)]
pub(crate) struct Gate {
    tokens: Tokens,
    rates: Option<Rates>,
}

impl Gate {
    /// As configured.
    pub(crate) fn of(api: &config::Api) -> Self {
        Self {
            tokens: Tokens::new(api.tokens.clone()),
            rates: Rates::per_second(api.requests_per_second),
        }
    }

    /// Lets a request in.
    pub(super) fn admit(
        &self,
        peer: IpAddr,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let shown = headers.get(AUTHORIZATION).map(|value| value.as_bytes());
        let found = shown.and_then(|shown| self.tokens.find(shown));
        let who = match found {
            Some((place, _)) => rate::Who::Token(place),
            None => rate::Who::at(peer),
        };
        if let Some(rates) = &self.rates {
            rates.count(who)?;
        }
        let Some(scope) = needed(method, path) else {
            return Ok(());
        };
        match found {
            Some((_, token)) if token.has(scope) => Ok(()),
            Some(_) => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                format!("this token has no scope \"{}\"", scope.name()),
                "give it the scope in api.tokens",
            )),
            None if shown.is_none() && scope == Scope::Read && self.tokens.is_empty() => Ok(()),
            None => Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "this needs a token that is known here",
                "send `Authorization: Bearer TOKEN`; tidegauge token makes one",
            )),
        }
    }
}

/// What a request needs; `None` if everybody may make it: the page asks for a token itself, probes
/// have none, and a webhook proves itself by its signature.
fn needed(method: &Method, path: &str) -> Option<Scope> {
    match path {
        WEBHOOK if method == Method::POST => None,
        "/" | "/healthz" | "/readyz" => None,
        path if path.starts_with("/page/") => None,
        _ if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) => Some(Scope::Read),
        _ => Some(Scope::Write),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::fresh;
    use warp::http::HeaderValue;

    fn gate(scopes: &[Scope], rate: u32) -> (Gate, String) {
        let (secret, token) = fresh("quant", scopes).unwrap();
        let api = config::Api {
            tokens: vec![token],
            requests_per_second: rate,
            ..config::Api::default()
        };
        (Gate::of(&api), secret)
    }

    fn ask(gate: &Gate, method: &Method, path: &str, header: Option<&str>) -> u16 {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        let peer = IpAddr::from([127, 0, 0, 1]);
        match gate.admit(peer, method, path, &headers) {
            Ok(()) => 200,
            Err(refusal) => refusal.status.as_u16(),
        }
    }

    #[test]
    fn only_known_tokens_with_the_scope_pass() {
        let (gate, secret) = gate(&[Scope::Read], 0);
        let right = format!("Bearer {secret}");
        let lower = format!("bearer {secret}");
        let longer = format!("Bearer {secret}x");
        let (get, put, post) = (Method::GET, Method::PUT, Method::POST);
        for (method, path, header, status) in [
            (&get, "/healthz", None, 200),
            (&get, "/readyz", None, 200),
            (&get, "/", None, 200),
            (&get, "/api/status", None, 401),
            (&get, "/metrics", None, 401),
            (&get, "/api/status", Some(right.as_str()), 200),
            (&get, "/api/status", Some(&lower), 200),
            (&get, "/api/status", Some(&longer), 401),
            (&get, "/api/status", Some("Bearer "), 401),
            (&get, "/api/status", Some(&secret), 401),
            (&get, "/api/status", Some("Basic dXNlcjpwYXNz"), 401),
            (&put, "/api/predictions/m", Some(&right), 403),
            (&post, WEBHOOK, None, 200),
            (&put, WEBHOOK, None, 401),
            (&post, "/api/status", None, 401),
        ] {
            assert_eq!(
                ask(&gate, method, path, header),
                status,
                "{method} {path} {header:?}"
            );
        }
    }

    #[test]
    fn without_tokens_reading_is_free_and_writing_is_not() {
        let gate = Gate::of(&config::Api::default());
        assert_eq!(ask(&gate, &Method::GET, "/api/status", None), 200);
        assert_eq!(
            ask(&gate, &Method::GET, "/api/status", Some("Bearer x")),
            401
        );
        assert_eq!(ask(&gate, &Method::PUT, "/api/predictions/m", None), 401);
    }

    #[test]
    fn who_asks_too_often_waits() {
        let (gate, secret) = gate(&[Scope::Read], 5);
        let with = format!("Bearer {secret}");
        let status = |header| ask(&gate, &Method::GET, "/api/status", header);
        let passed = (0..40).filter(|_| status(Some(&with)) == 200).count();
        assert!((10..20).contains(&passed), "{passed}");
        // Others are counted for themselves.
        assert_eq!(status(None), 401);
        assert_eq!(status(Some(&with)), 429);
    }
}
