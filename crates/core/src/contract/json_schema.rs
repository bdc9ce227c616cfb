//! `constraints.jsonSchema`: a JSON Schema (2020-12, and what drafts 4 to 2019-09 wrote otherwise) for the values of `array` and
//! `object` fields. Compiled when the contract is read, so that what is wrong with it, or not known here, is told then.
//!
//! References stay within the schema (`#`, `#/$defs/...`). `format` and other annotations check nothing, as the standard has it.

use std::{collections::HashMap, sync::Arc};

use regex::Regex;
use serde_json::Value as Json;

use super::{
    document::Data,
    pattern_budget::PatternBudget,
    place::{Keys, Place},
    structured,
};
use crate::error::Result;

/// Schemas of one contract key, those in other schemas counted.
const MAX_SCHEMAS: usize = 10_000;
/// Schemas asked for one value. Alternatives in alternatives that refer to themselves would go on for ever.
const MAX_STEPS: usize = 100_000;
/// Schemas in schemas: each level of a value takes one or two.
const MAX_DEPTH: usize = 400;

/// A JSON Schema that values are held to.
#[derive(Debug, Clone)]
pub struct JsonSchema {
    text: Json,
    schemas: Arc<[Schema]>,
    /// Bytes of its regular expressions.
    pattern_bytes: usize,
}

impl PartialEq for JsonSchema {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl JsonSchema {
    /// The schema as JSON.
    pub fn to_json(&self) -> &Json {
        &self.text
    }

    /// Bytes that its regular expressions take.
    pub(super) fn pattern_bytes(&self) -> usize {
        self.pattern_bytes
    }

    /// True when the schema allows the value.
    pub(crate) fn holds(&self, value: &Json) -> bool {
        let mut steps = MAX_STEPS;
        self.check(0, value, MAX_DEPTH, &mut steps) && steps > 0
    }

