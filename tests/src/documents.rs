//! Folders of documents, and the documents that most tests need.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// A folder of documents, gone when dropped.
#[derive(Debug)]
pub struct Documents(TempDir);

impl Default for Documents {
    fn default() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }
}

impl Documents {
    /// An empty folder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A folder with one file of these documents.
    #[must_use]
    pub fn of(texts: &[&str]) -> Self {
        let documents = Self::new();
        documents.write("mesh.yaml", &texts.join("---\n"));
        documents
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A file of it.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file where it is.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("a file that can be written");
    }

    /// Writes another file and renames it to this one.
    pub fn replace(&self, name: &str, text: &str) {
        let other = self.file(&format!(".{name}.new"));
        fs::write(&other, text).expect("a file that can be written");
        fs::rename(other, self.file(name)).expect("a file that can be renamed");
    }

    /// Removes a file.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).expect("a file that can be removed");
    }
}

/// A service of one port 80, whose name tells the protocol, and one instance at an address.
#[must_use]
pub fn service(name: &str, port_name: &str, instance: SocketAddr) -> String {
    format!("{}---\n{}", named(name, port_name), workload(name, "v1", port_name, instance))
}

/// A service of one port 80, whose name tells the protocol.
#[must_use]
pub fn named(name: &str, port_name: &str) -> String {
    format!(
        "apiVersion: v1\n\
         kind: Service\n\
         metadata: {{name: {name}}}\n\
         spec:\n  \
           selector: {{app: {name}}}\n  \
           ports: [{{name: {port_name}, port: 80}}]\n"
    )
}

/// An instance of a version of a service.
#[must_use]
pub fn workload(service: &str, version: &str, port_name: &str, address: SocketAddr) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: WorkloadEntry\n\
         metadata: {{name: {service}-{version}}}\n\
         spec:\n  \
           address: {}\n  \
           ports: {{{port_name}: {}}}\n  \
           labels: {{app: {service}, version: {version}}}\n",
        address.ip(),
        address.port()
    )
}

/// A VirtualService of a host in the mesh with these rules, in YAML's flow style.
#[must_use]
pub fn routes(host: &str, rules: &str) -> String {
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: VirtualService\n\
         metadata: {{name: {host}}}\n\
         spec: {{hosts: [{host}], http: {rules}}}\n"
    )
}

/// The versions of a service as subsets.
#[must_use]
pub fn subsets(host: &str, versions: &[&str]) -> String {
    let subset = |version: &&str| format!("{{name: {version}, labels: {{version: {version}}}}}");
    let subsets: Vec<_> = versions.iter().map(subset).collect();
    format!(
        "apiVersion: networking.istio.io/v1\n\
         kind: DestinationRule\n\
         metadata: {{name: {host}}}\n\
         spec: {{host: {host}, subsets: [{}]}}\n",
        subsets.join(", ")
    )
}
