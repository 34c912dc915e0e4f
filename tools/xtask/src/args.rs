//! The command line as a closed set of actions.

use crate::failure::Failure;

/// What the caller asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Print the overview, or the help of one command.
    Help(Option<String>),
    /// Make the machine ready and say what was found.
    Setup,
    /// Build the release programs.
    Build,
    /// Build and start the server; the words are passed on to it.
    Run(Vec<String>),
    /// Run the tests.
    Test(TestPlan),
    /// Run the criterion benches; the words are passed on to `cargo bench`.
    Bench(Vec<String>),
    /// Run seeds of the simulation; the words are passed on to it.
    Simulate(Vec<String>),
    /// Start a command of `causeway-lab`; the words are passed on to it.
    Lab {
        /// The command of the lab: the same word as here.
        command: String,
        /// What follows it.
        extra: Vec<String>,
    },
    /// Run the public fraud benchmark.
    FraudBenchmark(FraudBenchmark),
    /// Check formatting and lints.
    Lint,
    /// Lint, then test, with one table of minutes.
    Ci,
}

/// How the fraud benchmark is run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FraudBenchmark {
    /// On the weeks on which things are chosen, rather than on the test weeks.
    pub validate: bool,
    /// Where the scoring cell keeps its rows, if not in the target directory.
    pub engine_dir: Option<String>,
}

/// Which tests to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TestPlan {
    /// How much of them.
    pub extent: Extent,
    /// Only tests whose names contain this.
    pub filter: Option<String>,
}

/// How much of the tests to run.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Unit, black-box and model tests.
    #[default]
    Ordinary,
    /// Unit tests, and the black-box tests that are not long.
    Quick,
    /// The long part of this name, or all that this commit has not passed yet.
    Full(Option<String>),
}

/// Reads the words after `cargo xtask`.
pub fn parse(words: &[String]) -> Result<Action, Failure> {
    let Some((command, rest)) = words.split_first() else {
        return Ok(Action::Help(None));
    };
    if matches!(command.as_str(), "help" | "--help" | "-h") {
        return Ok(Action::Help(rest.first().cloned()));
    }
    if asks_for_help(rest) {
        return Ok(Action::Help(Some(command.clone())));
    }
    match command.as_str() {
        "setup" => alone(command, rest, Action::Setup),
        "build" => alone(command, rest, Action::Build),
        "lint" => alone(command, rest, Action::Lint),
        "ci" => alone(command, rest, Action::Ci),
        "run" => Ok(Action::Run(after_dashes(rest)?)),
        "test" => Ok(Action::Test(test_plan(rest)?)),
        "bench" => Ok(Action::Bench(rest.to_vec())),
        "sim" => Ok(Action::Simulate(passed_on(rest))),
        "fraud-benchmark" => Ok(Action::FraudBenchmark(fraud_benchmark(rest)?)),
        "demo" | "load" | "fill" | "lists" => Ok(Action::Lab { command: command.clone(), extra: passed_on(rest) }),
        unknown => Err(Failure::new(format!("there is no command `{unknown}`; `cargo xtask --help` lists them"))),
    }
}

/// Help is asked for in front of `--` only: behind it the word belongs to the started program.
fn asks_for_help(rest: &[String]) -> bool {
    rest.iter().take_while(|word| *word != "--").any(|word| matches!(word.as_str(), "--help" | "-h"))
}

fn alone(command: &str, rest: &[String], action: Action) -> Result<Action, Failure> {
    match rest.first() {
        None => Ok(action),
        Some(word) => Err(Failure::new(format!("`cargo xtask {command}` takes no argument, but got `{word}`"))),
    }
}

fn after_dashes(rest: &[String]) -> Result<Vec<String>, Failure> {
    match rest.split_first() {
        None => Ok(Vec::new()),
        Some((dashes, extra)) if dashes == "--" => Ok(extra.to_vec()),
        Some((word, _)) => Err(Failure::new(format!(
            "`{word}`: arguments for the server go behind `--`, as in `cargo xtask run -- {word}`"
        ))),
    }
}

fn passed_on(rest: &[String]) -> Vec<String> {
    let skip = usize::from(rest.first().is_some_and(|word| word == "--"));
    rest[skip..].to_vec()
}

