//! What h3 asks of QUIC, answered by quinn. The crate that does this for h3 keeps the streams to itself; here they are watched:
//! frames are bounded before h3 holds them, a client that stops listening is heard while its request is worked on, and a
//! connection is closed only after its last answer has arrived.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h3::error::Code;
use h3::quic::{self, ConnectionErrorIncoming, StreamErrorIncoming, StreamId, WriteBuf};
use parking_lot::Mutex;
use quinn::{ConnectionError, ReadError, VarInt, WriteError};

use super::frames::{Arrived, Frames};

type Waiting<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Opening = Waiting<Result<quinn::SendStream, ConnectionError>>;
type Accepting<T> = Option<Waiting<Result<T, ConnectionError>>>;

/// A connection for h3.
pub struct Transport {
    connection: quinn::Connection,
    requests: Accepting<(quinn::SendStream, quinn::RecvStream)>,
    others: Accepting<quinn::RecvStream>,
    opening: Option<Opening>,
    newest: Newest,
}

/// What is known of the stream that h3 was given last. It asks for one after the other.
#[derive(Clone, Default)]
pub struct Newest(Arc<Mutex<Option<Opened>>>);

/// A request's stream beside what h3 does with it.
pub struct Opened {
    /// Ends when nothing is to be told to the client any more: it has the whole answer, does not want it, or is gone.
    pub told: Waiting<()>,
    /// What of the request has come.
    pub arrived: Arc<Arrived>,
}

/// A stream that carries a request and its answer.
pub struct Both {
    sending: Sending,
    receiving: Receiving,
}

/// The direction to the client.
pub struct Sending {
    stream: quinn::SendStream,
    writing: Option<WriteBuf<Bytes>>,
    finished: bool,
}

/// The direction from the client.
pub struct Receiving {
    stream: quinn::RecvStream,
    frames: Frames,
    arrived: Arc<Arrived>,
}

impl Transport {
    /// Of this connection; what is known of new streams goes into `newest`.
    pub fn new(connection: quinn::Connection, newest: Newest) -> Transport {
        Transport { connection, requests: None, others: None, opening: None, newest }
    }
}

impl Newest {
    /// What is known of the stream that h3 has just given out.
    pub fn take(&self) -> Option<Opened> {
        self.0.lock().take()
    }
}

impl quic::Connection<Bytes> for Transport {
    type RecvStream = Receiving;
    type OpenStreams = Transport;

    fn poll_accept_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Receiving, ConnectionErrorIncoming>> {
        let connection = &self.connection;
        let next = self.others.get_or_insert_with(|| {
            let connection = connection.clone();
            Box::pin(async move { connection.accept_uni().await })
        });
        let accepted = ready!(next.as_mut().poll(cx));
        self.others = None;
        let stream = accepted.map_err(lost)?;
        Poll::Ready(Ok(Receiving { stream, frames: Frames::of_one_direction(), arrived: Arc::default() }))
    }

    fn poll_accept_bidi(&mut self, cx: &mut Context<'_>) -> Poll<Result<Both, ConnectionErrorIncoming>> {
        let connection = &self.connection;
        let next = self.requests.get_or_insert_with(|| {
            let connection = connection.clone();
            Box::pin(async move { connection.accept_bi().await })
        });
        let accepted = ready!(next.as_mut().poll(cx));
        self.requests = None;
        let (sending, receiving) = accepted.map_err(lost)?;
        let (stopped, arrived) = (sending.stopped(), Arc::<Arrived>::default());
        let told = Box::pin(async move {
            // Whichever way it ended, nothing more can be told.
            let _ = stopped.await;
        });
        *self.newest.0.lock() = Some(Opened { told, arrived: Arc::clone(&arrived) });
        let sending = Sending { stream: sending, writing: None, finished: false };
        let receiving = Receiving { stream: receiving, frames: Frames::of_request(), arrived };
        Poll::Ready(Ok(Both { sending, receiving }))
    }

    fn opener(&self) -> Transport {
        Transport::new(self.connection.clone(), Newest::default())
    }
}

impl quic::OpenStreams<Bytes> for Transport {
    type BidiStream = Both;
    type SendStream = Sending;

    /// Servers ask nothing of their clients.
    fn poll_open_bidi(&mut self, _: &mut Context<'_>) -> Poll<Result<Both, StreamErrorIncoming>> {
        let reason = ConnectionErrorIncoming::InternalError("a server opens no requests".to_owned());
        Poll::Ready(Err(StreamErrorIncoming::ConnectionErrorIncoming { connection_error: reason }))
    }

    fn poll_open_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<Sending, StreamErrorIncoming>> {
        let connection = &self.connection;
        let opening = self.opening.get_or_insert_with(|| {
            let connection = connection.clone();
            Box::pin(async move { connection.open_uni().await })
        });
        let opened = ready!(opening.as_mut().poll(cx));
        self.opening = None;
        let stream =
            opened.map_err(|error| StreamErrorIncoming::ConnectionErrorIncoming { connection_error: lost(error) })?;
        Poll::Ready(Ok(Sending { stream, writing: None, finished: false }))
    }

    fn close(&mut self, code: Code, reason: &[u8]) {
        self.connection.close(number(code.value()), reason);
    }
}

