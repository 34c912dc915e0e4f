//! A RabbitMQ of the tests' own, and a consumer at it: a node in a directory of its own, on ports of its own, on loopback.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tempfile::TempDir;

use crate::poll::poll;
use crate::program;
use crate::secure_receiver::Authority;
use crate::server::janitor::Janitor;

/// The password of the node's one user.
pub const PASSWORD: &str = "correct-horse";
/// How long a node may take to start on a busy machine.
const START: Duration = Duration::from_secs(90);

/// A process with everything that it starts. Dropped, all of it is killed.
struct Group {
    child: Child,
    janitor: Janitor,
}

/// A node, with the daemon by which Erlang's nodes find each other.
pub struct Broker {
    node: Option<Group>,
    _names: Group,
    directory: TempDir,
    port: u16,
    secure_port: u16,
    ports: [u16; 2],
}

impl Broker {
    /// A node that takes connections in clear.
    pub fn start() -> Broker {
        Broker::start_with(None)
    }

    /// A node that takes connections over TLS, too, with a certificate for `localhost` of this authority.
    pub fn start_secure(authority: &Authority) -> Broker {
        Broker::start_with(Some(authority))
    }

    fn start_with(authority: Option<&Authority>) -> Broker {
        let directory = tempfile::Builder::new().prefix("causeway-rabbitmq-").tempdir().unwrap();
        let [port, secure_port, distribution, names] = free_ports();
        let mut daemon = Command::new("epmd");
        daemon.args(["-port", &names.to_string(), "-address", "127.0.0.1"]);
        let names_daemon = Group::start(&mut daemon, directory.path());
        let config = format!(
            "listeners.tcp.default = 127.0.0.1:{port}\ndefault_user = bank\ndefault_pass = {PASSWORD}\n\
             log.console.level = error\ndisk_free_limit.absolute = 1MB\n"
        );
        let secure = authority.map(|authority| secured(authority, directory.path(), secure_port)).unwrap_or_default();
        fs::write(directory.path().join("rabbitmq.conf"), config + &secure).unwrap();
        fs::write(directory.path().join("enabled_plugins"), "[].\n").unwrap();
        let ports = [distribution, names];
        let mut broker = Broker { node: None, _names: names_daemon, directory, port, secure_port, ports };
        broker.go_on();
        broker
    }

    /// Ends the node as an operator does.
    pub fn stop(&mut self) {
        let mut node = self.node.take().unwrap();
        kill_process_group(node.pid(), Signal::TERM).unwrap();
        poll(START, "the node ends", || node.child.try_wait().unwrap());
    }

    /// Kills the node.
    pub fn kill(&mut self) {
        drop(self.node.take());
    }

    /// Starts the node that was ended, with what it has on disk.
    pub fn go_on(&mut self) {
        self.node = Some(Group::start(&mut self.command("rabbitmq-server"), self.directory.path()));
        poll(START, "the node takes connections", || TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    /// Where it is, with a password.
    pub fn url(&self, password: &str) -> String {
        format!("amqp://bank:{password}@127.0.0.1:{}/%2f", self.port)
    }

    /// Where it is over TLS.
    pub fn secure_url(&self) -> String {
        format!("amqps://bank:{PASSWORD}@localhost:{}/%2f", self.secure_port)
    }

    /// A file with a URL, which nobody else may read.
    pub fn url_file(&self, name: &str, url: &str) -> PathBuf {
        let path = self.directory.path().join(format!("url-{name}"));
        fs::write(&path, url).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// Declares a queue and binds it to everything of an exchange.
    pub fn bind(&self, exchange: &str) {
        self.consumer(exchange, &["bind"]);
    }

    /// Declares an exchange of this type.
    pub fn declare(&self, exchange: &str, kind: &str) {
        self.consumer(exchange, &["declare", kind]);
    }

    /// Declares and binds a second queue, which takes one message and rejects what comes then.
    pub fn bind_full(&self, exchange: &str) {
        self.consumer(exchange, &["bind_full"]);
    }

    /// Removes that second queue.
    pub fn remove_full(&self, exchange: &str) {
        self.consumer(exchange, &["remove_full"]);
    }

    /// What waits in the queue, in its order: at least so many different messages.
    pub fn take(&self, exchange: &str, count: usize) -> Vec<Value> {
        let lines = self.consumer(exchange, &["take", &count.to_string()]);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Says something to the node as its operator.
    pub fn control(&self, words: &[&str]) {
        let output = self.command("rabbitmqctl").args(words).output().unwrap();
        assert!(output.status.success(), "rabbitmqctl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn consumer(&self, exchange: &str, words: &[&str]) -> String {
        let mut python = Command::new(program::python());
        python.arg(program::repository().join("tools/bus/consumer.py"));
        let output = python.args([&self.url(PASSWORD), exchange, exchange]).args(words).output().unwrap();
        assert!(output.status.success(), "the consumer: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// One of its scripts, with nothing of the machine's own RabbitMQ, if there is one.
    fn command(&self, script: &str) -> Command {
        let place = |name: &str| self.directory.path().join(name);
        let mut command = Command::new(program::rabbitmq().join(script));
        command.env("HOME", self.directory.path());
        for (name, path) in [
            ("RABBITMQ_CONF_ENV_FILE", "no-environment"),
            ("RABBITMQ_CONFIG_FILE", "rabbitmq.conf"),
            ("RABBITMQ_ENABLED_PLUGINS_FILE", "enabled_plugins"),
            ("RABBITMQ_MNESIA_BASE", "data"),
            ("RABBITMQ_LOG_BASE", "log"),
            ("RABBITMQ_GENERATED_CONFIG_DIR", "generated"),
            ("RABBITMQ_FEATURE_FLAGS_FILE", "feature_flags"),
            ("RABBITMQ_PID_FILE", "pid"),
        ] {
            command.env(name, place(path));
        }
        let [distribution, names] = self.ports;
        command.env("RABBITMQ_NODENAME", format!("causeway-{}@localhost", self.port));
        command.env("RABBITMQ_DIST_PORT", distribution.to_string());
        command.env("ERL_EPMD_PORT", names.to_string()).env("ERL_EPMD_ADDRESS", "127.0.0.1");
        command.env("RABBITMQ_LOGS", "-");
        command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
        command
    }
}

impl Group {
    fn start(command: &mut Command, directory: &Path) -> Group {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().unwrap();
        let janitor = Janitor::watch_group(child.id(), directory);
        Group { child, janitor }
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.janitor.dismiss();
        // It may have ended by itself; then there is nothing left to kill.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// What the configuration says of TLS, with the files that it names.
fn secured(authority: &Authority, directory: &Path, port: u16) -> String {
    let [certificate, key] = authority.certified();
    let files = [("cacertfile", authority.pem()), ("certfile", certificate), ("keyfile", key)];
    let named = files.map(|(name, content)| {
        let path = directory.join(name);
        fs::write(&path, content).unwrap();
        format!("ssl_options.{name} = {}\n", path.display())
    });
    format!("listeners.ssl.default = 127.0.0.1:{port}\nssl_options.verify = verify_none\n{}", named.concat())
}

/// Ports that nobody listened on a moment ago.
fn free_ports() -> [u16; 4] {
    let listeners = [0; 4].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
