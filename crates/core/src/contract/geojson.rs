//! What GeoJSON (RFC 7946) and TopoJSON look like. The shape only: whether a ring is closed or a bounding box fits is not asked.

use serde_json::{Map, Value as Json};

/// True for a geometry, a feature, or a collection of either.
pub(super) fn is_geojson(json: &Json) -> bool {
    let Some(object) = json.as_object() else {
        return false;
    };
    let is_sound = match object.get("type").and_then(Json::as_str) {
        Some("Feature") => is_feature(json),
        Some("FeatureCollection") => all(object.get("features"), 0, is_feature),
        _ => is_geometry(json),
    };
    is_sound && object.get("bbox").is_none_or(|bbox| numbers(bbox, 4))
}

fn is_feature(json: &Json) -> bool {
    let Some(feature) = json.as_object() else {
        return false;
    };
    let is_null_or = |key: &str, is: fn(&Json) -> bool| {
        let value = feature.get(key);
        value.is_some_and(|value| value.is_null() || is(value))
    };
    kind_of(feature) == "Feature"
        && is_null_or("geometry", is_geometry)
        && is_null_or("properties", Json::is_object)
}

fn is_geometry(json: &Json) -> bool {
    let Some(geometry) = json.as_object() else {
        return false;
    };
    let coordinates = geometry.get("coordinates");
    match kind_of(geometry) {
        "Point" => coordinates.is_some_and(is_position),
        "MultiPoint" => all(coordinates, 0, is_position),
        "LineString" => coordinates.is_some_and(is_line),
        "MultiLineString" => all(coordinates, 0, is_line),
        "Polygon" => coordinates.is_some_and(is_polygon),
        "MultiPolygon" => all(coordinates, 0, is_polygon),
        "GeometryCollection" => all(geometry.get("geometries"), 0, is_geometry),
        _ => false,
    }
}

fn is_position(json: &Json) -> bool {
    numbers(json, 2)
}

fn is_line(json: &Json) -> bool {
    all(Some(json), 2, is_position)
}

fn is_polygon(json: &Json) -> bool {
    all(Some(json), 0, |ring| all(Some(ring), 4, is_position))
}

/// True for a topology, or one of its geometries.
pub(super) fn is_topojson(json: &Json) -> bool {
    let Some(object) = json.as_object() else {
        return false;
    };
    if kind_of(object) != "Topology" {
        return is_topo_geometry(json);
    }
    let is_point_or_null = |json: &Json| json.is_null() || numbers(json, 2);
    let is_arc = |json: &Json| all(Some(json), 2, is_point_or_null);
    let pair = |key: &str, transform: &Json| transform.get(key).is_some_and(|it| numbers(it, 2));
    let objects = object.get("objects").and_then(Json::as_object);
    objects.is_some_and(|objects| objects.values().all(is_topo_geometry))
        && all(object.get("arcs"), 0, is_arc)
        && object
            .get("transform")
            .is_none_or(|transform| pair("scale", transform) && pair("translate", transform))
}

fn is_topo_geometry(json: &Json) -> bool {
    let Some(geometry) = json.as_object() else {
        return false;
    };
    let (coordinates, arcs) = (geometry.get("coordinates"), geometry.get("arcs"));
    match kind_of(geometry) {
        "Point" => coordinates.is_some_and(is_position),
        "MultiPoint" => all(coordinates, 0, is_position),
        "LineString" => arcs.is_some_and(is_arcs),
        "MultiLineString" | "Polygon" => all(arcs, 0, is_arcs),
        "MultiPolygon" => all(arcs, 0, |polygon| all(Some(polygon), 0, is_arcs)),
        "GeometryCollection" => all(geometry.get("geometries"), 0, is_topo_geometry),
        _ => false,
    }
}

/// Numbers of arcs; those below zero are walked backwards.
fn is_arcs(json: &Json) -> bool {
    all(Some(json), 0, |arc| arc.is_i64() || arc.is_u64())
}

fn kind_of(object: &Map<String, Json>) -> &str {
    object
        .get("type")
        .and_then(Json::as_str)
        .unwrap_or_default()
}

fn numbers(json: &Json, at_least: usize) -> bool {
    all(Some(json), at_least, Json::is_number)
}

/// True for a list of at least so many items that all are what `is` says.
fn all(json: Option<&Json>, at_least: usize, is: impl Fn(&Json) -> bool) -> bool {
    let items = json.and_then(Json::as_array);
    items.is_some_and(|items| items.len() >= at_least && items.iter().all(is))
}
