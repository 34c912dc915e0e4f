//! The socket below a connection, held by its end: the client library goes on waiting for a broker that has fallen silent, or
//! that takes nothing, in a thread of its own, whoever has lost interest. Only the end of the socket ends that.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use parking_lot::Mutex;

/// Ends the socket when it is dropped.
#[derive(Default)]
pub struct Cord(Socket);

/// Where the socket is put once it is there.
#[derive(Clone, Default)]
pub struct Socket(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    stream: Option<TcpStream>,
    is_ended: bool,
}

impl Cord {
    /// For whoever makes the connection.
    pub fn socket(&self) -> Socket {
        self.0.clone()
    }
}

impl Drop for Cord {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.is_ended = true;
        if let Some(stream) = state.stream.take() {
            // One that is not connected any more needs no end.
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Socket {
    /// Holds the socket; an error when its end came first.
    pub fn hold(&self, socket: BorrowedFd<'_>) -> io::Result<()> {
        let mut state = self.0.lock();
        if state.is_ended {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        state.stream = Some(TcpStream::from(socket.try_clone_to_owned()?));
        Ok(())
    }
}
