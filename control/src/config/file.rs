//! The configuration file: TOML whose keys are the flags' names. Its values become the flags' defaults.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::{ArgAction, Command};
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::tiers::{self, Fault};
use crate::lines;
use crate::quota::Tiers;

/// In which line of the file each setting stands.
pub type Lines = HashMap<String, usize>;

/// The settings of a file.
pub struct Settings {
    path: PathBuf,
    settings: Vec<Setting>,
    tiers: Tiers,
}

struct Setting {
    name: String,
    line: usize,
    /// The value as it would follow the flag, or what is wrong with it.
    value: Result<String, String>,
    is_boolean: bool,
}

/// Reads a file without judging names and values.
pub fn read(path: &Path) -> Result<Settings, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| ConfigError::Unreadable(path.to_owned(), error))?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Settings, ConfigError> {
    let wrong = |fault: Fault| ConfigError::File { path: path.to_owned(), line: fault.line, reason: fault.reason };
    let table = DeTable::parse(text).map_err(|error| wrong(Fault::new(text, &error)))?;
    let tiers = tiers::read(text).map_err(wrong)?;
    let settings =
        table.into_inner().into_iter().filter(|(name, _)| name.get_ref() != tiers::SECTION).map(|(name, value)| {
            Setting {
                line: lines::at(text, name.span().start),
                is_boolean: matches!(value.get_ref(), DeValue::Boolean(_)),
                value: written(value.get_ref()),
                name: name.into_inner().into_owned(),
            }
        });
    Ok(Settings { path: path.to_owned(), settings: settings.collect(), tiers })
}

impl Settings {
    /// The command with this file's values as the defaults of its flags.
    pub fn become_defaults(&self, mut serve: Command) -> Result<Command, ConfigError> {
        for setting in &self.settings {
            let value = self.checked(&serve, setting).map_err(|reason| self.error(setting, reason))?;
            let id = flag(&serve, &setting.name).map(|flag| flag.get_id().clone());
            if let Some(id) = id {
                serve = serve.mut_arg(id, |flag| flag.default_value(value));
            }
        }
        Ok(serve)
    }

    /// In which line each setting stands.
    pub fn lines(&self) -> Lines {
        self.settings.iter().map(|setting| (setting.name.clone(), setting.line)).collect()
    }

    /// The tiers: those of the program and of the file.
    pub fn tiers(&self) -> Tiers {
        self.tiers.clone()
    }

    /// The value as text, if the flag of that name would take it.
    fn checked(&self, serve: &Command, setting: &Setting) -> Result<String, String> {
        let unknown = || format!("there is no setting `{}`; `causeway serve --help` lists them", setting.name);
        let flag = flag(serve, &setting.name).filter(|flag| flag.get_id() != "config").ok_or_else(unknown)?;
        let value = setting.value.clone().map_err(|reason| format!("`{}` {reason}", setting.name))?;
        if matches!(flag.get_action(), ArgAction::SetTrue) {
            return if setting.is_boolean {
                Ok(value)
            } else {
                Err(format!("`{}` must be true or false", setting.name))
            };
        }
        // The environment would speak first and is not at fault in this file.
        let alone = serve.clone().mut_args(|flag| flag.env(Resettable::Reset));
        alone.try_get_matches_from(["serve".to_owned(), format!("--{}={value}", setting.name)]).map_err(in_one_line)?;
        Ok(value)
    }

    fn error(&self, setting: &Setting, reason: String) -> ConfigError {
        ConfigError::File { path: self.path.clone(), line: setting.line, reason }
    }
}

fn flag<'a>(serve: &'a Command, name: &str) -> Option<&'a clap::Arg> {
    serve.get_arguments().find(|flag| flag.get_long() == Some(name))
}

fn written(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.to_string()),
        DeValue::Boolean(yes) => Ok(yes.to_string()),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| written(item.get_ref())).collect::<Result<Vec<_>, _>>()?;
            Ok(texts.join(","))
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            Err("must be a string, a whole number, true or false, or a list of strings".to_owned())
        }
    }
}

/// What clap says, without its hints for a person at the command line.
fn in_one_line(error: clap::Error) -> String {
    let text = error.to_string();
    let lines =
        text.lines().take_while(|line| !line.starts_with("For more information") && !line.starts_with("Usage:"));
    let words: Vec<&str> = lines.map(str::trim).filter(|line| !line.is_empty()).collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}
