//! Connections, and a client that keeps them.

use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::message::{Request, Response, parse_headers, read_head};

/// How long an answer may take. Nothing healthy comes near it.
const PATIENCE: Duration = Duration::from_secs(30);

/// For how long an idle connection is used again: far less than after which the gateway closes it.
const IDLE: Duration = Duration::from_secs(20);

/// Sends requests to one address over connections that it keeps.
pub struct Client {
    address: SocketAddr,
    idle: Mutex<Vec<(Instant, Connection)>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct SendError {
    /// Whether a part of an answer had come.
    pub answered: bool,
    /// What went wrong.
    pub error: io::Error,
}

/// One connection, for those who count its bytes.
pub struct Connection {
    address: SocketAddr,
    reader: BufReader<TcpStream>,
}

impl Client {
    /// A client of `address`.
    pub fn new(address: SocketAddr) -> Client {
        Client { address, idle: Mutex::new(Vec::new()) }
    }

    /// Where it sends to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a request once, and waits for the answer.
    pub fn send(&self, request: &Request) -> Result<Response, SendError> {
        let kept = self.kept();
        let unanswered = |error| SendError { answered: false, error };
        let mut connection = match kept {
            Some(connection) => connection,
            None => Connection::open(self.address).map_err(unanswered)?,
        };
        let wire = request.wire(&self.address.to_string());
        connection.write(&wire).map_err(unanswered)?;
        let response = connection.read(request.method == "HEAD")?;
        if response.header("Connection") != Some("close") {
            self.idle.lock().unwrap().push((Instant::now(), connection));
        }
        Ok(response)
    }

    /// The connection that was used last; those that have idled for too long are dropped.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap();
        idle.retain(|(since, _)| since.elapsed() < IDLE);
        idle.pop().map(|(_, connection)| connection)
    }
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> io::Result<Connection> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Connection { address, reader: BufReader::new(stream) })
    }

    /// Sends a request without waiting for its answer.
    pub fn send(&mut self, request: &Request) -> io::Result<()> {
        let wire = request.wire(&self.address.to_string());
        self.write(&wire)
    }

    /// Sends bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    /// Reads one answer. `bodiless` is for answers to HEAD.
    pub fn read(&mut self, bodiless: bool) -> Result<Response, SendError> {
        let unanswered = |error| SendError { answered: false, error };
        let closed = || unanswered(io::Error::new(ErrorKind::UnexpectedEof, "closed without an answer"));
        // A head that broke off is the only way in which reading it meets an unexpected end.
        let head = read_head(&mut self.reader)
            .map_err(|error| SendError { answered: error.kind() == ErrorKind::UnexpectedEof, error })?;
        let head = head.ok_or_else(closed)?;
        let answered = |error| SendError { answered: true, error };
        self.read_behind(&head, bodiless).map_err(answered)
    }

    fn read_behind(&mut self, head: &str, bodiless: bool) -> io::Result<Response> {
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status: u16 = status.ok_or_else(|| io::Error::other(format!("not an answer: {head}")))?;
        let headers = parse_headers(head);
        let mut body = Vec::new();
        let length = headers.get("Content-Length").and_then(|length| length.parse().ok());
        match length {
            _ if bodiless || status == 204 || status == 304 => {}
            Some(length) => {
                body.resize(length, 0);
                self.reader.read_exact(&mut body)?;
            }
            None if headers.get("Transfer-Encoding").is_some() => {
                return Err(io::Error::other("an answer in chunks was not expected"));
            }
            None => {
                self.reader.read_to_end(&mut body)?;
            }
        }
        Ok(Response { status, headers, body })
    }

    /// What comes until the peer closes; fails the test when it stays open for longer than `deadline`.
    pub fn read_until_closed(&mut self, deadline: Duration) -> Vec<u8> {
        let stream = self.reader.get_ref();
        stream.set_read_timeout(Some(deadline)).unwrap();
        let mut bytes = Vec::new();
        match self.reader.read_to_end(&mut bytes) {
            Ok(_) => bytes,
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => bytes,
            Err(error) => panic!("the connection was not closed: {error}"),
        }
    }
}
