//! The numbers of a cell and its dispatchers, and of HTTP/3, by their names in the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use causeway_core::endpoint::EndpointState;
use causeway_core::engine::CellStats;
use causeway_core::id::Mode;
use causeway_core::risk::ModelPlan;
use causeway_core::risk::plan::PlannedModel;
use causeway_core::risk::scorer::Health;

use super::reviews::Waiting;
use super::rollback::Rollbacks;
use super::watched::Deciders;
use crate::gate::{CellHandle, Lane};
use crate::http::quic;
use crate::models::Models;
use crate::quota::{Class, Quotas, Reason};
use crate::telemetry::{Kind, Reading};
use crate::{bus, rails, webhooks};

/// What a cell counts.
pub fn of_cell(stats: &Arc<CellStats>, handle: &CellHandle) -> Vec<Reading> {
    let counter = |name, help, field: fn(&CellStats) -> &AtomicU64, unit: f64| {
        let stats = Arc::clone(stats);
        reading(name, help, Kind::Counter, move || field(&stats).load(Ordering::Relaxed) as f64 * unit)
    };
    let down = Arc::clone(stats);
    let is_down = move || f64::from(u8::from(down.is_down.load(Ordering::Relaxed)));
    let mut readings = vec![
        counter("cell_commands", "Commands run, timers included", |stats| &stats.commands, 1.0),
        counter("cell_batches", "Batches written", |stats| &stats.batches, 1.0),
        counter("cell_syncs", "Syncs, each of one or more batches", |stats| &stats.syncs, 1.0),
        counter("cell_commit_seconds", "Time spent in writing and syncing", |stats| &stats.commit_micros, 1e-6),
        counter(
            "cell_answers_forgotten",
            "Answers remembered for idempotency keys that were removed at the end of their lives",
            |stats| &stats.answers_forgotten,
            1.0,
        ),
        counter("cell_scored", "Redemptions scored", |stats| &stats.scored_rows, 1.0),
        counter("cell_score_calls", "Calls of the scorer", |stats| &stats.score_calls, 1.0),
        counter("cell_score_seconds", "Time spent in scoring", |stats| &stats.score_micros, 1e-6),
        counter("cell_store_failures", "Times that the store failed", |stats| &stats.store_failures, 1.0),
        reading("cell_store_down", "Whether the store cannot be written at the moment", Kind::Gauge, is_down),
    ];
    let lanes = [("partner", Lane::Partner), ("internal", Lane::Internal), ("operator", Lane::Operator)];
    readings.extend(lanes.map(|(word, lane)| {
        let handle = handle.clone();
        let depth = reading("lane_depth", "Commands that wait", Kind::Gauge, move || handle.depth(lane) as f64);
        Reading { labels: vec![("lane", word.to_owned())], ..depth }
    }));
    readings
}

/// Who decided how often.
pub fn of_deciders(deciders: &Arc<Deciders>) -> Vec<Reading> {
    let counter = |decider, reason, field: fn(&Deciders) -> &AtomicU64| {
        let deciders = Arc::clone(deciders);
        let value = move || field(&deciders).load(Ordering::Relaxed) as f64;
        let counted = reading("cell_decisions", "Redemptions by who scored them", Kind::Counter, value);
        Reading { labels: vec![("decider", String::from(decider)), ("reason", String::from(reason))], ..counted }
    };
    vec![
        counter("model", "none", |deciders| &deciders.model),
        counter("canary", "none", |deciders| &deciders.canary),
        counter("fallback", "no_model", |deciders| &deciders.no_model),
        counter("fallback", "model_failed", |deciders| &deciders.failed),
        counter("fallback", "unusable_score", |deciders| &deciders.unusable),
        counter("fallback", "model_late", |deciders| &deciders.late),
        counter("fallback", "model_quarantined", |deciders| &deciders.quarantined),
    ]
}

/// How the models that decide fare: each arm's numbers are those of the model that stands there now.
pub fn of_models(models: &Arc<Models>) -> Vec<Reading> {
    let arms: [(&str, OfArm); 2] = [("live", ModelPlan::live), ("canary", ModelPlan::canary)];
    let number = |arm: &'static str, of: OfArm, name, help, kind, field: Field| {
        let models = Arc::clone(models);
        let value = move || {
            let health = of(&models.plan()).and_then(|model| models.health(&model.id));
            health.map_or(0.0, |health| field(&health))
        };
        Reading { labels: vec![("arm", arm.to_owned())], ..reading(name, help, kind, value) }
    };
    let calls = "Times that the model of this arm was asked for scores";
    let late = "Of them, those that took longer than the budget";
    let errors = "Runs that failed or gave no probability";
    let quarantined = "Whether the model of this arm is not run any more";
    let of_arm = |(arm, of)| {
        [
            number(arm, of, "model_calls", calls, Kind::Counter, |health| count(&health.calls)),
            number(arm, of, "model_late", late, Kind::Counter, |health| count(&health.late)),
            number(arm, of, "model_errors", errors, Kind::Counter, |health| count(&health.errors)),
            number(arm, of, "model_quarantined", quarantined, Kind::Gauge, |health| {
                f64::from(u8::from(health.quarantine().is_some()))
            }),
        ]
    };
    arms.into_iter().flat_map(of_arm).collect()
}

