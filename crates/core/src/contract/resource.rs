//! Package, resource and schema: from the tree of a file to a [`Contract`].

use std::path::Path;

use super::{
    dialect,
    document::{Data, Node},
    field::{self, Defaults},
    files::here_or_there,
    json_schema::JsonSchema,
    keys,
    model::{Contract, Field, FieldsMatch},
    pattern_budget,
    place::{Keys, Place, did_you_mean},
    references::{self, foreign_keys},
    sheetlift,
};
use crate::error::{Error, Result};

/// Which resource of a package is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted<'a> {
    /// The one with this name.
    pub(super) name: Option<&'a str>,
    /// The one whose `path` is a file of this name, if there are several.
    pub(super) file: Option<&'a str>,
}

/// Reads a resource, a bare schema, or the resource of a package (the only one, or the one that is wanted). The files it names
/// are in `folder`.
pub(super) fn read(root: &Node, wanted: Wanted<'_>, folder: Option<&Path>) -> Result<Contract> {
    let top = Place::root(root).map()?;
    if let Some(resources) = top.get("resources") {
        top.no_misspelling("a package", keys::PACKAGE, &[])?;
        for key in OF_SCHEMA {
            if let Some(place) = top.get(key) {
                return Err(place.error(format!("`{key}` belongs into the schema of a resource")));
            }
        }
        let resource = choose(&resources, wanted)?.map()?;
        return read_resource(&resource, Some(&resources), folder);
    }
    if let Some(name) = wanted.name
        && top.text("name")?.as_deref() != Some(name)
    {
        return Err(top
            .place()
            .error(format!("no resource {name:?}: the file is not a package")));
    }
    if top.get("fields").is_some() {
        let mut contract = read_schema(&top, &Defaults::default())?;
        references::resolve(&mut contract, &top, None, folder)?;
        return Ok(contract);
    }
    read_resource(&top, None, folder)
}

fn choose<'a>(resources: &Place<'a>, wanted: Wanted<'_>) -> Result<Place<'a>> {
    let all = resources.list()?;
    let mut names = Vec::new();
    let mut fitting = Vec::new();
    for place in &all {
        let keys = place.map()?;
        names.push(keys.text("name")?.unwrap_or_default());
        let paths = keys.get("path").map(|path| path.one_or_more());
        let is_meant = |path: &Place<'_>| {
            let name = path.text().ok().and_then(|path| path.rsplit('/').next());
            name.is_some() && name == wanted.file
        };
        if paths.transpose()?.unwrap_or_default().iter().any(is_meant) {
            fitting.push(place.clone());
        }
    }
    let listed = names.join(", ");
    match (wanted.name, all.len()) {
        (None, 2..) if fitting.len() == 1 => Ok(fitting.remove(0)),
        (None, 1) => Ok(all[0].clone()),
        (None, 0) => Err(resources.error("the package has no resource")),
        (None, _) => Err(resources
            .error(format!("the package has several resources: {listed}"))
            .with_hint("say which one is meant")),
        (Some(wanted), _) => match names.iter().position(|name| name == wanted) {
            Some(index) => Ok(all[index].clone()),
            None => {
                let error = resources.error(format!("no resource {wanted:?}; there are: {listed}"));
                Err(did_you_mean(
                    error,
                    wanted,
                    names.iter().map(String::as_str),
                ))
            }
        },
    }
}

/// Keys that people put beside the schema.
const OF_SCHEMA: [&str; 6] = [
    "fields",
    "primaryKey",
    "uniqueKeys",
    "foreignKeys",
    "missingValues",
    "fieldsMatch",
];

fn read_resource(
    resource: &Keys<'_>,
    package: Option<&Place<'_>>,
    folder: Option<&Path>,
) -> Result<Contract> {
    resource.no_misspelling("a resource", keys::RESOURCE, &[])?;
    for key in OF_SCHEMA {
        if let Some(place) = resource.get(key) {
            return Err(place.error(format!("`{key}` belongs into the schema")));
        }
    }
    let schema = resource.required("schema")?;
    let extension = resource.get("sheetlift");
    let defaults = extension.as_ref().map(sheetlift::defaults).transpose()?;
    let defaults = defaults.unwrap_or_default();
    let mut contract = here_or_there(&schema, folder, |place| {
        read_schema(&place.map()?, &defaults)
    })?;
    let describe = |key, inner: Option<String>| Ok::<_, Error>(resource.text(key)?.or(inner));
    contract.name = describe("name", contract.name.take())?;
    contract.title = describe("title", contract.title.take())?;
    contract.description = describe("description", contract.description.take())?;
    contract.csv.encoding = resource.read("encoding", dialect::encoding)?;
    if let Some(place) = resource.get("dialect") {
        here_or_there(&place, folder, |place| dialect::read(place, &mut contract))?;
    }
    if let Some(extension) = extension {
        if schema
            .map()
            .is_ok_and(|schema| schema.get("sheetlift").is_some())
        {
            return Err(extension
                .error("`sheetlift` stands in the schema as well")
                .with_hint("say all of it here, beside the schema"));
        }
        sheetlift::read(&extension, &mut contract)?;
    }
    references::resolve(&mut contract, resource, package, folder)?;
    Ok(contract)
}

