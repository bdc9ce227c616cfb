import sheetlift
