//! What the collector is told about the chain and its endpoints.

use alloy::primitives::Address;
use std::{fmt, str::FromStr, time::Duration};
use tidegauge_model::{ChainId, Factory, Finality, UserKey};
use url::Url;

/// Everything [`crate::Chain::connect`] needs.
#[derive(Clone, Debug)]
pub struct ChainConfig {
    /// Endpoints, the preferred one first.
    pub rpc_urls: Vec<SecretUrl>,
    /// The chain expected; `None` takes what the endpoint serves.
    pub chain_id: Option<ChainId>,
    /// Factories whose pools are collected; empty means those of the chain's preset.
    pub factories: Vec<Factory>,
    /// The multicall3 contract; `None` means the preset's, or single calls without one.
    pub multicall: Option<Address>,
    /// Which pools are collected.
    pub pools: PoolSelection,
    /// Pools collected in any case, since pricing needs them; `None` means the preset's.
    pub support: Option<Vec<Address>>,
    /// How the finalized height is known; `None` means the preset's, or by tag without one.
    pub finality: Option<Finality>,
    /// Throughput budget of each endpoint in its provider's compute units; 0 is unlimited.
    pub compute_units_per_second: u32,
    /// Requests in flight at once.
    pub max_in_flight: usize,
    /// Where new blocks are announced by WebSocket; `None` tries the endpoints themselves,
    /// an empty list polls.
    pub socket_urls: Option<Vec<SecretUrl>>,
    /// Blocks that may be unwound on one endpoint's word.
    pub confirm_depth: u64,
    /// Deadlines, tries and sizes.
    pub limits: Limits,
}

impl ChainConfig {
    /// The defaults, for these endpoints.
    pub fn new(rpc_urls: Vec<SecretUrl>) -> Self {
        Self {
            rpc_urls,
            chain_id: None,
            factories: Vec::new(),
            multicall: None,
            pools: PoolSelection::All,
            support: None,
            finality: None,
            compute_units_per_second: 0,
            max_in_flight: 8,
            socket_urls: None,
            // Mainnet replaces one block now and then, more than two hardly ever.
            confirm_depth: 3,
            limits: Limits::default(),
        }
    }
}

/// Bounds on what one endpoint may cost us.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Deadline of a TCP and TLS connection.
    pub connect_timeout: Duration,
    /// Deadline of one HTTP exchange, body included.
    pub request_timeout: Duration,
    /// Time that one question may take with all its tries and the waits between them.
    pub total_deadline: Duration,
    /// Tries of one question.
    pub max_tries: u32,
    /// First step of the back-off; the wait is drawn from zero to the step (full jitter).
    pub backoff_base: Duration,
    /// Largest step of the back-off, and the longest `Retry-After` that is obeyed where no
    /// other endpoint can be asked.
    pub backoff_cap: Duration,
    /// Failures in a row after which an endpoint is left alone.
    pub breaker_failures: u32,
    /// How long it is left alone at first; each failed probe doubles the pause.
    pub breaker_pause: Duration,
    /// Longest such pause.
    pub breaker_pause_cap: Duration,
    /// How often an endpoint in use must show that it serves the right chain.
    pub identity_every: Duration,
    /// Shortest wait before a question at the tip is put to a second endpoint too.
    pub hedge_floor: Duration,
    /// Largest body, after decompression.
    pub max_body_bytes: usize,
    /// Bodies and decoded pages held at once, roughly.
    pub max_held_bytes: usize,
    /// Logs that one page aims at.
    pub page_target_logs: u64,
    /// Blocks of the first log page; later ones follow the density.
    pub first_page_blocks: u64,
    /// Widest log page.
    pub max_page_blocks: u64,
    /// Receipt bytes that one HTTP batch aims at.
    pub batch_target_bytes: u64,
    /// Most blocks in one HTTP batch of receipts.
    pub max_batch_blocks: u64,
    /// Rows (swaps and other events) after which an extend is handed on.
    pub extend_target_rows: usize,
    /// Blocks after which an extend is handed on, where every block is kept.
    pub extend_max_blocks: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            total_deadline: Duration::from_secs(180),
            max_tries: 8,
            backoff_base: Duration::from_millis(250),
            backoff_cap: Duration::from_secs(20),
            breaker_failures: 5,
            breaker_pause: Duration::from_secs(1),
            breaker_pause_cap: Duration::from_secs(60),
            // `eth_chainId` is free, and a proxy may change what is behind it at any time.
            identity_every: Duration::from_secs(180),
            hedge_floor: Duration::from_millis(100),
            // Mainnet's largest block receipts are some 5 MB of JSON, a page of 20,000 logs some 20 MB.
            max_body_bytes: 64 << 20,
            max_held_bytes: 64 << 20,
            // Below the 10,000 logs at which most providers cut, with room for busier blocks.
            page_target_logs: 8_000,
            first_page_blocks: 256,
            max_page_blocks: 20_000,
            batch_target_bytes: 4 << 20,
            max_batch_blocks: 50,
            extend_target_rows: 8_000,
            extend_max_blocks: 512,
        }
    }
}

