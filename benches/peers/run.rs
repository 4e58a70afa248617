//! A run: every case, and in each of its rounds every contender in turn.

use crate::{
    case::Case,
    contender::{Between, Contender},
    message::{Taken, Turn},
    options::Options,
    process::Process,
    report::{self, Report, Sample, Series},
    usage::{self, Processor},
    world::{Way, World},
};
use benches::envoy;
use mesh_tower::BoxError;
use std::{path::PathBuf, time::Duration};
use tokio::time::sleep;

/// How long a caller calls before anything is measured.
const WARMING: Duration = Duration::from_millis(300);
/// How long a caller calls before each of its turns: the processor has forgotten what it knew.
const REMINDING: Duration = Duration::from_millis(50);
/// How long the machine rests between turns.
const REST: Duration = Duration::from_millis(20);

/// Measures, and reports.
///
/// # Errors
/// When nothing can be measured, or figures cannot be written.
pub(crate) async fn run(options: Options) -> Result<(), BoxError> {
    if options.list {
        return list();
    }
    let (mut contenders, cases) = (options.contenders(), options.cases()?);
    let mut report = Report::new(&options);
    let binary = envoy(&mut contenders, &mut report)?;
    let world = World::start(&contenders, binary.as_deref(), options.envoy_workers).await?;
    for (number, case) in cases.iter().enumerate() {
        eprintln!("{case} ({} of {})", number + 1, cases.len());
        let series = measure(&world, &contenders, case, &options).await?;
        report.add(case, series);
    }
    report.write(
        &options.out.clone().map_or_else(|| envoy::target().map(|target| target.join("peers")), Ok)?,
    )?;
    if options.json { report::print_json(&report) } else { report::print_tables(&report) }
}

fn list() -> Result<(), BoxError> {
    for contender in Contender::ALL {
        println!("{:<16} {}", contender.id(), contender.title());
    }
    println!();
    Case::all().iter().for_each(|case| println!("{case}"));
    Ok(())
}

/// Finds Envoy's binary, if one is needed; without any, those who need it do not take part.
fn envoy(contenders: &mut Vec<Contender>, report: &mut Report) -> Result<Option<PathBuf>, BoxError> {
    let is_proxied = |contender: &Contender| contender.between() != Between::Nothing;
    if !contenders.iter().any(is_proxied) {
        return Ok(None);
    }
    match envoy::find(&envoy::target()?) {
        Ok(binary) => {
            report.envoy = envoy::version(&binary);
            Ok(Some(binary))
        }
        Err(why) => {
            contenders.retain(|contender| !is_proxied(contender));
            let note = format!("the rows of Envoy are left out: {why}");
            eprintln!("{note}");
            report.notes.push(note);
            if contenders.is_empty() { Err(why.into()) } else { Ok(None) }
        }
    }
}

/// A caller, and who is on its way.
struct Runner {
    contender: Contender,
    caller: Process,
    /// All processes a request passes: the caller, proxies, the origin.
    processes: Vec<u32>,
    samples: Vec<Sample>,
}

async fn measure(
    world: &World,
    contenders: &[Contender],
    case: &Case,
    options: &Options,
) -> Result<Vec<Series>, BoxError> {
    let mut runners = Vec::new();
    for contender in contenders {
        runners.push(Runner::start(world, *contender, case).await?);
    }
    for round in 0..usize::from(options.rounds()) {
        // Nobody always comes after the same one.
        let first = round % runners.len();
        for number in (first..runners.len()).chain(0..first) {
            sleep(REST).await;
            runners[number].take_turn(options.turn()).await?;
        }
    }
    runners.iter().map(Runner::series).collect()
}

impl Runner {
    async fn start(world: &World, contender: Contender, case: &Case) -> Result<Self, BoxError> {
        let Way { to, proxies, origin } = world.way(contender)?;
        let to: Vec<String> = to.iter().map(ToString::to_string).collect();
        let (folder, case_as_json) = (world.folder().display().to_string(), serde_json::to_string(case)?);
        let arguments =
            ["client", "--world", &folder, "--contender", contender.id(), "--case", &case_as_json];
        let arguments = arguments.into_iter().chain(["--to"]).map(ToOwned::to_owned).chain([to.join(",")]);
        let mut caller = Process::start(&arguments.collect::<Vec<_>>())?;
        let processes: Vec<u32> = [caller.id].into_iter().chain(proxies).chain([origin]).collect();
        caller.hear::<String>().await?;
        for (place, process) in processes.iter().enumerate() {
            usage::bind(*process, (case.connections == 1).then_some(place))?;
            usage::forget_memory(*process);
        }
        let mut runner = Self { contender, caller, processes, samples: Vec::new() };
        runner.call(WARMING).await?;
        Ok(runner)
    }

    async fn call(&mut self, lasting: Duration) -> Result<Taken, BoxError> {
        self.caller.tell(&Turn { lasting }).await?;
        self.caller.hear().await
    }

    async fn take_turn(&mut self, lasting: Duration) -> Result<(), BoxError> {
        self.call(REMINDING.min(lasting)).await?;
        let (machine, before) = (usage::machine()?, Processor::of(&self.processes)?);
        let taken = self.call(lasting).await?;
        let used = Processor::of(&self.processes)?.since(&before);
        let others = usage::machine()?.saturating_sub(machine).saturating_sub(used);
        self.samples.push(Sample::new(&taken, used, others));
        Ok(())
    }

    fn series(&self) -> Result<Series, BoxError> {
        let memory: Result<Vec<u64>, BoxError> =
            self.processes.iter().map(|process| usage::peak_memory(*process)).collect();
        Ok(Series { contender: self.contender, samples: self.samples.clone(), memory: memory? })
    }
}
