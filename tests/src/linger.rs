//! Connections that end with a reset instead of a farewell.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;

/// From now on closing this connection resets it: what was sent and not read by the peer may be lost.
pub fn reset_when_closed(stream: &TcpStream) -> io::Result<()> {
    Ok(set_socket_linger(stream, Some(Duration::ZERO))?)
}
