//! The model's ceiling: ONNX Runtime called directly, one thread, with inputs that change from call to call. One row over
//! and over would stay in the caches and flatter it several times.

use std::path::Path;
use std::time::{Duration, Instant};

use causeway_core::risk::package::Package;
use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use crate::failure::Failure;

/// How long each batch size is measured.
const TIME: Duration = Duration::from_millis(500);
/// Rows that calls rotate through.
const ROWS: usize = 4_096;
/// Calls between two looks at the clock.
const CALLS: usize = 16;

/// The shipped model in a session of its own.
pub struct Model {
    session: Session,
    input: String,
    width: usize,
    rows: Vec<f32>,
    /// Dropped last.
    _runtime: Environment,
}

impl Model {
    /// Loads the runtime and the model package. The rows are the package's golden ones, varied.
    pub fn load(library: &Path, folder: &Path) -> Result<Model, Failure> {
        let unusable = |error: &dyn std::fmt::Display| Failure::wrong(format!("cannot measure the model: {error}"));
        let package = Package::read(folder).map_err(|error| unusable(&error))?;
        let environment = ort::init_from(library).map_err(|error| unusable(&error))?.with_name("causeway-load");
        let runtime = environment.with_telemetry(false).build().map_err(|error| unusable(&error))?;
        let session = session(&runtime, &package.model).map_err(|error| unusable(&error))?;
        let width = package.features.len();
        let golden = package.golden.iter().map(|(row, _)| package.features.iter().map(|&place| row.0[place]));
        let golden: Vec<f32> = golden.flatten().collect();
        let rows = golden.iter().cycle().take(ROWS * width).enumerate();
        // The golden rows come round again, each time a little larger.
        let rows = rows.map(|(place, value)| value * (1.0 + (place / golden.len()) as f32 / 1_000.0)).collect();
        Ok(Model { session, input: package.input, width, rows, _runtime: runtime })
    }

    /// Rows scored a second, `size` a call.
    pub fn measure(&mut self, size: usize) -> Result<f64, Failure> {
        let failed = |error: ort::Error| Failure::wrong(format!("the model failed: {error}"));
        let started = Instant::now();
        let (mut calls, mut place) = (0usize, 0);
        while started.elapsed() < TIME {
            for _ in 0..CALLS {
                let rows = &self.rows[place * self.width..(place + size) * self.width];
                let view = TensorRef::from_array_view(([size, self.width], rows)).map_err(failed)?;
                std::hint::black_box(self.session.run(ort::inputs![self.input.as_str() => view]).map_err(failed)?);
                place = if place + 2 * size <= ROWS { place + size } else { 0 };
            }
            calls += CALLS;
        }
        Ok((calls * size) as f64 / started.elapsed().as_secs_f64())
    }
}

/// With the settings that the gateway uses.
fn session(runtime: &Environment, model: &Path) -> Result<Session, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let builder = Session::builder(runtime).map_err(|error| text(&error))?;
    let builder = builder.with_optimization_level(GraphOptimizationLevel::All).map_err(|error| text(&error))?;
    let builder = builder.with_intra_threads(1).map_err(|error| text(&error))?;
    let builder = builder.with_intra_op_spinning(false).map_err(|error| text(&error))?;
    let mut builder = builder.with_inter_op_spinning(false).map_err(|error| text(&error))?;
    builder.commit_from_file(model).map_err(|error| text(&error))
}
