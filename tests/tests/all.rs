//! The black-box tests: what a partner, a receiver and an operator see of the release program.

#![allow(clippy::unwrap_used, reason = "a test says that something is wrong by panicking")]

mod all {
    mod authorization;
    mod bad_input;
    mod both;
    mod bus;
    mod contract;
    mod corrupt;
    mod crossing;
    mod customers;
    mod drain;
    mod endpoints;
    mod events;
    mod fill;
    mod first_start;
    mod hang_ups;
    mod harness;
    mod http3;
    mod idempotency;
    mod isolation;
    mod journey;
    mod limits;
    mod live;
    mod live_rails;
    mod long_kills;
    mod magic;
    mod manners;
    mod model;
    mod model_check;
    mod model_life;
    mod model_report;
    mod model_slow;
    mod model_swaps;
    mod operations;
    mod operator;
    mod overload;
    mod pages;
    mod redeliveries;
    mod refused_starts;
    mod retention;
    mod reviews;
    mod secrets;
    mod secure_receivers;
    mod seed_examples;
    mod sessions;
    mod shared;
    mod signatures;
    mod slow_clients;
    mod stopped;
    mod stream_kills;
    mod tls;
    mod unpriced;
    mod verification;
    mod webhooks;
}
