//! What is not for everybody who may look at a table.

use std::fmt::Display;

/// Parts of names whose values let somebody in who knows them.
const SECRET: [&str; 10] =
    ["auth", "cookie", "credential", "key", "passw", "secret", "session", "signature", "token", "jwt"];

/// Stands for a value that is not shown.
const HIDDEN: &str = "(hidden)";

/// A value as it is shown beside its name: not at all where the name of the header, or of the parameter, tells that it
/// is a secret.
pub(in crate::table) fn shown(name: &str, value: impl Display) -> String {
    let name = name.to_ascii_lowercase();
    if SECRET.iter().any(|part| name.contains(part)) { HIDDEN.to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_hidden_by_its_name() {
        for name in
            ["Authorization", "cookie", "set-cookie", "x-api-key", "access_token", "x-amz-security-token"]
        {
            assert_eq!(shown(name, 1), HIDDEN, "{name}");
        }
        for name in ["x-group", "host", "accept"] {
            assert_eq!(shown(name, 1), "1", "{name}");
        }
    }
}