fn fraud_benchmark(rest: &[String]) -> Result<FraudBenchmark, Failure> {
    let mut wanted = FraudBenchmark::default();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--validate" => wanted.validate = true,
            "--engine-dir" => {
                let folder = words.next().ok_or_else(|| Failure::new("`--engine-dir` needs a folder behind it"))?;
                wanted.engine_dir = Some(folder.clone());
            }
            word => {
                let message = format!("`cargo xtask fraud-benchmark` does not know `{word}`; see its --help");
                return Err(Failure::new(message));
            }
        }
    }
    Ok(wanted)
}

fn test_plan(rest: &[String]) -> Result<TestPlan, Failure> {
    let (mut quick, mut full, mut name) = (false, false, None);
    for word in rest {
        match word.as_str() {
            "--quick" => quick = true,
            "--full" => full = true,
            option if option.starts_with('-') => {
                return Err(Failure::new(format!("`cargo xtask test` has no option `{option}`; see its --help")));
            }
            word if name.is_none() => name = Some(word.to_owned()),
            word => {
                return Err(Failure::new(format!("`{word}`: one name at most can be given")));
            }
        }
    }
    match (quick, full) {
        (true, true) => Err(Failure::new("--quick and --full exclude each other")),
        (true, false) => Ok(TestPlan { extent: Extent::Quick, filter: name }),
        (false, true) => Ok(TestPlan { extent: Extent::Full(name), filter: None }),
        (false, false) => Ok(TestPlan { extent: Extent::Ordinary, filter: name }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Action, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&words).map_err(|failure| failure.to_string())
    }

    fn test(extent: Extent, filter: Option<&str>) -> Result<Action, String> {
        Ok(Action::Test(TestPlan { extent, filter: filter.map(str::to_owned) }))
    }

    #[test]
    fn help_is_asked_for_in_every_way() {
        assert_eq!(parsed(""), Ok(Action::Help(None)));
        assert_eq!(parsed("--help"), Ok(Action::Help(None)));
        assert_eq!(parsed("help run"), Ok(Action::Help(Some("run".into()))));
        assert_eq!(parsed("run --help"), Ok(Action::Help(Some("run".into()))));
    }

    #[test]
    fn words_behind_the_dashes_belong_to_the_server() {
        assert_eq!(parsed("run"), Ok(Action::Run(vec![])));
        assert_eq!(parsed("run -- --help"), Ok(Action::Run(vec!["--help".into()])));
        assert!(parsed("run --mode live").unwrap_err().contains("cargo xtask run -- --mode"));
    }

    #[test]
    fn tests_take_an_extent_and_one_name() {
        assert_eq!(parsed("test"), test(Extent::Ordinary, None));
        assert_eq!(parsed("test lock_quote"), test(Extent::Ordinary, Some("lock_quote")));
        assert_eq!(parsed("test --quick lock"), test(Extent::Quick, Some("lock")));
        assert_eq!(parsed("test --full"), test(Extent::Full(None), None));
        assert_eq!(parsed("test --full kill"), test(Extent::Full(Some("kill".into())), None));
        assert!(parsed("test --quick --full").is_err());
        assert!(parsed("test --slow").is_err());
        assert!(parsed("test one two").is_err());
    }

    #[test]
    fn lab_commands_pass_everything_on() {
        let extra = vec!["--rate".to_owned(), "5".to_owned()];
        assert_eq!(parsed("load --rate 5"), Ok(Action::Lab { command: "load".into(), extra: extra.clone() }));
        assert_eq!(parsed("load -- --rate 5"), Ok(Action::Lab { command: "load".into(), extra }));
    }

    #[test]
    fn the_benchmark_takes_its_weeks_and_a_folder() {
        let wanted = |validate, engine_dir: Option<&str>| {
            Ok(Action::FraudBenchmark(FraudBenchmark { validate, engine_dir: engine_dir.map(str::to_owned) }))
        };
        assert_eq!(parsed("fraud-benchmark"), wanted(false, None));
        assert_eq!(parsed("fraud-benchmark --engine-dir /x --validate"), wanted(true, Some("/x")));
        assert!(parsed("fraud-benchmark --engine-dir").is_err() && parsed("fraud-benchmark all").is_err());
    }

    #[test]
    fn the_simulation_gets_its_words() {
        assert_eq!(parsed("sim --seed 5"), Ok(Action::Simulate(vec!["--seed".into(), "5".into()])));
    }

    #[test]
    fn unknown_commands_and_stray_words_are_named() {
        assert!(parsed("bulid").unwrap_err().contains("`bulid`"));
        assert!(parsed("build now").unwrap_err().contains("`now`"));
    }
}