/// The model of an arm.
type OfArm = fn(&ModelPlan) -> Option<&PlannedModel>;

/// What is read of a model's health.
type Field = fn(&Health) -> f64;

fn count(count: &AtomicU64) -> f64 {
    count.load(Ordering::Relaxed) as f64
}

/// How often models were taken back by themselves.
pub fn of_rollbacks(rollbacks: &Arc<Rollbacks>) -> Vec<Reading> {
    let counter = |reason: &str, field: fn(&Rollbacks) -> &AtomicU64| {
        let rollbacks = Arc::clone(rollbacks);
        let counted = reading("model_rollbacks", "Models taken back by the gateway itself", Kind::Counter, move || {
            count(field(&rollbacks))
        });
        Reading { labels: vec![("reason", reason.to_owned())], ..counted }
    };
    vec![counter("quarantined", |all| &all.quarantined), counter("shifted", |all| &all.shifted)]
}

/// What shadows do.
pub fn of_shadows(scored: &Arc<AtomicU64>) -> Vec<Reading> {
    let scored = Arc::clone(scored);
    vec![reading("model_shadow_scored", "Redemptions scored by shadows", Kind::Counter, move || count(&scored))]
}

/// Requests refused for their account's tier. Accounts are not told apart: there may be many.
pub fn of_quotas(quotas: &Arc<Quotas>, mode: Mode) -> Vec<Reading> {
    let counter = |class: Class, reason: Reason| {
        let quotas = Arc::clone(quotas);
        let value = move || quotas.refused(mode, class, reason) as f64;
        let counted = reading("quota_refusals", "Requests refused for their account's tier", Kind::Counter, value);
        Reading { labels: vec![("class", class.word().to_owned()), ("reason", reason.word().to_owned())], ..counted }
    };
    Class::ALL.into_iter().flat_map(|class| Reason::ALL.map(|reason| counter(class, reason))).collect()
}

/// What is counted of a rail. The simulated one tells its outcomes on another way, where nobody counts them.
pub fn of_rail(dispatcher: &rails::Dispatcher) -> Vec<Reading> {
    let number = |name, help, kind, field: fn(&rails::Stats) -> &AtomicU64| {
        let number = number_of(&dispatcher.stats, name, help, kind, field);
        Reading { labels: vec![("rail", dispatcher.name.clone())], ..number }
    };
    let mut readings = vec![
        number("rail_attempts_sent", "Attempts sent to rails", Kind::Counter, |stats| &stats.sent),
        number("rail_attempts_enquired", "Attempts that rails were asked about", Kind::Counter, |stats| {
            &stats.enquired
        }),
        number("rail_answers_unclear", "Answers of rails that said nothing", Kind::Counter, |stats| &stats.unclear),
        number("rail_in_flight", "Questions that wait for a rail's answer", Kind::Gauge, |stats| &stats.in_flight),
    ];
    if dispatcher.enquiries.is_none() {
        return readings;
    }
    let outcome = |word: &str, field| {
        let mut number = number("rail_outcomes", "Outcomes that rails told, repeated ones too", Kind::Counter, field);
        number.labels.push(("outcome", word.to_owned()));
        number
    };
    readings.extend([
        outcome("settled", |stats| &stats.settled),
        outcome("soft_failed", |stats| &stats.soft_failed),
        outcome("rejected", |stats| &stats.rejected),
        outcome("cancelled", |stats| &stats.cancelled),
        number("rail_reports", "Authentic reports of rails", Kind::Counter, |stats| &stats.reported),
        number("rail_reports_refused", "Reports of rails that were refused", Kind::Counter, |stats| &stats.refused),
    ]);
    readings
}

/// A number of what something counts.
fn number_of<S: Send + Sync + 'static>(
    stats: &Arc<S>,
    name: &'static str,
    help: &'static str,
    kind: Kind,
    field: fn(&S) -> &AtomicU64,
) -> Reading {
    let stats = Arc::clone(stats);
    reading(name, help, kind, move || field(&stats).load(Ordering::Relaxed) as f64)
}

/// What became of connections over QUIC, and the places that they take.
pub fn of_http3(stats: &Arc<quic::Stats>) -> Vec<Reading> {
    let counter = |outcome: &str, field: fn(&quic::Stats) -> &AtomicU64| {
        let stats = Arc::clone(stats);
        let value = move || field(&stats).load(Ordering::Relaxed) as f64;
        let counted =
            reading("http3_connections", "Connections over QUIC by what became of them", Kind::Counter, value);
        Reading { labels: vec![("outcome", outcome.to_owned())], ..counted }
    };
    let places = |state: &str, field: fn(&quic::Stats) -> usize| {
        let stats = Arc::clone(stats);
        let value = move || field(&stats) as f64;
        let places = reading("http3_places", "Places for HTTP/3 connections", Kind::Gauge, value);
        Reading { labels: vec![("state", state.to_owned())], ..places }
    };
    vec![
        counter("accepted", |stats| &stats.accepted),
        counter("retried", |stats| &stats.retried),
        counter("full", |stats| &stats.full),
        counter("failed", |stats| &stats.failed),
        places("taken", quic::Stats::taken),
        places("free", quic::Stats::free),
    ]
}

