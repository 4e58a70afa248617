//! Who may do what: the mesh has checked the token of whoever calls product-composite; here is what it allows.

use super::problem::Problem;
use axum::{
    extract::Request,
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use mesh_tower::Token;
use serde_json::Value;

/// Lets a request pass whose token has the scope that the method needs.
pub(super) async fn guard(request: Request, next: Next) -> Result<Response, Problem> {
    // Without it nobody checked: the documents ask for no tokens, and nobody gets in.
    let token = request.extensions().get::<Token>().ok_or_else(|| {
        Problem::new(StatusCode::UNAUTHORIZED, "A token is needed: Authorization: Bearer …")
            .challenging("Bearer")
    })?;
    let needed = if request.method() == Method::GET { "product:read" } else { "product:write" };
    if !allows(token, needed) {
        let problem = Problem::new(StatusCode::FORBIDDEN, format!("The token lacks the scope {needed}"));
        return Err(problem.challenging("Bearer error=\"insufficient_scope\""));
    }
    Ok(next.run(request).await)
}

fn allows(token: &Token, needed: &str) -> bool {
    let scopes = token.get(&["scope"]).and_then(Value::as_array);
    scopes.is_some_and(|scopes| scopes.iter().any(|scope| scope == needed))
}
