//! One keep-alive HTTP/1.1 connection, written for little work per exchange: the client shares its processors with the server
//! that it measures. It understands what the gateway answers: bodies with a `Content-Length`.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Largest answer read, in bytes.
const ANSWER_BYTES: usize = 1 << 20;

/// A connection with no request in flight.
pub struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
}

/// One answer, as long as the connection is not used again.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The status line and the header lines.
    pub head: &'a [u8],
    /// The body.
    pub body: &'a [u8],
}

/// What the head says of the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    body_bytes: usize,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, input: vec![0; 8 * 1024] })
    }

    /// Sends one whole request and reads its answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let head = loop {
            filled += self.read_more(filled).await?;
            if let Some(head) = parse_head(&self.input[..filled])? {
                break head;
            }
        };
        let end = head.length + head.body_bytes;
        while filled < end {
            filled += self.read_more(filled).await?;
        }
        if filled > end {
            return Err(Error::new(ErrorKind::InvalidData, "the server sent more than one answer to one request"));
        }
        let (head_bytes, rest) = self.input.split_at(head.length);
        Ok(Answer { status: head.status, head: head_bytes, body: &rest[..head.body_bytes] })
    }

    async fn read_more(&mut self, filled: usize) -> Result<usize> {
        if filled == self.input.len() {
            if filled >= ANSWER_BYTES {
                return Err(Error::new(ErrorKind::InvalidData, "the answer is larger than 1 MiB"));
            }
            self.input.resize(2 * filled, 0);
        }
        match self.stream.read(&mut self.input[filled..]).await? {
            0 => Err(Error::new(ErrorKind::UnexpectedEof, "the server closed the connection before its answer ended")),
            count => Ok(count),
        }
    }
}

impl<'a> Answer<'a> {
    /// The header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        header_lines(self.head).find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }
}

/// The first string in a JSON object under this key. Cheap rather than general: enough for ids and words, which need no escape.
pub fn text<'a>(body: &'a [u8], key: &str) -> Option<&'a str> {
    let mut rest = body;
    loop {
        let at = rest.iter().position(|&byte| byte == b'"')?;
        rest = &rest[at + 1..];
        let Some(value) = rest.strip_prefix(key.as_bytes()).and_then(|rest| rest.strip_prefix(b"\":\"")) else {
            continue;
        };
        let end = value.iter().position(|&byte| byte == b'"')?;
        return std::str::from_utf8(&value[..end]).ok();
    }
}

/// The head when it is complete.
fn parse_head(input: &[u8]) -> Result<Option<Head>> {
    let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let bad =
        |what: &str| Error::new(ErrorKind::InvalidData, format!("the answer is not HTTP/1.1 as expected here: {what}"));
    let head = &input[..end + 4];
    let line = head.strip_prefix(b"HTTP/1.1 ").and_then(|line| line.get(..3)).ok_or_else(|| bad("no status line"))?;
    let status = std::str::from_utf8(line).ok().and_then(|text| text.parse().ok()).ok_or_else(|| bad("no status"))?;
    let mut body_bytes = None;
    for (name, value) in header_lines(head) {
        if name.eq_ignore_ascii_case(b"content-length") {
            body_bytes = Some(value.parse().map_err(|_| bad("a Content-Length that is no number"))?);
        }
    }
    match body_bytes {
        Some(body_bytes) if body_bytes <= ANSWER_BYTES => Ok(Some(Head { status, length: head.len(), body_bytes })),
        None if status == 204 => Ok(Some(Head { status, length: head.len(), body_bytes: 0 })),
        Some(_) => Err(bad("a body larger than 1 MiB")),
        None => Err(bad("a body without a Content-Length")),
    }
}

fn header_lines(head: &[u8]) -> impl Iterator<Item = (&[u8], &str)> {
    head.split(|&byte| byte == b'\n').skip(1).filter_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let value = std::str::from_utf8(&line[colon + 1..]).ok()?;
        Some((&line[..colon], value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let text = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
        let length = text.len() - 7;
        for cut in 0..length {
            assert_eq!(parse_head(&text[..cut]).unwrap(), None);
        }
        assert_eq!(parse_head(text).unwrap(), Some(Head { status: 201, length, body_bytes: 7 }));
    }

    #[test]
    fn other_framings_are_refused() {
        for text in [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n",
        ] {
            assert!(parse_head(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn fields_are_found_by_their_whole_key() {
        let body = br#"{"object":"session","tx_id":"no","id":"gs_1","status":"open","note":null}"#;
        let answer = Answer { status: 201, head: b"HTTP/1.1 201 Created\r\nX-Request-Id: req_1\r\n\r\n", body };
        assert_eq!(text(body, "id"), Some("gs_1"));
        assert_eq!(text(body, "status"), Some("open"));
        assert_eq!(text(body, "note"), None);
        assert_eq!(text(body, "missing"), None);
        assert_eq!(answer.header("x-request-id"), Some("req_1"));
        assert_eq!(answer.header("x-request"), None);
    }
}
