//! The request that somebody asks about, and who sends it.

use mesh_core::{
    model::{GatewayName, Labels},
    table::{GatewayRole, Viewpoint},
};
use std::str::FromStr;

/// The workload that sends a request: `namespace/workload`, or the namespace alone.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    namespace: String,
}

/// A gateway: `namespace/name`, or the name alone.
#[derive(Clone, Debug)]
pub(crate) struct GatewayReference {
    namespace: Option<String>,
    name: String,
}

/// Who decides a request, as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asker {
    pub(crate) from: Option<Workload>,
    pub(crate) labels: Labels,
    pub(crate) gateway: Option<GatewayReference>,
}

impl Asker {
    /// Whose point of view this is; `namespace` stands for those that are not written.
    pub(crate) fn viewpoint(self, namespace: &str) -> Viewpoint {
        let gateway = self.gateway.map(|gateway| gateway.resolve(namespace));
        let own = gateway.as_ref().map(|gateway| gateway.namespace.to_string());
        Viewpoint {
            namespace: self.from.map(|from| from.namespace).or(own).unwrap_or_else(|| namespace.to_owned()),
            labels: self.labels,
            gateway: gateway.map_or(GatewayRole::None, GatewayRole::Named),
            ..Viewpoint::default()
        }
    }
}

impl Workload {
    /// Some workload of a namespace.
    pub(crate) fn of_namespace(namespace: &str) -> Self {
        Self { namespace: namespace.to_owned() }
    }
}

impl GatewayReference {
    /// The gateway; in `namespace` when none is written.
    pub(crate) fn resolve(self, namespace: &str) -> GatewayName {
        let namespace = self.namespace.as_deref().unwrap_or(namespace).into();
        GatewayName { namespace, name: self.name.into() }
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let namespace = text.split_once('/').map_or(text, |(namespace, _)| namespace);
        if namespace.is_empty() {
            return Err(format!(
                "{text:?} names no namespace (write namespace/workload, or the namespace alone)"
            ));
        }
        Ok(Self { namespace: namespace.to_owned() })
    }
}

impl FromStr for GatewayReference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, text),
        };
        if name.is_empty() || name.contains('/') || namespace == Some("") {
            return Err(format!("{text:?} is no name of a gateway (write namespace/name)"));
        }
        Ok(Self { namespace: namespace.map(str::to_owned), name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, Method};
    use mesh_core::table::Question;

    fn ask(url: &str, asker: Asker) -> Question {
        let viewpoint = asker.viewpoint("default");
        Question::new(url.parse().unwrap(), Method::GET, HeaderMap::new(), viewpoint)
    }

    #[test]
    fn a_gateway_decides_what_comes_to_its_port_in_its_own_namespace() {
        let gateway = Some("shop/door".parse().unwrap());
        let question = ask("https://shop.example.com/", Asker { gateway, ..Asker::default() });
        assert_eq!(question.view().listener, Some(443));
        assert_eq!(question.viewpoint.namespace, "shop");
    }

    #[test]
    fn a_workload_is_written_with_its_namespace_first() {
        assert_eq!("shop/cart".parse::<Workload>().unwrap().namespace, "shop");
        assert_eq!("shop".parse::<Workload>().unwrap().namespace, "shop");
        assert!("/cart".parse::<Workload>().is_err());
        assert!("a/b/c".parse::<GatewayReference>().is_err());
    }
}
