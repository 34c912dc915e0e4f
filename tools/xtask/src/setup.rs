//! Makes the machine ready. Every step looks first and does only what is missing, so that it can run before each command.

mod local_config;
mod node;
mod onnxruntime;
mod python;
pub mod rocksdb;
mod system;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::failure::{During, Failure};
use crate::paths;

/// What the black-box tests and the demo start.
pub struct TestTools {
    /// Python in the virtual environment, with the packages of `tools/requirements/test.txt`.
    pub python: PathBuf,
    /// Node.js 18 or newer.
    pub node: PathBuf,
    /// The directory with the packages of `tools/requirements/node`, from which Node.js finds them.
    pub node_packages: PathBuf,
    /// curl.
    pub curl: PathBuf,
    /// The directory of RabbitMQ's scripts.
    pub rabbitmq: PathBuf,
}

/// Makes ready what building and serving need.
pub fn for_building() -> Result<(), Failure> {
    let _lock = lock()?;
    building_parts().map(|_| ())
}

/// Makes ready what building and testing need.
pub fn for_testing() -> Result<TestTools, Failure> {
    let _lock = lock()?;
    // First what fails at once when it is missing, so that nobody learns of it after the minutes that RocksDB takes.
    let tools = testing_parts()?;
    building_parts()?;
    Ok(tools)
}

/// Makes ready what building and training take; gives the Python that trains.
pub fn for_training() -> Result<PathBuf, Failure> {
    let _lock = lock()?;
    let python = python::for_training()?;
    building_parts()?;
    Ok(python)
}

/// Makes everything ready and says what is used.
pub fn explain() -> Result<(), Failure> {
    let _lock = lock()?;
    let tools = testing_parts()?;
    let parts = building_parts()?;
    println!("libclang      {}", parts.libclang.directory.display());
    println!("C++ compiler  {} ({})", parts.compiler.program, parts.compiler.id);
    println!("ONNX Runtime  {}", parts.onnxruntime.display());
    println!("RocksDB       {}", parts.rocksdb.display());
    println!("Python        {}", tools.python.display());
    println!("Node.js       {} with {}", tools.node.display(), tools.node_packages.display());
    println!("curl          {}", tools.curl.display());
    println!("RabbitMQ      {}", tools.rabbitmq.display());
    Ok(())
}

/// Puts the ONNX Runtime and the models beside the release programs, where they look for them, once there are any.
pub fn place_runtime() -> Result<(), Failure> {
    onnxruntime::link_into(&paths::release(), &onnxruntime::library(&paths::cache()?)?)?;
    onnxruntime::link(&paths::release().join("models"), &paths::root().join("models"))
}

struct BuildingParts {
    libclang: system::Libclang,
    compiler: system::Compiler,
    onnxruntime: PathBuf,
    rocksdb: PathBuf,
}

fn building_parts() -> Result<BuildingParts, Failure> {
    let cache = paths::cache()?;
    let libclang = system::libclang()?;
    let compiler = system::compiler()?;
    let onnxruntime = onnxruntime::ensure(&cache)?;
    if paths::release().is_dir() {
        onnxruntime::link_into(&paths::release(), &onnxruntime)?;
    }
    let rocksdb = rocksdb::ensure(&cache, &compiler, &libclang)?;
    let parts = BuildingParts { libclang, compiler, onnxruntime, rocksdb };
    local_config::write(&parts)?;
    Ok(parts)
}

fn testing_parts() -> Result<TestTools, Failure> {
    let (curl, node, rabbitmq) = (system::curl()?, system::node()?, system::rabbitmq()?);
    Ok(TestTools { curl, node, rabbitmq, node_packages: node::packages()?, python: python::for_tests()? })
}

/// Two set-ups of one user do not run at the same time: they share the cache.
fn lock() -> Result<File, Failure> {
    let cache = paths::cache()?;
    fs::create_dir_all(&cache).during(|| format!("create the cache directory {}", cache.display()))?;
    let path = cache.join("setup.lock");
    let file = File::create(&path).during(|| format!("open {}", path.display()))?;
    if file.try_lock().is_err() {
        println!("waiting for another set-up that holds {}", path.display());
        file.lock().during(|| format!("lock {}", path.display()))?;
    }
    Ok(file)
}

/// Writes a file by way of a temporary one beside it, so that no reader ever sees half of it.
fn write_whole(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(temporary);
    fs::write(&temporary, content).during(|| format!("write {}", temporary.display()))?;
    fs::rename(&temporary, path).during(|| format!("rename {} to {}", temporary.display(), path.display()))
}

/// A directory of its own for one unit test, empty at its start.
#[cfg(test)]
pub fn scratch(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("causeway-xtask-{}-{name}", std::process::id()));
    fs::remove_dir_all(&directory).unwrap_or_default();
    fs::create_dir_all(&directory).unwrap();
    directory
}
