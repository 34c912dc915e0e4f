//! RabbitMQ: AMQP 0-9-1 with publisher confirms.
//!
//! A message is published to a durable topic exchange, persistent, and mandatory: what no queue is bound for comes back and
//! counts as not published. A channel carries one message at a time. The client library hands what came back to whichever
//! confirm arrives next on the channel, so that with several messages on one channel a message that nobody got could pass
//! for a published one.

mod socket;

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use causeway_core::id::Mode;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::tcp::TLSConfig;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{
    AsyncTcpStream, BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind, ExchangeKind,
    PublisherConfirm,
};
use parking_lot::Mutex;
use tokio::net::lookup_host;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::{Bus, Link, Message, NotPublished, Turn};
use crate::gate::BoxFuture;
use socket::{Cord, Socket};

/// How long it may take to connect, with the handshake and the exchange.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the broker may take to confirm a message while it takes any.
const CONFIRM: Duration = Duration::from_secs(30);
/// How often the state of the connection is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Seconds after which a silent broker is gone, unless the URL says otherwise.
const HEARTBEAT: u16 = 20;
/// Channels that a connection uses at most: as many as the publisher gives it messages at once.
const CHANNELS: u16 = 128;
/// The delivery mode by which a broker keeps a message over its restart.
const PERSISTENT: u8 = 2;

/// A broker.
pub struct RabbitMq {
    uri: AMQPUri,
    exchange: String,
    mode: Mode,
    /// Authorities that are trusted beside the machine's own, in PEM.
    authorities: Option<String>,
}

/// A connection to it.
struct RabbitLink {
    connection: Connection,
    _cord: Cord,
    exchange: String,
    /// Channels that carry nothing at the moment.
    free: Mutex<Vec<Channel>>,
    /// One for each channel that the broker allows.
    places: Semaphore,
    /// Whether it takes nothing, as far as was told.
    is_blocked: AtomicBool,
}

impl RabbitMq {
    /// The broker behind a URL. The reason for which it cannot be used repeats nothing of it.
    pub fn new(url: &str, exchange: String, mode: Mode, authorities: Option<String>) -> Result<RabbitMq, &'static str> {
        if url.contains(|c: char| c.is_ascii_whitespace()) {
            return Err("it holds more than a URL");
        }
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("amqp" | "amqps")) {
            return Err("it does not begin with amqp:// or amqps://");
        }
        if scheme == Some("amqp") && authorities.is_some() {
            return Err("it begins with amqp://, over which no certificate is shown, and --bus-ca-file is given");
        }
        if !url.contains('@') {
            return Err("it does not say name and password");
        }
        let mut uri: AMQPUri = url.parse().map_err(|_| "it is no URL that AMQP knows")?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(RabbitMq { uri, exchange, mode, authorities })
    }

    async fn open(&self) -> Result<Arc<dyn Link>, String> {
        let name = format!("causeway {}", self.mode.word());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let cord = Cord::default();
        let connecting = connect(self.uri.clone(), properties, cord.socket(), self.authorities.clone());
        let connection = connecting.await.map_err(|error| error.to_string())?;
        let places = places(connection.configuration().channel_max());
        let link = RabbitLink {
            connection,
            _cord: cord,
            exchange: self.exchange.clone(),
            free: Mutex::default(),
            places: Semaphore::new(places.into()),
            is_blocked: AtomicBool::new(false),
        };
        link.find_exchange().await?;
        Ok(Arc::new(link))
    }

    fn address(&self) -> String {
        format!("RabbitMQ at {}:{}", self.uri.authority.host, self.uri.authority.port)
    }
}

impl Bus for RabbitMq {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Link>, String>> {
        Box::pin(async {
            let place = self.address();
            match timeout(CONNECT, self.open()).await {
                Ok(Ok(link)) => Ok(link),
                Ok(Err(reason)) => Err(format!("{place}: {reason}")),
                Err(_) => Err(format!("{place} does not answer within {} s", CONNECT.as_secs())),
            }
        })
    }

    fn place(&self) -> String {
        format!("{}, exchange {}", self.address(), self.exchange)
    }
}

/// How many channels a connection uses of those that were agreed on; 0 is no limit. The connection's own counts as one.
fn places(channel_max: u16) -> u16 {
    match channel_max {
        0 => CHANNELS,
        limit => (limit - 1).clamp(1, CHANNELS),
    }
}

