//! Models of one's own: the example of `docs/models.md`, trained, put into the folder, and saying what
//! Python says.

use super::{Collected, DAYS, table};
use crate::support::{Program, Table, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use tidegauge_model::Day;

const PINNED: [&str; 7] = [
    "lightgbm==4.7.0",
    "onnxmltools==1.16.0",
    "onnx==1.23.2",
    "skl2onnx==1.20.0",
    "pandas==3.1.1",
    "pyarrow==26.0.1",
    "packaging==26.4",
];

/// An interpreter with all of them; none where that cannot be had.
fn python() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let folder = cache.or(home)?.join("tidegauge/trainers");
    let (python, stamp) = (folder.join("bin/python"), folder.join("pinned"));
    let pinned = PINNED.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|found| found == pinned) {
        return Some(python);
    }
    let run = |command: &mut Command| command.status().is_ok_and(|status| status.success());
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        && run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet"])
            .args(PINNED));
    if !made {
        eprintln!("skipped: python3 -m venv and pip install {PINNED:?} are not possible here");
        return None;
    }
    std::fs::write(&stamp, pinned).unwrap();
    Some(python)
}

/// The first block of Python on the page.
fn example() -> String {
    let page = std::fs::read_to_string(root().join("docs/models.md")).unwrap();
    let (_, rest) = page.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// What the trained model says of rows, in Python.
const SAYS: &str = r"
rows = pd.read_csv(sys.argv[3])
x = np.log1p(rows[FEATURES].astype(float)).astype(np.float32).to_numpy()
for pool, value in zip(rows.pool_address, np.expm1(model.predict(x))):
    print(pool, repr(float(value)))
";

/// Others that a trainer may come with: a regression by scikit-learn, and one that looks back.
const OTHERS: &str = r#"
from sklearn.linear_model import LinearRegression
from sklearn.ensemble import RandomForestRegressor
from skl2onnx import to_onnx
for name, other in (("line", LinearRegression()), ("forest", RandomForestRegressor(20, max_depth=6, random_state=1))):
    known = np.nan_to_num(x_train)
    other.fit(known, y_train)
    onnx = to_onnx(other, known[:1], target_opset=15)
    open(f"{models}/{name}.onnx", "wb").write(onnx.SerializeToString())
    open(f"{models}/{name}.toml", "w").write(open(f"{models}/growth.toml").read() + "missing = 0.0\n")
    x = np.log1p(rows[FEATURES].astype(float)).astype(np.float32).to_numpy()
    x = np.nan_to_num(x)
    for pool, value in zip(rows.pool_address, np.expm1(other.predict(x))):
        print(name, pool, repr(float(value)))
"#;

#[test]
fn the_documented_example_forecasts_in_the_collector_as_in_python() {
    let Some(python) = python() else { return };
    let collected = Collected::new();
    let rows = collected.path("rows.csv");
    collected.features("rows.csv", &[]);
    let days = table(&rows);
    let dates: Vec<Day> = days
        .select(["date"])
        .map(|[d]| d.parse().unwrap())
        .collect();
    let (first, last) = (*dates.iter().min().unwrap(), *dates.iter().max().unwrap());
    let set = collected.path("set").display().to_string();
    let day = |n: u32| first.plus_days(n).to_string();
    collected
        .program(&[
            "dataset",
            "--from",
            &day(0),
            "--to",
            &last.to_string(),
            "--train-until",
            &day(10),
            "--validate-until",
            &day(20),
            "--out",
            &set,
        ])
        .succeed();
    // The last final day's rows are what is forecast from.
    let made: Value =
        serde_json::from_str(&collected.program(&["predict", "--fit", "--json"]).succeed())
            .unwrap();
    let day = made["day"].as_str().unwrap().to_owned();
    let today = collected.path("today.csv");
    collected.features("today.csv", &["--from", &day, "--to", &day]);
    let models = collected.path("models");
    std::fs::create_dir(&models).unwrap();
    let script = example() + "\nx_train, y_train = x, y\n" + SAYS + OTHERS;
    let run = Command::new(python)
        .args(["-c", &script, &set])
        .arg(&models)
        .arg(&today)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let mut expected: BTreeMap<(String, String), f64> = BTreeMap::new();
    for line in said.lines().skip(1) {
        let words: Vec<&str> = line.split(' ').collect();
        let (model, pool, value) = match words.as_slice() {
            [pool, value] => ("growth", *pool, *value),
            [model, pool, value] => (*model, *pool, *value),
            _ => panic!("{line}"),
        };
        expected.insert((model.to_owned(), pool.to_owned()), value.parse().unwrap());
    }
    assert!(expected.len() >= 15, "{said}");

    // Bad ones beside them are refused by name.
    std::fs::write(models.join("torn.onnx"), b"no model").unwrap();
    std::fs::copy(models.join("growth.toml"), models.join("torn.toml")).unwrap();
    let growth = std::fs::read(models.join("growth.onnx")).unwrap();
    for (name, settings) in [
        (
            "narrow",
            "target = \"target_tx_7d_avg_ahead\"\ninputs = [\"tx_count_24h\"]\n",
        ),
        (
            "unknown",
            "target = \"target_tx_7d_avg_ahead\"\ninputs = [\"moon_phase\"]\n",
        ),
    ] {
        std::fs::write(models.join(format!("{name}.onnx")), &growth).unwrap();
        std::fs::write(models.join(format!("{name}.toml")), settings).unwrap();
    }
    std::fs::write(models.join("alone.onnx"), &growth).unwrap();
    // It may have seen what it is asked for.
    let settings = std::fs::read_to_string(models.join("growth.toml")).unwrap();
    std::fs::write(models.join("seer.onnx"), &growth).unwrap();
    let settings = settings + &format!("fitted_until = \"{}\"\n", last.plus_days(1));
    std::fs::write(models.join("seer.toml"), settings).unwrap();
    std::fs::write(models.join("naive.onnx"), &growth).unwrap();
    let folder = format!("--set=predictions.models_dir={}", models.display());
    let fit = |store: &Path| {
        let url = &collected.chain.url;
        let said = Program::on(store, url, &[&folder, "predict", "--fit", "--json"]).succeed();
        serde_json::from_str::<Value>(&said).unwrap()
    };
    let made = fit(&collected.store());
    let refused: Vec<&str> = made["refused"]
        .as_array()
        .unwrap()
        .iter()
        .map(|why| why.as_str().unwrap().split(": ").next().unwrap())
        .collect();
    assert_eq!(
        refused,
        ["alone", "naive", "narrow", "seer", "torn", "unknown"],
        "{made:#}"
    );
    assert_eq!(made["forecasts"], expected.len(), "{made:#}");
    for model in ["growth", "line", "forest"] {
        let out = collected.path(&format!("{model}.csv"));
        let path = out.display().to_string();
        collected
            .program(&["predict", "--model", model, "--out", &path])
            .succeed();
        let found = table(&out);
        let mut checked = 0;
        for [pool, date, target, value, version] in
            found.select(["pool_address", "date", "target", "value", "model_version"])
        {
            assert_eq!((date, target), (day.as_str(), "target_tx_7d_avg_ahead"));
            assert!(version.starts_with("sha256:"));
            let value: f64 = value.parse().unwrap();
            let wanted = expected[&(model.to_owned(), pool.to_owned())];
            let off = (value - wanted).abs();
            assert!(
                off <= 1e-6 * wanted.abs().max(1.0),
                "{model} {pool}: {value}, Python {wanted}"
            );
            checked += 1;
        }
        assert!(checked >= 5, "{model}: {checked}");
    }
    // A folder that is none keeps nobody else from forecasting.
    let none = format!("--set=predictions.models_dir={}", today.display());
    let said = collected.program(&[&none, "predict", "--fit"]).succeed();
    assert!(said.contains("refused: cannot list the models"), "{said}");
    // What was forecast is not made again.
    assert_eq!(fit(&collected.store())["forecasts"], 0);
    says_how_sure_it_is(&collected, &models, &days);
}

/// A model that forecasts day after day says how sure it is once enough of it has come true or not:
/// by hand, from what it said and what came.
fn says_how_sure_it_is(collected: &Collected, models: &Path, days: &Table) {
    const BLOCKS: u32 = 72;
    let store = collected.path("daily");
    let only = collected.path("only");
    std::fs::create_dir(&only).unwrap();
    for ending in ["onnx", "toml"] {
        let name = format!("line.{ending}");
        std::fs::copy(models.join(&name), only.join(&name)).unwrap();
    }
    let folder = format!("--set=predictions.models_dir={}", only.display());
    let program = |arguments: &[&str]| Program::on(&store, &collected.chain.url, arguments);
    let target = "target_tx_7d_avg_ahead";
    let outcomes: BTreeMap<(&str, Day), f64> = days
        .select(["pool_address", "date", target])
        .filter_map(|[pool, day, came]| {
            Some(((pool, day.parse().unwrap()), came.parse::<f64>().ok()?))
        })
        .collect();
    let mut said: Vec<(String, Day, f64)> = Vec::new();
    let mut sure = 0;
    for day in 6..DAYS {
        let to = ((day + 1) * BLOCKS).min(u32::try_from(collected.chain.head).unwrap());
        program(&["backfill", "--from", "0", "--to", &to.to_string()]).succeed();
        program(&[&folder, "predict", "--fit"]).succeed();
        let out = collected.path(&format!("line-{day}.csv"));
        let path = out.display().to_string();
        program(&["predict", "--model", "line", "--out", &path]).succeed();
        let found = table(&out);
        let columns = ["pool_address", "date", "value"];
        let claims = ["interval_low", "interval_high", "confidence"];
        let new: Vec<([&str; 3], [&str; 3])> =
            found.select(columns).zip(found.select(claims)).collect();
        let today: Day = new[0].0[1].parse().unwrap();
        if said.last().is_some_and(|(_, last, _)| *last == today) {
            continue;
        }
        // What was known when it was said: outcomes of the last 28 days up to this one.
        let known = said
            .iter()
            .filter(|(_, from, _)| from.plus_days(7) <= today);
        let matured: Vec<(f64, f64)> = known
            .filter_map(|(pool, from, value)| Some((*value, *outcomes.get(&(pool, *from))?)))
            .collect();
        let mut errors: Vec<f64> = matured
            .iter()
            .map(|(value, came)| came.ln_1p() - value.ln_1p())
            .collect();
        errors.sort_by(f64::total_cmp);
        let hits = matured
            .iter()
            .filter(|(value, came)| (came - value).abs() <= value / 4.0);
        let (n, hits) = (errors.len(), hits.count() as f64);
        for ([_, _, value], [low, high, confidence]) in &new {
            if n < 100 {
                assert_eq!([*low, *high, *confidence], [""; 3], "{n} outcomes");
                continue;
            }
            sure += 1;
            let value: f64 = value.parse().unwrap();
            let read = |text: &str| text.parse::<f64>().unwrap();
            let edge = |rank: usize, outward: f64| {
                let bin = (errors[rank - 1] * 256.0).floor() + outward;
                ((1.0 + value) * (bin / 256.0).exp() - 1.0).max(0.0)
            };
            let wanted = [
                edge((n + 1) / 10, 0.0),
                edge((9 * (n + 1)).div_ceil(10), 1.0),
                (hits + 1.0) / (n as f64 + 2.0),
            ];
            for (found, wanted) in [read(low), read(high), read(confidence)].iter().zip(wanted) {
                assert!(
                    (found - wanted).abs() <= 1e-9 * wanted.max(1.0),
                    "{found} {wanted}"
                );
            }
        }
        let new = new.iter().map(|([pool, day, value], _)| {
            (
                (*pool).to_owned(),
                day.parse().unwrap(),
                value.parse().unwrap(),
            )
        });
        said.extend(new);
    }
    assert!(sure >= 20, "{sure}");
}

/// The earlier pipeline's consumer: `pandas.read_csv`, and a model of growth on lags of the series.
const EARLIER: &str = r#"
import json, sys
import numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression

rows = pd.read_csv(sys.argv[1])
rows["date"] = pd.to_datetime(rows["date"])
rows = rows.sort_values(["poolAddress", "date"])
rows["y"] = np.log(rows["tx_count"] + 1)
by_pool = rows.groupby("poolAddress")["y"]
lags = [f"lag_{n}" for n in range(1, 8)]
for n, name in enumerate(lags, 1):
    rows[name] = by_pool.shift(n)
known = rows.dropna(subset=lags)
last = known["date"].max()
train, test = known[known["date"] < last - pd.Timedelta(days=7)], known[known["date"] >= last - pd.Timedelta(days=7)]
model = LinearRegression().fit(train[lags], train["y"])
said = model.predict(test[lags])
numbers = [c for c in rows.columns if rows[c].dtype.kind in "if"]
print(json.dumps({
    "rows": len(rows), "pools": rows["poolAddress"].nunique(), "twice": int(rows.duplicated(["poolAddress", "date"]).sum()),
    "swaps": int(rows["tx_count"].sum()), "numbers": numbers, "trained": len(train), "tested": len(test),
    "error": float(np.abs(said - test["y"]).mean()), "of_the_mean": float(np.abs(train["y"].mean() - test["y"]).mean()),
}))
"#;

#[test]
fn the_earlier_pipelines_consumer_reads_its_file_and_models_growth() {
    let Some(python) = python() else { return };
    let collected = Collected::new();
    collected.features("rows.csv", &[]);
    let ours = table(&collected.path("rows.csv"));
    let days: Vec<Day> = ours
        .select(["date"])
        .map(|[d]| d.parse().unwrap())
        .collect();
    let (first, last) = (*days.iter().min().unwrap(), *days.iter().max().unwrap());
    let folder = collected.path("sets");
    collected
        .program(&[
            "dataset",
            "--format",
            "hermetik",
            "--from",
            &first.to_string(),
            "--to",
            &last.to_string(),
            "--train-until",
            &first.plus_days(10).to_string(),
            "--validate-until",
            &first.plus_days(20).to_string(),
            "--out",
            &folder.display().to_string(),
        ])
        .succeed();
    let file = folder.join("pool_dataset_latest.csv");
    let output = Command::new(python)
        .args(["-c", EARLIER])
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = table(&file);
    let counts: Vec<i64> = expected
        .select(["tx_count"])
        .map(|[n]| n.parse().unwrap())
        .collect();
    assert_eq!(found["rows"], counts.len());
    assert_eq!(found["swaps"], counts.iter().sum::<i64>());
    let pools: BTreeSet<String> = expected
        .select(["poolAddress"])
        .map(|[pool]| pool.to_owned())
        .collect();
    assert_eq!(found["twice"], 0);
    assert_eq!(found["pools"], pools.len());
    for name in [
        "tx_count",
        "tx_count_7d_avg",
        "tx_count_7d_std",
        "unique_users",
    ] {
        let numbers = found["numbers"].as_array().unwrap();
        assert!(numbers.contains(&name.into()), "{name}: {found}");
    }
    // It has learned something of the series.
    let error = found["error"].as_f64().unwrap();
    assert!(error < found["of_the_mean"].as_f64().unwrap(), "{found}");
    assert!(found["tested"].as_u64().unwrap() > 50, "{found}");
}