/// Which pools are collected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PoolSelection {
    /// All pools of the configured factories.
    #[default]
    All,
    /// These, and the support set.
    List(Vec<Address>),
}

/// A text that is none of the words expected.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct ParseError {
    text: String,
    expected: &'static str,
}

impl ParseError {
    fn new(text: &str, expected: &'static str) -> Self {
        Self {
            text: text.to_owned(),
            expected,
        }
    }
}

/// How a range is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Header and receipts of every block: proven complete.
    Receipts,
    /// Pages of `eth_getLogs`: far fewer requests.
    Logs,
}

impl Method {
    /// The way of fetching that yields this kind of user.
    pub fn of_users(user: UserKey) -> Self {
        match user {
            UserKey::Origin => Self::Receipts,
            UserKey::Recipient | UserKey::Sender => Self::Logs,
        }
    }
}

impl FromStr for Method {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "receipts" => Ok(Self::Receipts),
            "logs" => Ok(Self::Logs),
            _ => Err(ParseError::new(text, "a method: `receipts` or `logs`")),
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Receipts => "receipts",
            Self::Logs => "logs",
        })
    }
}

/// An endpoint's URL; everything in it that may be a key prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Url);

impl SecretUrl {
    /// The URL itself, secrets and all, for the connection alone.
    pub(crate) fn expose(&self) -> &Url {
        &self.0
    }

    /// The same place by WebSocket.
    pub fn socket(&self) -> Self {
        let mut url = self.0.clone();
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // Both are special schemes, between which a URL may change.
        let changed = url.set_scheme(scheme);
        debug_assert!(changed.is_ok());
        Self(url)
    }

    /// Reads a WebSocket's URL.
    ///
    /// # Errors
    /// Another scheme; the error does not quote the text, since it may hold a key.
    pub fn parse_socket(text: &str) -> Result<Self, ParseError> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "ws" | "wss") && url.has_host() => Ok(Self(url)),
            _ => Err(ParseError::new(
                "***",
                "a WebSocket: write it as ws://HOST or wss://HOST, with port and path as given",
            )),
        }
    }

    /// A text without this URL's secrets.
    pub(crate) fn conceal(&self, text: &str) -> String {
        self.secrets().iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), "***")
        })
    }

    /// Texts that must not appear in what an endpoint is quoted with.
    pub(crate) fn secrets(&self) -> Vec<String> {
        /// Shorter pieces are words such as `v2`, not keys.
        const SHORTEST_KEY: usize = 8;
        let url = &self.0;
        let path = url.path().split('/');
        let query = url.query().unwrap_or_default().split(['&', '=']);
        path.chain(query)
            .chain([url.username(), url.password().unwrap_or_default()])
            .filter(|piece| piece.len() >= SHORTEST_KEY)
            .map(str::to_owned)
            .collect()
    }
}

impl FromStr for SecretUrl {
    type Err = ParseError;

    /// The error does not quote the text, since it may hold a key.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(Self(url)),
            _ => Err(ParseError::new(
                "***",
                "an endpoint: write it as http://HOST or https://HOST, with port and path as given",
            )),
        }
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.0;
        write!(f, "{}://", url.scheme())?;
        if !url.username().is_empty() || url.password().is_some() {
            f.write_str("***@")?;
        }
        f.write_str(url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            f.write_str("/***")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_show_no_secrets() {
        for (text, shown) in [
            ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
            (
                "https://eth.example/v2/canary-key",
                "https://eth.example/***",
            ),
            (
                "https://eth.example/?key=canary-key",
                "https://eth.example/***",
            ),
            (
                "https://me:canary-key@eth.example",
                "https://***@eth.example",
            ),
            ("https://eth.example/#canary-key", "https://eth.example/***"),
        ] {
            let url: SecretUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
        for bad in ["", "canary-key", "ftp://canary-key", "file:///canary-key"] {
            let error = bad.parse::<SecretUrl>().unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn words_read_back_as_written() {
        for text in ["origin", "recipient", "sender"] {
            assert_eq!(text.parse::<UserKey>().unwrap().to_string(), text);
        }
        for text in ["receipts", "logs"] {
            assert_eq!(text.parse::<Method>().unwrap().to_string(), text);
        }
    }
}
