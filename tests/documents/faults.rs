//! Documents that an edit breaks.

use super::edits::{after, answer, ask};
use mesh_core::{
    source::MAX_BYTES,
    watch::{Standing, Status},
};
use mesh_tower::Mesh;
use tests::{documents::Documents, mesh::join};

/// How a VirtualService stands.
fn standing(status: &Status, name: &str) -> Option<Standing> {
    let document =
        status.documents.iter().find(|document| document.key.to_string().ends_with(&format!("/{name}")));
    document.map(|document| document.standing)
}

/// The files of the errors, and their messages without the folder.
fn errors(mesh: &Mesh, documents: &Documents) -> Vec<String> {
    let status = mesh.status().borrow().clone();
    let folder = format!("{}/", documents.folder().display());
    let errors = status.faults.iter().filter(|fault| fault.is_error());
    errors.map(|fault| fault.to_string().replace(&folder, "")).collect()
}

/// The VirtualService `one` with a timeout that is none.
fn broken() -> String {
    answer("one.test", "new").replace("[{", "[{timeout: soon, ")
}

#[tokio::test]
async fn a_document_with_a_mistake_keeps_its_last_good_version_and_all_others_change() {
    let documents = Documents::of(&[&answer("one.test", "old"), &answer("two.test", "old")]);
    documents.write("other.yaml", &answer("three.test", "old"));
    let mesh = join(&documents).await;
    let edit = || {
        documents.write("mesh.yaml", &format!("{}---\n{}", broken(), answer("two.test", "new")));
        documents.write("other.yaml", &answer("three.test", "new"));
    };
    after(&mesh, edit).await;
    assert_eq!(ask(&mesh, "one.test").await, "old");
    assert_eq!(ask(&mesh, "two.test").await, "new");
    assert_eq!(ask(&mesh, "three.test").await, "new");

    let status = mesh.status().borrow().clone();
    assert_eq!(standing(&status, "one.test"), Some(Standing::Held));
    assert_eq!(standing(&status, "two.test"), Some(Standing::Serving));
    let errors = errors(&mesh, &documents);
    let [error] = &errors[..] else { panic!("one error: {errors:?}") };
    assert!(error.starts_with("mesh.yaml:4: VirtualService/one.test: spec.http[0].timeout: "), "{error}");

    // Held through further changes, and replaced once it is right again.
    after(&mesh, || documents.write("other.yaml", &answer("three.test", "newer"))).await;
    assert_eq!(ask(&mesh, "one.test").await, "old");
    after(&mesh, || documents.write("mesh.yaml", &answer("one.test", "new"))).await;
    assert_eq!(ask(&mesh, "one.test").await, "new");
    assert!(mesh.status().borrow().faults.is_empty());
}

#[tokio::test]
async fn a_file_that_is_no_yaml_keeps_all_that_it_held_and_other_files_change() {
    let documents = Documents::of(&[&answer("one.test", "old"), &answer("two.test", "old")]);
    documents.write("other.yaml", &answer("three.test", "old"));
    let mesh = join(&documents).await;
    let edit = || {
        documents.write("mesh.yaml", &format!("{}---\nspec: {{hosts: [", answer("one.test", "new")));
        documents.write("other.yaml", &answer("three.test", "new"));
    };
    after(&mesh, edit).await;
    // What stands before the mistake is good, and is used.
    assert_eq!(ask(&mesh, "one.test").await, "new");
    assert_eq!(ask(&mesh, "two.test").await, "old");
    assert_eq!(ask(&mesh, "three.test").await, "new");
    assert_eq!(standing(&mesh.status().borrow(), "two.test"), Some(Standing::Held));
    let errors = errors(&mesh, &documents);
    assert!(errors.len() == 1 && errors[0].starts_with("mesh.yaml:"), "{errors:?}");
}

#[tokio::test]
async fn a_document_that_was_never_good_leaves_the_rest_alone() {
    let documents = Documents::of(&[&broken(), &answer("two.test", "old")]);
    let mesh = join(&documents).await;
    assert_eq!(ask(&mesh, "two.test").await, "old");
    assert_eq!(standing(&mesh.status().borrow(), "one.test"), None);
    assert_eq!(errors(&mesh, &documents).len(), 1);
    after(&mesh, || documents.write("mesh.yaml", &answer("one.test", "new"))).await;
    assert_eq!(ask(&mesh, "one.test").await, "new");
}

#[tokio::test]
async fn a_file_too_large_to_read_keeps_what_it_held_until_it_is_emptied() {
    let documents = Documents::of(&[&answer("two.test", "two")]);
    documents.write("other.yaml", &answer("one.test", "one"));
    let mesh = join(&documents).await;
    after(&mesh, || documents.write("other.yaml", &"#".repeat(MAX_BYTES + 1))).await;
    assert_eq!(ask(&mesh, "one.test").await, "one");
    assert_eq!(errors(&mesh, &documents).len(), 1);
    after(&mesh, || documents.write("other.yaml", "")).await;
    assert_eq!(standing(&mesh.status().borrow(), "one.test"), None);
    assert_eq!(ask(&mesh, "two.test").await, "two");
}
