//! The control plane: the partner API over HTTP, dispatchers for rails and webhooks, the operator interface.

pub mod auth;
pub mod catalogue;
pub mod config;
pub mod dispatch;
pub mod gate;
pub mod http;
#[cfg(feature = "full")]
pub mod inspect;
pub mod keys;
pub mod lines;
pub mod openapi;
pub mod operations;
pub mod operator;
pub mod pipeline;
pub mod private_file;
pub mod problem;
pub mod rails;
pub mod serve;
pub mod telemetry;
pub mod webhooks;
pub mod wire;

#[cfg(test)]
mod fixture;
