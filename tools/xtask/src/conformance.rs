//! The release program against the committed contract: `tools/conformance` generates requests and judges the answers.

use std::process::Command;
use std::time::Duration;

use crate::build;
use crate::failure::Failure;
use crate::paths;
use crate::process;
use crate::setup::TestTools;

/// The name of the stage; a filter chooses it by that.
pub const NAME: &str = "conformance";

/// How long the ordinary run may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// The ordinary run.
pub fn run(tools: &TestTools) -> Result<(), Failure> {
    process::run_within(LIMIT, &mut command(tools, &[]))
}

/// The program with these words. Its report is written below the target directory.
pub fn command(tools: &TestTools, words: &[&str]) -> Command {
    let mut command = process::fresh(&tools.python);
    command.arg(paths::root().join("tools/conformance/run.py"));
    command.arg("--report").arg(paths::target().join(NAME)).args(words);
    command.envs(build::environment(tools)).current_dir(paths::root());
    command
}
