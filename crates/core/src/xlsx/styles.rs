//! The styles part: the number formats of cells (ECMA-376 part 1, 18.8).

use super::package::Package;
use crate::{
    book::CellFormats,
    error::{Error, Result},
    xml::Token,
};

/// Reads the formats of cells (`s` of a cell is an index into them); none when there is no such part.
pub(crate) fn read_formats(package: &Package, part: Option<&str>) -> Result<CellFormats> {
    let mut formats = CellFormats::default();
    let Some(part) = part else {
        return Ok(formats);
    };
    package.parse(part, |tokens| {
        let (mut is_styles, mut in_cell_formats) = (false, false);
        loop {
            match tokens.next()? {
                Token::Open(tag) => match tag.name() {
                    "styleSheet" => is_styles = true,
                    "numFmt" => {
                        let id = tag.attribute("numFmtId")?;
                        let id = id.and_then(|id| id.trim().parse().ok());
                        if let (Some(id), Some(code)) = (id, tag.attribute("formatCode")?) {
                            formats.define(id, &code)?;
                        }
                    }
                    "cellXfs" => in_cell_formats = true,
                    "cellStyleXfs" | "cellStyles" | "dxfs" => in_cell_formats = false,
                    "xf" if in_cell_formats => {
                        let id = tag.attribute("numFmtId")?;
                        formats.push(id.and_then(|id| id.trim().parse().ok()).unwrap_or(0));
                    }
                    _ => {}
                },
                Token::End if is_styles => return Ok(()),
                // Without its formats, what is a date would be a number.
                Token::End => return Err(Error::malformed("this is no style sheet")),
                _ => {}
            }
        }
    })?;
    Ok(formats)
}
