//! Credentials: kept while they last, asked for again before they end, errors with their class.

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, error::CredentialsError, future},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};
use tidegauge_cloud::{CloudError, RdsLogin, RdsTokens, Region};
use tidegauge_model::ErrorClass;

const NOON: Duration = Duration::from_secs(1_704_456_000);
const MINUTE: Duration = Duration::from_secs(60);

type Answer = fn(usize) -> Result<Credentials, CredentialsError>;

/// Counts how often it is asked.
#[derive(Debug, Clone)]
struct Counting {
    asked: Arc<AtomicUsize>,
    answer: Answer,
}

impl ProvideCredentials for Counting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let count = self.asked.fetch_add(1, Ordering::SeqCst);
        future::ProvideCredentials::ready((self.answer)(count))
    }
}

fn tokens(answer: Answer) -> (RdsTokens, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let provider = Counting {
        asked: Arc::clone(&asked),
        answer,
    };
    (
        RdsTokens::with_provider(Region::new("eu-west-1"), provider),
        asked,
    )
}

fn login() -> RdsLogin {
    RdsLogin {
        host: "db.example".to_owned(),
        port: 5432,
        user: "u".to_owned(),
    }
}

fn keys(count: usize, end: Option<SystemTime>) -> Result<Credentials, CredentialsError> {
    Ok(Credentials::new(
        format!("KEY{count}"),
        "secret",
        None,
        end,
        "test",
    ))
}

#[tokio::test]
async fn credentials_are_kept_while_they_last() {
    // They end long after, within the margin by minute 4, never, at once.
    let hour: Answer = |n| keys(n, Some(SystemTime::UNIX_EPOCH + NOON + 60 * MINUTE));
    let eight: Answer = |n| keys(n, Some(SystemTime::UNIX_EPOCH + NOON + 8 * MINUTE));
    let endless: Answer = |n| keys(n, None);
    let past: Answer = |n| keys(n, Some(SystemTime::UNIX_EPOCH + NOON));
    for (answer, asked_at_minute) in [
        (hour, [1, 1, 2]),
        (eight, [1, 2, 3]),
        (endless, [1, 1, 2]),
        (past, [1, 2, 3]),
    ] {
        let (tokens, asked) = tokens(answer);
        for (minute, expected) in [0, 4, 11].into_iter().zip(asked_at_minute) {
            let now = SystemTime::UNIX_EPOCH + NOON + minute * MINUTE;
            let token = tokens.token(&login(), now).await.unwrap();
            assert_eq!(
                asked.load(Ordering::SeqCst),
                expected,
                "after {minute} minutes"
            );
            // The newest credentials, and a token of this very moment.
            let text = token.reveal();
            assert!(
                text.contains(&format!("X-Amz-Credential=KEY{}%2F", expected - 1)),
                "{text}"
            );
            assert!(
                text.contains(&format!("X-Amz-Date=20240105T12{minute:02}00Z")),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn errors_say_whether_to_try_again() {
    let none: Answer = |_| Err(CredentialsError::not_loaded("no providers in chain"));
    let broken: Answer = |_| Err(CredentialsError::invalid_configuration("bad profile"));
    let away: Answer = |_| Err(CredentialsError::provider_error("IMDS is away"));
    for (answer, class, words) in [
        (none, ErrorClass::Refused, "no providers in chain"),
        (broken, ErrorClass::Refused, "bad profile"),
        (away, ErrorClass::Transient, "IMDS is away"),
    ] {
        let (tokens, asked) = tokens(answer);
        for attempt in 1..=2 {
            let error = tokens
                .token(&login(), SystemTime::UNIX_EPOCH + NOON)
                .await
                .unwrap_err();
            assert_eq!(error.class(), class, "{error}");
            assert!(error.to_string().contains(words), "{error}");
            // A failure is not kept.
            assert_eq!(asked.load(Ordering::SeqCst), attempt);
        }
    }
}

#[tokio::test]
async fn a_region_that_nobody_says_is_asked_for() {
    let provider = Credentials::new("KEY", "secret", None, None, "test");
    let tokens = RdsTokens::with_provider(None, provider);
    let error = tokens.token(&login(), SystemTime::UNIX_EPOCH + NOON).await;
    assert!(
        matches!(error, Err(CloudError::NoRegion { .. })),
        "{error:?}"
    );
    let mut named = login();
    named.host = "db.abc.eu-north-1.rds.amazonaws.com".to_owned();
    let token = tokens
        .token(&named, SystemTime::UNIX_EPOCH + NOON)
        .await
        .unwrap();
    assert!(token.reveal().contains("%2Feu-north-1%2Frds-db%2F"));
}
