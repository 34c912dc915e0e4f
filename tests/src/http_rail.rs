//! The example rail in Python as a process on loopback, with its own durable record.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::http::{Client, Request, Response};
use crate::poll::{SOON, poll};
use crate::program::{python, repository};
use crate::signature::{hexadecimal, hmac};

/// A rail at work. Dropped, it is killed; its record stays.
pub struct HttpRail {
    /// The name that corridors give it.
    pub name: String,
    /// Its secret.
    pub secret: String,
    child: Child,
    client: Client,
}

/// One attempt as the rail has it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// `att_…`.
    pub id: String,
    /// How often it was sent, taken or not.
    pub sends: u64,
    /// How often it was enquired about.
    pub enquiries: u64,
    /// How often its money moved.
    pub moved: u64,
    /// Its state; null when the rail does not have it.
    pub state: Value,
    /// What was sent; null when the rail never took it.
    pub sent: Value,
}

impl HttpRail {
    /// Starts a rail whose secret and record lie in `directory`.
    pub fn start(name: &str, directory: &Path) -> HttpRail {
        let secret = format!("{name}-{}", "s".repeat(40));
        let secret_file = HttpRail::secret_file(name, directory);
        write_private(&secret_file, &secret);
        let mut command = Command::new(python());
        command.arg(repository().join("tools/rail/rail.py")).arg("--secret-file").arg(secret_file);
        command.arg("--record").arg(directory.join(format!("{name}.record")));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let port: u16 = port.trim().parse().unwrap_or_else(|_| panic!("the rail printed {port:?} for its port"));
        let client = Client::new(SocketAddr::from(([127, 0, 0, 1], port)));
        HttpRail { name: name.to_owned(), secret, child, client }
    }

    /// Where the secret of a rail of this name lies.
    pub fn secret_file(name: &str, directory: &Path) -> PathBuf {
        directory.join(format!("{name}.secret"))
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}/bank", self.client.address())
    }

    /// Tells it what to do.
    pub fn told(&self, wishes: Value) {
        let answer = self.client.send(&Request::new("PUT", "/control").json(&wishes));
        let answer = answer.unwrap_or_else(|failure| panic!("{wishes}: {}", failure.error));
        assert_eq!(answer.status, 200, "{wishes}: {}", answer.text());
    }

    /// Has it report to the gateway whose rails listener is at this address.
    pub fn reports_to(&self, address: SocketAddr) {
        self.told(json!({ "report_url": format!("http://{address}/rails/{}/reports", self.name) }));
    }

    /// Everything on its record, in the order in which it came.
    pub fn record(&self) -> Vec<Attempt> {
        let answer = self.client.send(&Request::get("/record"));
        let answer = answer.unwrap_or_else(|failure| panic!("the rail's record: {}", failure.error));
        let rows: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
        rows.iter().map(Attempt::read).collect()
    }

    /// The only attempt on its record, once there is one.
    pub fn attempt(&self) -> Attempt {
        let all = poll(SOON, "an attempt comes to the rail", || Some(self.record()).filter(|all| !all.is_empty()));
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }

    /// A report of this state, signed at this distance from now in seconds.
    pub fn report(&self, attempt: &str, state: &str, shift: i64) -> Request {
        let body = json!({ "attempt_id": attempt, "state": state }).to_string();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let at = now.saturating_add_signed(shift);
        let signed = hexadecimal(&hmac(self.secret.as_bytes(), format!("{at}.report.{body}").as_bytes()));
        Request::post(format!("/rails/{}/reports", self.name))
            .bytes(body)
            .header("Rail-Signature", &format!("t={at},v1={signed}"))
    }
}

/// Sends a request to the gateway's rails listener.
pub fn report_to(address: SocketAddr, request: &Request) -> Response {
    let sent = Client::new(address).send(request);
    sent.unwrap_or_else(|failure| panic!("{} {}: {}", request.method, request.path, failure.error))
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

impl Attempt {
    fn read(row: &Value) -> Attempt {
        let number = |name: &str| row[name].as_u64().unwrap_or_else(|| panic!("no {name} in {row}"));
        Attempt {
            id: row["attempt_id"].as_str().unwrap_or_else(|| panic!("no id in {row}")).to_owned(),
            sends: number("sends"),
            enquiries: number("enquiries"),
            moved: number("moved"),
            state: row["state"].clone(),
            sent: row["attempt"].clone(),
        }
    }
}

impl Drop for HttpRail {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
