//! The two listeners: bound before anything is written, answering after everything stands.

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
use crate::telemetry::Telemetry;
use crate::tls::Tls;

/// Two listeners that are bound.
pub struct Listeners {
    partners: TcpListener,
    tls: Option<Arc<Tls>>,
    operators: TcpListener,
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
}

impl Listeners {
    /// Binds both. Partners speak TLS where there is some.
    pub async fn bind(config: &Config, tls: Option<Arc<Tls>>) -> Result<Listeners, ServeError> {
        let (partners, partners_address) = bind(config.listen).await?;
        let (operators, operators_address) = bind(config.operator_listen).await?;
        let addresses = Addresses { partners: partners_address, operators: operators_address };
        Ok(Listeners { partners, tls, operators, addresses })
    }

    /// Answers requests until `stop`; the tasks end with their last connection.
    pub fn answer(
        self,
        config: &Config,
        pipeline: Pipeline<Telemetry>,
        interface: OperatorInterface,
        stop: &watch::Receiver<bool>,
    ) -> Vec<JoinHandle<()>> {
        let limits = limits(config);
        let partners = serve(self.partners, limits, self.tls, Arc::new(pipeline), stop.clone());
        let operators = serve(self.operators, limits, None, Arc::new(interface), stop.clone());
        vec![tokio::spawn(partners), tokio::spawn(operators)]
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
    Limits {
        header_timeout: config.header_timeout,
        idle_timeout: config.idle_timeout,
        body_timeout: config.body_timeout,
        connections: super::process::connections(config.connections as usize, 2),
        ..Limits::default()
    }
}
