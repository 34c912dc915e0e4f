//! What a page of a list costs over HTTP, over histories of different length: the same requests to a gateway over each, one
//! after another, so that what is measured is the work for a page and not a queue.

mod requests;
mod table;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::api::Api;
use crate::failure::Failure;
use crate::load::pin::Cpus;
use crate::load::server::{self, Server};
use crate::record;
use crate::sandbox::Operator;
use crate::target::Target;
use requests::{LISTS, Places};
use table::Table;

/// Requests of each kind that are not counted.
const WARM_UP: usize = 20;
/// Where logs go.
const PLACE: &str = "target/lists";

/// Which histories to read.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Data directories that `cargo xtask fill` has made, the shortest history first: the others are compared with it.
    #[arg(required = true, value_name = "DIR")]
    histories: Vec<PathBuf>,
    /// Requests of each kind to each history.
    #[arg(long, value_name = "NUMBER", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    requests: u32,
    /// Where the random places in the lists start.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Writes the figures into benches/RESULTS.md and SPECIFICATION.md.
    #[arg(long)]
    record: bool,
}

/// What came of the requests of one kind to one history.
#[derive(Clone, Default)]
struct Taken {
    /// From the first byte sent to the last byte read.
    times: Vec<Duration>,
    /// Rows of all pages.
    rows: usize,
}

/// A history behind a gateway.
struct Asked<'a> {
    directory: &'a Path,
    partner: Api,
    /// A partner with webhooks.
    told: Api,
    places: Places,
    taken: Vec<Taken>,
}

/// Measures, and shows the table.
pub fn run(options: &Options) -> Result<(), Failure> {
    if options.record {
        record::require_commit()?;
    }
    let cpus = Cpus::of_this_thread().map_err(|error| Failure::wrong(format!("cannot see the processors: {error}")))?;
    let place = Path::new(PLACE);
    let failed = |error| Failure::wrong(format!("cannot make {PLACE}: {error}"));
    std::fs::create_dir_all(place).map_err(failed)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::wrong(format!("cannot start the runtime: {error}")))?;
    let servers = options.histories.iter().map(|history| Server::over(history, &server::program(), place, &cpus));
    let servers = servers.collect::<Result<Vec<_>, _>>()?;
    let table = runtime.block_on(measured(&servers, options))?;
    servers.into_iter().try_for_each(Server::stop)?;
    print!("{}", table.lines());
    if options.record { table.record(place) } else { Ok(()) }
}

/// Every round asks every history for every kind, so that whatever disturbs the machine disturbs all alike.
async fn measured(servers: &[Server], options: &Options) -> Result<Table, Failure> {
    let mut histories = Vec::new();
    for (server, directory) in servers.iter().zip(&options.histories) {
        histories.push(Asked::begin(server, directory, options.seed).await?);
    }
    let rounds = WARM_UP + options.requests as usize;
    eprintln!("{rounds} rounds of {} kinds of requests to {} histories …", LISTS.len(), histories.len());
    for round in 0..rounds {
        for history in &mut histories {
            history.ask_all(round >= WARM_UP).await?;
        }
    }
    let mut table = Table::default();
    histories.iter().for_each(|history| table.add(history.directory, &history.taken));
    Ok(table)
}

impl<'a> Asked<'a> {
    async fn begin(server: &Server, directory: &'a Path, seed: u64) -> Result<Asked<'a>, Failure> {
        let target = Target::parse(&server.partner.base_url)?;
        let mut operator = Operator::connect(&server.operator_url, &server.directory()).await?;
        let key = operator.key_of_a_told_partner().await?.unwrap_or_else(|| server.partner.secret_key.clone());
        let told = Api::new(target.clone(), &key);
        let mut partner = Api::new(target, &server.partner.secret_key);
        let places = Places::look(&mut partner, seed).await?;
        Ok(Asked { directory, partner, told, places, taken: vec![Taken::default(); LISTS.len()] })
    }

    async fn ask_all(&mut self, counts: bool) -> Result<(), Failure> {
        for (list, taken) in LISTS.iter().zip(&mut self.taken) {
            let path = self.places.path(list);
            let asker = if list.is_of_deliveries() { &mut self.told } else { &mut self.partner };
            let reply = asker.get(&path).await?.expect(200, &path)?;
            if counts {
                taken.times.push(reply.took);
                taken.rows += reply.body["data"].as_array().map_or(0, Vec::len);
            }
        }
        Ok(())
    }
}