/// What the webhooks' dispatcher counts.
pub fn of_webhooks(stats: &Arc<webhooks::Stats>, handle: &CellHandle) -> Vec<Reading> {
    let behind = Arc::clone(stats);
    let lag = reading(
        "webhooks_lag_seconds",
        "For how long the attempt begun last had been due; zero when none is due",
        Kind::Gauge,
        move || behind.lag_millis.load(Ordering::Relaxed) as f64 * 1e-3,
    );
    let number = |name, help, kind, field| number_of::<webhooks::Stats>(stats, name, help, kind, field);
    vec![
        number("webhooks_succeeded", "Attempts answered with 2xx", Kind::Counter, |stats| &stats.succeeded),
        number("webhooks_failed", "Attempts that came to anything else", Kind::Counter, |stats| &stats.failed),
        number("webhooks_under_way", "Attempts under way", Kind::Gauge, |stats| &stats.under_way),
        number(
            "webhooks_backlog",
            "Attempts due and read that wait for a place; more may be due",
            Kind::Gauge,
            |stats| &stats.backlog,
        ),
        number(
            "webhooks_holding",
            "Failed attempts behind which a session's later deliveries wait",
            Kind::Counter,
            |stats| &stats.holding,
        ),
        number("webhooks_dead_lettered", "Deliveries given up", Kind::Counter, |stats| &stats.dead_lettered),
        lag,
        endpoints(handle, "open", |state| matches!(state, EndpointState::Open)),
        endpoints(handle, "paused", |state| matches!(state, EndpointState::Paused { .. })),
        endpoints(handle, "disabled", |state| matches!(state, EndpointState::Disabled { .. })),
    ]
}

/// What waits for somebody at the bank.
pub fn of_reviews(waiting: &Arc<Waiting>) -> Vec<Reading> {
    let (count, age) = (Arc::clone(waiting), Arc::clone(waiting));
    vec![
        reading("reviews_waiting", "Payments that wait for a review, up to 10,000", Kind::Gauge, move || count.count()),
        reading(
            "reviews_oldest_seconds",
            "For how long the payment that has waited longest for a review has waited; zero when none waits",
            Kind::Gauge,
            move || age.oldest_seconds(),
        ),
    ]
}

/// What was removed because its life was over.
pub fn of_sweeper(sweeper: &webhooks::Sweeper) -> Vec<Reading> {
    let swept = Arc::clone(&sweeper.swept);
    let help = "Events beyond their life that were handed over to be removed, with their deliveries";
    vec![reading("events_swept", help, Kind::Counter, move || swept.load(Ordering::Relaxed) as f64)]
}

/// What the publisher to the event bus counts.
pub fn of_bus(stats: &Arc<bus::Stats>) -> Vec<Reading> {
    let behind = Arc::clone(stats);
    let lag = reading(
        "bus_lag_seconds",
        "For how long the event that has waited longest for the event bus has waited; zero when none waits",
        Kind::Gauge,
        move || behind.lag_seconds(),
    );
    let number = |name, help, kind, field| number_of::<bus::Stats>(stats, name, help, kind, field);
    vec![
        number("bus_published", "Events that the event bus has confirmed", Kind::Counter, |stats| &stats.published),
        number("bus_failed", "Tries to publish that came to anything else", Kind::Counter, |stats| &stats.failed),
        number("bus_under_way", "Events on their way to the event bus", Kind::Gauge, |stats| &stats.under_way),
        number(
            "bus_waiting",
            "Events read and not confirmed, up to 1,024; more may be in the queue",
            Kind::Gauge,
            |stats| &stats.waiting,
        ),
        number("bus_connected", "Whether the event bus is connected", Kind::Gauge, |stats| &stats.connected),
        lag,
    ]
}

/// How many accounts have an endpoint in such a state.
fn endpoints(handle: &CellHandle, word: &str, is_such: fn(EndpointState) -> bool) -> Reading {
    let handle = handle.clone();
    let count = move || {
        let directory = handle.directory();
        let endpoints = directory.newest(None).filter_map(|account| account.webhook.as_ref());
        endpoints.filter(|endpoint| is_such(endpoint.state)).count() as f64
    };
    let counted = reading("webhook_endpoints", "Accounts with a webhook endpoint", Kind::Gauge, count);
    Reading { labels: vec![("state", word.to_owned())], ..counted }
}

fn reading(
    name: &'static str,
    help: &'static str,
    kind: Kind,
    value: impl Fn() -> f64 + Send + Sync + 'static,
) -> Reading {
    Reading { name, help, kind, labels: Vec::new(), value: Box::new(value) }
}
