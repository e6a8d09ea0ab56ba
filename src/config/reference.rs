//! References to secrets that lie elsewhere: `env:NAME`, `file:PATH`, `aws-sm:NAME#KEY`.

use parking_lot::Mutex;
use std::{collections::BTreeMap, fs, thread, time::Duration};
use tidegauge_cloud::SecretRef;
use tidegauge_model::ErrorClass;

/// Tries of a secret, and the pause after each.
const TRIES: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::ZERO,
];

/// What Secrets Manager told this process, as the environment's variables are told once: nobody asks
/// twice for what two keys refer to, and what has been replaced since can be told.
static TOLD: Mutex<BTreeMap<SecretRef, String>> = Mutex::new(BTreeMap::new());

/// What a text stands for.
pub(super) struct Found {
    /// The secret.
    pub(super) value: String,
    /// Where it lies, for errors.
    pub(super) place: String,
    /// Where it can be read again.
    pub(super) managed: Option<SecretRef>,
}

/// Follows a reference; any other text stands for itself.
pub(super) fn follow(text: &str) -> Result<Found, String> {
    let found = |value, place| Found {
        value,
        place,
        managed: None,
    };
    if let Some(name) = text.strip_prefix("env:") {
        let value =
            std::env::var(name).map_err(|_| format!("environment variable {name} is not set"))?;
        return Ok(found(value, format!("environment variable {name}")));
    }
    if let Some(path) = text.strip_prefix("file:") {
        let value = fs::read_to_string(path)
            .map_err(|e| format!("cannot read the secret in file {path}: {e}"))?;
        return Ok(found(value, format!("file {path}")));
    }
    if let Some(name) = text.strip_prefix("aws-sm:") {
        let secret: SecretRef = name
            .parse()
            .map_err(|problem| format!("aws-sm: {problem}"))?;
        return Ok(Found {
            value: managed(&secret)?,
            place: format!("secret {secret}"),
            managed: Some(secret),
        });
    }
    Ok(found(text.to_owned(), "the value given".to_owned()))
}

/// What Secrets Manager told this process, by name.
pub(crate) fn told() -> BTreeMap<SecretRef, String> {
    TOLD.lock().clone()
}

fn managed(secret: &SecretRef) -> Result<String, String> {
    let mut told = TOLD.lock();
    if let Some(value) = told.get(secret) {
        return Ok(value.clone());
    }
    let value = read(secret)?;
    told.insert(secret.clone(), value.clone());
    Ok(value)
}

/// Configuration is read before there is a runtime, or within one that may not wait.
fn read(secret: &SecretRef) -> Result<String, String> {
    let reading = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| format!("cannot ask for secret {secret}: {e}"))?;
        runtime.block_on(patiently(secret))
    };
    thread::scope(|scope| scope.spawn(reading).join())
        .unwrap_or_else(|_| Err(format!("the thread that read secret {secret} has panicked")))
}

async fn patiently(secret: &SecretRef) -> Result<String, String> {
    let mut said = String::new();
    for pause in TRIES {
        match secret.read().await {
            Ok(value) => return Ok(value),
            Err(error) => {
                said = format!("secret {secret}: {error}");
                if error.class() != ErrorClass::Transient {
                    break;
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
    Err(said)
}
