//! What a verified token says about an end user.

use serde_json::{Map, Value};

/// The payload of a JSON Web Token that was verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Claims {
    all: Map<String, Value>,
    principal: Option<Box<str>>,
}

/// Claims are about people: a log gets no more than whose they are.
impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl Claims {
    /// The claims of a payload that somebody verified.
    #[must_use]
    pub fn new(all: Map<String, Value>) -> Self {
        let text = |name: &str| all.get(name).and_then(Value::as_str);
        let principal =
            text("iss").zip(text("sub")).map(|(issuer, subject)| format!("{issuer}/{subject}").into());
        Self { principal, all }
    }

    /// The same claims, which do not say who the caller is.
    #[must_use]
    pub fn of_nobody(self) -> Self {
        Self { principal: None, ..self }
    }

    /// The request's principal, `<issuer>/<subject>`, if the token names both.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }

    /// Whom the token is for.
    pub fn audiences(&self) -> impl Iterator<Item = &str> {
        strings(self.all.get("aud"))
    }

    /// Who asked for the token: the claim `azp`.
    #[must_use]
    pub fn presenter(&self) -> Option<&str> {
        self.all.get("azp").and_then(Value::as_str)
    }

    /// A claim, through nested ones: `["resource_access", "shop", "roles"]`.
    #[must_use]
    pub fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter()
            .try_fold(self.all.get(first.as_ref())?, |value, name| value.as_object()?.get(name.as_ref()))
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &Map<String, Value> {
        &self.all
    }
}

/// A text, or the texts of a list.
fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = value.and_then(Value::as_str);
    let list = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(list)
}
