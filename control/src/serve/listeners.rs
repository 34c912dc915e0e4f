//! The listeners: bound before anything is written, answering after everything stands.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use causeway_core::limits::POLICY_BYTES;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ServeError;
use crate::config::{Config, Switch};
use crate::http::{Limits, Secured, quic, serve};
use crate::operator::OperatorInterface;
use crate::pipeline::Pipeline;
use crate::rails::http::{REPORT_BYTES, Reception};
use crate::telemetry::Telemetry;
use crate::tls::Tls;

/// Free ports that are tried until TCP and UDP have the same number.
const PORTS_TRIED: usize = 16;

/// Listeners that are bound.
pub struct Listeners {
    partners: TcpListener,
    secured: Option<Secured>,
    http3: Option<quic::Listener>,
    operators: TcpListener,
    rails: Option<TcpListener>,
    /// The addresses really bound.
    pub addresses: Addresses,
}

/// The addresses really bound.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The partner API's.
    pub partners: SocketAddr,
    /// The same over QUIC, when it is spoken.
    pub http3: Option<SocketAddr>,
    /// The operator interface's.
    pub operators: SocketAddr,
    /// Where rails report, when there are any.
    pub rails: Option<SocketAddr>,
}

impl Addresses {
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = SocketAddr> {
        [self.partners, self.operators].into_iter().chain(self.rails)
    }
}

impl Listeners {
    /// Binds them. Partners speak TLS where there is some.
    pub async fn bind(config: &Config, tls: Option<Arc<Tls>>) -> Result<Listeners, ServeError> {
        let (partners, http3) = bind_partners(config, tls.as_ref()).await?;
        let partners_address = partners.local_addr().map_err(|error| ServeError::Listen(config.listen, error))?;
        let (operators, operators_address) = bind(config.operator_listen).await?;
        let rails = match config.rails {
            Some(_) => Some(bind(config.rails_listen).await?),
            None => None,
        };
        let rails_address = rails.as_ref().map(|(_, address)| *address);
        let addresses = Addresses {
            partners: partners_address,
            http3: http3.as_ref().map(quic::Listener::address),
            operators: operators_address,
            rails: rails_address,
        };
        let announced = |http3: &quic::Listener| {
            http3.announced(config.http3_public_port.unwrap_or_else(|| http3.address().port()))
        };
        let secured = tls.map(|tls| Secured { tls, announced: http3.as_ref().map(announced) });
        Ok(Listeners { partners, secured, http3, operators, rails: rails.map(|(listener, _)| listener), addresses })
    }

    /// What is counted of connections over QUIC, when it is spoken.
    pub fn http3_stats(&self) -> Option<Arc<quic::Stats>> {
        self.http3.as_ref().map(quic::Listener::stats)
    }

    /// Answers requests until `stop`; the tasks end with their last connection.
    pub fn answer(
        self,
        config: &Config,
        pipeline: Pipeline<Telemetry>,
        interface: OperatorInterface,
        reception: Reception,
        stop: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let limits = limits(config);
        let pipeline = Arc::new(pipeline);
        let http3 = self.http3.map(|listener| listener.serve(Arc::clone(&pipeline), stop.clone()));
        let partners = serve(self.partners, limits, self.secured, pipeline, stop.clone());
        let policies = Limits { body_bytes: POLICY_BYTES, ..limits };
        let operators = serve(self.operators, policies, None, Arc::new(interface), stop.clone());
        let reports = Limits { body_bytes: REPORT_BYTES, ..limits };
        let rails = self.rails.map(|listener| serve(listener, reports, None, Arc::new(reception), stop.clone()));
        let tasks = [tokio::spawn(partners), tokio::spawn(operators)];
        tasks.into_iter().chain(rails.map(tokio::spawn)).chain(http3.map(tokio::spawn)).collect()
    }
}

/// The address as a client on this machine names it.
pub fn url_of(address: SocketAddr) -> String {
    let ip = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        SocketAddr::V4(_) | SocketAddr::V6(_) => address.ip(),
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// The partners' port: over TCP, and with TLS over UDP, unless that is turned off. Where any port will do, it is one that is
/// free for both.
async fn bind_partners(
    config: &Config,
    tls: Option<&Arc<Tls>>,
) -> Result<(TcpListener, Option<quic::Listener>), ServeError> {
    let mut tried = 1;
    loop {
        let (listener, address) = bind(config.listen).await?;
        let Some(tls) = tls.filter(|_| config.http3 == Switch::On) else { return Ok((listener, None)) };
        match quic::Listener::bind(address, limits(config), Arc::clone(tls)) {
            Ok(http3) => return Ok((listener, Some(http3))),
            Err(_) if config.listen.port() == 0 && tried < PORTS_TRIED => tried += 1,
            Err(error) => return Err(ServeError::ListenUdp(address, error)),
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ServeError> {
    let failed = |error| ServeError::Listen(address, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn limits(config: &Config) -> Limits {
    let listeners = 2 + u64::from(config.rails.is_some());
    Limits {
        header_timeout: config.header_timeout,
        idle_timeout: config.idle_timeout,
        body_timeout: config.body_timeout,
        connections: super::process::connections(config.connections as usize, listeners),
        drain_time: config.drain_time,
        ..Limits::default()
    }
}
