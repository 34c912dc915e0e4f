//! The listeners: bound before anything is written, answering after everything stands.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::ServeError;
use crate::config::Config;
use crate::http::{Limits, serve};
use crate::operator::OperatorInterface;
use crate::pipeline::Pipeline;
use crate::rails::http::{REPORT_BYTES, Reception};
use crate::telemetry::Telemetry;
use crate::tls::Tls;

/// Listeners that are bound.
pub struct Listeners {
    partners: TcpListener,
    tls: Option<Arc<Tls>>,
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
        let (partners, partners_address) = bind(config.listen).await?;
        let (operators, operators_address) = bind(config.operator_listen).await?;
        let rails = match config.rails {
            Some(_) => Some(bind(config.rails_listen).await?),
            None => None,
        };
        let rails_address = rails.as_ref().map(|(_, address)| *address);
        let addresses = Addresses { partners: partners_address, operators: operators_address, rails: rails_address };
        Ok(Listeners { partners, tls, operators, rails: rails.map(|(listener, _)| listener), addresses })
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
        let partners = serve(self.partners, limits, self.tls, Arc::new(pipeline), stop.clone());
        let operators = serve(self.operators, limits, None, Arc::new(interface), stop.clone());
        let reports = Limits { body_bytes: REPORT_BYTES, ..limits };
        let rails = self.rails.map(|listener| serve(listener, reports, None, Arc::new(reception), stop.clone()));
        let tasks = [tokio::spawn(partners), tokio::spawn(operators)];
        tasks.into_iter().chain(rails.map(tokio::spawn)).collect()
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
        ..Limits::default()
    }
}
