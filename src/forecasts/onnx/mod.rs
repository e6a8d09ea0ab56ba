//! Models that somebody put into a folder: `NAME.onnx` beside `NAME.toml`. One that is bad is refused
//! by name, and the others go on.

mod inputs;
mod settings;

use crate::error::Error;
use inputs::Rows;
use settings::{Scale, Settings};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tidegauge_model::{Day, PoolId};
use tidegauge_onnx::Network;
use tidegauge_predict::Model;
use tidegauge_storage::{Forecasted, ModelName, TargetColumn, View};

/// Longest model.
const MOST_BYTES: u64 = 256 << 20;

/// Models of one folder.
const MOST_MODELS: usize = 100;

/// What a model of a folder says of a day.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) model: ModelName,
    /// Of its file.
    pub(super) version: String,
    pub(super) fitted_until: Option<Day>,
    pub(super) target: TargetColumn,
    pub(super) forecasts: BTreeMap<PoolId, Forecasted>,
}

/// The names of a folder's models, each with its file; nothing where there is no such folder.
pub(super) fn names(folder: &Path) -> Result<BTreeMap<String, PathBuf>, Error> {
    let attempt = || Error::io(format!("list the models in {}", folder.display()));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(attempt()(error)),
    };
    let mut names = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(attempt())?.path();
        let is_model = path.extension().is_some_and(|ending| ending == "onnx");
        let name = path.file_stem().and_then(|stem| stem.to_str());
        if let (true, Some(name)) = (is_model, name) {
            names.insert(name.to_owned(), path.clone());
        }
        if names.len() > MOST_MODELS {
            return Err(Error::Failed(format!(
                "{} has more than {MOST_MODELS} models",
                folder.display()
            )));
        }
    }
    Ok(names)
}

/// What a model says of a day's pools; the inner error is the model's.
pub(super) fn say(
    view: &View<'_>,
    name: &str,
    file: &Path,
    day: Day,
) -> Result<Result<Said, String>, Error> {
    let ready = match prepare(name, file) {
        Ok(ready) => ready,
        Err(why) => return Ok(Err(why)),
    };
    if let Some(until) = ready.settings.fitted_until.filter(|until| *until > day) {
        return Ok(Err(format!(
            "it was fitted until {until}: it may have seen what came after {day}"
        )));
    }
    let rows = Rows::read(view, day, &ready.settings)?;
    Ok(ready.say(&rows))
}

/// A model that can be run.
struct Ready {
    model: ModelName,
    settings: Settings,
    network: Network,
    version: String,
}

fn prepare(name: &str, file: &Path) -> Result<Ready, String> {
    let model: ModelName = name.parse()?;
    if Model::ALL.iter().any(|own| own.name() == name) {
        return Err("a model that comes with the program has this name".to_owned());
    }
    let beside = file.with_extension("toml");
    let text = std::fs::read_to_string(&beside)
        .map_err(|e| format!("what its inputs are, {}: {e}", beside.display()))?;
    let settings = Settings::read(&text).map_err(|why| format!("{}: {why}", beside.display()))?;
    let unreadable = |e: std::io::Error| format!("{}: {e}", file.display());
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > MOST_BYTES {
        return Err(format!(
            "it has {} MiB; {} are the most",
            length >> 20,
            MOST_BYTES >> 20
        ));
    }
    let bytes = std::fs::read(file).map_err(unreadable)?;
    let network = Network::read(&bytes, settings.inputs.len()).map_err(|e| e.to_string())?;
    let digest = Sha256::digest(&bytes);
    let hex = digest.iter().take(6).map(|byte| format!("{byte:02x}"));
    Ok(Ready {
        model,
        settings,
        network,
        version: format!("sha256:{}", hex.collect::<String>()),
    })
}

impl Ready {
    fn say(self, rows: &Rows) -> Result<Said, String> {
        let numbers = self.network.run(&rows.numbers);
        let numbers = numbers.map_err(|e| e.to_string())?;
        let mut forecasts = BTreeMap::new();
        for (pool, number) in rows.pools.iter().zip(numbers) {
            let value = match self.settings.scale {
                Scale::Value => f64::from(number),
                Scale::Log1p => libm::expm1(f64::from(number)),
            };
            if !value.is_finite() {
                return Err(format!(
                    "it says {number} of pool {pool}, which is no quantity"
                ));
            }
            // Nothing that is forecast can be below.
            let forecasted = Forecasted {
                value: value.max(0.0),
                interval: None,
                confidence: None,
                basis: None,
            };
            forecasts.insert(*pool, forecasted);
        }
        Ok(Said {
            model: self.model,
            version: self.version,
            fitted_until: self.settings.fitted_until,
            target: self.settings.target,
            forecasts,
        })
    }
}
