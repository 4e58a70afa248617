//! What is secret is told nowhere: a whole mesh that has keys, tokens, cookies and passwords, and every log, page, error and
//! `Debug` of it.

mod asked;
mod broken;
mod memory;
mod scene;
mod told;

use asked::Tokens;
use scene::Scene;
use told::Told;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_secret_is_in_no_log_no_page_no_error_and_no_debug() {
    let (told, tokens) = (Told::of_process(), Tokens::new());
    let scene = Scene::new(&told).await;
    let secrets = scene.secrets(&tokens.all());
    let followed = asked::follow(&scene).await;
    asked::good(&scene, &tokens).await;
    asked::bad(&scene, &tokens).await;
    asked::strangers(&scene).await;
    broken::documents(&scene).await;
    asked::pages(&scene).await;
    scene.look_at_everything();
    broken::certificates(&scene).await;
    followed.abort();
    scene.close().await;

    let told = told.text();
    // There was something to tell: otherwise nothing would be proven.
    for word in [
        "Jwt is expired",
        "document refused",
        "rbac_access_denied",
        "no line that begins a section",
        "access_token=(hidden)",
        "http.url",
        "x-upstream-token",
    ] {
        assert!(told.contains(word), "{word}");
    }
    let leaks: Vec<_> = secrets.iter().filter_map(|secret| secret.leak(&told)).collect();
    assert!(leaks.is_empty(), "{}", leaks.join("\n\n"));
}
