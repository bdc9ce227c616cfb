//! What `GET /openapi.json` says besides the routes, which add themselves, and the schemas that `sheetlift` derives.
#![allow(dead_code)] // these types describe, and are never made

use sheetlift::{Problem, Verb};
use utoipa::{
    IntoParams, IntoResponses, Modify, OpenApi, ToSchema,
    openapi::{
        ObjectBuilder, Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::Type,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "sheetlift",
        description = "Spreadsheets into inventory databases: every good row exactly once, every bad cell by its address.",
        license(name = "MIT OR Apache-2.0")
    ),
    modifiers(&Schemes)
)]
pub(crate) struct Docs;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", bearer);
        let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Api-Key")));
        components.add_security_scheme("key", key);
    }
}

/// Names the options of each verb, which are those of the query.
macro_rules! queries {
    ($($verb:ident)*) => {$(
        pub(crate) struct $verb;

        impl IntoParams for $verb {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                parameters(Verb::$verb)
            }
        }
    )*};
}

queries! { Inspect Convert Validate Load }

fn parameters(verb: Verb) -> Vec<Parameter> {
    let parameter = |option: &sheetlift::RequestOption| {
        let kind = match option.kind {
            "integer" => Type::Integer,
            "boolean" => Type::Boolean,
            _ => Type::String,
        };
        ParameterBuilder::new()
            .name(option.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(option.help))
            .schema(Some(ObjectBuilder::new().schema_type(kind)))
            .build()
    };
    verb.options().map(parameter).collect()
}

/// Why a request failed.
#[derive(IntoResponses)]
pub(crate) enum Problems {
    /// An option, the contract or the target table has to change.
    #[response(status = 400, content_type = "application/problem+json")]
    Caller(Problem),
    /// No valid API key.
    #[response(status = 401, content_type = "application/problem+json")]
    Key(Problem),
    /// The upload took too long.
    #[response(status = 408, content_type = "application/problem+json")]
    Slow(Problem),
    /// A limit was passed: of bytes, of time, or one inside the file.
    #[response(status = 413, content_type = "application/problem+json")]
    Limit(Problem),
    /// The file is damaged, encrypted or of a kind that is not read.
    #[response(status = 422, content_type = "application/problem+json")]
    File(Problem),
    /// A defect in sheetlift.
    #[response(status = 500, content_type = "application/problem+json")]
    Defect(Problem),
    /// The database failed: try again after `Retry-After` seconds.
    #[response(status = 502, content_type = "application/problem+json")]
    Database(Problem),
    /// Too much to do, or somebody else loads the same import: try again after `Retry-After` seconds.
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(Problem),
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct Workbook(Vec<u8>);

/// A form with a workbook.
#[derive(ToSchema)]
pub(crate) struct UploadForm {
    /// The workbook.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The contract, as JSON or YAML.
    contract: Option<String>,
    /// A JSON object with the options of the query.
    options: Option<String>,
}