fn read_schema(schema: &Keys<'_>, defaults: &Defaults) -> Result<Contract> {
    schema.no_misspelling("a schema", keys::SCHEMA, &[])?;
    let extension = schema.get("sheetlift");
    let own = extension.as_ref().map(sheetlift::defaults).transpose()?;
    let defaults = own.as_ref().unwrap_or(defaults);
    let fields_place = schema.required("fields")?;
    let mut fields: Vec<Field> = Vec::new();
    let mut pattern_bytes = 0;
    for place in fields_place.list()? {
        let field = field::read(&place, defaults)?;
        if fields.iter().any(|other| other.name == field.name) {
            return Err(place.error(format!("field {:?} occurs twice", field.name)));
        }
        let item = field.array_item.as_ref().map(|item| &item.constraints);
        let schemas = [Some(&field.constraints), item].into_iter().flatten();
        pattern_bytes += schemas
            .filter_map(|constraints| constraints.json_schema.as_ref())
            .map(JsonSchema::pattern_bytes)
            .sum::<usize>();
        pattern_budget::check_contract(&place, pattern_bytes)?;
        fields.push(field);
    }
    if fields.is_empty() {
        return Err(fields_place.error("a schema needs at least one field"));
    }
    let primary_key = schema
        .read("primaryKey", |place| field_indexes(place, &fields))?
        .unwrap_or_default();
    let unique_keys = schema.read("uniqueKeys", |place| {
        place
            .list()?
            .iter()
            .map(|key| field_indexes(key, &fields))
            .collect::<Result<Vec<_>>>()
    })?;
    let missing_values = schema.read("missingValues", field::missing_values)?;
    let foreign_keys = schema.read("foreignKeys", |place| foreign_keys(place, &fields))?;
    let mut contract = Contract {
        name: schema.text("name")?,
        title: schema.text("title")?,
        description: schema.text("description")?,
        primary_key,
        unique_keys: unique_keys
            .into_iter()
            .flatten()
            .filter(|key| !key.is_empty())
            .collect(),
        foreign_keys: foreign_keys.unwrap_or_default(),
        fields_match: schema
            .read("fieldsMatch", fields_match)?
            .unwrap_or_default(),
        missing_values: missing_values.unwrap_or_else(|| vec![String::new()]),
        ..Contract::of_fields(fields)
    };
    if let Some(extension) = extension {
        sheetlift::read(&extension, &mut contract)?;
    }
    Ok(contract)
}

/// One of the words; a list with one word (a draft of the standard had it so) is understood too.
fn fields_match(place: &Place<'_>) -> Result<FieldsMatch> {
    match place.list() {
        Ok(items) if items.len() == 1 => items[0].choice(&FieldsMatch::CHOICES),
        _ => place.choice(&FieldsMatch::CHOICES),
    }
}

pub(super) fn field_indexes(place: &Place<'_>, fields: &[Field]) -> Result<Vec<usize>> {
    let mut indexes = Vec::new();
    // An empty list is no key.
    let names = match place.data() {
        Data::List(names) if names.is_empty() => Vec::new(),
        _ => place.one_or_more()?,
    };
    for name_place in names {
        let index = field_index(&name_place, fields)?;
        if indexes.contains(&index) {
            return Err(name_place.error(format!(
                "field {:?} occurs twice in the key",
                fields[index].name
            )));
        }
        indexes.push(index);
    }
    Ok(indexes)
}

/// The field that is named here.
pub(super) fn field_index(place: &Place<'_>, fields: &[Field]) -> Result<usize> {
    let name = place.text()?;
    fields
        .iter()
        .position(|field| &*field.name == name)
        .ok_or_else(|| {
            let error = place.error(format!("no field is called {name:?}"));
            did_you_mean(error, name, fields.iter().map(|field| &*field.name))
        })
}