impl RabbitLink {
    /// Declares the exchange, which fails when there is one of another type. Without the right to, it is enough that there is
    /// one: such a look does not compare types. What fails closes its channel.
    async fn find_exchange(&self) -> Result<(), String> {
        let declared = |passive| async move {
            let channel = self.connection.create_channel().await?;
            let options = ExchangeDeclareOptions { passive, durable: true, ..ExchangeDeclareOptions::default() };
            let name = self.exchange.as_str().into();
            channel.exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default()).await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            Ok(channel)
        };
        let found = match declared(false).await {
            Err(error) if is_right_missing(&error) => declared(true).await,
            found => found,
        };
        let channel = found.map_err(|error| format!("{} is no durable topic exchange: {error}", self.exchange))?;
        self.free.lock().push(channel);
        Ok(())
    }

    async fn channel(&self) -> Result<Channel, lapin::Error> {
        let free = self.free.lock().pop();
        if let Some(channel) = free {
            return Ok(channel);
        }
        let channel = self.connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(channel)
    }

    /// Publishes on a channel that carries nothing else.
    async fn send(&self, channel: &Channel, message: &Message) -> Result<PublisherConfirm, lapin::Error> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let key = routing_key(message).into();
        channel.basic_publish(self.exchange.as_str().into(), key, options, &message.body, properties(message)).await
    }

    async fn confirmed(&self, message: &Message) -> Result<(), NotPublished> {
        let lost = |error: lapin::Error| NotPublished::Lost(error.to_string());
        let channel = self.channel().await.map_err(lost)?;
        let confirm = self.send(&channel, message).await.map_err(lost)?;
        let confirmation = confirm.await.map_err(lost)?;
        // A channel on which something went otherwise is dropped, and closed with that.
        self.free.lock().push(channel);
        match confirmation {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(NotPublished::Returned(format!(
                "no queue is bound to the exchange {} for the routing key {}: bind one, such as for #",
                self.exchange,
                routing_key(message)
            ))),
            Confirmation::Nack(None) => Err(NotPublished::Refused(
                "RabbitMQ has not taken it into every queue: one may be full and reject (x-overflow=reject-publish), while the \
                 others get the event with each try; or a disk fails"
                    .to_owned(),
            )),
            Confirmation::NotRequested => Err(NotPublished::Lost("RabbitMQ does not confirm messages".to_owned())),
        }
    }

    /// Ends when the broker has had its time. While it is out of disk or memory it takes nothing and says so: this time does
    /// not count.
    async fn time_is_up(&self) {
        loop {
            sleep(CONFIRM).await;
            if !self.connection.status().blocked() {
                return;
            }
        }
    }
}

impl Link for RabbitLink {
    fn publish<'a>(&'a self, message: &'a Message) -> BoxFuture<'a, Result<(), NotPublished>> {
        Box::pin(async move {
            // How long the broker takes counts from here on: a broker that allows few channels is not a slow one.
            let place = self.places.acquire().await;
            let _place = place.map_err(|closed| NotPublished::Lost(closed.to_string()))?;
            tokio::select! {
                confirmed = self.confirmed(message) => confirmed,
                () = self.time_is_up() => {
                    let reason = format!("RabbitMQ has not confirmed a message within {} s", CONFIRM.as_secs());
                    Err(NotPublished::Lost(reason))
                }
            }
        })
    }

    fn turn(&self) -> BoxFuture<'_, Turn> {
        Box::pin(async move {
            loop {
                let status = self.connection.status();
                if !status.connected() {
                    return Turn::Lost("RabbitMQ has closed the connection".to_owned());
                }
                let is_blocked = status.blocked();
                if self.is_blocked.swap(is_blocked, Ordering::Relaxed) != is_blocked {
                    return if is_blocked { Turn::Blocked } else { Turn::Unblocked };
                }
                sleep(LOOK).await;
            }
        })
    }
}

/// Whether the broker denies this user what was asked for.
fn is_right_missing(error: &lapin::Error) -> bool {
    let denied = AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED);
    matches!(error.kind(), ErrorKind::ProtocolError(error) if *error.kind() == denied)
}

/// Connects over a socket that can be ended, with TLS when the URL says so. These authorities are trusted beside the machine's.
async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    socket: Socket,
    authorities: Option<String>,
) -> lapin::Result<Connection> {
    let runtime = lapin::runtime::default_runtime()?;
    let reactor = runtime.clone();
    let stream = async move |uri: AMQPUri, _| {
        let host = uri.authority.host.clone();
        let addresses: Vec<SocketAddr> = lookup_host((host.as_str(), uri.authority.port)).await?.collect();
        let connecting = AsyncTcpStream::connect(&reactor, addresses);
        let plain = timeout(CONNECT, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        if let AsyncTcpStream::Plain(plain) = &plain {
            socket.hold(plain.get_ref().as_fd())?;
        }
        match uri.scheme {
            AMQPScheme::AMQP => Ok(plain),
            AMQPScheme::AMQPS => {
                let trusted = TLSConfig { cert_chain: authorities.as_deref(), ..TLSConfig::default() };
                Ok(plain.into_tls(&host, trusted).await?)
            }
        }
    };
    Connection::connector(uri, runtime, stream, properties).await
}

/// `<mode>.<account>.<event type>`: the type has dots of its own, so that `live.*.gate_session.#` picks a kind.
fn routing_key(message: &Message) -> String {
    format!("{}.{}.{}", message.mode.word(), message.account, message.kind)
}

fn properties(message: &Message) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("account".into(), AMQPValue::LongString(message.account.as_str().into()));
    if let Some(session) = &message.session {
        headers.insert("session".into(), AMQPValue::LongString(session.as_str().into()));
    }
    BasicProperties::default()
        .with_content_type(ShortString::from("application/json"))
        .with_delivery_mode(PERSISTENT)
        .with_message_id(message.id.as_str().into())
        .with_timestamp(message.at)
        .with_type(message.kind.into())
        .with_app_id(ShortString::from("causeway"))
        .with_headers(headers)
}

#[cfg(test)]
mod tests;
