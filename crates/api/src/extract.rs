//! Extractors for the query, the path and the body that answer with a problem where they are malformed.

use std::{fmt::Display, str::FromStr};

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use ringwire_event::Direction;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::problem::Problem;

/// The parameters of the query.
pub(crate) struct QueryParams<T>(pub(crate) T);

/// The parameters of the path.
pub(crate) struct PathParams<T>(pub(crate) T);

/// The body, as JSON.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::from_request_parts(parts, state).await.map_err(|error| {
            Problem::bad_request(error.body_text()).hint("GET /api/v1/openapi.json lists the parameters")
        })?;
        Ok(Self(query))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(params)) => Ok(Self(params)),
            Err(error) => Err(Problem::bad_request(error.body_text())),
        }
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(error) => Err(Problem::new(error.status(), error.body_text())),
        }
    }
}

/// A parameter that may be left out, or empty.
pub(crate) fn optional<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|error| serde::de::Error::custom(format!("{text:?}: {error}"))))
        .transpose()
}

/// A parameter that is a list with commas.
pub(crate) fn comma_separated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
    Ok(text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect())
}

/// The direction called `word`.
pub(crate) fn direction(word: &str) -> Result<Direction, Problem> {
    let all = [Direction::In, Direction::Out, Direction::Internal];
    all.into_iter().find(|way| way.as_str() == word).ok_or_else(|| {
        Problem::bad_request(format!("{word:?} is not a direction")).hint("in, out or internal")
    })
}