    fn check(&self, schema: usize, value: &Json, depth: usize, steps: &mut usize) -> bool {
        if depth == 0 || *steps == 0 {
            *steps = 0;
            return false;
        }
        *steps -= 1;
        let holds = |schema: usize, value: &Json, steps: &mut usize| {
            self.check(schema, value, depth - 1, steps)
        };
        self.schemas[schema]
            .0
            .iter()
            .all(|keyword| keyword.holds(value, steps, &holds))
    }
}

/// What a schema says, a keyword each.
#[derive(Debug, Default)]
struct Schema(Vec<Keyword>);

/// The index of a schema.
type Id = usize;

#[derive(Debug)]
enum Keyword {
    Never,
    Type(Vec<String>),
    Enum(Vec<Json>),
    Minimum(f64),
    Maximum(f64),
    Above(f64),
    Below(f64),
    MultipleOf(f64),
    MinLength(u64),
    MaxLength(u64),
    Pattern(Regex),
    MinItems(u64),
    MaxItems(u64),
    UniqueItems,
    /// The first items, and all after them.
    Items(Vec<Id>, Option<Id>),
    /// A schema, and how many items have to be like it at least and at most.
    Contains(Id, u64, u64),
    MinProperties(u64),
    MaxProperties(u64),
    Required(Vec<String>),
    Properties {
        named: HashMap<String, Id>,
        patterns: Vec<(Regex, Id)>,
        others: Option<Id>,
    },
    PropertyNames(Id),
    DependentRequired(Vec<(String, Vec<String>)>),
    DependentSchemas(Vec<(String, Id)>),
    All(Vec<Id>),
    Any(Vec<Id>),
    One(Vec<Id>),
    Not(Id),
    If(Id, Option<Id>, Option<Id>),
}

impl Keyword {
    fn holds(
        &self,
        value: &Json,
        steps: &mut usize,
        check: &dyn Fn(Id, &Json, &mut usize) -> bool,
    ) -> bool {
        use Keyword::*;
        let number = value.as_f64();
        let length = || value.as_str().map(|text| text.chars().count() as u64);
        let items = value.as_array();
        let object = value.as_object();
        match self {
            Never => false,
            Type(names) => names.iter().any(|name| has_type(value, name)),
            Enum(values) => values.contains(&structured::ordered(value.clone())),
            Minimum(least) => number.is_none_or(|number| number >= *least),
            Maximum(most) => number.is_none_or(|number| number <= *most),
            Above(bound) => number.is_none_or(|number| number > *bound),
            Below(bound) => number.is_none_or(|number| number < *bound),
            MultipleOf(of) => number.is_none_or(|number| is_multiple(number, *of)),
            MinLength(least) => length().is_none_or(|length| length >= *least),
            MaxLength(most) => length().is_none_or(|length| length <= *most),
            Pattern(pattern) => value.as_str().is_none_or(|text| pattern.is_match(text)),
            MinItems(least) => items.is_none_or(|items| items.len() as u64 >= *least),
            MaxItems(most) => items.is_none_or(|items| items.len() as u64 <= *most),
            UniqueItems => items.is_none_or(|items| {
                let mut texts: Vec<String> = items
                    .iter()
                    .map(|item| structured::ordered(item.clone()).to_string())
                    .collect();
                texts.sort_unstable();
                texts.windows(2).all(|pair| pair[0] != pair[1])
            }),
            Items(first, others) => items.is_none_or(|items| {
                items.iter().enumerate().all(|(at, item)| {
                    let schema = first.get(at).or(others.as_ref());
                    schema.is_none_or(|schema| check(*schema, item, steps))
                })
            }),
            Contains(schema, least, most) => items.is_none_or(|items| {
                let fitting = items.iter().filter(|item| check(*schema, item, steps));
                (*least..=*most).contains(&(fitting.count() as u64))
            }),
            MinProperties(least) => object.is_none_or(|object| object.len() as u64 >= *least),
            MaxProperties(most) => object.is_none_or(|object| object.len() as u64 <= *most),
            Required(names) => {
                object.is_none_or(|object| names.iter().all(|name| object.contains_key(name)))
            }
            Properties {
                named,
                patterns,
                others,
            } => object.is_none_or(|object| {
                object.iter().all(|(name, value)| {
                    let fitting = patterns
                        .iter()
                        .filter(|(pattern, _)| pattern.is_match(name));
                    let mut schemas: Vec<Id> = fitting.map(|(_, schema)| *schema).collect();
                    schemas.extend(named.get(name));
                    if schemas.is_empty() {
                        schemas.extend(others);
                    }
                    schemas.iter().all(|schema| check(*schema, value, steps))
                })
            }),
            PropertyNames(schema) => object.is_none_or(|object| {
                let mut names = object.keys().map(|name| Json::String(name.clone()));
                names.all(|name| check(*schema, &name, steps))
            }),
            DependentRequired(names) => object.is_none_or(|object| {
                let mut named = names.iter().filter(|(name, _)| object.contains_key(name));
                named.all(|(_, needed)| needed.iter().all(|name| object.contains_key(name)))
            }),
            DependentSchemas(schemas) => object.is_none_or(|object| {
                let mut named = schemas.iter().filter(|(name, _)| object.contains_key(name));
                named.all(|(_, schema)| check(*schema, value, steps))
            }),
            All(schemas) => schemas.iter().all(|schema| check(*schema, value, steps)),
            Any(schemas) => schemas.iter().any(|schema| check(*schema, value, steps)),
            One(schemas) => {
                let fitting = schemas
                    .iter()
                    .filter(|schema| check(**schema, value, steps));
                fitting.count() == 1
            }
            Not(schema) => !check(*schema, value, steps),
            If(schema, then, otherwise) => {
                let branch = match check(*schema, value, steps) {
                    true => then,
                    false => otherwise,
                };
                branch.is_none_or(|schema| check(schema, value, steps))
            }
        }
    }
}

fn has_type(value: &Json, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "string" => value.is_string(),
        "array" => value.is_array(),
        _ => value.is_object(),
    }
}

/// As exact as doubles are, a few steps of them allowed: 0.3 is a multiple of 0.1.
fn is_multiple(number: f64, of: f64) -> bool {
    let times = number / of;
    times.is_finite() && (times - times.round()).abs() <= 4.0 * f64::EPSILON * times.abs()
}

/// Reads a schema.
pub(super) fn read(place: &Place<'_>) -> Result<JsonSchema> {
    let mut compiler = Compiler {
        root: place.clone(),
        schemas: Vec::new(),
        known: HashMap::new(),
        referred: Vec::new(),
        patterns: PatternBudget::default(),
    };
    compiler.schema(place)?;
    while let Some((id, place)) = compiler.referred.pop() {
        compiler.compile(id, &place)?;
    }
    let schemas = compiler.schemas.into_iter().map(Option::unwrap_or_default);
    Ok(JsonSchema {
        text: json(place),
        schemas: schemas.collect(),
        pattern_bytes: compiler.patterns.used(),
    })
}

struct Compiler<'a> {
    root: Place<'a>,
    /// `None` until it was read.
    schemas: Vec<Option<Schema>>,
    /// By pointer: where a reference leads.
    known: HashMap<String, Id>,
    /// Where references lead that were not read yet. Later, so that a chain of references takes no room on the stack, which
    /// goes as deep as the document does.
    referred: Vec<(Id, Place<'a>)>,
    patterns: PatternBudget,
}

