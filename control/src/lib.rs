//! The control plane: the partner API over HTTP, dispatchers for rails and webhooks, the operator interface.
//!
//! Each module uses only what stands above it.

pub mod lines;
pub mod iso;
pub mod edge;
pub mod private_file;
pub mod data_dir;
pub mod quota;
pub mod config;
pub mod catalogue;
pub mod keys;
pub mod risk_policy;
pub mod tls;
pub mod http;

pub mod offer;
pub mod problem;
pub mod wire;
pub mod features;
pub mod gate;
pub mod auth;
pub mod operations;
pub mod openapi;
pub mod pages;
pub mod pipeline;

pub mod telemetry;
pub mod dispatch;
pub mod webhooks;
pub mod rails;
pub mod bus;
pub mod models;
pub mod reports;
pub mod operator;

#[cfg(feature = "full")]
pub mod check;
#[cfg(feature = "full")]
pub mod inspect;
pub mod remote;
pub mod serve;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod fuzz;
