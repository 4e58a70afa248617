//! Documents from real files and folders, and the changes that real file systems make.

use mesh_core::{
    document::{Kind, Reading},
    source::{Batch, file::FileSource},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::time::timeout;

fn service(name: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{}}\n")
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
    fs::write(&path, text).expect("a file is written");
    path
}

fn source(paths: &[&Path]) -> FileSource {
    FileSource::new(paths.iter().map(|path| path.into()).collect(), "shop".into()).expect("the paths exist")
}

/// The names of all services, file by file.
fn names(batches: &[Arc<Batch>]) -> Vec<String> {
    let name = |reading: &Reading| match reading {
        Reading::Good { document, .. } => document.metadata.name.clone(),
        Reading::Bad { faults, .. } => faults[0].reason.clone(),
        Reading::Skipped { kind, .. } => kind.to_string(),
    };
    batches.iter().flat_map(|batch| &batch.readings).map(name).collect()
}

async fn changed(source: &mut FileSource) {
    timeout(Duration::from_secs(4), source.changed()).await.expect("the file system tells of the change");
}

#[test]
fn a_path_that_does_not_exist_is_named() {
    let fault = FileSource::new(vec!["no/such/folder".into()], "shop".into()).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "no/such/folder: no such file or folder (name a file, or a folder of files, in YAML or JSON)"
    );
}

#[test]
fn files_come_in_the_order_of_paths_and_names_and_each_once() {
    let folder = TempDir::new().unwrap();
    let last = write(folder.path(), "z.yaml", &service("z"));
    write(folder.path(), "b.yml", &service("b"));
    write(folder.path(), "a/c.json", &service("c"));
    for passed_over in ["notes.txt", ".hidden.yaml", "..data/x.yaml", "..2024_01_01/x.yaml", "yaml"] {
        write(folder.path(), passed_over, &service("never"));
    }
    let batches = source(&[&last, folder.path()]).load();
    assert_eq!(names(&batches), ["z", "c", "b"]);
    assert_eq!(&*batches[0].file, last.to_str().unwrap());
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_circles_end() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "a.yaml", &service("a"));
    std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).unwrap();
    std::os::unix::fs::symlink("self.yaml", folder.path().join("self.yaml")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling.yaml")).unwrap();
    let names = names(&source(&[folder.path()]).load());
    assert_eq!(names[0], "a");
    assert!(names[1..].iter().all(|name| name.starts_with("cannot be read")), "{names:?}");
}

#[test]
fn a_file_that_did_not_change_gives_the_very_batch_it_gave() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "a.yaml", &service("a"));
    write(folder.path(), "b.yaml", &service("b"));
    let mut source = source(&[folder.path()]);
    let before = source.load();

    fs::write(&path, service("c")).unwrap();
    let after = source.load();
    assert_eq!(names(&after), ["c", "b"]);
    assert!(Arc::ptr_eq(&before[1], &after[1]));

    // Written anew with the same bytes, it is the same.
    fs::write(&path, service("c")).unwrap();
    assert!(Arc::ptr_eq(&after[0], &source.load()[0]));

    fs::remove_file(&path).unwrap();
    assert_eq!(names(&source.load()), ["b"]);
}

#[test]
fn documents_of_other_kinds_are_passed_over() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "kustomization.yml", "resources:\n- a.yaml\n");
    write(
        folder.path(),
        "x.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: many}\n---\n# nothing\n",
    );
    let batches = source(&[folder.path()]).load();
    assert_eq!(names(&batches), ["Kustomization", "Deployment"]);
    assert!(batches.iter().all(|batch| batch.is_whole));
}

#[test]
fn a_file_that_breaks_off_is_not_whole_and_keeps_what_comes_before() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "a.yaml", &format!("{}---\na: [\n", service("a")));
    let batches = source(&[folder.path()]).load();
    assert_eq!(names(&batches), ["a", "invalid YAML: expected a value"]);
    assert!(!batches[0].is_whole);
}