const ANNOTATIONS: [&str; 15] = [
    "$schema",
    "$id",
    "id",
    "$comment",
    "title",
    "description",
    "default",
    "example",
    "examples",
    "format",
    "readOnly",
    "writeOnly",
    "deprecated",
    "contentMediaType",
    "contentEncoding",
];

impl<'a> Compiler<'a> {
    fn schema(&mut self, place: &Place<'a>) -> Result<Id> {
        let (id, is_new) = self.id(place)?;
        if is_new {
            self.compile(id, place)?;
        }
        Ok(id)
    }

    /// The schema at a place, and whether nobody asked for it before.
    fn id(&mut self, place: &Place<'a>) -> Result<(Id, bool)> {
        if let Some(&id) = self.known.get(place.pointer()) {
            return Ok((id, false));
        }
        let id = self.schemas.len();
        if id >= MAX_SCHEMAS {
            return Err(place.error(format!("these are more than {MAX_SCHEMAS} schemas")));
        }
        self.known.insert(place.pointer().to_owned(), id);
        self.schemas.push(None);
        Ok((id, true))
    }

    fn compile(&mut self, id: Id, place: &Place<'a>) -> Result<()> {
        let schema = match place.data() {
            Data::Bool(true) => Schema::default(),
            Data::Bool(false) => Schema(vec![Keyword::Never]),
            Data::Map(_) => self.keywords(&place.map()?)?,
            _ => return Err(place.expected("a JSON Schema: an object, true or false")),
        };
        self.schemas[id] = Some(schema);
        Ok(())
    }

    fn keywords(&mut self, keys: &Keys<'a>) -> Result<Schema> {
        use Keyword::*;
        let mut found = Vec::new();
        for (key, place) in keys.entries() {
            let keyword = match key {
                "$ref" => All(vec![self.reference(&place)?]),
                "type" => Type(type_names(&place)?),
                "enum" => Enum(place.list()?.iter().map(json).collect()),
                "const" => Enum(vec![json(&place)]),
                "minimum" if flag(keys, "exclusiveMinimum") => Above(number(&place)?),
                "maximum" if flag(keys, "exclusiveMaximum") => Below(number(&place)?),
                "minimum" => Minimum(number(&place)?),
                "maximum" => Maximum(number(&place)?),
                // Draft 4: they say how `minimum` and `maximum` are meant.
                "exclusiveMinimum" | "exclusiveMaximum"
                    if matches!(place.data(), Data::Bool(_)) =>
                {
                    continue;
                }
                "exclusiveMinimum" => Above(number(&place)?),
                "exclusiveMaximum" => Below(number(&place)?),
                "multipleOf" => match number(&place)? {
                    of if of > 0.0 => MultipleOf(of),
                    _ => return Err(place.expected("a number above 0")),
                },
                "minLength" => MinLength(place.count(0)?.into()),
                "maxLength" => MaxLength(place.count(0)?.into()),
                "pattern" => Pattern(self.patterns.compile(&place, place.text()?)?),
                "minItems" => MinItems(place.count(0)?.into()),
                "maxItems" => MaxItems(place.count(0)?.into()),
                "uniqueItems" if place.bool()? => UniqueItems,
                "uniqueItems" => continue,
                "items" | "prefixItems" | "additionalItems" => match self.items(key, keys)? {
                    Some(items) => items,
                    None => continue,
                },
                "contains" => {
                    let count = |key| keys.read(key, |place| place.count(0));
                    let least = count("minContains")?.unwrap_or(1);
                    let most = count("maxContains")?.unwrap_or(u32::MAX);
                    Contains(self.schema(&place)?, least.into(), most.into())
                }
                "minProperties" => MinProperties(place.count(0)?.into()),
                "maxProperties" => MaxProperties(place.count(0)?.into()),
                "required" => Required(place.texts()?),
                "properties" | "patternProperties" | "additionalProperties" => {
                    match self.properties(key, keys)? {
                        Some(properties) => properties,
                        None => continue,
                    }
                }
                "propertyNames" => PropertyNames(self.schema(&place)?),
                "dependentRequired" => DependentRequired(
                    place
                        .map()?
                        .entries()
                        .map(|(name, place)| Ok((name.to_owned(), place.texts()?)))
                        .collect::<Result<_>>()?,
                ),
                "dependentSchemas" => DependentSchemas(self.named(&place)?),
                "allOf" => All(self.list(&place)?),
                "anyOf" => Any(self.list(&place)?),
                "oneOf" => One(self.list(&place)?),
                "not" => Not(self.schema(&place)?),
                "if" => {
                    let mut branch = |key| {
                        let place = keys.get(key);
                        place.map(|place| self.schema(&place)).transpose()
                    };
                    let (then, otherwise) = (branch("then")?, branch("else")?);
                    If(self.schema(&place)?, then, otherwise)
                }
                // Read where they are referred to, or with the keyword they belong to.
                "$defs" | "definitions" | "then" | "else" | "minContains" | "maxContains" => {
                    continue;
                }
                key if ANNOTATIONS.contains(&key) => continue,
                _ => {
                    let error = place.error(format!("`{key}` of JSON Schema is not supported"));
                    return Err(error.with_hint("leave it out, or say it in another way"));
                }
            };
            found.push(keyword);
        }
        Ok(Schema(found))
    }

