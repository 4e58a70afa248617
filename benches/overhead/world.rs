//! What rows of the overhead bench say besides.

/// A limit that nobody reaches, by one bucket, or by one of each value of something.
pub(super) fn limit(per: &str) -> String {
    format!(
        "apiVersion: mesh.internal/v1alpha1\nkind: RateLimit\nmetadata: {{name: ample}}\nspec: {{rules: [{{match: \
         [{{uri: {{prefix: /product}}}}], local: {{maxTokens: 4000000000, tokensPerFill: 1000000, fillInterval: 1s, \
         per: [{per}]}}}}]}}\n"
    )
}

/// What leaves all metrics out.
pub(super) const UNREPORTED: &str = "---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: none}
spec: {metrics: [{providers: [{name: prometheus}], overrides: [{match: {metric: ALL_METRICS}, disabled: true}]}]}
";