#[test]
fn a_file_of_fifty_megabytes_is_refused_unread() {
    let folder = TempDir::new().unwrap();
    let file = fs::File::create(folder.path().join("a.yaml")).unwrap();
    file.set_len(50 << 20).unwrap();
    let mut source = source(&[folder.path()]);
    let batches = source.load();
    assert_eq!(names(&batches), ["larger than 16 MiB"]);
    assert!(!batches[0].is_whole);
    assert!(Arc::ptr_eq(&batches[0], &source.load()[0]));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_a_fault_of_its_own() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "a.yaml", &service("a"));
    write(folder.path(), "b.yaml", &service("b"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // Nothing is forbidden to the superuser.
    let expected = if fs::read(&path).is_ok() { "a" } else { "cannot be read: permission denied" };
    let mut source = source(&[folder.path()]);
    assert_eq!(names(&source.load()), [expected, "b"]);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(names(&source.load()), ["a", "b"]);
}

#[test]
fn documents_without_a_namespace_get_the_sources() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "a.yaml", &service("a"));
    let batches = source(&[folder.path()]).load();
    let Reading::Good { document, .. } = &batches[0].readings[0] else { panic!("a good document") };
    assert_eq!(document.metadata.namespace, "shop");
    assert_eq!(document.key().kind, Kind::of("v1", "Service"));
}

#[tokio::test]
async fn a_write_in_place_is_noticed() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "deep/down/a.yaml", &service("a"));
    let mut source = source(&[folder.path()]);
    source.load();
    fs::write(path, service("b")).unwrap();
    changed(&mut source).await;
    assert_eq!(names(&source.load()), ["b"]);
}

#[tokio::test]
async fn a_rename_over_a_single_file_is_noticed() {
    let folder = TempDir::new().unwrap();
    let path = write(folder.path(), "a.yaml", &service("a"));
    let mut source = source(&[&path]);
    source.load();
    let new = write(folder.path(), "a.yaml.new", &service("b"));
    fs::rename(new, path).unwrap();
    changed(&mut source).await;
    assert_eq!(names(&source.load()), ["b"]);
}

#[tokio::test]
async fn a_new_folder_and_what_is_written_there_later_are_noticed() {
    let folder = TempDir::new().unwrap();
    let mut source = source(&[folder.path()]);
    source.load();
    write(folder.path(), "new/a.yaml", &service("a"));
    changed(&mut source).await;
    assert_eq!(names(&source.load()), ["a"]);
    write(folder.path(), "new/b.yaml", &service("b"));
    changed(&mut source).await;
    assert_eq!(names(&source.load()), ["a", "b"]);
}

#[tokio::test]
async fn a_folder_that_is_deleted_and_made_again_is_noticed() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "mesh/a.yaml", &service("a"));
    let mesh = folder.path().join("mesh");
    let mut source = source(&[&mesh]);
    source.load();
    fs::remove_dir_all(&mesh).unwrap();
    changed(&mut source).await;
    assert!(source.load().is_empty());
    write(&mesh, "b.yaml", &service("b"));
    changed(&mut source).await;
    assert_eq!(names(&source.load()), ["b"]);
    write(&mesh, "b.yaml", &service("c"));
    changed(&mut source).await;
    assert_eq!(names(&source.load()), ["c"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_mounted_config_map_is_swapped_as_one() {
    use std::os::unix::fs::symlink;
    let folder = TempDir::new().unwrap();
    for name in ["a", "b"] {
        write(folder.path(), &format!("..1/{name}.yaml"), &service(name));
        symlink(format!("..data/{name}.yaml"), folder.path().join(format!("{name}.yaml"))).unwrap();
    }
    symlink("..1", folder.path().join("..data")).unwrap();
    let single = folder.path().join("b.yaml");
    let (mut all, mut one) = (source(&[folder.path()]), source(&[&single]));
    assert_eq!((names(&all.load()), names(&one.load())), (vec!["a".into(), "b".into()], vec!["b".into()]));

    write(folder.path(), "..2/a.yaml", &service("c"));
    write(folder.path(), "..2/b.yaml", &service("d"));
    symlink("..2", folder.path().join("..data_tmp")).unwrap();
    fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
    changed(&mut all).await;
    changed(&mut one).await;
    assert_eq!((names(&all.load()), names(&one.load())), (vec!["c".into(), "d".into()], vec!["d".into()]));
}

#[cfg(unix)]
#[tokio::test]
async fn a_write_behind_a_link_to_another_folder_is_noticed() {
    let (folder, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let target = write(elsewhere.path(), "target.yaml", &service("a"));
    std::os::unix::fs::symlink(&target, folder.path().join("a.yaml")).unwrap();
    let mut source = source(&[folder.path()]);
    source.load();
    fs::write(&target, service("b")).unwrap();
    changed(&mut source).await;
    assert_eq!(names(&source.load()), ["b"]);
}

#[tokio::test]
async fn reading_is_no_change() {
    let folder = TempDir::new().unwrap();
    write(folder.path(), "a.yaml", &service("a"));
    let mut source = source(&[folder.path()]);
    source.load();
    source.load();
    assert!(timeout(Duration::from_millis(300), source.changed()).await.is_err());
}
