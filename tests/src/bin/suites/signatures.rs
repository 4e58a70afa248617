//! Signed texts and keys, and whether the one is signed by the other.

use crate::{
    judgement::Outcome,
    suite::{read, tables},
};
use mesh_tower::jwt::KeySet;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// One of the files.
#[derive(Deserialize)]
struct Table {
    #[serde(rename = "testGroups")]
    groups: Vec<Group>,
}

/// Texts for one key, or set of keys.
#[derive(Deserialize)]
struct Group {
    comment: String,
    public: Option<Value>,
    private: Option<Value>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    tc_id: u32,
    comment: String,
    /// What is signed, as text or in JSON; nothing where something is encrypted instead.
    jws: Option<Value>,
    result: String,
}

/// Judges every text, by its file.
pub(crate) fn judge(folder: &Path) -> Result<Vec<(String, String, Outcome)>, String> {
    let mut rows = Vec::new();
    for file in tables(folder)? {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let table: Table = read(&file)?;
        for group in &table.groups {
            for test in &group.tests {
                let id = format!("{name}/{}", test.tc_id);
                rows.push((name.clone(), id, outcome(group, test)));
            }
        }
    }
    Ok(rows)
}

fn outcome(group: &Group, test: &Test) -> Outcome {
    let Some(jws) = &test.jws else { return Outcome::unsaid("nothing of the mesh is encrypted tokens") };
    let keys = group.public.as_ref().or(group.private.as_ref());
    let text = jws.as_str().map_or_else(|| jws.to_string(), ToOwned::to_owned);
    let verified = || keys.is_some_and(|keys| is_signed(keys, &text));
    let Ok(got) = catch_unwind(AssertUnwindSafe(verified)) else {
        return Outcome::Differs { expected: test.result.clone(), got: "a panic".to_owned(), fault: None };
    };
    let expected = test.result == "valid";
    let about = format!("{}: {}", group.comment, test.comment);
    Outcome::of(&expected, &got).blaming(Some(about))
}

/// Whether a text is signed by one of these keys.
fn is_signed(keys: &Value, jws: &str) -> bool {
    let set = if keys["keys"].is_array() { keys.clone() } else { json!({"keys": [keys]}) };
    KeySet::parse(set.to_string().as_bytes()).is_ok_and(|keys| keys.verify(jws).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_text_is_compared() {
        // RFC 7515, appendix A.1.
        let key = json!({"kty": "oct", "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"});
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6\
                      Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert!(is_signed(&key, signed));
        assert!(!is_signed(&key, &signed.replace("dBj", "dBk")));
        let group = Group { comment: String::new(), public: Some(key), private: None, tests: Vec::new() };
        let test = |result: &str, jws: Option<&str>| Test {
            tc_id: 1,
            comment: String::new(),
            jws: jws.map(Into::into),
            result: result.to_owned(),
        };
        assert_eq!(outcome(&group, &test("valid", Some(signed))), Outcome::Agrees);
        assert!(matches!(outcome(&group, &test("invalid", Some(signed))), Outcome::Differs { .. }));
        assert!(matches!(outcome(&group, &test("valid", None)), Outcome::Unsaid { .. }));
    }
}
