//! Suites: folders with an `about.json`, and who judges them.

use crate::{
    analyzers, authz, config, conformance,
    judgement::{Judgement, Outcome},
    routing, signatures, simulation, tokens, traces, vectors,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    fs,
    future::Future,
    path::{Path, PathBuf},
};
use tokio::runtime::Runtime;

/// One suite.
#[derive(Debug)]
pub(crate) struct Suite {
    name: String,
    folder: PathBuf,
}

/// What `about.json` says.
#[derive(serde::Deserialize)]
struct About {
    suite: String,
}

impl Suite {
    /// The suite that `folder` is, or those that it holds.
    pub(crate) fn find(folder: &Path) -> Result<Vec<Self>, String> {
        if folder.join("about.json").exists() {
            let about: About = read(&folder.join("about.json"))?;
            // A suite of documents by themselves may hold one of documents together.
            let analyzers = folder.join(analyzers::INDEX).exists().then_some("istio-analyzers");
            let names = [about.suite].into_iter().chain(analyzers.map(str::to_owned));
            return Ok(names.map(|name| Self { name, folder: folder.to_owned() }).collect());
        }
        let inside = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut inside: Vec<_> = inside.filter_map(|entry| Some(entry.ok()?.path())).collect();
        inside.retain(|path| path.join("about.json").exists());
        inside.sort();
        if inside.is_empty() {
            return Err(format!("{}: no about.json here, nor one level down", folder.display()));
        }
        let found: Result<Vec<_>, _> = inside.iter().map(|path| Self::find(path)).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    /// Judges every row.
    pub(crate) fn judge(&self) -> Result<Vec<Judgement>, String> {
        let rows = match self.name.as_str() {
            "istio-analyzers" => analyzers::judge(&self.folder)?,
            "istio-config" => config::judge(&self.folder)?,
            "gateway-api-conformance" => at_work(conformance::judge(&self.folder))?,
            "istio-routing" => at_work(routing::judge(&self.folder))?,
            "istio-simulation" => simulation::judge(&self.folder)?,
            "authz" => {
                let mut rows = at_work(authz::judge(&self.folder))?;
                rows.extend(at_work(tokens::judge(&self.folder))?);
                rows
            }
            "jwt-vectors" => signatures::judge(&self.folder)?,
            "vectors" => vectors::judge(&self.folder)?,
            "w3c-trace-context" => traces::judge(&self.folder)?,
            _ => self.unjudged()?,
        };
        let judgement = |(group, id, outcome)| Judgement { suite: self.name.clone(), group, id, outcome };
        Ok(rows.into_iter().map(judgement).collect())
    }

    /// The rows of a suite that nothing judges yet.
    fn unjudged(&self) -> Result<Vec<(String, String, Outcome)>, String> {
        let mut rows = Vec::new();
        for file in tables(&self.folder)? {
            let table = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let content: Value = read(&file)?;
            let count = content.as_array().map(Vec::len);
            let count = count.or(content["numberOfTests"].as_u64().and_then(|count| count.try_into().ok()));
            rows.extend((0..count.unwrap_or_default()).map(|number| {
                let id = format!("{}/{table}/{number}", self.name);
                (table.to_owned(), id, Outcome::unsaid("cannot be said: no judge yet"))
            }));
        }
        Ok(rows)
    }
}

/// Runs a judge that sends requests.
fn at_work<T>(judge: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    Runtime::new().map_err(|error| error.to_string())?.block_on(judge)
}

/// The JSON files of a suite, by name, without the one about the suite itself.
pub(crate) fn tables(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let files = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<_> = files.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.retain(|file| file.file_stem().is_some_and(|name| name != "about"));
    files.sort();
    Ok(files)
}

/// Reads a JSON file.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}
