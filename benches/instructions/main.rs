//! How many instructions the pieces of a request take, as valgrind's callgrind counts them: figures that are the same
//! whatever else the machine does, so that a change of a few in a hundred shows on a busy one.
//!
//! Time does not follow from them alone: what waits for memory, for a lock or for the kernel counts little here. The other
//! benches measure time.
//!
//! `baseline.json` beside this file says what was counted last, and with which toolchain and processor: another compiler or
//! another standard library makes other instructions of the same code, and libraries choose other code on other processors.
//! Counts are compared only where all are the same, and all are of the profile `counted`.
//! Whoever changes the toolchain, or means a change, renews it with `--renew` and commits it.

mod baseline;
mod count;
mod pieces;

use baseline::Baseline;
use clap::Parser;
use mesh_tower::BoxError;
use pieces::Piece;
use std::process::ExitCode;

/// Counts the instructions of the pieces of a request, and compares them with the baseline.
///
/// Exits 1 if a piece takes more than 3 % more of them.
#[derive(Debug, Parser)]
#[command(name = "instructions", after_help = HELP)]
struct CommandLine {
    /// Count these alone, with commas between them.
    #[arg(long, value_name = "PIECES", value_delimiter = ',')]
    only: Vec<Piece>,
    /// Make what is counted now the baseline.
    #[arg(long, conflicts_with = "only")]
    renew: bool,
    /// Do the work of one piece, for valgrind to count.
    #[arg(long, hide = true)]
    work: Option<Piece>,
}

const HELP: &str = "\
Needs valgrind. Counts are compared only with those of the same toolchain, valgrind and processor.
They are those of cargo run --profile counted.

Examples:
  instructions                       every piece, half a minute
  instructions --only decide         one of them
  instructions --renew               after a change that is meant, or of the toolchain";

fn main() -> ExitCode {
    let options = CommandLine::parse();
    let ended = match options.work {
        Some(piece) => piece.work().map(|()| true),
        None => run(&options),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Counts, compares or renews; gives whether all is as it was, or better.
fn run(options: &CommandLine) -> Result<bool, BoxError> {
    let wanted = |piece: &Piece| options.only.is_empty() || options.only.contains(piece);
    let mut now = Baseline::here()?;
    for piece in Piece::ALL.into_iter().filter(wanted) {
        now.instructions.insert(piece.name().to_owned(), count::count(piece)?);
    }
    if options.renew {
        now.write()?;
        print!("{}", now.told());
        return Ok(true);
    }
    let (told, is_met) = now.compared(&Baseline::read()?);
    print!("{told}");
    Ok(is_met)
}
