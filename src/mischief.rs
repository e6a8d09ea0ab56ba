//! `simulate`'s flags of mischief: one per mode, made from the simulated chain's table of modes.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use std::net::SocketAddr;
use std::time::Duration;
use tidegauge_simchain::{Hostility, MODES, Mode, Rate};

const HEADING: &str = "Mischief";
/// What a mode's flag without a rate reads as.
const DEFAULT: &str = "default";

/// What is done to clients, and where nothing is.
#[derive(Debug, Args)]
#[command(next_help_heading = HEADING)]
pub(crate) struct Mischief {
    /// All modes below at their default rates, except --wrong-chain
    #[arg(long)]
    hostile: bool,
    /// Seed of all strikes: the same seed and requests give the same mischief
    #[arg(long, value_name = "SEED", default_value_t = Hostility::default().seed)]
    hostile_seed: u64,
    /// Serve the same chain honestly, too, at this address
    #[arg(long, value_name = "ADDR")]
    pub(crate) honest_listen: Option<SocketAddr>,
    #[command(flatten)]
    rates: ModeRates,
    /// Blocks that --reorg replaces at most, 1 to 63
    #[arg(long, value_name = "BLOCKS", default_value_t = Hostility::default().reorg_depth)]
    reorg_depth: u64,
    /// How far --lag is behind
    #[arg(long, value_name = "BLOCKS", default_value_t = Hostility::default().lag_blocks)]
    lag_blocks: u64,
    /// Where --truncated cuts
    #[arg(long, value_name = "LOGS", default_value_t = Hostility::default().truncate_at_logs)]
    truncate_at: u64,
    /// How late --latency is
    #[arg(long, value_name = "MS", default_value_t = Hostility::default().latency.as_millis() as u64)]
    latency_ms: u64,
}

impl Mischief {
    /// How hostile to be; `None` if nothing of it was asked for.
    pub(crate) fn hostility(&self) -> Option<Hostility> {
        let base = if self.hostile {
            Hostility::all()
        } else {
            Hostility::default()
        };
        let given = self.rates.0.iter();
        let set = given.fold(base, |all, (mode, rate)| all.with(*mode, *rate));
        (self.hostile || !self.rates.0.is_empty()).then_some(Hostility {
            seed: self.hostile_seed,
            reorg_depth: self.reorg_depth,
            lag_blocks: self.lag_blocks,
            truncate_at_logs: self.truncate_at,
            latency: Duration::from_millis(self.latency_ms),
            ..set
        })
    }
}

/// The modes given, each with its rate.
#[derive(Debug)]
struct ModeRates(Vec<(Mode, Rate)>);

impl Args for ModeRates {
    fn augment_args(command: Command) -> Command {
        MODES.iter().fold(command, |command, info| {
            let read = |text: &str| match text {
                DEFAULT => Ok(info.default_rate),
                _ => text.parse::<Rate>(),
            };
            command.arg(
                Arg::new(info.name)
                    .long(info.name)
                    .value_name("RATE")
                    .num_args(0..=1)
                    .default_missing_value(DEFAULT)
                    .value_parser(read)
                    .help(format!(
                        "{} [default rate: {}]",
                        info.does, info.default_rate
                    )),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for ModeRates {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = MODES.iter().filter_map(|info| {
            let rate = matches.get_one::<Rate>(info.name)?;
            Some((info.mode, *rate))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        mischief: Mischief,
    }

    fn read(flags: &str) -> Option<Hostility> {
        let words = ["x"].into_iter().chain(flags.split_whitespace());
        Line::try_parse_from(words).unwrap().mischief.hostility()
    }

    #[test]
    fn flags_read_as_the_table_says() {
        let base = Hostility::default();
        let seven = Hostility {
            seed: 7,
            ..Hostility::all()
        };
        for (flags, wanted) in [
            ("", None),
            ("--hostile-seed 7", None),
            ("--hostile", Some(Hostility::all())),
            ("--hostile --hostile-seed 7", Some(seven)),
            (
                "--hostile --lag 0",
                Some(Hostility::all().with(Mode::Lag, Rate::NEVER)),
            ),
            (
                "--reorg --reorg-depth 9",
                Some(Hostility {
                    reorg_depth: 9,
                    ..base.with(Mode::Reorg, Mode::Reorg.info().default_rate)
                }),
            ),
        ] {
            assert_eq!(read(flags), wanted, "{flags}");
        }
        for info in MODES {
            let by_default = read(&format!("--{}", info.name));
            assert_eq!(by_default, Some(base.with(info.mode, info.default_rate)));
            let quarter = read(&format!("--{}=25%", info.name));
            assert_eq!(quarter, Some(base.with(info.mode, Rate::per_thousand(250))));
            let absurd = format!("--{}=2", info.name);
            assert!(Line::try_parse_from(["x", &absurd]).is_err());
        }
    }
}
