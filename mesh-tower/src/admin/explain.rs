//! What becomes of a request, as `meshctl route` tells it.

use super::{query::parameters, state::State};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use mesh_core::table::{Explanation, Question, RequestUrl};

/// What is decided for the request that a query describes, and why.
///
/// # Errors
/// What of the query is wrong, and how it is written.
pub(super) fn explain(state: &State, query: Option<&str>) -> Result<Explanation, String> {
    let mut to = None;
    let (mut method, mut headers) = (Method::GET, HeaderMap::new());
    for (name, value) in parameters(query, &["to", "method", "header"])? {
        match name {
            "to" => to = Some(value.parse::<RequestUrl>()?),
            "method" => {
                method = value.parse().map_err(|_| format!("{value:?} is no method (such as GET)"))?;
            }
            _ => {
                let (name, value) = header(&value)?;
                headers.append(name, value);
            }
        }
    }
    let to = to.ok_or("where the request goes is missing (write ?to=http://product/path)")?;
    let question = Question::new(to, method, headers, state.viewpoint());
    let snapshot = state.parts.handle.snapshot();
    Ok(question.read_by(&snapshot).explain(&snapshot))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let refuse = || format!("{text:?} is no header (write header=name: value, such as header=x-group: test)");
    let (name, value) = text.split_once(':').ok_or_else(refuse)?;
    let name = name.trim().parse().map_err(|_| refuse())?;
    Ok((name, value.trim().parse().map_err(|_| refuse())?))
}