impl quic::SendStream<Bytes> for Sending {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        while let Some(data) = self.writing.as_mut().filter(|data| data.has_remaining()) {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, data.chunk())).map_err(unsent)?;
            data.advance(written);
        }
        self.writing = None;
        Poll::Ready(Ok(()))
    }

    fn send_data<T: Into<WriteBuf<Bytes>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        self.writing = Some(data.into());
        Ok(())
    }

    fn poll_finish(&mut self, _: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.finished = true;
        Poll::Ready(self.stream.finish().map_err(|error| StreamErrorIncoming::Unknown(Box::new(error))))
    }

    fn reset(&mut self, code: u64) {
        self.finished = true;
        // Refused when the client has stopped listening, or all was sent: there is nobody to tell then.
        let _ = self.stream.reset(number(code));
    }

    fn send_id(&self) -> StreamId {
        id(self.stream.id())
    }
}

impl Drop for Sending {
    /// quinn would end the stream in good order, and half an answer would look whole.
    fn drop(&mut self) {
        if !self.finished {
            let _ = self.stream.reset(number(Code::H3_REQUEST_CANCELLED.value()));
        }
    }
}

impl quic::RecvStream for Receiving {
    type Buf = Bytes;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        let chunk = ready!(pin!(self.stream.read_chunk(usize::MAX, true)).poll(cx)).map_err(unread)?;
        let checked = match &chunk {
            Some(chunk) => self.frames.take(&chunk.bytes),
            None => self.frames.end(),
        };
        checked.map_err(|fault| StreamErrorIncoming::Unknown(Box::new(fault)))?;
        self.arrived.note(&self.frames, chunk.is_none());
        Poll::Ready(Ok(chunk.map(|chunk| chunk.bytes)))
    }

    fn stop_sending(&mut self, code: u64) {
        // Refused when all has come: there is nothing to stop then.
        let _ = self.stream.stop(number(code));
    }

    fn recv_id(&self) -> StreamId {
        id(self.stream.id())
    }
}

impl Drop for Receiving {
    /// What is not read any more need not be sent, and that is no error.
    fn drop(&mut self) {
        let _ = self.stream.stop(number(Code::H3_NO_ERROR.value()));
    }
}

impl quic::BidiStream<Bytes> for Both {
    type SendStream = Sending;
    type RecvStream = Receiving;

    fn split(self) -> (Sending, Receiving) {
        (self.sending, self.receiving)
    }
}

impl quic::SendStream<Bytes> for Both {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.sending.poll_ready(cx)
    }

    fn send_data<T: Into<WriteBuf<Bytes>>>(&mut self, data: T) -> Result<(), StreamErrorIncoming> {
        self.sending.send_data(data)
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamErrorIncoming>> {
        self.sending.poll_finish(cx)
    }

    fn reset(&mut self, code: u64) {
        self.sending.reset(code);
    }

    fn send_id(&self) -> StreamId {
        self.sending.send_id()
    }
}

impl quic::RecvStream for Both {
    type Buf = Bytes;

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamErrorIncoming>> {
        self.receiving.poll_data(cx)
    }

    fn stop_sending(&mut self, code: u64) {
        self.receiving.stop_sending(code);
    }

    fn recv_id(&self) -> StreamId {
        self.receiving.recv_id()
    }
}

fn lost(error: ConnectionError) -> ConnectionErrorIncoming {
    match error {
        ConnectionError::ApplicationClosed(close) => {
            ConnectionErrorIncoming::ApplicationClose { error_code: close.error_code.into_inner() }
        }
        ConnectionError::TimedOut => ConnectionErrorIncoming::Timeout,
        other @ (ConnectionError::VersionMismatch
        | ConnectionError::TransportError(_)
        | ConnectionError::ConnectionClosed(_)
        | ConnectionError::Reset
        | ConnectionError::LocallyClosed
        | ConnectionError::CidsExhausted) => ConnectionErrorIncoming::Undefined(Arc::new(other)),
    }
}

fn unread(error: ReadError) -> StreamErrorIncoming {
    match error {
        ReadError::Reset(code) => StreamErrorIncoming::StreamTerminated { error_code: code.into_inner() },
        ReadError::ConnectionLost(error) => {
            StreamErrorIncoming::ConnectionErrorIncoming { connection_error: lost(error) }
        }
        other @ (ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected) => {
            StreamErrorIncoming::Unknown(Box::new(other))
        }
    }
}

fn unsent(error: WriteError) -> StreamErrorIncoming {
    match error {
        WriteError::Stopped(code) => StreamErrorIncoming::StreamTerminated { error_code: code.into_inner() },
        WriteError::ConnectionLost(error) => {
            StreamErrorIncoming::ConnectionErrorIncoming { connection_error: lost(error) }
        }
        other @ (WriteError::ClosedStream | WriteError::ZeroRttRejected) => {
            StreamErrorIncoming::Unknown(Box::new(other))
        }
    }
}

fn number(code: u64) -> VarInt {
    VarInt::from_u64(code).unwrap_or(VarInt::MAX)
}

fn id(id: quinn::StreamId) -> StreamId {
    StreamId::try_from(VarInt::from(id).into_inner()).expect("quinn's ids are within the bound of QUIC")
}
