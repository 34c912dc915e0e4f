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
use std::time::Duration;

use causeway_core::id::Mode;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions};
use lapin::tcp::TLSConfig;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{
    AsyncTcpStream, BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ExchangeKind,
    PublisherConfirm,
};
use parking_lot::Mutex;
use tokio::net::lookup_host;
use tokio::time::{sleep, timeout};

use super::{Bus, Link, Message, NotPublished};
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
/// The delivery mode by which a broker keeps a message over its restart.
const PERSISTENT: u8 = 2;

/// A broker.
pub struct RabbitMq {
    uri: AMQPUri,
    exchange: String,
    mode: Mode,
}

/// A connection to it.
struct RabbitLink {
    connection: Connection,
    _cord: Cord,
    exchange: String,
    /// Channels that carry nothing at the moment.
    free: Mutex<Vec<Channel>>,
}

impl RabbitMq {
    /// The broker behind a URL. The reason for which it cannot be used repeats nothing of it.
    pub fn new(url: &str, exchange: String, mode: Mode) -> Result<RabbitMq, &'static str> {
        if url.contains(|c: char| c.is_ascii_whitespace()) {
            return Err("it holds more than a URL");
        }
        let scheme = url.split_once("://").map(|(scheme, _)| scheme);
        if !matches!(scheme, Some("amqp" | "amqps")) {
            return Err("it does not begin with amqp:// or amqps://");
        }
        if !url.contains('@') {
            return Err("it does not say name and password");
        }
        let mut uri: AMQPUri = url.parse().map_err(|_| "it is no URL that AMQP knows")?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(RabbitMq { uri, exchange, mode })
    }

    async fn open(&self) -> Result<Arc<dyn Link>, String> {
        let name = format!("causeway {}", self.mode.word());
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let cord = Cord::default();
        let connection =
            connect(self.uri.clone(), properties, cord.socket()).await.map_err(|error| error.to_string())?;
        let link = RabbitLink { connection, _cord: cord, exchange: self.exchange.clone(), free: Mutex::default() };
        link.find_exchange().await?;
        Ok(Arc::new(link))
    }
}

impl Bus for RabbitMq {
    fn connect(&self) -> BoxFuture<'_, Result<Arc<dyn Link>, String>> {
        Box::pin(async {
            let place = format!("{}:{}", self.uri.authority.host, self.uri.authority.port);
            match timeout(CONNECT, self.open()).await {
                Ok(Ok(link)) => Ok(link),
                Ok(Err(reason)) => Err(format!("RabbitMQ at {place}: {reason}")),
                Err(_) => Err(format!("RabbitMQ at {place} does not answer within {} s", CONNECT.as_secs())),
            }
        })
    }
}

impl RabbitLink {
    /// Looks for the exchange, which needs no permission, and declares it when it is not there. A failed look closes its
    /// channel.
    async fn find_exchange(&self) -> Result<(), String> {
        let declared = |passive| async move {
            let channel = self.connection.create_channel().await?;
            let options = ExchangeDeclareOptions { passive, durable: true, ..ExchangeDeclareOptions::default() };
            let name = self.exchange.as_str().into();
            channel.exchange_declare(name, ExchangeKind::Topic, options, FieldTable::default()).await
        };
        if declared(true).await.is_ok() {
            return Ok(());
        }
        declared(false).await.map_err(|error| format!("the exchange {} cannot be declared: {error}", self.exchange))
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
            Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)) => Err(NotPublished::Refused(format!(
                "no queue is bound to the exchange {} for the routing key {}: bind one, such as for #",
                self.exchange,
                routing_key(message)
            ))),
            Confirmation::Nack(None) => Err(NotPublished::Refused("RabbitMQ could not store it".to_owned())),
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
            tokio::select! {
                confirmed = self.confirmed(message) => confirmed,
                () = self.time_is_up() => {
                    let reason = format!("RabbitMQ has not confirmed a message within {} s", CONFIRM.as_secs());
                    Err(NotPublished::Lost(reason))
                }
            }
        })
    }

    fn lost(&self) -> BoxFuture<'_, String> {
        Box::pin(async move {
            while self.connection.status().connected() {
                sleep(LOOK).await;
            }
            "RabbitMQ has closed the connection".to_owned()
        })
    }
}

/// Connects over a socket that can be ended, with TLS when the URL says so.
async fn connect(uri: AMQPUri, properties: ConnectionProperties, socket: Socket) -> lapin::Result<Connection> {
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
            AMQPScheme::AMQPS => Ok(plain.into_tls(&host, TLSConfig::default()).await?),
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