    /// All keywords about items, with the first of them.
    fn items(&mut self, key: &str, keys: &Keys<'a>) -> Result<Option<Keyword>> {
        let items = keys.get("items");
        let is_tuple = |place: &Place<'_>| matches!(place.data(), Data::List(_));
        let tuple = items.clone().filter(is_tuple); // the drafts before 2020-12
        let (first, others) = match tuple {
            Some(tuple) => (Some(tuple), keys.get("additionalItems")),
            None => (keys.get("prefixItems"), items),
        };
        let all = ["prefixItems", "items", "additionalItems"];
        if all.into_iter().find(|key| keys.get(key).is_some()) != Some(key) {
            return Ok(None);
        }
        let first = first.map(|place| self.list(&place)).transpose()?;
        let others = others.map(|place| self.schema(&place)).transpose()?;
        Ok(Some(Keyword::Items(first.unwrap_or_default(), others)))
    }

    /// All keywords about properties, with the first of them.
    fn properties(&mut self, key: &str, keys: &Keys<'a>) -> Result<Option<Keyword>> {
        let all = ["properties", "patternProperties", "additionalProperties"];
        if all.into_iter().find(|key| keys.get(key).is_some()) != Some(key) {
            return Ok(None);
        }
        let named = keys.get("properties").map(|place| self.named(&place));
        let patterns = keys.get("patternProperties");
        let patterns = patterns.map(|place| {
            let mut patterns = Vec::new();
            for (name, schema) in place.map()?.entries() {
                let pattern = self.patterns.compile(&schema, name)?;
                patterns.push((pattern, self.schema(&schema)?));
            }
            Ok::<_, crate::Error>(patterns)
        });
        let patterns = patterns.transpose()?.unwrap_or_default();
        let others = keys.get("additionalProperties");
        Ok(Some(Keyword::Properties {
            named: named.transpose()?.unwrap_or_default().into_iter().collect(),
            patterns,
            others: others.map(|place| self.schema(&place)).transpose()?,
        }))
    }

    fn named(&mut self, place: &Place<'a>) -> Result<Vec<(String, Id)>> {
        let mut named = Vec::new();
        for (name, schema) in place.map()?.entries() {
            named.push((name.to_owned(), self.schema(&schema)?));
        }
        Ok(named)
    }

    fn list(&mut self, place: &Place<'a>) -> Result<Vec<Id>> {
        let places = place.list()?;
        places.iter().map(|place| self.schema(place)).collect()
    }

    fn reference(&mut self, place: &Place<'a>) -> Result<Id> {
        let text = place.text()?;
        let path = match text {
            "#" => Some(""),
            _ => text.strip_prefix('#').filter(|path| path.starts_with('/')),
        };
        let Some(path) = path else {
            return Err(place.expected("a reference within the schema, such as #/$defs/item"));
        };
        let mut target = self.root.clone();
        for step in path.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let inner = match target.data() {
                Data::List(_) => {
                    let mut items = target.list()?;
                    let index = step.parse().ok().filter(|index| *index < items.len());
                    index.map(|index: usize| items.swap_remove(index))
                }
                Data::Map(_) => target.map()?.get(&step),
                _ => None,
            };
            target = inner.ok_or_else(|| place.error(format!("{text:?} is not in the schema")))?;
        }
        let (id, is_new) = self.id(&target)?;
        if is_new {
            self.referred.push((id, target));
        }
        Ok(id)
    }
}

fn type_names(place: &Place<'_>) -> Result<Vec<String>> {
    const NAMES: [&str; 7] = [
        "null", "boolean", "number", "integer", "string", "array", "object",
    ];
    let names = place.one_or_more()?;
    let name = |place: &Place<'_>| place.choice(&NAMES.map(|name| (name, name)));
    names
        .iter()
        .map(|place| name(place).map(str::to_owned))
        .collect()
}

fn number(place: &Place<'_>) -> Result<f64> {
    let number = match place.data() {
        Data::Number(digits) => digits.parse().ok(),
        _ => None,
    };
    let number = number.filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| place.expected("a number"))
}

fn flag(keys: &Keys<'_>, key: &str) -> bool {
    keys.get(key)
        .is_some_and(|place| *place.data() == Data::Bool(true))
}

fn json(place: &Place<'_>) -> Json {
    structured::ordered(place.data().to_json())
}
