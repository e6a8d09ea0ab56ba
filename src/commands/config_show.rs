//! `config check` and `config print`.

use crate::cli::ConfigCommand;
use crate::config::Config;
use crate::error::Error;

/// The configuration was loaded and checked already; say so, or show it.
pub(super) fn config(config: &Config, what: &ConfigCommand) -> Result<(), Error> {
    match what {
        ConfigCommand::Check => println!("configuration ok"),
        ConfigCommand::Print => {
            let text = toml::to_string_pretty(config)
                .map_err(|e| Error::Failed(format!("cannot print the configuration: {e}")))?;
            print!("{text}");
        }
    }
    Ok(())
}
