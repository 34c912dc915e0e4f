//! Requests as bytes, and clients that send a part of them and go away.

use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use causeway_tests::http::Request;
use causeway_tests::linger;
use causeway_tests::random::Random;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore};

/// How a request goes over the wire.
#[derive(Clone, Debug)]
pub enum Way {
    Http1,
    /// With prior knowledge.
    Http2,
    /// HTTP/1.1 over TLS, trusting this certificate.
    Tls(PathBuf),
}

/// The moments at which clients go away lie within this time behind the last byte, in microseconds: requests take less.
const MOMENTS: u64 = 3_000;

impl Way {
    /// Sends the request or a part of it, and goes away.
    pub fn hang_up(&self, address: SocketAddr, request: &Request, random: &mut Random) {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        let bytes = match self {
            Way::Http1 => request.wire("localhost"),
            Way::Http2 => frames(request),
            Way::Tls(certificate) => records(&mut stream, certificate, &request.wire("localhost")),
        };
        let is_whole = random.percent(60);
        let until = if is_whole { bytes.len() } else { random.below(bytes.len() as u64) as usize };
        let pause = random.below(until as u64 + 1) as usize;
        // The gateway may answer and close before it has read everything.
        let _ = stream.write_all(&bytes[..pause]);
        moment(random, 300);
        let _ = stream.write_all(&bytes[pause..until]);
        if is_whole {
            moment(random, MOMENTS);
            if matches!(self, Way::Http2) && random.percent(50) {
                let _ = stream.write_all(&frame(RST_STREAM, 0, 1, &CANCEL.to_be_bytes()));
                moment(random, MOMENTS);
            }
        }
        leave(&stream, random);
    }
}

/// With a farewell, with a reset, or with a farewell for one direction first.
fn leave(stream: &TcpStream, random: &mut Random) {
    match random.below(3) {
        0 => {}
        1 => linger::reset_when_closed(stream).unwrap(),
        _ => {
            // The gateway may have closed it already.
            let _ = stream.shutdown(Shutdown::Write);
            moment(random, MOMENTS);
        }
    }
}

/// The random moment is the point here: nothing is waited for.
fn moment(random: &mut Random, micros: u64) {
    if random.percent(70) {
        std::thread::sleep(Duration::from_micros(random.below(micros)));
    }
}

/// The TLS records of these bytes, behind a handshake over `stream`.
fn records(stream: &mut TcpStream, certificate: &Path, bytes: &[u8]) -> Vec<u8> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificate).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(stream).unwrap();
    }
    connection.writer().write_all(bytes).unwrap();
    let mut records = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut records).unwrap();
    }
    records
}

// RFC 9113, sections 6 and 7.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: u32 = 8;

/// The request on the first stream of a new HTTP/2 connection.
fn frames(request: &Request) -> Vec<u8> {
    let mut fields = Vec::new();
    for (name, value) in [
        (":method", request.method.as_str()),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", request.path.as_str()),
    ] {
        field(&mut fields, name, value);
    }
    request.headers.iter().for_each(|(name, value)| field(&mut fields, &name.to_ascii_lowercase(), value));
    let end = if request.body.is_empty() { END_STREAM } else { 0 };
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes.extend(frame(HEADERS, END_HEADERS | end, 1, &fields));
    if !request.body.is_empty() {
        bytes.extend(frame(DATA, END_STREAM, 1, &request.body));
    }
    bytes
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// RFC 7541, section 6.2.2: a literal that nobody remembers, without Huffman's code.
fn field(fields: &mut Vec<u8>, name: &str, value: &str) {
    fields.push(0);
    for text in [name, value] {
        let length = text.len();
        if length < 127 {
            fields.push(length as u8);
        } else {
            // An integer beyond its seven bits; two more bytes hold as much as a header has.
            let rest = length - 127;
            fields.extend([127, (rest % 128) as u8 | 128, (rest / 128) as u8]);
        }
        fields.extend(text.as_bytes());
    }
}
